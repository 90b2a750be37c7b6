# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The time that a radio keeps."""

from __future__ import annotations

import math
import threading

from semcom_core.radio.air.clock import Clock


class HardwareTime:
    """Time of a radio, ns: it can be set, and runs by the radio's own oscillator, as its samples do.

    A pulse per second comes at each whole second of the air.

    Args:
        clock: the clock of the air.
        ppm: error of the oscillator, parts in a million.
    """

    def __init__(self, clock: Clock, ppm: float):
        self._clock, self._scale, self._lock = clock, 1 + ppm * 1e-6, threading.Lock()
        self._offset_ns, self._next = 0, None

    def now_ns(self) -> int:
        """Present time."""
        return self.at_ns(self._clock.now())

    def last_pulse_ns(self) -> int:
        """Time at the last pulse."""
        return self.at_ns(math.floor(self._clock.now()))

    def at_ns(self, air_s: float) -> int:
        """Time of this radio at a time of the air."""
        return round(air_s * self._scale * 1e9) + self._offset()

    def of_sample_ns(self, index: int, rate_hz: float) -> int:
        """Time of a sample, counted from the beginning of the air by this radio's clock."""
        return round(index / rate_hz * 1e9) + self._offset()

    def air_s(self, time_ns: int) -> float:
        """Time of the air at a time of this radio."""
        return (time_ns - self._offset()) * 1e-9 / self._scale

    def set(self, time_ns: int) -> None:
        """Set the present time."""
        with self._lock:
            self._next = None
            self._offset_ns = time_ns - round(self._clock.now() * self._scale * 1e9)

    def set_at_pulse(self, time_ns: int) -> None:
        """Set the time that the next pulse will have."""
        pulse_s = math.floor(self._clock.now()) + 1
        with self._lock:
            self._next = pulse_s, time_ns - round(pulse_s * self._scale * 1e9)

    def _offset(self) -> int:
        with self._lock:
            if self._next and self._clock.now() >= self._next[0]:
                self._offset_ns, self._next = self._next[1], None
            return self._offset_ns
