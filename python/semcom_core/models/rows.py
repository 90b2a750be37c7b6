# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compiled parts of a transformer that work on one row at a time, so that a row never depends on what is computed beside it."""

from __future__ import annotations

import math

import numba
import numpy as np

from semcom_core.models.vector import float_of_bits

#: Sums may be taken in any order, which is the same order for every row.
_FAST = {"reassoc", "contract", "nsz", "arcp"}
_LOG2_E = np.float32(math.log2(math.e))
#: Taylor series of 2^x: ln(2)^k / k!; off by less than 1e-8 for |x| <= 1/2.
_SERIES = tuple(np.float32(math.log(2) ** k / math.factorial(k)) for k in range(8))
_C0, _C1, _C2, _C3, _C4, _C5, _C6, _C7 = _SERIES
_ZERO, _ONE, _HALF = np.float32(0), np.float32(1), np.float32(0.5)
_LOWEST, _HIGHEST = np.float32(-126), np.float32(127)


@numba.njit(inline="always", fastmath=_FAST)
def _exp2(x):
    """2^x of a float32; below 2^-126 it stays there."""
    x = min(max(x, _LOWEST), _HIGHEST)
    whole = np.floor(x + _HALF)
    f = x - whole
    series = _C0 + f * (_C1 + f * (_C2 + f * (_C3 + f * (_C4 + f * (_C5 + f * (_C6 + f * _C7))))))
    return series * float_of_bits((np.int32(whole) + np.int32(127)) << np.int32(23))


@numba.njit(cache=True, nogil=True, fastmath=_FAST)
def quantise(values, out, level):
    """Round a row to integers from -level to level; returns the size of a step.

    Args:
        values: float32 (n,).
        out: int16 (n,), written.
    """
    largest = _ZERO
    for i in range(len(values)):
        largest = max(largest, abs(values[i]))
    inverse = level / largest if largest > _ZERO else _ZERO
    for i in range(len(values)):
        out[i] = np.int16(np.int32(np.rint(values[i] * inverse)))
    return largest / level


@numba.njit(cache=True, nogil=True, fastmath=_FAST)
def normalise(row, weight, eps, out):
    """RMS norm of a row: float32 (n,) each; `out` is written."""
    total = _ZERO
    for i in range(len(row)):
        total += row[i] * row[i]
    factor = np.float32(1 / math.sqrt(total / np.float32(len(row)) + eps))
    for i in range(len(row)):
        out[i] = row[i] * factor * weight[i]


@numba.njit(cache=True, nogil=True, fastmath=_FAST)
def gate(values, out):
    """silu of the first half of a row times the second half: float32 (2 n,) -> (n,)."""
    n = len(out)
    for i in range(n):
        out[i] = values[i] / (_ONE + _exp2(-values[i] * _LOG2_E)) * values[n + i]


@numba.njit(cache=True, nogil=True, fastmath=_FAST)
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


@numba.njit(cache=True, nogil=True, fastmath=_FAST)
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
    share = heads // store.shape[2]
    scale = _LOG2_E / np.float32(math.sqrt(size))
    depth, at = 0, node
    while at >= 0:
        for head in range(heads):
            key, total = store[at, 0, head // share], _ZERO
            for i in range(size):
                total += queries[head, i] * key[i]
            scores[head, depth] = total * scale
        depth += 1
        at = parents[at]
    out[:] = _ZERO
    for head in range(heads):
        _softmax(scores[head, :depth])
    depth, at = 0, node
    while at >= 0:
        for head in range(heads):
            value, weight = store[at, 1, head // share], scores[head, depth]
            for i in range(size):
                out[head, i] += weight * value[i]
        depth += 1
        at = parents[at]


@numba.njit(cache=True, nogil=True, fastmath=_FAST)
def _softmax(row):
    """Softmax of base 2, in place."""
    largest = row[0]
    for i in range(len(row)):
        largest = max(largest, row[i])
    total = _ZERO
    for i in range(len(row)):
        row[i] = _exp2(row[i] - largest)
        total += row[i]
    for i in range(len(row)):
        row[i] /= total


@numba.njit(cache=True, nogil=True, fastmath=_FAST)
def log2_normalise(row):
    """Make log2-probabilities of logits in units of log2, in place: float32 (n,)."""
    largest = row[0]
    for i in range(len(row)):
        largest = max(largest, row[i])
    total = _ZERO
    for i in range(len(row)):
        total += _exp2(row[i] - largest)
    shift = largest + np.float32(math.log2(total))
    for i in range(len(row)):
        row[i] -= shift
