# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Samples as the converters' words and as complex numbers of full scale 1.

The ADC has 12 bits in the low part of 16 (le:S12/16>>0), the DAC takes 16 (le:S16/16>>0); a mask says which of I (1) and Q (2) are there.
"""

from __future__ import annotations

import numpy as np

ADC_SCALE, DAC_SCALE = 2048, 32768
BOTH = 3
WORD_BYTES = 2


def sample_bytes(mask: int) -> int:
    """Bytes of a sample with the channels of a mask."""
    return WORD_BYTES * mask.bit_count()


def adc_words(samples: np.ndarray, mask: int = BOTH) -> np.ndarray:
    """Samples as the ADC's words.

    Args:
        samples: complex64 (n,), full scale 1; what lies beyond it is clipped.
        mask: channels wanted.

    Returns:
        int16 little-endian, I and Q interleaved, or one of them.
    """
    parts = np.multiply(samples.view(np.float32), np.float32(ADC_SCALE))
    np.rint(parts, out=parts)
    np.clip(parts, -ADC_SCALE, ADC_SCALE - 1, out=parts)
    words = parts.astype("<i2")
    return words if mask == BOTH else words[mask - 1 :: 2].copy()


def from_dac_words(payload: bytes | bytearray, mask: int = BOTH) -> np.ndarray:
    """Samples of words for the DAC; a channel that is not there is zero.

    Args:
        payload: whole samples of int16 little-endian.
        mask: channels that it holds.

    Returns:
        complex64 (n,), full scale 1.
    """
    words = np.frombuffer(payload, "<i2")
    if mask == BOTH:
        return np.multiply(words, np.float32(1 / DAC_SCALE), dtype=np.float32).view(np.complex64)
    parts = np.zeros(2 * len(words), np.float32)
    parts[mask - 1 :: 2] = words * np.float32(1 / DAC_SCALE)
    return parts.view(np.complex64)
