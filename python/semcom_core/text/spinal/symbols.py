# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Spine, constellation and information density of the token-spinal code.

    s_i = h(s_{i-1}, t_i)                    spine: a chained 64-bit hash of the tokens
    label of symbol j of token i in round r  = 12 bits of h(s_i, r, j): 6 for each axis
    x = L[label & 63] + j L[label >> 6]      64 levels an axis, truncated Gaussian, E|x|^2 = 1
    i(x; y) = log2 p(y | x) - log2 p(y)      information density of a level, given what was received

The hash mixes with the 64-bit finaliser of SplitMix. It scrambles; it is not a cipher, also where
the start of the spine comes from a secret.

Source: spine, hash and constellation: J. Perry, H. Balakrishnan, D. Shah, "Rateless spinal codes",
HotNets 2011, and J. Perry et al., "Spinal codes", SIGCOMM 2012 (there over equally likely bits, a
fixed number of symbols a pass); mixing function: G. Steele, D. Lea, C. Flood, "Fast splittable
pseudorandom number generators", OOPSLA 2014.
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
#: Labels of this many symbols come from one 64-bit word, 2 x 6 bits each.
SYMBOLS_PER_WORD = 5
#: Least noise variance that is believed.
_LEAST_VARIANCE = 1e-9

#: Multipliers and shifts of the hash (SplitMix64; _TOKEN spreads token numbers over 64 bits).
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_TOKEN = np.uint64(0xD1342543DE82EF95)
_SHIFT_A = np.uint64(30)
_SHIFT_B = np.uint64(27)
_SHIFT_C = np.uint64(31)
_ONE = np.uint64(1)
#: Bits of an axis and of a symbol in a label word.
_AXIS_SHIFT = np.uint64(AXIS_BITS)
_SYMBOL_SHIFT = np.uint64(2 * AXIS_BITS)
_AXIS_MASK = np.uint64(AXIS_LEVELS - 1)


# Spine


def start_spine(*parts: object) -> np.uint64:
    """Spine s_0 before the first token: a hash of whatever both ends must agree on (key, message,
    fragment, fingerprints).
    """
    digest = hashlib.blake2b(
        "\x1f".join(str(part) for part in parts).encode(), digest_size=8
    ).digest()
    return np.uint64(int.from_bytes(digest, "little"))


@numba.njit(inline="always", cache=True)
def _mix(value: np.uint64) -> np.uint64:
    value = (value ^ (value >> _SHIFT_A)) * _FIRST
    value = (value ^ (value >> _SHIFT_B)) * _SECOND
    return value ^ (value >> _SHIFT_C)


@numba.njit(inline="always", cache=True)
def advance(spine: np.uint64, token: int) -> np.uint64:
    """Spine s_i = h(s_{i-1}, t_i) after one more token."""
    return _mix(spine ^ _mix((np.uint64(token) + _ONE) * _TOKEN))


@numba.njit(cache=True)
def spines_of(start: np.uint64, tokens: np.ndarray) -> np.ndarray:
    """Spine values after each token: uint64, int64 (n,) -> uint64 (n,)."""
    spines = np.empty(len(tokens), np.uint64)
    spine = start
    for i in range(len(tokens)):
        spine = advance(spine, tokens[i])
        spines[i] = spine
    return spines


# Labels and constellation


def _levels() -> np.ndarray:
    """Levels at the centre quantiles of the truncated density, scaled to E[level^2] = 1/2."""
    quantiles = (np.arange(AXIS_LEVELS) + 0.5) / AXIS_LEVELS
    values = truncnorm.ppf(quantiles, -TRUNCATION, TRUNCATION)
    return (values / np.sqrt(2 * np.mean(values**2))).astype(np.float32)


#: Axis level of each 6-bit label, float32 (64,); a symbol's mean power is 1.
LEVELS = _levels()


def first_word(round: int) -> int:
    """First label word of a round; far enough from the next round's that none is used twice."""
    return round * MAX_LENGTH


@numba.njit(inline="always", cache=True)
def label_word(spine: np.uint64, word: int) -> np.uint64:
    """The word that holds the labels of symbols 5*word to 5*word + 4 of a spine value."""
    return _mix(spine + (np.uint64(word) + _ONE) * _GOLDEN)


