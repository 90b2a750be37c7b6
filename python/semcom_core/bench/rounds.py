# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a codec makes of a message of a conversation: the frames of its rounds, and the received ones put together."""

from __future__ import annotations

from semcom_core.bench.corpus import Message
from semcom_core.errors import ConfigError
from semcom_core.link.combine import combine, kind
from semcom_core.phy import Frame, ReceivedFrame
from semcom_core.text import TextCodec


def in_context(codec: TextCodec, message: Message) -> TextCodec:
    """The codec told of the texts before a message.

    Raises:
        ConfigError: there are such texts, and the codec takes no context.
    """
    if not message.context:
        return codec
    if not hasattr(codec, "with_context"):
        raise ConfigError(f"codec {codec.name!r} takes no context; allowed is --context 0")
    return codec.with_context(message.context)


def rounds_of(codec: TextCodec, text: str, snr_db: float, message_id: int, rounds: int) -> list[list[Frame]]:
    """Frames of each round of a message: increments where the codec has them, else copies."""
    if rounds > 1 and hasattr(codec, "increments"):
        return codec.increments(text, snr_db, message_id)[:rounds]
    return [codec.encode(text, snr_db, message_id=message_id)] * rounds


def joined(frames: list[ReceivedFrame], new: ReceivedFrame) -> list[ReceivedFrame]:
    """Received frames with one more, which is combined with its copy where there is one."""
    copies = [frame for frame in frames if kind(frame) == kind(new)]
    others = [frame for frame in frames if kind(frame) != kind(new)]
    return [*others, combine(copies[0], new) if copies else new]
