# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be transmitted and has not left the radio yet: kept, so that a radio that comes back sends it after all."""

from __future__ import annotations

import threading
from collections import deque

import numpy as np

#: Samples that may wait; one piece more is taken than fits, so that a burst may be longer.
CAPACITY = 1 << 20


class Outbox:
    """Numbered pieces in their order, from the oldest that has not left to the newest. All methods may be called from any thread."""

    def __init__(self):
        self._changed = threading.Condition()
        self._pieces: deque[np.ndarray] = deque()
        self._first = self._waiting = 0

    @property
    def first(self) -> int:
        """Number of the oldest piece that has not left; so many have."""
        return self._first

    @property
    def next(self) -> int:
        """Number that the next piece gets."""
        return self._first + len(self._pieces)

    def put(self, samples: np.ndarray, timeout_s: float) -> int:
        """Add a piece, complex64 (n,), as soon as there is room; returns its number.

        Raises:
            TimeoutError: there was no room; nothing was taken.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._waiting < CAPACITY, timeout_s):
                raise TimeoutError(f"{self._waiting} samples wait to be transmitted")
            self._pieces.append(samples)
            self._waiting += len(samples)
            self._changed.notify_all()
            return self.next - 1

    def get(self, number: int, timeout_s: float) -> np.ndarray | None:
        """A piece by its number; None when it has not come in time, or has left already."""
        with self._changed:
            self._changed.wait_for(lambda: number < self.next, timeout_s)
            return self._pieces[number - self._first] if self._first <= number < self.next else None

    def left(self, number: int) -> None:
        """The pieces up to this number have left."""
        with self._changed:
            while self._first <= number and self._pieces:
                self._waiting -= len(self._pieces.popleft())
                self._first += 1
            self._changed.notify_all()

    def wait_empty(self, timeout_s: float) -> bool:
        """Wait until all has left; False when it has not in time."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._pieces, timeout_s)