@numba.njit(cache=True)
def _labels(spine: np.uint64, word: int, count: int) -> np.ndarray:
    """Labels of both axes of the first symbols from a label word on, uint8 (count, 2)."""
    labels = np.empty((count, 2), np.uint8)
    for j in range(count):
        label = label_word(spine, word + j // SYMBOLS_PER_WORD) >> (
            np.uint64(j % SYMBOLS_PER_WORD) * _SYMBOL_SHIFT
        )
        labels[j, 0] = label & _AXIS_MASK
        labels[j, 1] = (label >> _AXIS_SHIFT) & _AXIS_MASK
    return labels


def spine_symbols(spine: int | np.uint64, count: int, round: int = 0) -> np.ndarray:
    """The first symbols of a spine value in a round, complex64 (count,).

    Args:
        spine: spine value after a token.
        count: symbols.
        round: 0 for a first transmission, 1 to 3 for an increment.
    """
    labels = _labels(np.uint64(spine), first_word(round), count)
    return (LEVELS[labels[:, 0]] + 1j * LEVELS[labels[:, 1]]).astype(np.complex64)


class SourceFragment(NamedTuple):
    """One fragment of a message at the sender: what its symbols of any round follow from.

    Args:
        units: int64 (n + 1,), budget of each source symbol and of the end, grid units.
        spines: uint64 (n + 1,), spine after each.
        bits: surprisal of all of them.
    """

    units: np.ndarray
    spines: np.ndarray
    bits: float

    def symbols(self, budget: Budget) -> np.ndarray:
        """Channel symbols of one round, tail included, complex64 (length,)."""
        ends = budget.position(np.cumsum(self.units, dtype=np.int64))
        counts = np.diff(ends, prepend=0)
        counts[-1] += budget.tail
        return np.concatenate(
            [spine_symbols(spine, count, budget.round) for spine, count in zip(self.spines, counts)]
        )


# What was received


def information_density(symbols: np.ndarray, noise_var: np.ndarray) -> np.ndarray:
    """Information density of each received axis and level: log2 p(y | level) - log2 p(y).

    p(y) is the exact mixture over the levels, so the expectation for the level sent is the mutual
    information of the constellation, and 2^density averages to 1 over the levels.

    Args:
        symbols: complex (n,), received as y = x + n.
        noise_var: float (n,), E|n|^2 of each; inf marks an erasure.

    Returns:
        float32 (n, 2, 64), bits, axes in-phase and quadrature; exactly 0 for erased symbols.
    """
    erased = ~np.isfinite(noise_var)
    axes = np.stack([symbols.real, symbols.imag], axis=1).astype(np.float64)
    variance = np.where(erased, 1.0, np.maximum(noise_var, _LEAST_VARIANCE))[:, None, None]
    exponent = -((axes[:, :, None] - LEVELS) ** 2) / variance
    peak = exponent.max(axis=2, keepdims=True)
    mixture = peak + np.log(np.mean(np.exp(exponent - peak), axis=2, keepdims=True))
    density = (exponent - mixture) / np.log(2)
    density[erased] = 0.0
    return density.astype(np.float32)


@numba.njit(inline="always", cache=True)
def path_density(
    density: np.ndarray, spine: np.uint64, word: int, position: int, first: int, count: int
) -> np.float32:
    """Information density, bits, of symbols `first` to `first + count - 1` of a spine in a round.

    Args:
        density: float32 (n, 2, 64), of information_density.
        spine: spine value after the token.
        word: first label word of the round.
        position: index of the received symbol that belongs to the round's symbol 0.
        first: first symbol of the token that is looked at.
        count: symbols that are looked at.
    """
    total = np.float32(0.0)
    labels = np.uint64(0)
    for j in range(first, first + count):
        if j == first or j % SYMBOLS_PER_WORD == 0:
            labels = label_word(spine, word + j // SYMBOLS_PER_WORD) >> (
                np.uint64(j % SYMBOLS_PER_WORD) * _SYMBOL_SHIFT
            )
        row = density[position + j]
        total += row[0, labels & _AXIS_MASK] + row[1, (labels >> _AXIS_SHIFT) & _AXIS_MASK]
        labels >>= _SYMBOL_SHIFT
    return total
