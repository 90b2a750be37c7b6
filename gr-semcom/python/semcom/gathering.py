# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reassembly of messages from fragments.

FragmentGroups gathers texts: one message after another, of one round or several, because the link
keeps the order of messages. PictureGroups gathers pictures: several at once, because their many
fragments come in any order. Both give back a message as the list of its frames.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import Protocol

from semcom_core.frame import Frame, FrameHeader, ReceivedFrame

#: Pictures that are gathered at once; one more, and the oldest is closed as it is.
MOST_OPEN = 4
#: Closed pictures, the latest ones, whose late fragments are recognised.
REMEMBERED = 16


class Groups(Protocol):
    """Interface of FragmentGroups and PictureGroups to a decoder."""

    timeout_s: float

    def expired(self) -> list[list[ReceivedFrame]]:
        """Messages that have waited too long for a fragment."""

    def flush(self) -> list[list[ReceivedFrame]]:
        """All open messages: no frame will follow."""


class FragmentGroups:
    """Gathers the frames of one message after another.

    The link keeps the order of messages, so a frame of another message, or a fragment already there
    in the same round, closes the group before it.

    Args:
        timeout_s: a group that waits longer for its missing fragments is closed as it is; s, 0
            waits for ever.
    """

    def __init__(self, timeout_s: float = 0.0) -> None:
        self.timeout_s = timeout_s
        self._frames: dict[tuple[int, int], Frame] = {}
        self._since = 0.0

    def push(self, frame: Frame, last: bool = False, rounds: int = 1) -> list[list[Frame]]:
        """Add a frame; returns the groups that it closes, none to two.

        Args:
            frame: the frame.
            last: whether it closes its message, whatever is missing.
            rounds: of how many rounds the frames of its message are.
        """
        closed = []
        if self._frames and not self._belongs(frame):
            closed.append(self._close())
        self._frames[_place(frame)] = frame
        self._since = time.monotonic()
        if last or len(self._frames) >= frame.header.fragments * rounds:
            closed.append(self._close())
        return closed

    def expired(self) -> list[list[Frame]]:
        """The open group, if it has waited too long."""
        late = self.timeout_s > 0 and time.monotonic() - self._since > self.timeout_s
        return [self._close()] if self._frames and late else []

    def flush(self) -> list[list[Frame]]:
        """The open group: no frame will follow."""
        return [self._close()] if self._frames else []

    def _belongs(self, frame: Frame) -> bool:
        first = next(iter(self._frames.values())).header
        new = frame.header
        same = (first.family, first.message_id, first.fragments) == (
            new.family,
            new.message_id,
            new.fragments,
        )
        return same and _place(frame) not in self._frames

    def _close(self) -> list[Frame]:
        frames = list(self._frames.values())
        self._frames = {}
        return frames


def _place(frame: Frame) -> tuple[int, int]:
    return frame.header.round, frame.header.fragment


@dataclass
class PictureGroup:
    """Fragments of one picture.

    Args:
        frames: those received.
        since: when the latest came, s of the monotonic clock.
    """

    frames: list[ReceivedFrame] = field(default_factory=list)
    since: float = 0.0

    @property
    def complete(self) -> bool:
        """Whether every fragment is there."""
        fragments = {frame.header.fragment for frame in self.frames}
        return len(fragments) == self.frames[0].header.fragments


class PictureGroups:
    """Gathers fragments in any order, and gives pictures back in the order in which they began.

    A picture is closed when it is complete, when no fragment of it has come for `timeout_s`, or
    when too many later ones have begun; it waits for those before it. A fragment that comes after
    its picture was closed is late: it is counted and left out.

    Args:
        timeout_s: how long a picture waits for its next fragment, s; 0 is until MOST_OPEN later
            ones have begun.
    """

    def __init__(self, timeout_s: float = 0.0) -> None:
        self.timeout_s = timeout_s
        self.late = 0
        self._open: dict[tuple, PictureGroup] = {}
        self._closed: deque[tuple[tuple, float]] = deque(maxlen=REMEMBERED)

    def push(self, frame: ReceivedFrame) -> list[list[ReceivedFrame]]:
        """Add a fragment; returns the pictures that this closes."""
        key = _key(frame.header)
        now = time.monotonic()
        if key not in self._open and any(
            key == k and now - t < max(self.timeout_s, 1.0) for k, t in self._closed
        ):
            self.late += 1
            return []
        group = self._open.setdefault(key, PictureGroup())
        group.frames.append(frame)
        group.since = now
        return self._ready(now)

    def expired(self) -> list[list[ReceivedFrame]]:
        """The pictures that have waited too long, and those that waited for them."""
        return self._ready(time.monotonic())

    def flush(self) -> list[list[ReceivedFrame]]:
        """All open pictures: no fragment will follow."""
        pictures = [group.frames for group in self._open.values()]
        self.forget()
        return pictures

    def forget(self) -> None:
        """Discard all fragments; the count of late ones stays."""
        self._open.clear()
        self._closed.clear()

    def _ready(self, now: float) -> list[list[ReceivedFrame]]:
        ready = []
        while self._open:
            key, group = next(iter(self._open.items()))
            over = 0 < self.timeout_s < now - group.since
            if not (group.complete or over or len(self._open) > MOST_OPEN):
                break
            ready.append(self._open.pop(key).frames)
            self._closed.append((key, now))
        return ready


def _key(header: FrameHeader) -> tuple:
    """What all fragments of one picture have in common."""
    return header.codec, header.message_id, header.last_fragment, header.length, header.params
