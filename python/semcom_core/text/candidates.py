# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compiled inner loops of the spinal decoder: how well each next token explains the received symbols."""

from __future__ import annotations

import numba
import numpy as np

from semcom_core.text.budget import AMBIGUITY, GRID
from semcom_core.text.spine import SYMBOLS_PER_WORD, advance, path_evidence

#: Evidence against a token after which the rest of its symbols is not looked at, bits.
GIVE_UP_BITS = np.float32(14.0)
_ROUND_UP = 2**16 - 1


@numba.njit(inline="always")
def _end_position(units, fixed_rate):
    return (units * fixed_rate + _ROUND_UP) >> 16


@numba.njit(cache=True, nogil=True)
def token_scores(prior, spine, units, position, bits, delta, fixed_rate, limit):
    """Score of one hypothesis extended by every token: its log2-prior and the evidence of its symbols.

    A token whose symbols are clearly not there is given up early.

    Args:
        prior: float32 (alphabet,) log2-priors.
        spine, units, position: state of the hypothesis.
        bits: float32 (symbols, 2, 64) evidence of the received symbols.
        delta, fixed_rate: of the budget.
        limit: the message's last symbol position without the tail.

    Returns:
        float32 (alphabet,); -inf where the token's symbols would pass the limit or are not there.
    """
    scores = np.full(len(prior), -np.inf, np.float32)
    for token in range(len(prior)):
        chance = prior[token]
        if chance == -np.inf:
            continue
        spent = units + np.int64(np.floor(-chance / GRID + 0.5)) + delta
        count = _end_position(spent, fixed_rate) - position
        if position + count > limit:
            continue
        after = advance(spine, token)
        fit, seen = np.float32(0.0), 0
        while seen < count and fit > -GIVE_UP_BITS:
            step = min(count - seen, SYMBOLS_PER_WORD)
            fit += path_evidence(bits, after, position, seen, step)
            seen += step
        if seen == count:
            scores[token] = chance + fit
    return scores


@numba.njit(cache=True, nogil=True)
def token_children(prior, tokens, spine, units, position, bits, delta, fixed_rate, limit):
    """Extensions of one hypothesis by each of `tokens` (int64); a surprisal near a grid boundary gives two.

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
