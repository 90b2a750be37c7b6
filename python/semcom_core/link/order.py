# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Message numbers that never wrap, and delivery in their order."""

from __future__ import annotations

import math
from collections.abc import Container

from semcom_core.link.incoming import Delivery
from semcom_core.phy.frame import MESSAGE_IDS


def unwrap(message_id: int, near: int) -> int:
    """The number, of those that are `message_id` modulo 256, that is nearest to `near`."""
    half = MESSAGE_IDS // 2
    return near + (message_id - near + half) % MESSAGE_IDS - half


class Order:
    """Gives out messages in the order of their unwrapped numbers; one that comes after its turn is given out at once.

    Args:
        first: the number whose turn it is.
    """

    def __init__(self, first: int):
        self.next = first
        self._ready: dict[int, Delivery] = {}
        self._moved = 0.0

    def put(self, number: int, delivery: Delivery, now: float) -> list[Delivery]:
        """Enter a message; returns it where its turn is over."""
        if number < self.next:
            return [delivery]
        if not self._ready:
            self._moved = now
        self._ready[number] = delivery
        return []

    def take(self, abandoned: float, collecting: Container[int], now: float) -> list[Delivery]:
        """The messages whose turn it is. Numbers up to `abandoned` are passed over, unless they are being collected."""
        taken = []
        last = min(abandoned, max(self._ready, default=-math.inf))
        while self.next in self._ready or (self.next <= last and self.next not in collecting):
            if self.next in self._ready:
                taken.append(self._ready.pop(self.next))
            self.next += 1
            self._moved = now
        return taken

    def expires(self, collecting: Container[int], patience_s: float) -> float:
        """When messages that are there have waited long enough for one of which nothing has come, s; inf where none do."""
        missing = self.next not in collecting and self.next not in self._ready
        return self._moved + patience_s if self._ready and missing else math.inf

    def skip(self, collecting: set[int]) -> None:
        """Pass over what nothing has come of, to the first message that is there or being collected."""
        self.next = min((number for number in collecting | self._ready.keys() if number > self.next), default=self.next + 1)
