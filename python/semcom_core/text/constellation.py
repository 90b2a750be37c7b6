# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Gaussian-like constellation of the spinal code and the evidence a received symbol gives for each of its points.

Each axis of a symbol carries one of 64 equally likely levels that follow a truncated Gaussian density
(Perry, Balakrishnan, Shah: Rateless Spinal Codes, HotNets 2011).
"""

from __future__ import annotations

import numpy as np
from scipy.stats import truncnorm

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

    p(y) is the exact mixture over the levels, so a symbol's expected evidence for the level sent is the mutual
    information of the constellation, and 2^evidence averages to 1 over the levels.

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
