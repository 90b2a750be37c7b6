# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual Pluto: an IIO network server for unmodified client libraries, on a radio of the air.

server.py       listener and connections, one thread each
session.py      commands of the network protocol: parsing, attributes, buffers
pluto.py        the IIO context that all clients share
context.py      tree of devices, channels and attributes, from catalogue.yml; its XML
attributes.py   bindings, number formats and errno codes of attributes; status registers
transceiver.py  ad9361-phy: carriers, gains, bandwidths, oscillator
rates.py        ad9361-phy: sample rates, clock chain, FIR filters
buffers.py      converters: buffers, sample formats, DDS tones
"""

from semcom_core.radio.virtual.iio.server import VirtualPluto

__all__ = ["VirtualPluto"]
