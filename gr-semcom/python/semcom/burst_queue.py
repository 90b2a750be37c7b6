# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages that wait for their bursts, and how they share them."""

from __future__ import annotations

from collections import deque

from semcom_core.link.ack import ACK
from semcom_core.phy.frame import WIDE_CODECS, Frame


class BurstQueue:
    """Messages in order. Those of few fragments go whole, several to a burst; of a picture each fragment has a burst of its own.

    What fades or is hit takes one burst with it, and with it a fragment of a picture, which spreads over all of them.
    """

    def __init__(self):
        self._messages: deque[list[Frame]] = deque()
        self._rest: deque[Frame] = deque()

    def __len__(self) -> int:
        """Messages that wait; one under way counts until its last burst is taken."""
        return len(self._messages) + bool(self._rest)

    def put(self, frames: list[Frame]) -> None:
        """Queue a message."""
        self._messages.append(frames)

    def take(self, most_messages: int, most_frames: int) -> tuple[list[Frame], list[int]]:
        """Frames of the next burst, and the numbers of the messages that end with it; there must be one.

        Args:
            most_messages: messages that may share a burst.
            most_frames: frames that a burst may have.
        """
        if not self._rest and is_spread(self._messages[0]):
            self._rest.extend(self._messages.popleft())
        if self._rest:
            frame = self._rest.popleft()
            return [frame], ([] if self._rest else [number_of([frame])])
        frames, message_ids = [], []
        while self._messages and len(message_ids) < most_messages and not is_spread(self._messages[0]):
            if frames and len(frames) + len(self._messages[0]) > most_frames:
                break
            group = self._messages.popleft()
            message_ids.append(number_of(group))
            frames += group
        return frames, message_ids

    def give_up(self) -> None:
        """Forget what is left of a message under way."""
        self._rest.clear()


def is_spread(frames: list[Frame]) -> bool:
    """Whether each fragment of a message has a burst of its own."""
    return frames[0].header.codec in WIDE_CODECS


def number_of(frames: list[Frame]) -> int:
    """Number of a message for notices; -1 for an acknowledgement, which bears a number of the far end."""
    return -1 if frames[0].header.codec == ACK else frames[0].header.message_id
