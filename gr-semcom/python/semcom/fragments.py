# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fragments of a message, of one round or several, gathered until the message is complete."""

from __future__ import annotations

import time

from semcom_core.phy.frame import Frame


class FragmentGroups:
    """Gathers the frames of one message after another.

    The link keeps the order of messages, so a frame of another message, or a fragment already there in the same round, closes the group
    before it.

    Args:
        timeout_s: a group that waits longer for its missing fragments is closed as it is; s, 0 waits for ever.
    """

    def __init__(self, timeout_s: float = 0.0):
        self.timeout_s = timeout_s
        self._frames: dict[tuple[int, int], Frame] = {}
        self._since = 0.0

    def push(self, frame: Frame, last: bool = False, rounds: int = 1) -> list[list[Frame]]:
        """Add a frame, the last of its message or not; returns the groups closed by it, none to two.

        Args:
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
        first, new = next(iter(self._frames.values())).header, frame.header
        same = (first.family, first.message_id, first.fragments) == (new.family, new.message_id, new.fragments)
        return same and _place(frame) not in self._frames

    def _close(self) -> list[Frame]:
        frames, self._frames = list(self._frames.values()), {}
        return frames


def _place(frame: Frame) -> tuple[int, int]:
    return frame.header.round, frame.header.fragment
