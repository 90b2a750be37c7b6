# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sample streams of the virtual Soapy radios: air to client, and client to air."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections import deque

import numpy as np

from semcom_core.errors import FrameError
from semcom_core.radio.virtual.air import LateError, Reading
from semcom_core.radio.virtual.soapy.protocol import (
    MAX_SAMPLES,
    Flag,
    LineReader,
    packet,
    readable,
    receive_packet,
)
from semcom_core.radio.virtual.soapy.settings import TIMES_NS, SoapyRadio, integer

#: Length of the driver's buffers, s.
RX_BUFFER_S = 0.5
TX_BUFFER_S = 0.5
#: Length of a received packet, s, within MAX_SAMPLES.
PACKET_S = 0.004
#: Fewest samples of a received packet, at low rates.
MIN_PACKET = 256
#: How often a waiting stream checks whether it is interrupted, s.
RX_TICK_S = 0.1
TX_TICK_S = 0.05
#: A receiver is opened this long before a timed start, s.
EARLY_S = 0.02
#: Longest time that queued samples are sent after their client has gone, s of wall time.
LONGEST_REST_S = 5.0
#: Most bursts whose end is still to be reported to the client; older ones are dropped.
MOST_ENDS = 1024
NO_SAMPLES = np.zeros(0, np.complex64)


