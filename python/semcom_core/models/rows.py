# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compiled parts of a transformer that work on one row at a time, so that a row never depends on what is computed beside it.

All sums have a stated order and products are rounded before they are added, so that every processor gets the same bits: the
smallest difference at one end would round some inputs of the next product the other way, and grow to 0.01 bit.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from semcom_core.models.vector import LANES, dot, float_of_bits, pointer

_compiled = numba.njit(nogil=True, error_model="numpy")
_LOG2_E = np.float32(math.log2(math.e))
#: Taylor series of 2^x: ln(2)^k / k!; off by less than 1e-8 for |x| <= 1/2.
_SERIES = tuple(np.float32(math.log(2) ** k / math.factorial(k)) for k in range(8))
_C0, _C1, _C2, _C3, _C4, _C5, _C6, _C7 = _SERIES
_ZERO, _ONE, _HALF = np.float32(0), np.float32(1), np.float32(0.5)
_NO_SIGN, _SIGN_PLACE, _LEAST = np.int32(2**31 - 1), np.int32(31), np.int32(-(2**31))
_LOWEST, _HIGHEST = np.float32(-126), np.float32(127)


@numba.njit(inline="always")
def _exp2(x):
    """2^x of a float32; below 2^-126 it stays there."""
    x = min(max(x, _LOWEST), _HIGHEST)
    whole = np.floor(x + _HALF)
    f = x - whole
    series = _C0 + f * (_C1 + f * (_C2 + f * (_C3 + f * (_C4 + f * (_C5 + f * (_C6 + f * _C7))))))
    return series * float_of_bits((np.int32(whole) + np.int32(127)) << np.int32(23))


@_compiled
def copy(values, out):
    """Copy a row. (An assignment of slices compiles ten times as long, for the sake of its error message.)"""
    for i in range(len(values)):
        out[i] = values[i]


@_compiled
def add(values, out):
    """Add a row to another."""
    for i in range(len(values)):
        out[i] += values[i]


@_compiled
def _largest(row):
    """Largest value of a row. Integers compare as the floats of the same bits do, negative ones the other way round; and by vectors."""
    bits, highest = row.view(np.int32), _LEAST
    for i in range(len(bits)):
        highest = max(highest, bits[i] ^ ((bits[i] >> _SIGN_PLACE) & _NO_SIGN))
    return float_of_bits(highest ^ ((highest >> _SIGN_PLACE) & _NO_SIGN))


@_compiled
def quantise(values, out, level):
    """Round a row to integers from -level to level; returns the size of a step.

    Args:
        values: float32 (n,).
        out: int16 (n,), written.
    """
    bits, highest = values.view(np.int32), np.int32(0)
    for i in range(len(bits)):
        highest = max(highest, bits[i] & _NO_SIGN)
    largest = float_of_bits(highest)
    inverse = level / largest if largest > _ZERO else _ZERO
    for i in range(len(values)):
        out[i] = np.int16(np.int32(np.rint(values[i] * inverse)))
    return largest / level


@_compiled
def normalise(row, weight, eps, out):
    """RMS norm of a row: float32 (n,) each; `out` is written."""
    total = dot(pointer(row, 0), pointer(row, 0), len(row))
    factor = _ONE / np.float32(math.sqrt(total / np.float32(len(row)) + eps))
    for i in range(len(row)):
        out[i] = row[i] * factor * weight[i]


@_compiled
def gate(values, out):
    """silu of the first half of a row times the second half: float32 (2 n,) -> (n,)."""
    opening, passing = values[: len(out)], values[len(out) :]
    for i in range(len(out)):
        out[i] = opening[i] / (_ONE + _exp2(-opening[i] * _LOG2_E)) * passing[i]


@_compiled
def rotate(heads, cos, sin):
    """Rotary position embedding, in place: float32 (heads, d), cos and sin (d / 2,).

    Source: Su et al., RoFormer: Enhanced Transformer with Rotary Position Embedding, 2021.
    """
    half = len(cos)
    for head in heads:
        for i in range(half):
            first, second = head[i], head[half + i]
            head[i] = first * cos[i] - second * sin[i]
            head[half + i] = second * cos[i] + first * sin[i]


@numba.njit(inline="always")
def _add_scaled(total, factor, values):
    for i in range(len(total)):
        total[i] += factor * values[i]


@_compiled
def attend(queries, store, parents, node, scores, out):
    """Attention of one node over itself and its ancestors.

    Args:
        queries: float32 (heads, d).
        store: float32 (nodes, 2, groups, d), keys and values; `heads / groups` heads share one.
        parents: int32 (nodes,), the parent of each node; -1 above the first.
        node: whose queries they are.
        scores: float32 (heads, depth), overwritten.
        out: float32 (heads, d), written.
    """
    heads, size = queries.shape
    groups = store.shape[2]
    share = heads // groups
    scale = _LOG2_E / np.float32(math.sqrt(size))
    depth, at = 0, node
    while at >= 0:
        for group in range(groups):
            key = store[at, 0, group]
            for head in range(group * share, (group + 1) * share):
                scores[head, depth] = dot(pointer(queries, head * size), pointer(key, 0), size) * scale
        depth += 1
        at = parents[at]
    out[:] = _ZERO
    for head in range(heads):
        _softmax(scores[head, :depth])
    depth, at = 0, node
    while at >= 0:
        for group in range(groups):
            value = store[at, 1, group]
            for head in range(group * share, (group + 1) * share):
                _add_scaled(out[head], scores[head, depth], value)
        depth += 1
        at = parents[at]


@_compiled
def _chances(row, largest):
    """Sum of 2^(value - largest) over a row."""
    lanes = np.zeros(LANES, np.float32)
    whole = len(row) // LANES * LANES
    for i in range(0, whole, LANES):
        for lane in range(LANES):
            lanes[lane] += _exp2(row[i + lane] - largest)
    total = _ZERO
    for lane in range(LANES):
        total += lanes[lane]
    for i in range(whole, len(row)):
        total += _exp2(row[i] - largest)
    return total


@_compiled
def _softmax(row):
    """Softmax of base 2, in place."""
    largest = _largest(row)
    inverse = _ONE / _chances(row, largest)
    for i in range(len(row)):
        row[i] = _exp2(row[i] - largest) * inverse


@_compiled
def log2_normalise(row):
    """Make log2-probabilities of logits in units of log2, in place: float32 (n,)."""
    largest = _largest(row)
    shift = largest + np.float32(math.log2(_chances(row, largest)))
    for i in range(len(row)):
        row[i] -= shift
