# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text codec "deflate": UTF-8, raw deflate, CRC-16, 5G NR LDPC, QAM (see separate).

Source: P. Deutsch, "DEFLATE compressed data format specification", RFC 1951, 1996.
"""

from __future__ import annotations

import zlib

import numpy as np

from semcom_core.text.baselines.separate import LongRule, Rule, SeparateCodec
from semcom_core.text.codec import check_text

#: Longest output accepted from a stream that fails its check, bytes.
_GUESS_LIMIT = 1 << 20


class DeflateCodec(SeparateCodec):
    """Deflate, CRC, LDPC and QAM with a rate fit for the SNR (see TextCodec).

    >>> codec = DeflateCodec(SeparateConfig(efficiency=0.8))
    >>> frames = codec.encode("Good morning.", snr_db=6.0)
    """

    name = "deflate"
    rule: Rule = LongRule(grain=8)
    becomes = "deflates to"

    def compress(self, text: str) -> np.ndarray:
        """Bits of the deflate stream of a text, uint8 (n,), whole bytes."""
        return np.unpackbits(np.frombuffer(compress(text), np.uint8))

    def expand(self, bits: np.ndarray, sure: bool) -> tuple[str, bool]:
        """Text of a stream, and whether it is whole and valid (see SeparateCodec.expand)."""
        return decompress(np.packbits(bits).tobytes())


def compress(text: str) -> bytes:
    """Shortest raw deflate stream of the text's UTF-8, over the strategies of zlib at level 9.

    Raises:
        FrameError: the text holds a lone surrogate, which UTF-8 cannot carry.
    """
    check_text(text)
    data = text.encode("utf-8")
    strategies = (zlib.Z_DEFAULT_STRATEGY, zlib.Z_FILTERED, zlib.Z_HUFFMAN_ONLY, zlib.Z_FIXED)
    streams = []
    for strategy in strategies:
        packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS, 9, strategy)
        streams.append(packer.compress(data) + packer.flush())
    return min(streams, key=len)


def decompress(stream: bytes) -> tuple[str, bool]:
    """Text of a raw deflate stream, zeros after its end ignored, and whether it is whole and valid
    UTF-8.
    """
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    data = bytearray()
    try:
        # Byte by byte, so that what precedes an error is kept.
        for i in range(len(stream)):
            data += unpacker.decompress(stream[i : i + 1], _GUESS_LIMIT)
            if unpacker.eof or len(data) > _GUESS_LIMIT:
                break
    except zlib.error:
        return data.decode("utf-8", "replace"), False
    text = data.decode("utf-8", "replace")
    return text, unpacker.eof and text.encode("utf-8") == data
