# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is taken out of a burst's samples before the transform: the receiver's DC offset, and impulses."""

from __future__ import annotations

import numpy as np

#: Samples before a burst that serve to estimate the DC offset, in sections of SECTION.
DC_SAMPLES, SECTION = 2048, 256
#: An offset is taken out when its power exceeds this many times its error's.
DC_CERTAIN = 12.0
#: Samples of more power than IMPULSE times the median of their symbol are impulses (in 2 of 10^5 Gaussian symbols). Only symbols
#: with a sample above SUSPECT times the usual power of a burst are looked at.
IMPULSE, SUSPECT = 28.0, 10.0


def dc_offset(samples: np.ndarray, begin: np.ndarray) -> np.ndarray:
    """DC offset of stretches of samples (B, n), complex64 (B,); 0 where it cannot be told from noise.

    The means of the sections are weighted by their inverse powers, so that silence counts for more than signals. `begin` (B,) are
    the places of the first samples in the stream; what is before place 0 does not count.
    """
    count = samples.shape[1] // SECTION
    parts = np.ascontiguousarray(samples[:, : count * SECTION]).reshape(len(samples), count, SECTION)
    pairs = parts.view(np.float32)
    there = np.clip(begin[:, None] + SECTION * np.arange(1, count + 1), 0, SECTION)
    mean = parts.sum(axis=2) / np.maximum(there, 1)
    weight = there**2 / np.maximum(np.einsum("bij,bij->bi", pairs, pairs), 1e-30)
    total = np.maximum(weight.sum(axis=1), 1e-30)
    offset = (mean * weight).sum(axis=1) / total
    certain = np.abs(offset) ** 2 * total > DC_CERTAIN
    return np.where(certain, offset, 0).astype(np.complex64)


def blank_impulses(windows: np.ndarray) -> np.ndarray:
    """Set impulses in symbols' windows (B, S, n) to 0, in place; returns the share of each window that is lost, float32 (B, S)."""
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
