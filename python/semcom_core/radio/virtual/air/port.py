# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual clock of an air, and what both directions of a radio have in common: tuning and streams.

Samples are complex64 with full scale 1; sample i of a port belongs to the virtual time i / rate.
"""

from __future__ import annotations

import math
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable

from semcom_core.errors import ConfigError, RadioError, check_range
from semcom_core.radio.virtual.air.plan import RadioSpec

#: Longest sleep of a wait for virtual time, s of wall time: how late an elastic clock sees that a
#: limit has gone.
MAX_SLEEP_S = 0.004
#: How long transmitted samples are kept, s, and with it the most that may wait to be read.
KEEP_S = 3.0
#: Sample rates that can be simulated, Hz.
RATES_HZ = (1e3, 100e6)


class RadioClosed(RadioError):
    """The stream was closed, perhaps during a wait for it."""


class LateError(RadioError):
    """The time of samples to be sent has passed, or is taken by queued ones."""


class VirtualClock:
    """Virtual time, which begins at 0 and never goes back.

    Real pacing: wall time. Elastic pacing: wall time times speed, but never past the limits of the
    ports. A receiver's limit is where unread samples would be lost, a transmitter's the end of what
    its client has written of a burst.

    Args:
        elastic: whether time waits for slow clients.
        speed: virtual seconds in a second of wall time, at the most where time is elastic.
    """

    def __init__(self, elastic: bool, speed: float = 1.0):
        self.elastic = elastic
        self._speed = speed
        self._limits: list[Callable[[], float]] = []
        self._changed = threading.Condition()
        self._wall = time.monotonic()
        self._now_s = 0.0

    def add_limit(self, limit_s: Callable[[], float]) -> None:
        """Add a function that returns until when time may run, s; inf: without limit."""
        self._limits.append(limit_s)

    def now(self) -> float:
        """Virtual time, s."""
        with self._changed:
            wall = time.monotonic()
            now_s = self._now_s + (wall - self._wall) * self._speed
            if self.elastic:
                now_s = max(self._now_s, min([now_s, *(limit_s() for limit_s in self._limits)]))
            self._wall = wall
            self._now_s = now_s
            return now_s

    def notify(self) -> None:
        """Wake all waits: a limit may have changed, or a stream has ended."""
        with self._changed:
            self._changed.notify_all()

    def wait_until(self, at_s: float, deadline: float, stop: Callable[[], bool]) -> bool:
        """Wait for a virtual time.

        Args:
            at_s: virtual time, s.
            deadline: time.monotonic() at which the wait ends, s.
            stop: the wait ends when it returns True.

        Returns:
            Whether the time has come.
        """
        while True:
            now = self.now()
            if now >= at_s:
                return True
            left = deadline - time.monotonic()
            if left <= 0 or stop():
                return False
            with self._changed:
                self._changed.wait(min(left, MAX_SLEEP_S, max((at_s - now) / self._speed, 1e-4)))


class AirPort(ABC):
    """One direction of a radio: its tuning, and one stream at a time.

    Args:
        clock: the clock of the air.
        spec: the radio.
        gain_db: gain at first, dB.
    """

    def __init__(self, clock: VirtualClock, spec: RadioSpec, gain_db: float):
        self._clock = clock
        self._spec = spec
        self._lock = threading.RLock()
        self.rate_hz = 1e6
        self.lo_hz = 2.45e9
        self.gain_db = gain_db
        self.bandwidth_hz = 1e6
        self.is_open = False
        self._capacity = 0
        self._opened = 0  # number of the latest stream

    @property
    def true_rate_hz(self) -> float:
        """Sample rate with the error of the oscillator, Hz."""
        return self.rate_hz * (1 + self._spec.ppm * 1e-6)

    @property
    def true_lo_hz(self) -> float:
        """Carrier frequency with the error of the oscillator, Hz."""
        return self.lo_hz * (1 + self._spec.ppm * 1e-6)

    def tune(
        self,
        rate_hz: float | None = None,
        lo_hz: float | None = None,
        gain_db: float | None = None,
        bandwidth_hz: float | None = None,
    ) -> None:
        """Change some settings; those that are None stay.

        Args:
            rate_hz: sample rate within RATES_HZ, Hz; another one discards queued samples.
            lo_hz: carrier frequency, Hz.
            gain_db: gain, dB.
            bandwidth_hz: bandwidth of the analog filter, Hz; it is kept, and has no effect.

        Raises:
            ConfigError: the rate is outside RATES_HZ.
        """
        with self._lock:
            if rate_hz is not None and rate_hz != self.rate_hz:
                check_range("rate_hz", rate_hz, *RATES_HZ)
                self.rate_hz = float(rate_hz)
                self._restart()
            if lo_hz is not None:
                self.lo_hz = float(lo_hz)
            if gain_db is not None:
                self.gain_db = float(gain_db)
            if bandwidth_hz is not None:
                self.bandwidth_hz = float(bandwidth_hz)
        self._clock.notify()

    def open(self, capacity: int) -> None:
        """Begin a stream.

        Args:
            capacity: samples that fit in the driver's buffers.

        Raises:
            ConfigError: it is open already, or the buffers are longer than KEEP_S.
        """
        with self._lock:
            if self.is_open:
                raise ConfigError("stream is opened while it is open; allowed is one at a time")
            check_range("capacity in samples", capacity, 1, KEEP_S * self.rate_hz)
            self._capacity = int(capacity)
            self.is_open = True
            self._opened += 1
            self._restart()
        self._clock.notify()

    def close(self) -> None:
        """End the stream; waits for it raise RadioClosed."""
        with self._lock:
            self.is_open = False
            self._restart()
        self._clock.notify()

    def _index_now(self) -> int:
        """Index of the first sample that is not past; a thousandth of a sample is for rounding."""
        return math.ceil(self._clock.now() * self.true_rate_hz - 1e-3)

    @abstractmethod
    def _restart(self) -> None:
        """Begin again at the present time; called with the lock held."""

    def _closed_since(self, opened: int) -> bool:
        """Whether the stream with this number has ended."""
        return not self.is_open or self._opened != opened
