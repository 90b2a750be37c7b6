# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Smoothed channel estimate: linear minimum mean square error under the likeliest of a few delay
profiles.

With g = h + e the raw estimate on the active carriers, R = U diag(l) U^H the carriers' covariance
under a profile and s = E|e|^2, the estimate is U diag(l / (l + s)) U^H g. Its error is orthogonal
to it, which is what makes y / estimate unbiased: h x / estimate = x + (error) x / estimate. The
profile is chosen by the likelihood of g, burst by burst.

Source: Edfors, Sandell, van de Beek, Wilson and Boerjesson, "OFDM channel estimation by singular
value decomposition", 1998.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from semcom_core.phy.config import Profile
from semcom_core.phy.ofdm import Layout

#: Assumed decays of the delay profile before and after the strongest path, samples.
PROFILES = ((0.4, 0.4), (0.5, 1.0), (0.8, 3.0))
#: Least relative power within the prefix and beyond it.
FLOOR = 1e-3
FAR_FLOOR = 3e-6
_RANK_SHARE = 1e-3
#: Estimates smoothed at a time: few enough to stay in the cache.
_ROWS = 16


class ChannelSmoother:
    """Smooths channel estimates on the active carriers."""

    def __init__(self, layout: Layout):
        self.values, self.vectors = _bases(layout.profile, tuple(layout.carriers.tolist()))
        self._shares = np.abs(self.vectors.transpose(0, 2, 1)) ** 2
        self._empty = self.vectors[-1][:, self.values[-1] < _RANK_SHARE].conj()

    def noise_only(self, raw: np.ndarray) -> np.ndarray:
        """Noise power of raw estimates (B, A), float (B,), from the directions the widest profile
        leaves empty.
        """
        leftover = raw @ self._empty
        return np.mean(leftover.real**2 + leftover.imag**2, axis=1).astype(float)

    def __call__(self, raw: np.ndarray, noise: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Smooth raw estimates.

        Args:
            raw: complex array (B, A).
            noise: noise power of each raw estimate, float (B,).

        Returns:
            Estimates, complex64 (B, A), and their error power, float32 (B, A).
        """
        parts = [
            self._smooth(raw[at : at + _ROWS], noise[at : at + _ROWS])
            for at in range(0, len(raw), _ROWS)
        ]
        return np.concatenate([smooth for smooth, _ in parts]), np.concatenate(
            [error for _, error in parts]
        )

    def _smooth(self, raw: np.ndarray, noise: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        power = np.mean(raw.real**2 + raw.imag**2, axis=1).astype(float)
        power = np.maximum(power - noise, 0.1 * power) + 1e-30
        inside = raw.astype(np.complex64) @ self.vectors.conj()
        signal = power[:, None] * self.values[:, None]
        total = signal + noise[:, None]
        unlikely = ((inside.real**2 + inside.imag**2) / total + np.log(total)).sum(axis=2)
        keep = signal / total
        smooth = (inside * keep.astype(np.float32)) @ self.vectors.transpose(0, 2, 1)
        error = (keep * noise[:, None]) @ self._shares
        choice = unlikely.argmin(axis=0)
        row = np.arange(len(raw))
        return smooth[choice, row], error[choice, row].astype(np.float32)


def smooth_directions(layout: Layout, count: int) -> np.ndarray:
    """The `count` directions of most power under the middle delay profile, complex64 (A, count),
    orthonormal.
    """
    return _bases(layout.profile, tuple(layout.carriers.tolist()))[1][1][:, ::-1][:, :count]


@lru_cache(maxsize=8)
def _bases(profile: Profile, carriers: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues (profiles, A) and eigenvectors (profiles, A, A) of the carriers' covariance under
    each delay profile.
    """
    found = [
        np.linalg.eigh(_covariance(profile, np.array(carriers), rise, decay))
        for rise, decay in PROFILES
    ]
    values = np.stack([np.maximum(values, 1e-9) for values, _ in found])
    return values, np.stack([vectors for _, vectors in found]).astype(np.complex64)


def _covariance(p: Profile, carriers: np.ndarray, rise: float, decay: float) -> np.ndarray:
    """Covariance of the carriers, complex (A, A), under an exponential delay profile."""
    delays = np.arange(-p.fft // 4, p.fft // 4, 0.25)
    weight = np.exp(-np.where(delays >= 0, delays / decay, -delays / rise))
    inside = (delays >= -p.backoff) & (delays <= p.prefix - p.backoff)
    weight = np.maximum(weight, np.where(inside, FLOOR, FAR_FLOOR))
    steering = np.exp(-2j * np.pi * np.outer(carriers, delays + p.backoff) / p.fft)
    return (steering * (weight / weight.sum())) @ steering.conj().T
