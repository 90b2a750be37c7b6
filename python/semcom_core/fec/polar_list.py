# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compiled loops of the polar code: the transform, and list decoding.

The decoder decides the inputs one after another. Each path keeps the ratios and partial sums of the stages between the received
ratios and the input that is next: stage s has 2^s of each, at offset 2^s. At a message bit every path splits, and the best are kept.

Source: E. Arikan, "Channel polarization", IEEE Trans. Inf. Theory 55 (2009); I. Tal, A. Vardy, "List decoding of polar codes", IEEE Trans.
Inf. Theory 61 (2015); path metric by A. Balatsoukas-Stimming et al., "LLR-based successive cancellation list decoding of polar codes",
IEEE Trans. Signal Process. 63 (2015).
"""

from __future__ import annotations

import math

import numba
import numpy as np


@numba.njit(cache=True)
def polar_transform(inputs):
    """Outputs of the transform: uint8 (2^n,) -> uint8 (2^n,); it is its own inverse."""
    word = inputs.copy()
    half = 1
    while half < len(word):
        for start in range(0, len(word), 2 * half):
            for i in range(start, start + half):
                word[i] ^= word[i + half]
        half *= 2
    return word


@numba.njit(inline="always", cache=True)
def _check(first, second):
    """Ratio of the sum of two bits."""
    least = min(abs(first), abs(second))
    signed = least if (first < 0) == (second < 0) else -least
    return signed + math.log1p(math.exp(-abs(first + second))) - math.log1p(math.exp(-abs(first - second)))


@numba.njit(cache=True)
def _descend(received, ratios, sums, index, size):
    """Ratio of input `index` of one path, from the deepest stage that has changed downwards; it ends at ratios[1]."""
    half = size // 2
    if index > 0:
        half = index & -index
        for i in range(half):
            first, second = (received[i], received[i + half]) if 2 * half == size else (ratios[2 * half + i], ratios[3 * half + i])
            ratios[half + i] = second - first if sums[half + i] else second + first
        half //= 2
    while half > 0:
        for i in range(half):
            first, second = (received[i], received[i + half]) if 2 * half == size else (ratios[2 * half + i], ratios[3 * half + i])
            ratios[half + i] = _check(first, second)
        half //= 2


@numba.njit(cache=True)
def _ascend(bit, sums, scratch, index, size):
    """Put the decided bit of input `index` into the partial sums of one path."""
    scratch[0] = bit
    half = 1
    while index & half:
        for i in range(half):
            right = scratch[i]
            scratch[i] = sums[half + i] ^ right
            scratch[half + i] = right
        half *= 2
    if half < size:
        sums[half : 2 * half] = scratch[:half]


@numba.njit(cache=True)
def _survivors(costs, count):
    """Whether each candidate is among the `count` cheapest, bool array."""
    kept = np.zeros(len(costs), np.bool_)
    kept[np.argsort(costs)[:count]] = True
    return kept


@numba.njit(cache=True)
def _branch(index, active, extended, costs, inputs, ratios, sums):
    """Let every path go on with both values of message bit `index`, and keep the cheapest as far as the list has room.

    Args:
        active: how many paths there are.
        extended: float32, cost of path p with bit b at 2 p + b.

    Returns:
        how many paths there are then.
    """
    paths = len(costs)
    kept = _survivors(extended[: 2 * active], paths)
    vacant = [path for path in range(active) if not (kept[2 * path] or kept[2 * path + 1])]
    vacant += list(range(active, min(paths, 2 * active)))
    for path in range(active):
        if kept[2 * path] and kept[2 * path + 1]:
            twin = vacant.pop()
            ratios[twin], sums[twin], inputs[twin] = ratios[path], sums[path], inputs[path]
            inputs[twin, index], costs[twin] = 1, extended[2 * path + 1]
        if kept[2 * path] or kept[2 * path + 1]:
            bit = 0 if kept[2 * path] else 1
            inputs[path, index], costs[path] = bit, extended[2 * path + bit]
    return min(paths, 2 * active)


@numba.njit(cache=True, nogil=True)
def list_decode(received, message, paths):
    """The most probable inputs of the transform.

    Args:
        received: float32 (N,) log-likelihood ratios of the outputs, positive for 0.
        message: bool (N,), inputs that are not frozen.
        paths: size of the list.

    Returns:
        uint8 (found, N) inputs, and float32 (found,) costs: minus the logarithm of each path's probability but for a constant.
    """
    size = len(received)
    ratios, sums = np.zeros((paths, size), np.float32), np.zeros((paths, size), np.uint8)
    inputs, costs = np.zeros((paths, size), np.uint8), np.zeros(paths, np.float32)
    scratch, extended = np.empty(size, np.uint8), np.empty(2 * paths, np.float32)
    active = 1
    for index in range(size):
        for path in range(active):
            _descend(received, ratios[path], sums[path], index, size)
            ratio = ratios[path, 1]
            rest = math.log1p(math.exp(-abs(ratio)))
            extended[2 * path] = costs[path] + rest + max(-ratio, np.float32(0))
            extended[2 * path + 1] = costs[path] + rest + max(ratio, np.float32(0))
        if message[index]:
            active = _branch(index, active, extended, costs, inputs, ratios, sums)
        else:
            costs[:active] = extended[0 : 2 * active : 2]
        for path in range(active):
            _ascend(inputs[path, index], sums[path], scratch, index, size)
    return inputs[:active], costs[:active]
