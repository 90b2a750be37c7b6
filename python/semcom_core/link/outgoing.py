# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A message that a sender has on the way, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from semcom_core.errors import FrameError
from semcom_core.phy.frame import Frame


@dataclass(frozen=True)
class Settled:
    """What became of a message.

    Args:
        message_id: its number.
        acknowledged: the far end has said that it needs no more of it.
        decoded: and that it decoded; otherwise it was delivered marked.
        tries: transmissions.
        reason: why it was given up; empty where it was acknowledged.
    """

    message_id: int
    acknowledged: bool
    decoded: bool
    tries: int
    reason: str = ""


@dataclass
class Outgoing:
    """A message on the way.

    Args:
        rounds: its fragments by number, of the first transmission and of each increment; where an increment lacks one, that of the
            first.
        wanted: the fragments that the far end is not known to have, or of which it wants more.
        round: which round is sent.
        advance: the next transmission is of the next round: the far end has asked for more.
        asked: how often the far end had decoded when it asked for more; -1: it has not.
        due: when something is to be done unless an answer comes, s.
        sending: handed to the transmitter, which has not yet said that it is out.
        sent_at: when it was out, s.
        tries, polls: transmissions of fragments, and of questions about them.
        silent: both of them since the last answer.
        holds: answers in a row that all fragments are there and not yet decoded.
    """

    rounds: list[dict[int, Frame]]
    wanted: set[int]
    round: int = 0
    advance: bool = False
    asked: int = -1
    due: float = 0.0
    sending: bool = False
    sent_at: float = 0.0
    tries: int = 0
    polls: int = 0
    silent: int = 0
    holds: int = 0

    @classmethod
    def of(cls, frames: Sequence[Frame]) -> Outgoing:
        """The message that has these frames.

        Raises:
            FrameError: no frames, frames of more than one message, or an increment of a fragment without its first round.
        """
        ids = {frame.header.message_id for frame in frames}
        if len(ids) != 1:
            raise FrameError(f"frames are of the messages {sorted(ids)}; one is allowed")
        rounds: dict[int, dict[int, Frame]] = {}
        for frame in sorted(frames, key=lambda frame: frame.header.round):
            rounds.setdefault(frame.header.round, {})[frame.header.fragment] = frame
        first = set(rounds.get(0, ()))
        alone = sorted({k for found in rounds.values() for k in found} - first)
        if alone:
            raise FrameError(f"increments are of the fragments {alone}; allowed are those of the first round, {sorted(first)}")
        return cls([rounds[0] | found for found in rounds.values()], first)

    @property
    def message_id(self) -> int:
        """Its number."""
        return next(iter(self.rounds[0].values())).header.message_id

    @property
    def fragments(self) -> set[int]:
        """Numbers of its fragments."""
        return set(self.rounds[0])

    def want_more(self, attempts: int) -> None:
        """The far end has all fragments and did not decode them, after so many attempts; what is said twice counts once."""
        if attempts != self.asked:
            self.asked, self.advance, self.wanted, self.holds = attempts, True, self.fragments, 0

    def want(self, lacking: set[int]) -> None:
        """The far end has nothing of these fragments, and no need of the others; of what is lacking the first round is sent."""
        self.wanted, self.holds = lacking, 0 if lacking else self.holds + 1
        if lacking:
            self.round, self.advance = 0, False
        else:
            self.asked = -1  # it is decoding; what it asks for after that is new, also where it has started anew

    def take(self, whole: bool) -> list[Frame]:
        """The frames to be sent now, the wanted ones or all; after the last round copies follow, from the first on."""
        self.round = (self.round + self.advance) % len(self.rounds)
        self.advance = False
        frames = self.rounds[self.round]
        return [frames[k] for k in sorted(frames) if whole or k in self.wanted]
