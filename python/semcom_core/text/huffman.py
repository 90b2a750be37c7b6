# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text codec "huffman": UTF-8, a fixed Huffman code over bytes, CRC-16, 5G NR LDPC, QAM (see separate)."""

from __future__ import annotations

import numpy as np

from semcom_core.text.codec import check_text
from semcom_core.text.huffman_code import shipped_code
from semcom_core.text.rates import LongRule
from semcom_core.text.separate import SeparateCodec


class HuffmanCodec(SeparateCodec):
    """Huffman code of English prose, CRC, LDPC and QAM with a rate fit for the SNR (see TextCodec)."""

    name = "huffman"
    number = 4
    rule = LongRule(grain=1)

    def compress(self, text: str) -> np.ndarray:
        check_text(text)
        return shipped_code().encode(text)

    def expand(self, bits: np.ndarray, sure: bool) -> tuple[str, bool]:
        return shipped_code().decode(bits)