class ReceiveStream:
    """Samples of the air to a client, in the thread of its connection.

    Args:
        sock: the connection.
        lines: reader of its commands.
        radio: the radio that receives.
        stopping: set when the server stops.
    """

    def __init__(
        self, sock: socket.socket, lines: LineReader, radio: SoapyRadio, stopping: threading.Event
    ):
        self._sock = sock
        self._lines = lines
        self._radio = radio
        self._stopping = stopping
        self._rx = radio.radio.rx

    def run(self) -> None:
        """Carry out the client's commands until it closes.

        Raises:
            FrameError: a command is neither start nor stop.
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
        """Send samples: so many, or until the next command if 0; from a time on, or at once."""
        left = integer("count", count, 0, 2**48)
        at_ns = None if time_ns is None else integer("time_ns", time_ns, -TIMES_NS, TIMES_NS)
        if at_ns is not None and not self._wait_until(at_ns):
            return
        self._rx.open(int(RX_BUFFER_S * self._rx.rate_hz))
        try:
            if at_ns is None or self._skip_until(at_ns):
                self._send(left)
        finally:
            self._rx.close()

    def _wait_until(self, at_ns: int) -> bool:
        """Wait until shortly before a timed start; False if it has passed, or on interruption."""
        at_s = self._radio.time.air_s(at_ns)
        if at_s < self._radio.clock.now():
            self._sock.sendall(packet(Flag.LATE | Flag.TIME, self._radio.time.now_ns()))
            return False
        while not self._radio.clock.wait_until(
            at_s - EARLY_S, time.monotonic() + RX_TICK_S, self._interrupted
        ):
            if self._interrupted():
                return False
        return True

    def _skip_until(self, at_ns: int) -> bool:
        """Drop samples before a time; False if it has passed, or on interruption."""
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
        """Send samples: so many, or until interruption if 0."""
        finite = left > 0
        while left or not finite:
            count = max(MIN_PACKET, min(MAX_SAMPLES, int(PACKET_S * self._rx.rate_hz)))
            reading = self._read(min(count, left) if finite else count)
            if reading is None:
                return
            flags = Flag.TIME
            if reading.lost:
                flags |= Flag.LOST
            if finite:
                left -= len(reading.samples)
                if not left:
                    flags |= Flag.END
            time_ns = self._radio.time.of_sample_ns(reading.index, self._rx.rate_hz)
            self._sock.sendall(packet(flags, time_ns, reading.samples))

    def _read(self, count: int) -> Reading | None:
        """The next samples; None on interruption."""
        while not self._interrupted():
            try:
                return self._rx.read(count, RX_TICK_S)
            except TimeoutError:
                continue
        return None

    def _interrupted(self) -> bool:
        """Whether the server stops, or the client has sent another command or closed."""
        return self._stopping.is_set() or self._lines.waiting()


class TransmitStream:
    """Samples of a client to the air, in the thread of its connection.

    A burst that comes too late is dropped to its end, as UHD's devices do, and reported.

    Args:
        sock: the connection.
        radio: the radio that transmits.
        stopping: set when the server stops.
    """

    def __init__(self, sock: socket.socket, radio: SoapyRadio, stopping: threading.Event):
        self._sock = sock
        self._radio = radio
        self._stopping = stopping
        self._tx = radio.radio.tx
        self._in_burst = False
        self._dropping = False
        self._begin_ns: int | None = None  # time of the next burst, by the radio's clock
        self._ends: deque[float] = deque(maxlen=MOST_ENDS)  # of bursts, s of the air

    def run(self) -> None:
        """Transmit what comes until the client closes, then what is still queued.

        Raises:
            FrameError: a packet is too large.
        """
        try:
            while not self._stopping.is_set():
                if self._ends:
                    self._acknowledge()
                if not readable(self._sock, TX_TICK_S if self._ends else None):
                    continue
                received = receive_packet(self._sock)
                if received is None:
                    break
                self._take(*received)
            self._finish()
        finally:
            if self._tx.is_open:
                self._tx.close()

    def _take(self, flags: Flag, time_ns: int, samples: np.ndarray) -> None:
        """Put a packet on the air. Only the time of a burst's first packet counts; a packet without
        samples may give it beforehand.
        """
        if flags & Flag.TIME and not self._in_burst:
            self._begin_ns = time_ns
        end = bool(flags & Flag.END)
        first = len(samples) > 0 and not self._in_burst
        self._in_burst = self._in_burst or first
        if (len(samples) or (self._in_burst and end)) and not self._dropping:
            self._dropping = not self._write(samples, self._begin_s() if first else None, end)
        if end:
            self._in_burst = False
            self._dropping = False
            self._begin_ns = None

    def _write(self, samples: np.ndarray, at_s: float | None, end: bool) -> bool:
        """Write samples; False if their time has passed."""
        if not self._tx.is_open:
            self._tx.open(int(TX_BUFFER_S * self._tx.rate_hz))
        before = self._tx.underflows
        try:
            self._write_when_room(samples, at_s, end)
        except LateError:
            self._report(Flag.LATE)
            return False
        if self._tx.underflows > before:
            self._report(Flag.UNDERFLOW)
        if end:
            # taken before now(), so that the end is never reported too early
            left_s = self._tx.queued / self._tx.true_rate_hz
            self._ends.append(left_s + self._radio.clock.now())
        return True

    def _begin_s(self) -> float | None:
        """Start of the next burst, s of the air; None: after the one before it, or at once."""
        return None if self._begin_ns is None else self._radio.time.air_s(self._begin_ns)

    def _write_when_room(self, samples: np.ndarray, at_s: float | None, end: bool) -> None:
        """Write samples as soon as there is room."""
        while not self._stopping.is_set():
            try:
                self._tx.write(samples, TX_TICK_S, at_s, end)
                return
            except TimeoutError:
                self._acknowledge()

    def _finish(self) -> None:
        """End the burst and wait until all is sent."""
        if self._in_burst:
            self._write_when_room(NO_SAMPLES, None, end=True)
        deadline = time.monotonic() + LONGEST_REST_S
        while self._tx.is_open and self._tx.queued and time.monotonic() < deadline:
            if self._stopping.wait(0.002):
                return

    def _acknowledge(self) -> None:
        """Report the bursts that have been sent."""
        while self._ends and self._ends[0] <= self._radio.clock.now():
            self._report(Flag.END, self._ends.popleft())

    def _report(self, flag: Flag, air_s: float | None = None) -> None:
        """Report an event at a time of the air, or now; dropped when the client does not read."""
        at_ns = self._radio.time.at_ns(self._radio.clock.now() if air_s is None else air_s)
        with contextlib.suppress(OSError):
            self._sock.send(packet(flag | Flag.TIME, at_ns), socket.MSG_DONTWAIT)
