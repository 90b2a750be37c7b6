# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scrambling of coded bits by a Gold sequence.

With it any message uses all constellation points alike, and so has mean power 1.

Source: 3GPP TS 38.211 §5.2.1 (length-31 Gold sequence).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from semcom_core.errors import check_range

#: First bits of the sequence that are not used.
_SKIP = 1600
#: The recursions reach back 28 positions at least, so as many bits are found at once.
_STEP = 28


@lru_cache(maxsize=16)
def gold_sequence(count: int, seed: int = 1) -> np.ndarray:
    """Pseudo-random bits.

    Args:
        count: how many.
        seed: initial state of the second register, 0 to 2^31 - 1.

    Returns:
        uint8 (count,), read-only.

    Raises:
        ConfigError: the seed is out of range.
    """
    check_range("seed", seed, 0, 2**31 - 1)
    length = _SKIP + count
    first, second = np.zeros((2, length + 31 + _STEP), np.uint8)
    first[0] = 1
    second[:31] = seed >> np.arange(31) & 1
    for n in range(0, length, _STEP):
        step = np.arange(n, n + _STEP)
        first[step + 31] = first[step + 3] ^ first[step]
        second[step + 31] = second[step + 3] ^ second[step + 2] ^ second[step + 1] ^ second[step]
    sequence = (first ^ second)[_SKIP:length]
    sequence.setflags(write=False)
    return sequence
