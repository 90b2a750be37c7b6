# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Control frames of the link: acknowledgements, and polls that ask for one. Both are headers without payload.

    codec 5 │ message 8 │ fragment 4 │ last 4 │ length 12 │ params 6 │ model 4 │ context 4
    30      │ message   │ done, again, bitmap 15-14 │ 15 │ 0 │ bitmap 13-8 │ bitmap 7-4 │ bitmap 3-0

An acknowledgement costs the air a preamble and a header, nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from semcom_core.errors import FrameError, check_range
from semcom_core.phy.frame import MAX_FRAGMENTS, MESSAGE_IDS, Frame, FrameHeader

#: Codec numbers of control frames.
POLL, ACK = 29, 30


@dataclass(frozen=True)
class Ack:
    """What the receiving station has of a message.

    Args:
        message_id: number of the message, 0 to 255.
        bitmap: bit k is set when fragment k is there, 0 to 65535.
        done: the message is settled; nothing more of it is needed.
        again: the fragments did not decode: a further copy of each is wanted. With `done`: the message was delivered undecoded.

    Raises:
        ConfigError: a value is out of range.
    """

    message_id: int
    bitmap: int = 0
    done: bool = False
    again: bool = False

    def __post_init__(self):
        check_range("message_id", self.message_id, 0, MESSAGE_IDS - 1)
        check_range("bitmap", self.bitmap, 0, 2**MAX_FRAGMENTS - 1)

    def lacking(self, fragments: Iterable[int]) -> set[int]:
        """Which of these fragments are not there."""
        return {k for k in fragments if not self.bitmap >> k & 1}

    def to_header(self) -> FrameHeader:
        """The header that carries this acknowledgement."""
        word = self.bitmap | self.again << MAX_FRAGMENTS | self.done << MAX_FRAGMENTS + 1
        return FrameHeader(
            codec=ACK,
            message_id=self.message_id,
            fragment=word >> 14,
            last_fragment=MAX_FRAGMENTS - 1,
            params=word >> 8 & 63,
            model_fp=word >> 4 & 15,
            context_fp=word & 15,
        )

    @classmethod
    def from_header(cls, header: FrameHeader) -> Ack:
        """The acknowledgement in a header.

        Raises:
            FrameError: the header is that of another frame.
        """
        kind = (header.codec, header.last_fragment, header.length)
        if kind != (ACK, MAX_FRAGMENTS - 1, 0):
            raise FrameError(f"header has (codec, last fragment, length) {kind}; an acknowledgement has {(ACK, MAX_FRAGMENTS - 1, 0)}")
        word = header.fragment << 14 | header.params << 8 | header.model_fp << 4 | header.context_fp
        bitmap = word & 2**MAX_FRAGMENTS - 1
        return cls(header.message_id, bitmap, bool(word >> MAX_FRAGMENTS + 1), bool(word >> MAX_FRAGMENTS & 1))


def poll_header(message_id: int) -> FrameHeader:
    """The header that asks the far end for an acknowledgement of a message."""
    return FrameHeader(codec=POLL, message_id=message_id)


def control_frame(header: FrameHeader) -> Frame:
    """A frame without payload."""
    return Frame(header, np.zeros(0, np.complex64))


def is_control(header: FrameHeader) -> bool:
    """Whether a frame belongs to the link itself, not to a codec."""
    return header.codec in (POLL, ACK)
