# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interference: DC offset and impulses in the samples, excess noise of symbols and carriers.

The receiver's DC offset and impulses are taken out of a burst's samples before the transform. After
it, symbols may have been hit by impulses or other bursts, which shows on the idle carriers at the
band's edges and on the pilots, and carriers by a narrow-band interferer, which shows on the header.
Only what cannot be chance (about 1 in 10^6) changes a noise variance, so that with white noise all
symbols keep the well-averaged estimate.
"""

from __future__ import annotations

import numpy as np

#: Ratios to the usual noise that are no chance: of the mean over a symbol's idle carriers, of that
#: over its pilots, and of the latter over three neighbouring symbols; and how far above the mean,
#: in units of the usual noise, a carrier's sum of squares has to lie.
IDLE = 3.5
PILOTS = 6.0
NEIGHBOURS = 3.0
CARRIER = 16.0
#: Samples before a burst that serve to estimate the DC offset, in sections of SECTION.
DC_SAMPLES = 2048
SECTION = 256
#: An offset is taken out when its power exceeds this many times its error's.
DC_CERTAIN = 12.0
#: Samples of more power than IMPULSE times the median of their symbol are impulses (in 2 of 10^5
#: Gaussian symbols). Only symbols with a sample above SUSPECT times the usual power of a burst are
#: looked at.
IMPULSE = 28.0
SUSPECT = 10.0


def dc_offset(samples: np.ndarray, begin: np.ndarray) -> np.ndarray:
    """DC offset of stretches of samples.

    The means of the sections are weighted by their inverse powers, so that silence counts for more
    than signals.

    Args:
        samples: complex64 (B, n).
        begin: places of the first samples in the stream, int (B,); what is before place 0 does not
            count.

    Returns:
        complex64 (B,); 0 where it cannot be told from noise.
    """
    count = samples.shape[1] // SECTION
    parts = np.ascontiguousarray(samples[:, : count * SECTION]).reshape(
        len(samples), count, SECTION
    )
    pairs = parts.view(np.float32)
    there = np.clip(begin[:, None] + SECTION * np.arange(1, count + 1), 0, SECTION)
    mean = parts.sum(axis=2) / np.maximum(there, 1)
    weight = there**2 / np.maximum(np.einsum("bij,bij->bi", pairs, pairs), 1e-30)
    total = np.maximum(weight.sum(axis=1), 1e-30)
    offset = (mean * weight).sum(axis=1) / total
    certain = np.abs(offset) ** 2 * total > DC_CERTAIN
    return np.where(certain, offset, 0).astype(np.complex64)


def blank_impulses(windows: np.ndarray) -> np.ndarray:
    """Set impulses in the windows of symbols to 0, in place.

    Args:
        windows: samples, complex64 (B, S, n).

    Returns:
        Share of each window that is lost, float32 (B, S).
    """
    power = windows.real**2 + windows.imag**2
    lost = np.zeros(power.shape[:2], dtype=np.float32)
    usual = np.median(power.mean(axis=2), axis=1)
    suspects = np.nonzero(power.max(axis=2) > SUSPECT * usual[:, None])
    if len(suspects[0]):
        part = power[suspects]
        over = part > IMPULSE * np.median(part, axis=1)[:, None]
        windows[suspects] = np.where(over, 0, windows[suspects])
        lost[suspects] = over.mean(axis=1)
    return lost


def idle_excess(idle: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Noise of symbols over the usual noise, float (B, S), 1 where it is usual.

    Args:
        idle: mean power of the idle carriers, float (B, S).
        noise: usual noise power of a carrier, float (B,).
    """
    usual = np.maximum(np.median(idle, axis=1), noise)[:, None]
    ratio = idle / np.maximum(usual, 1e-30)
    return np.where(ratio > IDLE, ratio, 1.0)


def pilot_excess(ratio: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Noise of symbols over what is expected, float (B, S), 1 where it is as expected.

    Args:
        ratio: squared residual of the pilots over what is expected of it, mean over the pilots (B,
            S).
        there: which symbols have pilots (B, S).
    """
    ratio = np.where(there, ratio, 1.0)
    padded = np.pad(ratio, ((0, 0), (1, 1)), mode="edge")
    nearby = (padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]) / 3
    hit = (ratio > PILOTS) | (nearby > NEIGHBOURS)
    return np.where(hit, np.maximum(np.maximum(ratio, nearby), 1.0), 1.0)


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
    others = np.where(hit, 0, freedom).sum(axis=1)
    base = np.where(hit, 0, squares).sum(axis=1) / np.maximum(others, 1e-9)
    return np.where(hit, mean / np.maximum(base, 1e-30)[:, None], 1.0)
