# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Radios: profiles, devices in a child process, recordings, diagnostics, virtual radios.

    profile.py     settings, limits and frequency bands of a radio (hardware/*.yml)
    base.py        interface of the three radios below
    process/       a device in a child process, which is restarted when it fails
    file_radio.py  a SigMF recording used as a radio; recording.py reads and writes them
    simulation.py  a simulated channel over a TCP connection
    diagnostics/   probing, tone measurements, check of a link
    virtual/       a simulated air behind the protocols of libiio and SoapySDR

RadioProcess, FileRadio and SimulationRadio are Radios (base.py): start, stop, wait_ready, read,
write, drain, set.
"""
