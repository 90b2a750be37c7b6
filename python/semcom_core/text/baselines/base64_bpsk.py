# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text codec "llama2-jscc": base64 characters as uncoded BPSK, as the published Llama-2-JSCC.

    text -> UTF-8 -> base64, 8 bits a character -> BPSK -> channel -> hard decision -> text

The language model of that work rewrites the text before and after; it takes no part in the
transmission, and there is no error control: whether the received characters are valid base64 and
UTF-8 is the only check there is. Where they are not, each invalid character stands for zeros, so
that the rest keeps its place. One symbol a bit at any SNR.

Source: "Modelling Large Language Models Over Joint Source Channel Codec for Semantic
Communication", its published notebook (Yarli et al., LLAMA2-JSCC); its threshold, the mean of the
received signal, is 0 for a signal without a DC part.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

import numpy as np

from semcom_core.combining import combine_fragments
from semcom_core.errors import FrameError
from semcom_core.frame import MAX_FRAGMENTS, MAX_LENGTH, Frame, FrameHeader, ReceivedFrame
from semcom_core.text.baselines.separate import common_header
from semcom_core.text.codec import DecodedText, TextCodec, check_fragments, check_text

#: Base64 comes in groups of four characters for three bytes.
_GROUP_BITS = 32
_GROUP_BYTES = 3
#: Characters of base64; any other is repaired to "A", six zeros.
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_REPAIRED = bytes(code if code in _ALPHABET else ord("A") for code in range(256))


@dataclass(frozen=True)
class Base64Config:
    """The codec has no settings."""


class Base64Codec(TextCodec):
    """Base64 over uncoded BPSK (see TextCodec).

    >>> frames = Base64Codec().encode("Good morning.", snr_db=6.0)
    """

    name = "llama2-jscc"
    config_class = Base64Config

    def source_bits(self, text: str) -> float:
        """Bits sent."""
        return float(_bits(text).size)

    def encode(self, text: str, snr_db: float, message_id: int = 0) -> list[Frame]:
        """Frames of one message, of equal length and of one rate at every SNR (see TextCodec)."""
        bits = _bits(text)
        fragments = max(1, -(-bits.size // MAX_LENGTH))
        if fragments > MAX_FRAGMENTS:
            most = MAX_FRAGMENTS * MAX_LENGTH // _GROUP_BITS * _GROUP_BYTES
            raise FrameError(
                f"text has {len(text.encode('utf-8'))} bytes; the largest message has {most}"
            )
        length = max(1, -(-bits.size // fragments))
        symbols = np.full(fragments * length, -1, np.complex64)
        symbols[: bits.size] = 2.0 * bits - 1
        common = {
            "codec": self.number,
            "message_id": message_id,
            "last_fragment": fragments - 1,
            "length": length,
        }
        return [
            Frame(FrameHeader(fragment=i, **common), part)
            for i, part in enumerate(symbols.reshape(fragments, length))
        ]

    def decode(self, frames: list[ReceivedFrame]) -> DecodedText:
        """Decode the fragments of one message, in any order; repeated fragments are combined.

        Raises:
            FrameError: no frames, frames of another codec, or of more than one message.
        """
        message_id, fragments = check_fragments(frames)
        common_header(frames, self.number, self.name)
        symbols = combine_fragments(frames)[0].ravel()
        bits = symbols[: symbols.size // _GROUP_BITS * _GROUP_BITS].real > 0
        text, reason = _text(np.packbits(bits).tobytes())
        if None in fragments:
            reason = f"{fragments.count(None)} of {len(fragments)} fragments are missing"
        return DecodedText(text, not reason, message_id, reason=reason)


def _bits(text: str) -> np.ndarray:
    """Bits of the base64 characters, uint8 (n,)."""
    check_text(text)
    return np.unpackbits(np.frombuffer(base64.b64encode(text.encode("utf-8")), np.uint8))


def _text(characters: bytes) -> tuple[str, str]:
    """Text of received base64 characters, and what is wrong with them, in one line; empty where
    they are valid.
    """
    try:
        return base64.b64decode(characters, validate=True).decode("utf-8"), ""
    except binascii.Error:
        reason = "the characters are no valid base64"
    except UnicodeDecodeError:
        reason = "the bytes are no valid UTF-8"
    body = characters.rstrip(b"=")
    padding = min(len(characters) - len(body), 2)
    repaired = (body.translate(_REPAIRED) + b"AA")[: len(characters) - padding] + b"=" * padding
    return base64.b64decode(repaired).decode("utf-8", "replace"), reason
