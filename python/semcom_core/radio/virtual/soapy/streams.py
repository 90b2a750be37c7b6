# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets of samples on a stream connection, and the conversion of the samples.

A connection's receive stream: samples of the air go to the client.

A connection's transmit stream: samples of the client go to the air.
"""

from __future__ import annotations

import contextlib
import enum
import socket
import struct
import threading
import time
from collections import deque

import numpy as np

from semcom_core.errors import FrameError
from semcom_core.radio.virtual.air import LateError
from semcom_core.radio.virtual.soapy.protocol import TIMES_NS, Lines, integer, readable
from semcom_core.radio.virtual.soapy.settings import SoapyRadio

HEADER = struct.Struct("<IIq")
#: Most samples in a packet.
MAX_SAMPLES = 8192
FULL_SCALE = 32768


class Flag(enum.IntFlag):
    """What a packet says besides its samples."""

    TIME = 1  # its time is that of its first sample, or of the event
    LOST = 2  # receiving: samples were lost before these
    # the last of a burst or of COUNT samples; from the server to a transmitter: a burst has been
    # sent
    END = 4
    STOPPED = 8  # receiving: the answer to `stop`
    LATE = 16  # the time asked for has passed
    UNDERFLOW = 32  # transmitting: samples came too late to follow those before


KNOWN = int(~Flag(0))


def packet(flags: Flag, time_ns: int, samples: np.ndarray | None = None) -> bytes:
    """Bytes of a packet; samples are complex64 (count,), full scale 1, clipped."""
    body = b"" if samples is None else to_wire(samples).tobytes()
    return HEADER.pack(len(body) // 4, flags, time_ns) + body


def to_wire(samples: np.ndarray) -> np.ndarray:
    """int16 (2 n,) of complex64 (n,)."""
    scaled = np.ascontiguousarray(samples).view(np.float32) * np.float32(FULL_SCALE)
    np.rint(scaled, out=scaled)
    np.clip(scaled, -FULL_SCALE, FULL_SCALE - 1, out=scaled)
    return scaled.astype(np.int16)


def from_wire(values: bytes | bytearray | memoryview) -> np.ndarray:
    """complex64 (n,) of n pairs of int16."""
    scaled = np.frombuffer(values, "<i2").astype(np.float32)
    scaled *= np.float32(1 / FULL_SCALE)
    return scaled.view(np.complex64)


def receive_packet(sock: socket.socket) -> tuple[Flag, int, np.ndarray] | None:
    """The next packet: flags, time in ns, samples complex64 (count,); None once the other side has
    closed.

    Raises:
        FrameError: it claims more samples than a packet may have.
    """
    header = _receive_exactly(sock, HEADER.size)
    if header is None:
        return None
    count, flags, time_ns = HEADER.unpack(header)
    if count > MAX_SAMPLES:
        raise FrameError(f"packet has {count} samples; allowed is {MAX_SAMPLES}")
    body = _receive_exactly(sock, 4 * count)
    return None if body is None else (Flag(flags & KNOWN), time_ns, from_wire(body))


def _receive_exactly(sock: socket.socket, size: int) -> bytearray | None:
    data = bytearray(size)
    view = memoryview(data)
    done = 0
    while done < size:
        try:
            got = sock.recv_into(view[done:])
        except ConnectionResetError:  # it has closed without reading all that it was told
            return None
        if not got:
            return None
        done += got
    return data


#: What the buffers of the driver hold, s.
RX_BUFFER_S = 0.5
#: Duration of a packet, s, if it may have so many samples.
PACKET_S = 0.004
#: How often a waiting stream looks whether something else is to be done, s.
RX_TICK_S = 0.1
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

    def __init__(
        self, sock: socket.socket, lines: Lines, radio: SoapyRadio, stopping: threading.Event
    ):
        self._sock = sock
        self._lines = lines
        self._radio = radio
        self._stopping = stopping
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
        self._rx.open(int(RX_BUFFER_S * self._rx.rate_hz))
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
        while not self._radio.clock.wait_until(
            at_s - EARLY_S, time.monotonic() + RX_TICK_S, self._interrupted
        ):
            if self._interrupted():
                return False
        return True

    def _skip_until(self, at_ns: int) -> bool:
        """Drop what was received before a time; False if that has passed, or something else is to
        be done.
        """
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
            flags = (
                Flag.TIME
                | (Flag.LOST if reading.lost else 0)
                | (Flag.END if finite and not left else 0)
            )
            self._sock.sendall(
                packet(
                    flags,
                    self._radio.time.of_sample_ns(reading.index, self._rx.rate_hz),
                    reading.samples,
                )
            )

    def _read(self, count: int):
        """The next samples; None if something else is to be done first."""
        while not self._interrupted():
            try:
                return self._rx.read(count, RX_TICK_S)
            except TimeoutError:
                continue
        return None

    def _interrupted(self) -> bool:
        return self._stopping.is_set() or self._lines.waiting()


#: What the buffers of the driver hold, s.
TX_BUFFER_S = 0.5
#: How often a waiting stream looks whether something else is to be done, s.
TX_TICK_S = 0.05
#: After its client has gone, a stream goes on sending what waits for no longer than this, s of wall
#: time.
LONGEST_REST_S = 5.0
#: Bursts whose end the client is still to be told of; older ones are forgotten.
MOST_ENDS = 1024
NOTHING = np.zeros(0, np.complex64)


class TransmitStream:
    """Serves one client; runs in the thread of its connection.

    A burst that comes too late is dropped to its end, as UHD's devices do, and the client is told.

    Args:
        sock: the connection.
        radio: whose transmitter it is.
        stopping: set when the server stops.
    """

    def __init__(self, sock: socket.socket, radio: SoapyRadio, stopping: threading.Event):
        self._sock = sock
        self._radio = radio
        self._stopping = stopping
        self._tx = radio.radio.tx
        self._in_burst = False
        self._dropping = False
        self._begin_ns = None
        self._ends: deque[float] = deque(maxlen=MOST_ENDS)

    def run(self) -> None:
        """Send what comes until the client closes, then what is still waiting.

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
        self._in_burst |= first
        if (len(samples) or self._in_burst and end) and not self._dropping:
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
            self._patiently_write(samples, at_s, end)
        except LateError:
            self._tell(Flag.LATE)
            return False
        if self._tx.underflows > before:
            self._tell(Flag.UNDERFLOW)
        if end:
            left_s = (
                self._tx.queued / self._tx.true_rate_hz
            )  # before now(), so that it is never told too early
            self._ends.append(left_s + self._radio.clock.now())
        return True

    def _begin_s(self) -> float | None:
        """When the client wants a burst to begin, s; None: after the one before it, or soon."""
        return None if self._begin_ns is None else self._radio.time.air_s(self._begin_ns)

    def _patiently_write(self, samples: np.ndarray, at_s: float | None, end: bool) -> None:
        while not self._stopping.is_set():
            try:
                return self._tx.write(samples, TX_TICK_S, at_s, end)
            except TimeoutError:
                self._acknowledge()

    def _finish(self) -> None:
        """End the burst and wait until all is sent."""
        if self._in_burst:
            self._patiently_write(NOTHING, None, end=True)
        limit = time.monotonic() + LONGEST_REST_S
        while (
            self._tx.is_open
            and self._tx.queued
            and time.monotonic() < limit
            and not self._stopping.wait(0.002)
        ):
            continue

    def _acknowledge(self) -> None:
        """Tell the client of the bursts that have been sent."""
        while self._ends and self._ends[0] <= self._radio.clock.now():
            self._tell(Flag.END, self._ends.popleft())

    def _tell(self, flag: Flag, air_s: float | None = None) -> None:
        """Tell the client, unless it has gone or lets what it is told pile up."""
        at_ns = self._radio.time.at_ns(self._radio.clock.now() if air_s is None else air_s)
        with contextlib.suppress(OSError):
            self._sock.send(packet(flag | Flag.TIME, at_ns), socket.MSG_DONTWAIT)
