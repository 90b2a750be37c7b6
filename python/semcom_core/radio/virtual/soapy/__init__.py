# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The virtual Soapy radio: a server on a Unix socket, which the SoapySDR module in hardware/soapy
speaks to.

A connection begins with lines of text, each answered by `ok [VALUE]` or `error MESSAGE`:

    list                          names of the radios
    use NAME                      the radio that the rest of the connection is about
    get WHERE KEY                 a value; WHERE is rx, tx or radio
    set WHERE KEY VALUE           the same settings, checked against their range
    range WHERE KEY               lowest and highest value and step of a number
    choices WHERE KEY             allowed values of what is no number
    stream rx | tx                from here on the connection carries samples

Samples travel in packets, little-endian: uint32 count, uint32 flags, int64 time in ns, then count
pairs of int16 (full scale 32768). A receiving client sends lines, `start [COUNT [TIME_NS]]` (COUNT
0: until `stop`) and `stop`, which a packet with the flag STOPPED answers; any line ends what runs.
A transmitting client sends packets; what becomes of them it is told in packets without samples. The
flags are those of `packets.Flag`.
"""

from __future__ import annotations

from semcom_core.radio.virtual.soapy.protocol import default_socket
from semcom_core.radio.virtual.soapy.server import SoapyServer

__all__ = ["SoapyServer", "default_socket"]
