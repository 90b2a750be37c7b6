# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A message that a receiver is collecting, and how it is delivered."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from semcom_core.link.ack import Ack
from semcom_core.link.combine import combine, same_symbols
from semcom_core.phy.frame import ReceivedFrame


@dataclass(frozen=True)
class Delivery:
    """A message that leaves the receiver.

    Args:
        message_id: its number.
        guess: what the decoder made of it, as it was handed to the receiver; None where there is nothing.
        decoded: whether the decoder stands by it.
        attempts: how often it was decoded.
    """

    message_id: int
    guess: object
    decoded: bool
    attempts: int


@dataclass
class Done:
    """What is remembered of a message that left: its answer, its first frame, and when a copy was last heard, s."""

    ack: Ack
    first: ReceivedFrame
    heard: float


@dataclass
class Actions:
    """What a receiver wants done: fragments for the decoder, answers for the sender, messages for the user."""

    decode: list[list[ReceivedFrame]] = field(default_factory=list)
    acks: list[Ack] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)


@dataclass
class Incoming:
    """The fragments of one message, copies of each combined.

    Args:
        fragments: how many it has.
        frames: those received, by number.
        fresh: numbers of those received since the decoder was last asked.
        heard: when something was last heard of it, s.
        decoding: the decoder has it.
        attempts: how often the decoder has answered.
        again: a further copy of each fragment is wanted.
        final: nothing further is to be expected of the sender: the next answer of the decoder stands.
        guess, score: the best guess so far; the score is higher where it is likelier, NaN where that is not known.
    """

    fragments: int
    frames: dict[int, ReceivedFrame] = field(default_factory=dict)
    fresh: set[int] = field(default_factory=set)
    heard: float = 0.0
    decoding: bool = False
    attempts: int = 0
    again: bool = False
    final: bool = False
    guess: object = None
    score: float = math.nan

    @property
    def complete(self) -> bool:
        """Whether all fragments are there."""
        return len(self.frames) == self.fragments

    @property
    def first(self) -> ReceivedFrame:
        """The fragment with the lowest number of those there."""
        return self.frames[min(self.frames)]

    def fits(self, frame: ReceivedFrame) -> bool:
        """Whether a frame is of this message, as far as can be told."""
        here, new = self.first.header, frame.header
        if (here.codec, here.message_id, here.last_fragment) != (new.codec, new.message_id, new.last_fragment):
            return False
        copy = self.frames.get(new.fragment)
        return copy is None or same_symbols(copy, frame)

    def add(self, frame: ReceivedFrame, now: float) -> None:
        """Add a frame that fits."""
        copy = self.frames.get(frame.header.fragment)
        self.frames[frame.header.fragment] = frame if copy is None else combine(copy, frame)
        self.fresh.add(frame.header.fragment)
        self.heard, self.again = now, False

    def hand_over(self, now: float) -> list[ReceivedFrame]:
        """The fragments for the decoder, in order."""
        self.decoding, self.heard, self.again = True, now, False
        self.fresh.clear()
        return [self.frames[k] for k in sorted(self.frames)]

    def keep(self, guess: object, score: float) -> None:
        """Keep a guess unless it is worse than the one before; the later one is made of more copies."""
        if guess is not None and not (self.guess is not None and score < self.score):
            self.guess, self.score = guess, score

    def ack(self) -> Ack:
        """What is there."""
        return Ack(self.first.header.message_id, sum(1 << k for k in self.frames), again=self.again)
