# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compiled inner loops of the spinal decoder: how well each next token explains the received symbols.

`rounds` is what was received of a fragment as the fields of `rounds.Received`: bits, offsets, rates, limits, words.
"""

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
def _fits(units, rounds):
    """Whether a budget spent so far leaves room in every round."""
    _, _, rates, limits, _ = rounds
    for r in range(len(rates)):
        if _end_position(units, rates[r]) > limits[r]:
            return False
    return True


@numba.njit(cache=True, nogil=True)
def span_evidence(spine, units, spent, rounds, least):
    """Evidence of the symbols between two budgets in all rounds, bits; less than `least` where it gave up on the way."""
    bits, offsets, rates, _, words = rounds
    fit = np.float32(0.0)
    for r in range(len(rates)):
        position = _end_position(units, rates[r])
        count, seen = _end_position(spent, rates[r]) - position, 0
        while seen < count and fit >= least:
            step = min(count - seen, SYMBOLS_PER_WORD)
            fit += path_evidence(bits, spine, words[r], offsets[r] + position, seen, step)
            seen += step
    return fit


@numba.njit(cache=True, nogil=True)
def token_scores(prior, spine, units, rounds, delta):
    """Score of one hypothesis extended by every token: its log2-prior and the evidence of its symbols.

    A token whose symbols are clearly not there is given up early.

    Args:
        prior: float32 (alphabet,) log2-priors.
        spine, units: state of the hypothesis.
        delta: of the budget, grid units.

    Returns:
        float32 (alphabet,); -inf where the token's symbols would pass the end or are not there.
    """
    scores = np.full(len(prior), -np.inf, np.float32)
    for token in range(len(prior)):
        chance = prior[token]
        if chance == -np.inf:
            continue
        spent = units + np.int64(np.floor(-chance / GRID + 0.5)) + delta
        if not _fits(spent, rounds):
            continue
        fit = span_evidence(advance(spine, token), units, spent, rounds, -GIVE_UP_BITS)
        if fit >= -GIVE_UP_BITS:
            scores[token] = chance + fit
    return scores


@numba.njit(cache=True, nogil=True)
def token_children(prior, tokens, spine, units, rounds, delta):
    """Extensions of one hypothesis by each of `tokens` (int64); a surprisal near a grid boundary gives two.

    Returns:
        tokens int64, units int64, spines uint64 and gains float32, all (m,).
    """
    size = 2 * len(tokens)
    found, budgets = np.empty(size, np.int64), np.empty(size, np.int64)
    spines, gains = np.empty(size, np.uint64), np.empty(size, np.float32)
    m = 0
    for token in tokens:
        cost = -prior[token] / GRID + 0.5
        low = np.int64(np.floor(cost - AMBIGUITY / GRID))
        high = np.int64(np.floor(cost + AMBIGUITY / GRID))
        after = advance(spine, token)
        for rounded in range(max(low, 0), high + 1):
            spent = units + rounded + delta
            if not _fits(spent, rounds):
                continue
            found[m], budgets[m], spines[m] = token, spent, after
            gains[m] = prior[token] + span_evidence(after, units, spent, rounds, -np.inf)
            m += 1
    return found[:m], budgets[:m], spines[:m], gains[:m]


@numba.njit(cache=True, nogil=True)
def end_evidence(spine, units, rounds):
    """Evidence of all symbols from a budget to the end of every round, tail included, bits."""
    bits, offsets, rates, _, words = rounds
    fit = np.float32(0.0)
    for r in range(len(rates)):
        position = _end_position(units, rates[r])
        count = offsets[r + 1] - offsets[r] - position
        fit += path_evidence(bits, spine, words[r], offsets[r] + position, 0, count)
    return fit
