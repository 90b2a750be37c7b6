# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A message that a sender has on the way, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass

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
        frames: its fragments by number.
        wanted: the fragments that the far end is not known to have.
        due: when something is to be done unless an answer comes, s.
        sending: handed to the transmitter, which has not yet said that it is out.
        sent_at: when it was out, s.
        tries, polls: transmissions of fragments, and of questions about them.
        silent: both of them since the last answer.
        holds: answers in a row that all fragments are there and not yet decoded.
    """

    frames: dict[int, Frame]
    wanted: set[int]
    due: float = 0.0
    sending: bool = False
    sent_at: float = 0.0
    tries: int = 0
    polls: int = 0
    silent: int = 0
    holds: int = 0

    @property
    def message_id(self) -> int:
        """Its number."""
        return next(iter(self.frames.values())).header.message_id
