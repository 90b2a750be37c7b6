# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Samples of one rate and carrier heard at another: interpolation at any instant, in the band that both have.

    y[k] = sum over m of x[m] h(k step + start - m),   h(t) = w(t) (high - low) sinc((high - low) t) exp(j pi (high + low) t)

h passes what of the transmitter's band, -1/2 to 1/2 of its rate, the receiver's band covers: low to high in cycles a sample.
"""

from __future__ import annotations

from functools import lru_cache

import numba
import numpy as np

#: Samples on each side of an instant that count, Kaiser window's beta, and rows of the table between two samples.
HALF, BETA, ROWS = 32, 7.0, 256


@lru_cache(maxsize=16)
def kernel(low: float, high: float) -> np.ndarray:
    """Table of h for a band, complex64 (ROWS + 1, 2 HALF): row r, column c is h(r / ROWS + HALF - 1 - c).

    Source: J. F. Kaiser, "Nonrecursive digital filter design using the I0-sinh window function", IEEE ISCAS 1974.
    """
    at = np.arange(ROWS + 1)[:, None] / ROWS + HALF - 1 - np.arange(2 * HALF)
    window = np.i0(BETA * np.sqrt(np.maximum(1 - (at / HALF) ** 2, 0))) / np.i0(BETA)
    width = high - low
    return (window * width * np.sinc(width * at) * np.exp(1j * np.pi * (high + low) * at)).astype(np.complex64)


@numba.njit(cache=True, nogil=True, fastmath=True)
def _interpolate(x, start, step, table, out):
    """y[k] of the module: x[0] is the sample HALF - 1 before the whole part of time 0, and `start` the fraction."""
    rows, width = table.shape[0] - 1, table.shape[1]
    for k in range(len(out)):
        at = start + k * step
        whole = int(np.floor(at))
        place = (at - whole) * rows
        row = int(place)
        share = np.float32(place - row)
        total = np.complex64(0)
        for c in range(width):
            total += x[whole + c] * (table[row, c] + share * (table[row + 1, c] - table[row, c]))
        out[k] = total


def span(start: float, step: float, count: int) -> tuple[int, int]:
    """First sample that `count` instants need, and how many."""
    first = int(np.floor(start)) - HALF + 1
    last = int(np.floor(start + step * (count - 1))) + HALF
    return first, last - first + 1


def interpolate(x: np.ndarray, start: float, step: float, count: int, band: tuple[float, float]) -> np.ndarray:
    """Samples at the instants start + k step, in samples of x.

    Args:
        x: complex64, the samples that span() names.
        start: first instant, samples.
        step: from one to the next, samples.
        count: how many.
        band: low and high, cycles a sample of x.

    Returns:
        complex64 (count,).
    """
    out = np.empty(count, np.complex64)
    _interpolate(x, start - np.floor(start), step, kernel(*band), out)
    return out


def warm_up() -> None:
    """Have the loop compiled, which would take the first receiver seconds."""
    interpolate(np.zeros(2 * HALF + 1, np.complex64), 0.0, 1.0, 1, (-0.5, 0.5))
