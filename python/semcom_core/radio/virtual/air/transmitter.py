# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Transmitter of a virtual radio: queued samples, timed bursts, cyclic buffers, underflows.

Sent samples are kept as segments on absolute sample indices, from which links fetch them.
"""

from __future__ import annotations

import math
import time
from bisect import bisect_right
from dataclasses import dataclass, replace
from itertools import islice, takewhile

import numpy as np

from semcom_core.radio.virtual.air.plan import RadioSpec
from semcom_core.radio.virtual.air.port import KEEP_S, AirPort, LateError, RadioClosed, VirtualClock

#: How long an elastic clock waits for the next samples of a burst that has not ended, s of wall
#: time.
GRACE_S = 0.2
#: With real pacing a stream begins so long after its first samples have come, s: the time that a
#: device takes to start its converter. Until then the next ones must have come.
LEAD_S = 0.02


@dataclass(frozen=True)
class Segment:
    """Samples on the air.

    Args:
        start: index of the first one.
        samples: complex64 (n,), full scale 1.
        cyclic: whether they are repeated.
        stop: index before which it ends; inf: at the end of the samples, or never when cyclic.
    """

    start: int
    samples: np.ndarray
    cyclic: bool = False
    stop: float = math.inf

    @property
    def end(self) -> float:
        """First index after it; inf where it does not end."""
        return min(self.stop, math.inf if self.cyclic else self.start + len(self.samples))

    def part(self, first: int, last: int) -> np.ndarray:
        """Samples at the indices first to last - 1, which must be within it."""
        if self.cyclic:
            return self.samples.take(np.arange(first - self.start, last - self.start), mode="wrap")
        return self.samples[first - self.start : last - self.start]


class AirTransmitter(AirPort):
    """The transmitting direction of a radio.

    Written samples wait in the driver's buffers for their time, and follow one another without a
    gap. If none is queued and the burst has not ended, that is an underflow of the converter; with
    an elastic clock it does not happen.

    Args:
        clock: the clock of the air.
        spec: the radio.
    """

    def __init__(self, clock: VirtualClock, spec: RadioSpec):
        self._segments: list[Segment] = []
        self._tail = 0  # index after the last queued sample
        self._in_burst = False
        self._touched = 0.0  # time.monotonic() at the latest write
        self._waiting = 0  # writes that wait for room
        self.underflows = 0
        self._segment_rate_hz = 0.0
        assert spec.tx_reference_db is not None  # RadioSpec has set it
        self._reference_db = spec.tx_reference_db
        super().__init__(clock, spec, spec.tx_reference_db)
        clock.add_limit(self._limit_s)

    @property
    def amplitude(self) -> float:
        """Magnitude with which a sample of magnitude 1 enters a link."""
        return 10 ** ((self.gain_db - self._reference_db) / 20)

    def write(
        self, samples: np.ndarray, timeout_s: float, at_s: float | None = None, end: bool = False
    ) -> None:
        """Queue samples, once there is room for them.

        Args:
            samples: complex (n,), full scale 1.
            timeout_s: longest wait for room, s of wall time.
            at_s: virtual time of the first sample, s; None: after the queued ones, or at once.
            end: the burst ends with them; that nothing follows is no underflow.

        Raises:
            LateError: at_s has passed, or is taken by queued samples.
            TimeoutError: there was no room in time; nothing was taken.
            RadioClosed: the stream is closed.
        """
        samples = np.array(samples, np.complex64)
        deadline = time.monotonic() + timeout_s
        opened = self._opened
        self._waiting += 1
        try:
            while not self._put(samples, at_s, end, opened):
                room_s = (self._tail + len(samples) - self._capacity) / self.true_rate_hz
                if not self._clock.wait_until(
                    min(room_s, self._tail / self.true_rate_hz),
                    deadline,
                    lambda: self._closed_since(opened),
                ):
                    if self._closed_since(opened):
                        raise RadioClosed("transmit stream was closed")
                    raise TimeoutError(f"no room for {len(samples)} samples within {timeout_s:g} s")
        finally:
            self._waiting -= 1
        self._clock.notify()

    def repeat(self, samples: np.ndarray) -> None:
        """Send samples, complex (n,), cyclically, until others replace them or the stream ends.

        Raises:
            RadioClosed: the stream is closed.
        """
        with self._lock:
            if not self.is_open:
                raise RadioClosed("transmit stream is closed")
            now = self._index_now()
            start = self._begin(now)
            self._segments = [
                replace(one, stop=start) if one.end > start else one for one in self._segments
            ]
            self._forget(now)
            self._segments.append(Segment(start, np.array(samples, np.complex64), cyclic=True))
            self._in_burst = False
        self._clock.notify()

    @property
    def queued(self) -> int:
        """Number of samples that wait for their time."""
        return max(0, self._tail - self._index_now())

    def fetch(self, first: int, count: int) -> np.ndarray | None:
        """Samples on the air at the indices first to first + count - 1, complex64 (count,); None:
        all are zero.
        """
        with self._lock:
            begin = bisect_right(self._segments, float(first), key=lambda one: one.end)
            rest = islice(self._segments, begin, None)
            found = list(takewhile(lambda one: one.start < first + count, rest))
        if not found:
            return None
        out = np.zeros(count, np.complex64)
        for one in found:
            start = max(first, one.start)
            end = int(min(first + count, one.end))
            out[start - first : end - first] = one.part(start, end)
        return out

    def _put(self, samples: np.ndarray, at_s: float | None, end: bool, opened: int) -> bool:
        """Queue samples if there is room; returns whether there was."""
        with self._lock:
            if self._closed_since(opened):
                raise RadioClosed("transmit stream was closed")
            now = self._index_now()
            waiting = self._tail - now
            if waiting > 0 and waiting + len(samples) > self._capacity:
                return False
            first = max(self._tail, now)
            start = self._begin(now) if at_s is None else round(at_s * self.true_rate_hz)
            if start < first:
                raise LateError(
                    f"samples are for {at_s:.6f} s; allowed is from "
                    f"{first / self.true_rate_hz:.6f} s on"
                )
            if self._in_burst and waiting < 0 and not self._clock.elastic:
                self.underflows += 1
            if len(samples):
                self._segments.append(Segment(start, samples))
                self._tail = start + len(samples)
            self._in_burst = not end
            self._touched = time.monotonic()
            self._forget(now)
            return True

    def _begin(self, now: int) -> int:
        """Index of the next samples: after the queued ones, or else after the lead."""
        lead = 0 if self._clock.elastic else round(LEAD_S * self.true_rate_hz)
        return self._tail if self._tail >= now else now + lead

    def _forget(self, now: int) -> None:
        """Drop segments that no receiver can read any more."""
        old = bisect_right(
            self._segments, now - 2 * KEEP_S * self.true_rate_hz, key=lambda one: one.end
        )
        del self._segments[:old]

    def _restart(self) -> None:
        """Drop queued samples; those sent already stay for receivers that have not read them,
        unless the rate has changed.
        """
        now = self._index_now()
        same_rate = self._segment_rate_hz == self.true_rate_hz
        sent = [one for one in self._segments if one.start < now] if same_rate else []
        self._segments = [replace(one, stop=now) if one.end > now else one for one in sent]
        self._forget(now)
        self._segment_rate_hz = self.true_rate_hz
        self._tail = now
        self._in_burst = False

    def _limit_s(self) -> float:
        """Limit of an elastic clock: the end of what is queued, while a burst goes on."""
        if not self._in_burst or not self.is_open:
            return math.inf
        expected = self._waiting > 0 or time.monotonic() - self._touched < GRACE_S
        return self._tail / self.true_rate_hz if expected else math.inf
