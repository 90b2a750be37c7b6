# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clock of an air: virtual time, real or elastic.

What a transmitter of the air and a receiver have in common: how they are tuned, and that they are
open or closed.
"""

from __future__ import annotations

import math
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable

from semcom_core.errors import ConfigError, RadioError, check_range
from semcom_core.radio.virtual.air.plan import RadioSpec

#: Longest sleep of who waits for virtual time, s of wall time: how late an elastic clock sees that
#: nobody holds it any more.
LONGEST_SLEEP_S = 0.004


class Clock:
    """Virtual time, which begins at 0 and never goes back.

    Real: wall time. Elastic: wall time times speed, but never past what a holder allows. A holder
    is a receiver that has not read yet what would otherwise be lost, or a transmitter whose stream
    has not come yet.

    Args:
        elastic: whether time waits.
        speed: virtual seconds in a second at the most, where it is elastic.
    """

    def __init__(self, elastic: bool, speed: float = 1.0):
        self.elastic = elastic
        self._speed = speed
        self._holders: list[Callable[[], float]] = []
        self._changed = threading.Condition()
        self._wall = time.monotonic()
        self._now_s = 0.0

    def add_holder(self, limit_s: Callable[[], float]) -> None:
        """Add a function that says until when time may run, s; inf: it does not matter to it."""
        self._holders.append(limit_s)

    def now(self) -> float:
        """Virtual time, s."""
        with self._changed:
            wall = time.monotonic()
            reached = self._now_s + (wall - self._wall) * self._speed
            if self.elastic:
                reached = max(
                    self._now_s, min([reached, *(limit_s() for limit_s in self._holders)])
                )
            self._wall = wall
            self._now_s = reached
            return reached

    def notify(self) -> None:
        """Say that a holder may allow more now, or that who waits should look again."""
        with self._changed:
            self._changed.notify_all()

    def wait_until(self, at_s: float, deadline: float, stop: Callable[[], bool]) -> bool:
        """Wait for a virtual time.

        Args:
            at_s: virtual time, s.
            deadline: time.monotonic() at which waiting ends.
            stop: True ends the wait.

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
                self._changed.wait(
                    min(left, LONGEST_SLEEP_S, max((at_s - now) / self._speed, 1e-4))
                )


#: For how long what was sent is kept, s, and with it the most that may wait to be read.
KEEP_S = 3.0
#: Sample rates, Hz: of what can be simulated, not of any radio.
RATES_HZ = (1e3, 100e6)


class RadioClosed(RadioError):
    """The stream was closed while somebody waited for it."""


class LateError(RadioError):
    """Samples came for a time that has passed, or that others are already waiting to be sent at."""


class Port(ABC):
    """One direction of a radio. Samples are complex64 with full scale 1; sample i belongs to the
    virtual time i / rate.

    Args:
        clock: the clock of the air.
        spec: the radio.
    """

    def __init__(self, clock: Clock, spec: RadioSpec, gain_db: float):
        self._clock = clock
        self._spec = spec
        self._lock = threading.RLock()
        self.rate_hz = 1e6
        self.lo_hz = 2.45e9
        self.gain_db = gain_db
        self.bandwidth_hz = 1e6
        self.is_open = False
        self._capacity = 0
        self._opened = 0

    @property
    def true_rate_hz(self) -> float:
        """Sample rate with the error of the oscillator, Hz."""
        return self.rate_hz * (1 + self._spec.ppm * 1e-6)

    @property
    def true_lo_hz(self) -> float:
        """Carrier frequency with the error of the oscillator, Hz."""
        return self.lo_hz * (1 + self._spec.ppm * 1e-6)

    def tune(self, rate_hz=None, lo_hz=None, gain_db=None, bandwidth_hz=None) -> None:
        """Change some settings; those that are None stay. Another rate throws away what waits.

        Raises:
            ConfigError: the rate cannot be simulated.
        """
        with self._lock:
            if rate_hz is not None and rate_hz != self.rate_hz:
                check_range("rate_hz", rate_hz, *RATES_HZ)
                self.rate_hz = float(rate_hz)
                self._restart()
            self.lo_hz = self.lo_hz if lo_hz is None else float(lo_hz)
            self.gain_db = self.gain_db if gain_db is None else float(gain_db)
            self.bandwidth_hz = self.bandwidth_hz if bandwidth_hz is None else float(bandwidth_hz)
        self._clock.notify()

    def open(self, capacity: int) -> None:
        """Begin a stream.

        Args:
            capacity: samples that the buffers of the driver hold.

        Raises:
            ConfigError: it is open already, or the buffers hold more than KEEP_S.
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
        """End the stream; who waits for it gets RadioClosed."""
        with self._lock:
            self.is_open = False
            self._restart()
        self._clock.notify()

    def _index_now(self) -> int:
        """The first sample that nobody can have read yet; a thousandth of a sample is for
        rounding.
        """
        return math.ceil(self._clock.now() * self.true_rate_hz - 1e-3)

    @abstractmethod
    def _restart(self) -> None:
        """Begin anew at the present time, in the lock."""

    def _closed_since(self, opened: int) -> bool:
        return not self.is_open or self._opened != opened
