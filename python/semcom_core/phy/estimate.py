# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Smoothed channel estimate: linear minimum mean square error under a delay profile.

With g = h + e the raw estimate on the active carriers, R = U diag(l) U^H the carriers' covariance under the profile and
s = E|e|^2, the estimate is U diag(l / (l + s)) U^H g. Its error is orthogonal to it, which is what makes y / estimate
unbiased: h x / estimate = x + (error) x / estimate.

Source: Edfors, Sandell, van de Beek, Wilson and Boerjesson, "OFDM channel estimation by singular value decomposition",
1998.
"""

from __future__ import annotations

import numpy as np

from semcom_core.phy.layout import Layout

#: Assumed delay profile: decay after and before the strongest path (samples), and floors within and beyond the prefix.
DECAY, RISE, FLOOR, FAR_FLOOR = 2.0, 0.7, 1e-3, 3e-6
_RANK_SHARE = 1e-3


class ChannelSmoother:
    """Smooths channel estimates on the active carriers."""

    def __init__(self, layout: Layout):
        p = layout.profile
        delays = np.arange(-p.fft // 4, p.fft // 4, 0.25)
        weight = np.exp(-np.where(delays >= 0, delays / DECAY, -delays / RISE))
        inside = (delays >= -p.backoff) & (delays <= p.prefix - p.backoff)
        weight = np.maximum(weight, np.where(inside, FLOOR, FAR_FLOOR))
        steering = np.exp(-2j * np.pi * np.outer(layout.carriers, delays + p.backoff) / p.fft)
        values, vectors = np.linalg.eigh((steering * (weight / weight.sum())) @ steering.conj().T)
        self.values = np.maximum(values, 1e-9)
        self.vectors = vectors.astype(np.complex64)
        self._shares = np.abs(vectors.T) ** 2
        self._noise_only = values < _RANK_SHARE

    def noise_only(self, raw: np.ndarray) -> np.ndarray:
        """Noise power of raw estimates (B, A), float (B,), from the directions the profile leaves empty."""
        leftover = raw @ self.vectors[:, self._noise_only].conj()
        return np.mean(leftover.real**2 + leftover.imag**2, axis=1).astype(float)

    def __call__(self, raw: np.ndarray, noise: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Smooth raw estimates.

        Args:
            raw: complex array (B, A).
            noise: noise power of each raw estimate, float (B,).

        Returns:
            Estimates, complex64 (B, A); their error power, float32 (B, A); the parameters each one spent, float (B,).
        """
        power = np.mean(raw.real**2 + raw.imag**2, axis=1).astype(float)
        power = np.maximum(power - noise, 0.1 * power) + 1e-30
        signal = power[:, None] * self.values
        keep = signal / (signal + noise[:, None])
        smooth = ((raw @ self.vectors.conj()) * keep.astype(np.float32)) @ self.vectors.T
        error = (keep * noise[:, None]) @ self._shares
        return smooth.astype(np.complex64), error.astype(np.float32), keep.sum(axis=1)
