# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The transmitting side of a radio of the air."""

from __future__ import annotations

import math
import time
from bisect import bisect_right
from dataclasses import dataclass, replace
from itertools import islice, takewhile

import numpy as np

from semcom_core.radio.virtual.air.plan import RadioSpec
from semcom_core.radio.virtual.air.port import KEEP_S, Clock, LateError, Port, RadioClosed

#: An elastic clock waits this long, s of wall time, for the rest of a stream that no end of a burst
#: has closed.
GRACE_S = 0.2
#: With real pacing a stream begins so much after its first samples have come, s: the time that a
#: device needs to start its converter. Until then the next ones must have come.
LEAD_S = 0.02


@dataclass(frozen=True)
class Segment:
    """Samples at an index; a cyclic one is repeated from there on until `stop`."""

    start: int
    samples: np.ndarray
    cyclic: bool = False
    stop: float = math.inf

    @property
    def end(self) -> float:
        """First index after it."""
        return min(self.stop, math.inf if self.cyclic else self.start + len(self.samples))

    def part(self, first: int, last: int) -> np.ndarray:
        """Samples first to last - 1, which must be its own."""
        if self.cyclic:
            return self.samples.take(np.arange(first - self.start, last - self.start), mode="wrap")
        return self.samples[first - self.start : last - self.start]


class AirTransmitter(Port):
    """Puts samples on the air.

    Samples written wait in the buffers of the driver until their time has come; they follow one
    another without a gap as long as some wait. Where none wait and the burst has not ended, the
    converter has run dry: an underflow, which with an elastic clock cannot be.
    """

    def __init__(self, clock: Clock, spec: RadioSpec):
        self._segments: list[Segment] = []
        self._tail = 0
        self._in_burst = False
        self._touched = 0.0
        self._waiting = 0
        self.underflows = 0
        self._segment_rate_hz = 0.0
        super().__init__(clock, spec, spec.tx_reference_db)
        clock.add_holder(self._limit_s)

    @property
    def amplitude(self) -> float:
        """What a sample of magnitude 1 enters a link with."""
        return 10 ** ((self.gain_db - self._spec.tx_reference_db) / 20)

    def write(
        self, samples: np.ndarray, timeout_s: float, at_s: float | None = None, end: bool = False
    ) -> None:
        """Queue samples, once there is room for them.

        Args:
            samples: complex (n,), full scale 1.
            timeout_s: longest wait for room, s of wall time.
            at_s: virtual time of the first sample, s; None: after those that wait, or at once.
            end: the burst ends with them: that nothing follows is no underflow.

        Raises:
            LateError: at_s has passed, or others wait to be sent then.
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
        """Send samples over and over, until others take their place or the stream is closed.

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
        """Samples that wait for their time."""
        return max(0, self._tail - self._index_now())

    def fetch(self, first: int, count: int) -> np.ndarray | None:
        """What was or will be sent, complex64 (count,), from an index on; None is silence."""
        with self._lock:
            after = bisect_right(self._segments, first, key=lambda one: one.end)
            found = list(
                takewhile(
                    lambda one: one.start < first + count, islice(self._segments, after, None)
                )
            )
        if not found:
            return None
        out = np.zeros(count, np.complex64)
        for one in found:
            begin = max(first, one.start)
            last = int(min(first + count, one.end))
            out[begin - first : last - first] = one.part(begin, last)
        return out

    def _put(self, samples: np.ndarray, at_s: float | None, end: bool, opened: int) -> bool:
        """Queue samples if there is room."""
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
            self.underflows += self._in_burst and waiting < 0 and not self._clock.elastic
            if len(samples):
                self._segments.append(Segment(start, samples))
                self._tail = start + len(samples)
            self._in_burst = not end
            self._touched = time.monotonic()
            self._forget(now)
            return True

    def _begin(self, now: int) -> int:
        """Index of the next samples: after those that wait, or else soon."""
        lead = 0 if self._clock.elastic else round(LEAD_S * self.true_rate_hz)
        return self._tail if self._tail >= now else now + lead

    def _forget(self, now: int) -> None:
        """Drop what nobody can hear any more."""
        old = bisect_right(
            self._segments, now - 2 * KEEP_S * self.true_rate_hz, key=lambda one: one.end
        )
        del self._segments[:old]

    def _restart(self) -> None:
        """What waits is not sent; what was sent stays for those who have not read it, unless the
        rate has changed.
        """
        now = self._index_now()
        kept = (
            [one for one in self._segments if one.start < now]
            if self._segment_rate_hz == self.true_rate_hz
            else []
        )
        self._segments = [replace(one, stop=now) if one.end > now else one for one in kept]
        self._forget(now)
        self._segment_rate_hz = self.true_rate_hz
        self._tail = now
        self._in_burst = False

    def _limit_s(self) -> float:
        """Until when an elastic clock may run: to the end of what is there while the rest of a
        stream is expected.
        """
        expected = self._waiting or time.monotonic() - self._touched < GRACE_S
        return (
            self._tail / self.true_rate_hz
            if self._in_burst and self.is_open and expected
            else math.inf
        )
