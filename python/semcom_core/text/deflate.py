# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text codec "deflate", the separate-coding baseline: UTF-8, raw deflate, CRC-16, 5G NR LDPC, QAM (see separate)."""

from __future__ import annotations

import numpy as np

from semcom_core.text.deflate_stream import compress, decompress
from semcom_core.text.rates import LongRule
from semcom_core.text.separate import SeparateCodec


class DeflateCodec(SeparateCodec):
    """Deflate, CRC, LDPC and QAM with a rate fit for the SNR (see TextCodec).

    >>> codec = DeflateCodec(SeparateConfig(efficiency=0.8))
    >>> frames = codec.encode("Good morning.", snr_db=6.0)
    """

    name = "deflate"
    number = 2
    rule = LongRule(grain=8)
    becomes = "deflates to"

    def compress(self, text: str) -> np.ndarray:
        return np.unpackbits(np.frombuffer(compress(text), np.uint8))

    def expand(self, bits: np.ndarray, sure: bool) -> tuple[str, bool]:
        return decompress(np.packbits(bits).tobytes())
