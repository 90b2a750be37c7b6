# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual Soapy radios: a server on a Unix socket for the SoapySDR module in hardware/soapy.

    server.py    listener and connections, one thread each, with their commands
    settings.py  settings as on a USRP B200, and hardware time
    streams.py   samples to and from the client
    protocol.py  lines and packets

A connection begins with lines of text, each answered by `ok [VALUE]` or `error MESSAGE`:

    list                          names of the radios
    use NAME                      select the radio of the rest of the connection
    get WHERE KEY                 a value; WHERE is rx, tx or radio
    set WHERE KEY VALUE           the same settings, checked against their range
    range WHERE KEY               lowest and highest value and step of a number
    choices WHERE KEY             allowed values of a setting that is no number
    stream rx | tx                from here on the connection carries samples

Samples travel in packets, little-endian: uint32 count, uint32 flags, int64 time in ns, then count
pairs of int16 (full scale 32768). A receiving client sends lines, `start [COUNT [TIME_NS]]` (COUNT
0: until `stop`) and `stop`, which a packet with the flag STOPPED answers; any line ends a running
reception. A transmitting client sends packets, and gets packets without samples that report late
bursts, underflows and the end of bursts. The flags are those of protocol.Flag.
"""

from __future__ import annotations

from semcom_core.radio.virtual.soapy.server import SoapyServer, default_socket

__all__ = ["SoapyServer", "default_socket"]
