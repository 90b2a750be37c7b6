# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The byte stream of the deflate codec: text to raw deflate and back."""

from __future__ import annotations

import zlib

from semcom_core.text.codec import check_text

#: Longest output accepted from a stream that fails its check, bytes.
_GUESS_LIMIT = 1 << 20


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
    """Text of a raw deflate stream, zeros after its end ignored, and whether it is whole and valid UTF-8."""
    unpacker, data = zlib.decompressobj(-zlib.MAX_WBITS), bytearray()
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
