# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Noise that is not the same everywhere: symbols hit by impulses or other bursts, carriers hit by a narrow interferer.

A symbol's noise shows on the idle carriers at the band's edges and on the pilots, a carrier's on the header. Only what
cannot be chance (about 1 in 10^6) changes anything, so that with white noise all symbols keep the well-averaged estimate.
"""

from __future__ import annotations

import numpy as np

#: Ratios to the usual noise that are no chance: of the mean over a symbol's idle carriers, of that over its pilots, and of the latter
#: over three neighbouring symbols; and how far above the mean, in units of the usual noise, a carrier's sum of squares has to lie.
IDLE, PILOTS, NEIGHBOURS, CARRIER = 3.5, 6.0, 3.0, 16.0


def idle_excess(idle: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Noise of symbols over the usual noise, float (B, S), 1 where it is usual.

    Args:
        idle: mean power of the idle carriers (B, S).
        noise: usual noise power (B,).
    """
    usual = np.maximum(np.median(idle, axis=1), noise)[:, None]
    ratio = idle / np.maximum(usual, 1e-30)
    return np.where(ratio > IDLE, ratio, 1.0)


def pilot_excess(ratio: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Noise of symbols over what is expected, float (B, S), 1 where it is as expected.

    Args:
        ratio: squared residual of the pilots over what is expected of it, mean over the pilots (B, S).
        there: which symbols have pilots (B, S).
    """
    ratio = np.where(there, ratio, 1.0)
    padded = np.pad(ratio, ((0, 0), (1, 1)), mode="edge")
    nearby = (padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]) / 3
    return np.where((ratio > PILOTS) | (nearby > NEIGHBOURS), np.maximum(np.maximum(ratio, nearby), 1.0), 1.0)


def carrier_excess(squares: np.ndarray, freedom: np.ndarray) -> np.ndarray:
    """Noise of carriers over that of the others, float (B, A), 1 where it is the same.

    Args:
        squares: sums of the squared residuals of each carrier (B, A).
        freedom: their degrees of freedom (B, A).
    """
    mean = squares / np.maximum(freedom, 1e-9)
    usual = np.maximum(np.median(mean, axis=1, keepdims=True), 1e-30)
    hit = squares > (CARRIER + 1.2 * freedom) * usual
    if not hit.any():
        return np.ones_like(mean)
    base = np.where(hit, 0, squares).sum(axis=1) / np.maximum(np.where(hit, 0, freedom).sum(axis=1), 1e-9)
    return np.where(hit, mean / np.maximum(base, 1e-30)[:, None], 1.0)
