# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was received of one fragment: the symbols of its first transmission and of its increments, in any subset.

Every round carries fresh symbols of the same tokens at a rate of its own, so a decoder adds up their evidence:

    round r:   token i ends at symbol ceil(alpha_r * GRID * (units_1 + ... + units_i)), then the tail

Source: incremental redundancy (Hagenauer, Rate-compatible punctured convolutional codes, 1988), here without a mother code:
a spinal code has as many symbols as are asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from semcom_core.text.budget import Budget
from semcom_core.text.spine import first_word


class Received(NamedTuple):
    """Rounds of a fragment, for the compiled loops.

    Args:
        bits: float32 (n, 2, 64), evidence of the symbols of all rounds one after another.
        offsets: int64 (rounds + 1,), where each round begins, and n.
        rates: int64 (rounds,), symbols a grid unit in 16-bit fixed point.
        limits: int64 (rounds,), symbols of each round without its tail.
        words: int64 (rounds,), first label word of each round.
    """

    bits: np.ndarray
    offsets: np.ndarray
    rates: np.ndarray
    limits: np.ndarray
    words: np.ndarray


def received(parts: Sequence[tuple[Budget, np.ndarray]]) -> Received:
    """Put rounds together.

    Args:
        parts: budget and evidence (symbols, 2, 64) of each round.
    """
    lengths = np.array([len(bits) for _, bits in parts], np.int64)
    return Received(
        np.concatenate([bits for _, bits in parts]),
        np.concatenate([[0], np.cumsum(lengths)]),
        np.array([budget.fixed_rate for budget, _ in parts], np.int64),
        lengths - np.array([budget.tail for budget, _ in parts], np.int64),
        np.array([first_word(budget.round) for budget, _ in parts], np.int64),
    )
