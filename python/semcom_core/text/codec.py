# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every text codec offers, and the table of codecs by name."""

from __future__ import annotations

import importlib
import math
from dataclasses import dataclass
from typing import Protocol

from semcom_core.errors import FrameError, check_choice
from semcom_core.frame import Frame, ReceivedFrame


@dataclass(frozen=True)
class DecodedText:
    """What a text codec made of the received frames of one message.

    Args:
        text: the message; where `decoded` is False, the best guess.
        decoded: whether the codec's own check (posterior or CRC) says that the text is right.
        message_id: number of the message, 0 to 255.
        score: log2 of the posterior odds that the text is right; NaN where the codec has none.
        reason: why the message is not decoded, in one line; empty where it is.
    """

    text: str
    decoded: bool
    message_id: int = 0
    score: float = math.nan
    reason: str = ""


class TextCodec(Protocol):
    """Text to frames and back. Codecs know nothing of samples."""

    name: str
    number: int

    def source_bits(self, text: str) -> float:
        """Information of a text by the codec's own source model, end of message included, bits."""

    def encode(self, text: str, snr_db: float, message_id: int = 0) -> list[Frame]:
        """Frames of one message, one for each fragment, with a rate fit for `snr_db`.

        Raises:
            FrameError: the text does not fit the largest number of fragments.
        """

    def decode(self, frames: list[ReceivedFrame]) -> DecodedText:
        """Decode the fragments of one message, in any order; a missing fragment leaves the message
        undecoded.

        Raises:
            FrameError: no frames, or frames of more than one message.
            ModelError: the frames were made with another model or context.
        """


#: Codec name → (number in the frame header, "module:class"). A module is imported when its codec is
#: first loaded.
TEXT_CODECS = {
    "spinal": (1, "semcom_core.text.spinal.codec:SpinalCodec"),
    "deflate": (2, "semcom_core.text.baselines.deflate:DeflateCodec"),
    "llama2-jscc": (3, "semcom_core.text.baselines.base64_bpsk:Base64Codec"),
    "huffman": (4, "semcom_core.text.baselines.huffman:HuffmanCodec"),
    "llm-ac": (5, "semcom_core.text.baselines.llm_arithmetic:LlmArithmeticCodec"),
    "llm-sc": (6, "semcom_core.text.baselines.llm_sc:LlmScCodec"),
    "deepsc": (7, "semcom_core.text.baselines.deepsc.codec:DeepscCodec"),
}


def load_codec(name: str, **settings) -> TextCodec:
    """Make a text codec by name; keyword arguments are fields of its configuration.

    Raises:
        ConfigError: unknown codec, unknown setting, or a setting out of range.
        ModelError: the codec needs a model that is not there.
    """
    check_choice("codec", name, TEXT_CODECS)
    module, cls = TEXT_CODECS[name][1].split(":")
    return getattr(importlib.import_module(module), cls).from_settings(**settings)


def check_text(text: str) -> None:
    """Raise FrameError unless UTF-8 can carry a text: it may hold no lone surrogate."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        found = f"{text[error.start]!r} at position {error.start}"
        raise FrameError(
            f"text has {found}; allowed is Unicode text without lone surrogates"
        ) from error


def gather(frames: list[ReceivedFrame]) -> tuple[int, list[list[ReceivedFrame]]]:
    """Message number, and for each fragment of one message its frames in the order of their rounds;
    none for a missing one.

    Of two frames of the same round the later counts.

    Raises:
        FrameError: no frames, or frames that cannot belong to one message.
    """
    if not frames:
        raise FrameError("no frames to decode; at least one is needed")
    kinds = {(f.header.family, f.header.message_id, f.header.last_fragment) for f in frames}
    if len(kinds) > 1:
        raise FrameError(
            f"frames are of {len(kinds)} messages, (codec, message, last fragment) "
            f"{sorted(kinds)}; one is allowed"
        )
    _, message_id, last = kinds.pop()
    found = {(f.header.fragment, f.header.round): f for f in frames}
    return message_id, [
        [found[key] for key in sorted(found) if key[0] == k] for k in range(last + 1)
    ]


def check_fragments(frames: list[ReceivedFrame]) -> tuple[int, list[ReceivedFrame | None]]:
    """As `gather`, for codecs of one round: each fragment's frame, None for a missing one."""
    message_id, fragments = gather(frames)
    return message_id, [rounds[0] if rounds else None for rounds in fragments]
