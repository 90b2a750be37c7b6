# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fading gains with Jakes' Doppler spectrum, and a line of sight at a shift of its own.

    h(t) = sqrt(P / (1 + K)) (sum over m of exp(j (2 pi f_D t cos a_m + p_m)) / sqrt(M) + sqrt(K) exp(j (2 pi 0.7 f_D t + p_0)))

The angles a_m = (2 pi m + b_m) / M, with b_m and p_m uniform, cover the circle evenly. So the autocorrelation over realisations is
exactly P J0(2 pi f_D t) for K = 0, each realisation has the mean power P over time, and E|h|^4 = (2 - 1/M) P^2.

Sources: C. Xiao, Y. R. Zheng, N. C. Beaulieu, "Novel sum-of-sinusoids simulation models for Rayleigh and Rician fading channels",
IEEE Trans. Wireless Commun. 5 (2006); the shift of 0.7 f_D of the line of sight: 3GPP TR 38.901, section 7.7.2.
"""

from __future__ import annotations

import numpy as np

#: Waves that make up the scattered part of one path.
WAVES = 32
#: Doppler shift of the line of sight over the largest Doppler shift.
SIGHT = 0.7
#: Nodes per period of the largest Doppler shift. Cubic interpolation between them is good to (2 pi / 16)^4 / 384 = -84 dB.
NODES = 16


class JakesGains:
    """Gains of independent paths as functions of time.

    Args:
        doppler: largest Doppler shift, in cycles a sample.
        powers: mean power of each path, (L,).
        factors: Rician factor of each path as a ratio, (L,); 0 is Rayleigh fading.
        rng: draws angles and phases, and nothing later.
    """

    def __init__(self, doppler: float, powers: np.ndarray, factors: np.ndarray, rng: np.random.Generator):
        powers, factors = np.asarray(powers, float), np.asarray(factors, float)
        angles = 2 * np.pi * (np.arange(WAVES) + rng.random((len(powers), WAVES))) / WAVES
        self._phases = rng.random((len(powers), WAVES + 1))
        self._shifts = doppler * np.column_stack([np.cos(angles), np.full(len(powers), SIGHT)])
        scattered = np.repeat(np.sqrt(powers / (1 + factors) / WAVES)[:, None], WAVES, axis=1)
        self._sizes = np.column_stack([scattered, np.sqrt(powers * factors / (1 + factors))])
        self._spacing = 1 / (NODES * doppler) if doppler else np.inf

    def __call__(self, at: np.ndarray) -> np.ndarray:
        """Gains, complex128 (L, n), at ascending times in samples, (n,)."""
        if np.isinf(self._spacing):
            return np.repeat(self._nodes(np.zeros(1))[0], len(at), axis=1)
        at = at / self._spacing
        low = np.floor(at).astype(int)
        value, slope = self._nodes(np.arange(low[0], low[-1] + 2))
        index, u = low - low[0], at - low
        rise = value[:, index + 1] - value[:, index]
        begin, end = slope[:, index] - rise, slope[:, index + 1] - rise
        return value[:, index] + u * (rise + (1 - u) * (begin - u * (begin + end)))

    def _nodes(self, nodes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Gains at nodes and their change a node spacing, both complex128 (L, n)."""
        spacing = self._spacing if np.isfinite(self._spacing) else 0.0
        turns = (nodes * spacing)[:, None] * self._shifts[:, None, :] + self._phases[:, None, :]
        waves = np.exp(2j * np.pi * (turns % 1.0)) * self._sizes[:, None, :]
        return waves.sum(axis=-1), (waves @ (2j * np.pi * spacing * self._shifts)[:, :, None])[:, :, 0]
