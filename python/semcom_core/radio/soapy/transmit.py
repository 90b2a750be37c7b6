# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection's transmit stream: samples of the client go to the air."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections import deque

import numpy as np

from semcom_core.radio.air import LateError
from semcom_core.radio.soapy.lines import readable
from semcom_core.radio.soapy.packets import Flag, packet, receive_packet
from semcom_core.radio.soapy.settings import SoapyRadio

#: What the buffers of the driver hold, s.
BUFFER_S = 0.5
#: How often a waiting stream looks whether something else is to be done, s.
TICK_S = 0.05
#: After its client has gone, a stream goes on sending what waits for no longer than this, s of wall time.
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
        self._sock, self._radio, self._stopping = sock, radio, stopping
        self._tx = radio.radio.tx
        self._in_burst, self._dropping, self._begin_ns = False, False, None
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
                if not readable(self._sock, TICK_S if self._ends else None):
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
        """Put a packet on the air. Only the time of a burst's first packet counts; a packet without samples may give it beforehand."""
        if flags & Flag.TIME and not self._in_burst:
            self._begin_ns = time_ns
        end, first = bool(flags & Flag.END), len(samples) > 0 and not self._in_burst
        self._in_burst |= first
        if (len(samples) or self._in_burst and end) and not self._dropping:
            self._dropping = not self._write(samples, self._begin_s() if first else None, end)
        if end:
            self._in_burst, self._dropping, self._begin_ns = False, False, None

    def _write(self, samples: np.ndarray, at_s: float | None, end: bool) -> bool:
        """Write samples; False if their time has passed."""
        if not self._tx.is_open:
            self._tx.open(int(BUFFER_S * self._tx.rate_hz))
        before = self._tx.underflows
        try:
            self._patiently_write(samples, at_s, end)
        except LateError:
            self._tell(Flag.LATE)
            return False
        if self._tx.underflows > before:
            self._tell(Flag.UNDERFLOW)
        if end:
            left_s = self._tx.queued / self._tx.true_rate_hz  # before now(), so that it is never told too early
            self._ends.append(left_s + self._radio.clock.now())
        return True

    def _begin_s(self) -> float | None:
        """When the client wants a burst to begin, s; None: after the one before it, or soon."""
        return None if self._begin_ns is None else self._radio.time.air_s(self._begin_ns)

    def _patiently_write(self, samples: np.ndarray, at_s: float | None, end: bool) -> None:
        while not self._stopping.is_set():
            try:
                return self._tx.write(samples, TICK_S, at_s, end)
            except TimeoutError:
                self._acknowledge()

    def _finish(self) -> None:
        """End the burst and wait until all is sent."""
        if self._in_burst:
            self._patiently_write(NOTHING, None, end=True)
        limit = time.monotonic() + LONGEST_REST_S
        while self._tx.is_open and self._tx.queued and time.monotonic() < limit and not self._stopping.wait(0.002):
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
