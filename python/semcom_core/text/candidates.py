# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compiled inner loops of the spinal decoder: how well each next token explains the received symbols."""

from __future__ import annotations

import numba
import numpy as np

from semcom_core.text.budget import AMBIGUITY, GRID
from semcom_core.text.spine import advance, path_evidence

_ROUND_UP = 2**16 - 1


@numba.njit(inline="always")
def _end_position(units, fixed_rate):
    return (units * fixed_rate + _ROUND_UP) >> 16


@numba.njit(cache=True, nogil=True)
def optimistic_scores(prior, spines, units, positions, bits, delta, fixed_rate, limit, depth, gain):
    """Score of every token of every hypothesis by its first `depth` symbols, the others counted as if they fitted.

    Args:
        prior: float32 (n, alphabet) log2-priors.
        spines, units, positions: uint64, int64, int64 (n,) state of each hypothesis.
        bits: float32 (symbols, 2, 64) evidence of the received symbols.
        delta, fixed_rate: of the budget.
        limit: the message's last symbol position without the tail.
        gain: evidence expected of a fitting symbol, bits.

    Returns:
        float32 (n, alphabet); -inf where the token's symbols would pass the limit.
    """
    count, alphabet = prior.shape
    scores = np.full((count, alphabet), -np.inf, np.float32)
    for row in range(count):
        for token in range(alphabet):
            chance = prior[row, token]
            if chance == -np.inf:
                continue
            spent = units[row] + np.int64(np.floor(-chance / GRID + 0.5)) + delta
            symbols = _end_position(spent, fixed_rate) - positions[row]
            if positions[row] + symbols > limit:
                continue
            seen = min(symbols, depth)
            fit = path_evidence(bits, advance(spines[row], token), positions[row], 0, seen)
            scores[row, token] = chance + fit + gain * (symbols - seen)
    return scores


@numba.njit(cache=True, nogil=True)
def exact_candidates(prior, tokens, spine, units, position, bits, delta, fixed_rate, limit):
    """Exact extensions of one hypothesis by each of `tokens`; a surprisal near a grid boundary gives two.

    Returns:
        tokens int64, units int64, positions int64, spines uint64 and gains float32, all (m,).
    """
    size = 2 * len(tokens)
    found, spent, ends = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64)
    spines, gains = np.empty(size, np.uint64), np.empty(size, np.float32)
    m = 0
    for token in tokens:
        cost = -prior[token] / GRID + 0.5
        low = np.int64(np.floor(cost - AMBIGUITY / GRID))
        high = np.int64(np.floor(cost + AMBIGUITY / GRID))
        after = advance(spine, token)
        for rounded in range(max(low, 0), high + 1):
            end = _end_position(units + rounded + delta, fixed_rate)
            if end > limit:
                continue
            found[m], spent[m], ends[m], spines[m] = token, units + rounded + delta, end, after
            gains[m] = prior[token] + path_evidence(bits, after, position, 0, end - position)
            m += 1
    return found[:m], spent[:m], ends[:m], spines[:m], gains[:m]
