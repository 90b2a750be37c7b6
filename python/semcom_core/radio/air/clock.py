# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clock of an air: virtual time, real or elastic."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

#: Longest sleep of who waits for virtual time, s of wall time: how late an elastic clock sees that nobody holds it any more.
LONGEST_SLEEP_S = 0.004


class Clock:
    """Virtual time, which begins at 0 and never goes back.

    Real: wall time. Elastic: wall time times speed, but never past what a holder allows. A holder is a receiver that has not read yet
    what would otherwise be lost, or a transmitter whose stream has not come yet.

    Args:
        elastic: whether time waits.
        speed: virtual seconds in a second at the most, where it is elastic.
    """

    def __init__(self, elastic: bool, speed: float = 1.0):
        self.elastic, self._speed = elastic, speed
        self._holders: list[Callable[[], float]] = []
        self._changed = threading.Condition()
        self._wall, self._now_s = time.monotonic(), 0.0

    def add_holder(self, limit_s: Callable[[], float]) -> None:
        """Add a function that says until when time may run, s; inf: it does not matter to it."""
        self._holders.append(limit_s)

    def now(self) -> float:
        """Virtual time, s."""
        with self._changed:
            wall = time.monotonic()
            reached = self._now_s + (wall - self._wall) * self._speed
            if self.elastic:
                reached = max(self._now_s, min([reached, *(limit_s() for limit_s in self._holders)]))
            self._wall, self._now_s = wall, reached
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
                self._changed.wait(min(left, LONGEST_SLEEP_S, max((at_s - now) / self._speed, 1e-4)))
