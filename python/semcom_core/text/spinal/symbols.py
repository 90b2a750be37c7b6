# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Gaussian-like constellation of the spinal code and the evidence a received symbol gives for
each of its points.

Each axis of a symbol carries one of 64 equally likely levels that follow a truncated Gaussian
density (Perry, Balakrishnan, Shah: Rateless Spinal Codes, HotNets 2011).

The spine of the token-spinal code: a chained 64-bit hash of the tokens, and the symbol labels drawn
from it.

    s_i = PRF(s_{i-1}, t_i)          symbol j of token i in round r = 12 bits of PRF(s_i, r, j)

The mixing function is the 64-bit finaliser of SplitMix (Steele, Lea, Flood: Fast Splittable
Pseudorandom Number Generators, OOPSLA 2014). It scrambles; it is not a cipher, also where the
starting value comes from a secret.

A fragment of a message as the sender of the token-spinal code sees it.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import numba
import numpy as np
from scipy.stats import truncnorm

from semcom_core.frame import MAX_LENGTH
from semcom_core.text.spinal.rate import Budget

#: Bits that choose the level of one axis, and the number of levels.
AXIS_BITS = 6
AXIS_LEVELS = 2**AXIS_BITS
#: The density is cut at this many standard deviations.
TRUNCATION = 2.0


def _levels() -> np.ndarray:
    """Levels at the centre quantiles of the truncated density, scaled to E[level^2] = 1/2."""
    quantiles = (np.arange(AXIS_LEVELS) + 0.5) / AXIS_LEVELS
    values = truncnorm.ppf(quantiles, -TRUNCATION, TRUNCATION)
    return (values / np.sqrt(2 * np.mean(values**2))).astype(np.float32)


#: Axis level of each 6-bit label, float32 (64,); a symbol's mean power is 1.
LEVELS = _levels()


def evidence(symbols: np.ndarray, noise_var: np.ndarray) -> np.ndarray:
    """Evidence in bits of each received axis for each level: log2 p(y|level) - log2 p(y).

    p(y) is the exact mixture over the levels, so a symbol's expected evidence for the level sent is
    the mutual information of the constellation, and 2^evidence averages to 1 over the levels.

    Args:
        symbols: complex array (n,), received as y = x + n.
        noise_var: float array (n,), E|n|^2 of each; inf marks an erasure.

    Returns:
        float32 array (n, 2, 64), axes in-phase and quadrature; exactly 0 for erased symbols.
    """
    erased = ~np.isfinite(noise_var)
    axes = np.stack([symbols.real, symbols.imag], axis=1).astype(np.float64)
    variance = np.where(erased, 1.0, np.maximum(noise_var, 1e-9))[:, None, None]
    exponent = -((axes[:, :, None] - LEVELS) ** 2) / variance
    peak = exponent.max(axis=2, keepdims=True)
    mixture = peak + np.log(np.mean(np.exp(exponent - peak), axis=2, keepdims=True))
    bits = (exponent - mixture) / np.log(2)
    bits[erased] = 0.0
    return bits.astype(np.float32)


_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_TOKEN = np.uint64(0xD1342543DE82EF95)
_SHIFT_A = np.uint64(30)
_SHIFT_B = np.uint64(27)
_SHIFT_C = np.uint64(31)
_ONE = np.uint64(1)

#: Labels of this many symbols come from one 64-bit word, 2 x 6 bits each.
SYMBOLS_PER_WORD = 5
_AXIS_SHIFT = np.uint64(AXIS_BITS)
_SYMBOL_SHIFT = np.uint64(2 * AXIS_BITS)
_AXIS_MASK = np.uint64(AXIS_LEVELS - 1)


@numba.njit(inline="always", cache=True)
def _mix(value):
    value = (value ^ (value >> _SHIFT_A)) * _FIRST
    value = (value ^ (value >> _SHIFT_B)) * _SECOND
    return value ^ (value >> _SHIFT_C)


@numba.njit(inline="always", cache=True)
def advance(spine, token):
    """Spine after one more token: uint64, integer -> uint64."""
    return _mix(spine ^ _mix((np.uint64(token) + _ONE) * _TOKEN))


@numba.njit(inline="always", cache=True)
def label_word(spine, word):
    """The word that holds the labels of symbols 5*word to 5*word + 4 of a spine value."""
    return _mix(spine + (np.uint64(word) + _ONE) * _GOLDEN)


@numba.njit(inline="always", cache=True)
def path_evidence(bits, spine, word, position, first, count):
    """Evidence in bits that symbols `first` to `first + count - 1` of a round of `spine` were
    received from `position` on.

    Args:
        bits: float32 array (n, 2, 64) of `constellation.evidence`.
        word: first label word of the round.
        position: index of the received symbol that belongs to the round's symbol 0.
    """
    total = np.float32(0.0)
    labels = np.uint64(0)
    for j in range(first, first + count):
        if j == first or j % SYMBOLS_PER_WORD == 0:
            labels = label_word(spine, word + j // SYMBOLS_PER_WORD) >> (
                np.uint64(j % SYMBOLS_PER_WORD) * _SYMBOL_SHIFT
            )
        row = bits[position + j]
        total += row[0, labels & _AXIS_MASK] + row[1, (labels >> _AXIS_SHIFT) & _AXIS_MASK]
        labels >>= _SYMBOL_SHIFT
    return total


@numba.njit(cache=True)
def _labels(spine, word, count):
    labels = np.empty((count, 2), np.uint8)
    for j in range(count):
        label = label_word(spine, word + j // SYMBOLS_PER_WORD) >> (
            np.uint64(j % SYMBOLS_PER_WORD) * _SYMBOL_SHIFT
        )
        labels[j, 0] = label & _AXIS_MASK
        labels[j, 1] = (label >> _AXIS_SHIFT) & _AXIS_MASK
    return labels


def first_word(round: int) -> int:
    """First label word of a round; a round never comes to the next one's."""
    return round * MAX_LENGTH


def spine_symbols(spine, count: int, round: int = 0) -> np.ndarray:
    """The first `count` symbols of a spine value in a round, complex64 (count,)."""
    labels = _labels(np.uint64(spine), first_word(round), count)
    return (LEVELS[labels[:, 0]] + 1j * LEVELS[labels[:, 1]]).astype(np.complex64)


@numba.njit(cache=True)
def spines_of(start, tokens):
    """Spine values after each token: uint64, int64 (n,) -> uint64 (n,)."""
    spines = np.empty(len(tokens), np.uint64)
    spine = start
    for i in range(len(tokens)):
        spine = advance(spine, tokens[i])
        spines[i] = spine
    return spines


def start_spine(*parts) -> np.uint64:
    """Spine before the first token, from whatever both ends must agree on (key, message, fragment,
    fingerprints).
    """
    digest = hashlib.blake2b(
        "\x1f".join(str(part) for part in parts).encode(), digest_size=8
    ).digest()
    return np.uint64(int.from_bytes(digest, "little"))


class Source(NamedTuple):
    """One fragment as the source sees it.

    Args:
        units: int64 (n + 1,), budget of each symbol and of the end, grid units.
        spines: uint64 (n + 1,), spine after each.
        bits: surprisal of all of them.
    """

    units: np.ndarray
    spines: np.ndarray
    bits: float

    def symbols(self, budget: Budget) -> np.ndarray:
        """Channel symbols of one round."""
        ends = budget.position(np.cumsum(self.units, dtype=np.int64))
        counts = np.diff(ends, prepend=0)
        counts[-1] += budget.tail
        return np.concatenate(
            [spine_symbols(spine, count, budget.round) for spine, count in zip(self.spines, counts)]
        )
