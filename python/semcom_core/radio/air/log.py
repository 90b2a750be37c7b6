# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What clients have written to a radio's attributes, in order."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

#: Entries kept of each radio.
KEPT = 10000


@dataclass(frozen=True)
class LogEntry:
    """One write: when in virtual time, to which device or direction, which attribute, and what."""

    time_s: float
    client: str
    attribute: str
    value: str


class WriteLog:
    """The latest writes to one radio.

    Args:
        now: virtual time, s.
    """

    def __init__(self, now: Callable[[], float]):
        self._now, self._entries, self._lock = now, deque(maxlen=KEPT), threading.Lock()

    def add(self, client: str, attribute: str, value) -> None:
        """Enter a write."""
        entry = LogEntry(self._now(), client, attribute, str(value))
        with self._lock:
            self._entries.append(entry)

    @property
    def entries(self) -> list[LogEntry]:
        """All that are kept, oldest first."""
        with self._lock:
            return list(self._entries)
