# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual radios: a simulated air behind the network protocols of libiio and SoapySDR.

air/       the medium: virtual clock, transmitters, links, receivers
iio/       server of libiio's network protocol: a virtual Pluto
soapy/     server for the SoapySDR module in hardware/soapy
daemon.py  one air with all its servers
"""
