# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reassembly of fragments and rounds at the receiver, and delivery in order.

A message number travels modulo 256. The receiver unwraps it, so that its numbers never wrap.
"""

from __future__ import annotations

import math
from collections.abc import Container, Iterable
from dataclasses import dataclass, field

from semcom_core.combining import combine, same_symbols
from semcom_core.frame import MESSAGE_IDS, ReceivedFrame
from semcom_core.link.ack import ATTEMPTS, Ack


@dataclass(frozen=True)
class Delivery:
    """A message that leaves the receiver.

    Args:
        message_id: its number.
        guess: the decoder's result, as it was handed to the receiver; None where there is none.
        decoded: whether the decoder's own check holds.
        attempts: how often it was decoded.
    """

    message_id: int
    guess: object
    decoded: bool
    attempts: int


@dataclass
class Done:
    """Record of a delivered message.

    Args:
        ack: its answer.
        first: its first frame.
        heard: when a copy was last heard, s.
    """

    ack: Ack
    first: ReceivedFrame
    heard: float


@dataclass
class Actions:
    """Actions due at a receiver.

    Args:
        decode: fragments of each message for the decoder.
        acks: answers for the sender.
        deliveries: messages for the user.
    """

    decode: list[list[ReceivedFrame]] = field(default_factory=list)
    acks: list[Ack] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)


@dataclass
class Incoming:
    """The fragments of one message, of every round that came, copies of each combined.

    Args:
        fragments: how many it has.
        frames: those received, by round and number.
        fresh: rounds and numbers of those received since the decoder was last asked.
        heard: when something was last heard of it, s.
        decoding: the decoder has it.
        attempts: how often the decoder has answered.
        again: more of each fragment is wanted.
        final: nothing further is to be expected of the sender: the next answer of the decoder
            stands.
        guess, score: the best guess so far; the score is higher where it is likelier, NaN where
            that is not known.
        levels_db: SNR of each frame received since the decoder was last asked, dB.
        snr_db: mean of those that were new to the decoder when it was last asked, dB; None where
            that is not known.
    """

    fragments: int
    frames: dict[tuple[int, int], ReceivedFrame] = field(default_factory=dict)
    fresh: set[tuple[int, int]] = field(default_factory=set)
    heard: float = 0.0
    decoding: bool = False
    attempts: int = 0
    again: bool = False
    final: bool = False
    guess: object = None
    score: float = math.nan
    levels_db: list[float] = field(default_factory=list)
    snr_db: float | None = None

    @property
    def complete(self) -> bool:
        """Whether all fragments are there, each of any round."""
        return _covers(self.frames, self.fragments)

    @property
    def renewed(self) -> bool:
        """Whether something of every fragment has come since the decoder was last asked."""
        return _covers(self.fresh, self.fragments)

    @property
    def first(self) -> ReceivedFrame:
        """The fragment with the lowest number of those there, of the earliest round."""
        return self.frames[min(self.frames)]

    def fits(self, frame: ReceivedFrame) -> bool:
        """Whether a frame is of this message, as far as can be told: of a round that is new there
        is nothing to compare.
        """
        here = self.first.header
        new = frame.header
        if (here.family, here.message_id, here.last_fragment) != (
            new.family,
            new.message_id,
            new.last_fragment,
        ):
            return False
        copy = self.frames.get(place_of(frame))
        return copy is None or same_symbols(copy, frame)

    def add(self, frame: ReceivedFrame, now: float) -> None:
        """Add a frame that fits."""
        place = place_of(frame)
        copy = self.frames.get(place)
        self.frames[place] = frame if copy is None else combine(copy, frame)
        self.fresh.add(place)
        if math.isfinite(frame.snr_db):
            self.levels_db.append(frame.snr_db)
        self.heard = now
        self.again = False

    def hand_over(self, now: float) -> list[ReceivedFrame]:
        """The frames for the decoder, round after round."""
        self.decoding = True
        self.heard = now
        self.again = False
        if self.levels_db:
            self.snr_db = sum(self.levels_db) / len(self.levels_db)
        self.fresh.clear()
        self.levels_db.clear()
        return [self.frames[place] for place in sorted(self.frames)]

    def keep(self, guess: object, score: float) -> None:
        """Keep a guess unless it is worse than the one before; the later one is made of more
        symbols.
        """
        if guess is not None and not (self.guess is not None and score < self.score):
            self.guess = guess
            self.score = score

    def ack(self) -> Ack:
        """What is there."""
        message_id = self.first.header.message_id
        if self.again:
            return Ack(
                message_id, again=True, attempts=self.attempts % ATTEMPTS, snr_db=self.snr_db
            )
        return Ack(message_id, sum(1 << k for k in {k for _, k in self.frames}))

    def last_ack(self, decoded: bool) -> Ack:
        """That nothing more of it is needed."""
        message_id = self.first.header.message_id
        return Ack(
            message_id,
            done=True,
            again=not decoded,
            attempts=self.attempts % ATTEMPTS,
            snr_db=self.snr_db,
        )


def place_of(frame: ReceivedFrame) -> tuple[int, int]:
    """Round and number of a fragment."""
    return frame.header.round, frame.header.fragment


def _covers(places: Iterable[tuple[int, int]], fragments: int) -> bool:
    return len({k for _, k in places}) == fragments


def unwrap(message_id: int, near: int) -> int:
    """The number, of those that are `message_id` modulo 256, that is nearest to `near`."""
    half = MESSAGE_IDS // 2
    return near + (message_id - near + half) % MESSAGE_IDS - half


class Order:
    """Gives out messages in the order of their unwrapped numbers; one that comes after its turn is
    given out at once.

    Args:
        first: the number whose turn it is.
    """

    def __init__(self, first: int) -> None:
        self.next = first
        self._ready: dict[int, Delivery] = {}
        self._moved = 0.0

    def put(self, number: int, delivery: Delivery, now: float) -> list[Delivery]:
        """Enter a message; returns it where its turn is over.

        Args:
            number: unwrapped number of the message.
            delivery: the message.
            now: time, s.
        """
        if number < self.next:
            return [delivery]
        if not self._ready:
            self._moved = now
        self._ready[number] = delivery
        return []

    def take(self, abandoned: float, collecting: Container[int], now: float) -> list[Delivery]:
        """The messages whose turn it is.

        Args:
            abandoned: numbers up to this are passed over, unless they are being collected.
            collecting: numbers of messages that are being collected.
            now: time, s.
        """
        taken = []
        last = min(abandoned, max(self._ready, default=-math.inf))
        while self.next in self._ready or (self.next <= last and self.next not in collecting):
            if self.next in self._ready:
                taken.append(self._ready.pop(self.next))
            self.next += 1
            self._moved = now
        return taken

    def expires(self, collecting: Container[int], patience_s: float) -> float:
        """When messages that are there have waited long enough for one of which nothing has come,
        s; inf where none do.
        """
        missing = self.next not in collecting and self.next not in self._ready
        return self._moved + patience_s if self._ready and missing else math.inf

    def skip(self, collecting: set[int]) -> None:
        """Pass over what nothing has come of, to the first message that is there or being
        collected.
        """
        self.next = min(
            (number for number in collecting | self._ready.keys() if number > self.next),
            default=self.next + 1,
        )
