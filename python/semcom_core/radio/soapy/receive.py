# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection's receive stream: samples of the air go to the client."""

from __future__ import annotations

import socket
import threading
import time

from semcom_core.errors import FrameError
from semcom_core.radio.soapy.lines import Lines
from semcom_core.radio.soapy.packets import MAX_SAMPLES, Flag, packet
from semcom_core.radio.soapy.ranges import TIMES_NS
from semcom_core.radio.soapy.settings import SoapyRadio
from semcom_core.radio.soapy.values import integer

#: What the buffers of the driver hold, s.
BUFFER_S = 0.5
#: Duration of a packet, s, if it may have so many samples.
PACKET_S = 0.004
#: How often a waiting stream looks whether something else is to be done, s.
TICK_S = 0.1
#: A receiver is opened this long before a timed start, s.
EARLY_S = 0.02


class ReceiveStream:
    """Serves one client; runs in the thread of its connection.

    Args:
        sock: the connection.
        lines: what comes from it.
        radio: whose receiver it is.
        stopping: set when the server stops.
    """

    def __init__(self, sock: socket.socket, lines: Lines, radio: SoapyRadio, stopping: threading.Event):
        self._sock, self._lines, self._radio, self._stopping = sock, lines, radio, stopping
        self._rx = radio.radio.rx

    def run(self) -> None:
        """Do what the client says until it closes.

        Raises:
            FrameError: it says something else than start or stop.
        """
        while (line := self._lines.next()) is not None and not self._stopping.is_set():
            words = line.split()
            if words == ["stop"]:
                self._sock.sendall(packet(Flag.STOPPED | Flag.TIME, self._radio.time.now_ns()))
            elif words[:1] == ["start"] and len(words) <= 3:
                self._start(*words[1:])
            else:
                raise FrameError(f"command is {line!r}; allowed is start [COUNT [TIME_NS]] or stop")

    def _start(self, count: str = "0", time_ns: str | None = None) -> None:
        left = integer("count", count, 0, 2**48)
        at_ns = None if time_ns is None else integer("time_ns", time_ns, -TIMES_NS, TIMES_NS)
        if at_ns is not None and not self._wait_until(at_ns):
            return
        self._rx.open(int(BUFFER_S * self._rx.rate_hz))
        try:
            if at_ns is None or self._skip_until(at_ns):
                self._send(left)
        finally:
            self._rx.close()

    def _wait_until(self, at_ns: int) -> bool:
        """Wait until it is time to open the receiver; False if something else is to be done."""
        at_s = self._radio.time.air_s(at_ns)
        if at_s < self._radio.clock.now():
            self._sock.sendall(packet(Flag.LATE | Flag.TIME, self._radio.time.now_ns()))
            return False
        while not self._radio.clock.wait_until(at_s - EARLY_S, time.monotonic() + TICK_S, self._interrupted):
            if self._interrupted():
                return False
        return True

    def _skip_until(self, at_ns: int) -> bool:
        """Drop what was received before a time; False if that has passed, or something else is to be done."""
        reading = self._read(1)
        if reading is None:
            return False
        skip = round(self._radio.time.air_s(at_ns) * self._rx.true_rate_hz) - reading.index - 1
        while skip > 0:
            reading = self._read(min(skip, MAX_SAMPLES))
            if reading is None:
                return False
            skip -= len(reading.samples) + reading.lost
        if skip < 0:
            self._sock.sendall(packet(Flag.LATE | Flag.TIME, self._radio.time.now_ns()))
        return skip == 0

    def _send(self, left: int) -> None:
        """Send samples: so many, or for ever if 0."""
        finite = left > 0
        while left or not finite:
            count = max(256, min(MAX_SAMPLES, int(PACKET_S * self._rx.rate_hz)))
            reading = self._read(min(count, left) if finite else count)
            if reading is None:
                return
            left -= len(reading.samples) if finite else 0
            flags = Flag.TIME | (Flag.LOST if reading.lost else 0) | (Flag.END if finite and not left else 0)
            self._sock.sendall(packet(flags, self._radio.time.of_sample_ns(reading.index, self._rx.rate_hz), reading.samples))

    def _read(self, count: int):
        """The next samples; None if something else is to be done first."""
        while not self._interrupted():
            try:
                return self._rx.read(count, TICK_S)
            except TimeoutError:
                continue
        return None

    def _interrupted(self) -> bool:
        return self._stopping.is_set() or self._lines.waiting()
