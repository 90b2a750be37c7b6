# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Channel and noise estimation: joint estimate from the decoded header, smoothed by LMMSE.

A decoded header is known from then on, so the channel, the noise and its colour come from the
Zadoff-Chu symbol, the header's carriers and the pilots about them together, and from the frames of
the burst before. Each active carrier gives a raw least-squares estimate g = h + e.

The estimate is the linear minimum mean square error one under the likeliest of a few delay
profiles. With R = U diag(l) U^H the carriers' covariance under a profile and s = E|e|^2, it is
U diag(l / (l + s)) U^H g. Its error is orthogonal to it, which is what makes y / estimate unbiased:
h x / estimate = x + (error) x / estimate. The profile is chosen by the likelihood of g, burst by
burst.

Source: Edfors, Sandell, van de Beek, Wilson and Boerjesson, "OFDM channel estimation by singular
value decomposition", 1998.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from semcom_core.phy.burst import Burst
from semcom_core.phy.config import Profile
from semcom_core.phy.interference import carrier_excess
from semcom_core.phy.ofdm import Layout

#: Weight of earlier frames of a burst in the next one's channel estimate.
MEMORY = 0.75
#: Raw estimates whose noise power over the channel's exceeds this are interpolated from their
#: neighbours.
INTERPOLATED_ABOVE = 0.03
#: Assumed decays of the delay profile before and after the strongest path, samples.
PROFILES = ((0.4, 0.4), (0.5, 1.0), (0.8, 3.0))
#: Least relative power within the prefix and beyond it.
FLOOR = 1e-3
FAR_FLOOR = 3e-6
#: Eigenvalues below this belong to directions that hold noise alone.
_RANK_SHARE = 1e-3
#: Estimates smoothed at a time: few enough to stay in the cache.
_ROWS = 16


class ChannelSmoother:
    """LMMSE smoothing of channel estimates on the active carriers."""

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
            raw: complex (B, A).
            noise: noise power of each raw estimate, float (B,).

        Returns:
            Estimates, complex64 (B, A), and their error variances, float32 (B, A).
        """
        parts = [
            self._smooth(raw[at : at + _ROWS], noise[at : at + _ROWS])
            for at in range(0, len(raw), _ROWS)
        ]
        smooth = np.concatenate([smooth for smooth, _ in parts])
        return smooth, np.concatenate([error for _, error in parts])

    def _smooth(self, raw: np.ndarray, noise: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        power = np.mean(raw.real**2 + raw.imag**2, axis=1).astype(float)
        power = np.maximum(power - noise, 0.1 * power) + 1e-30
        inside = raw.astype(np.complex64) @ self.vectors.conj()
        signal = power[:, None] * self.values[:, None]
        total = signal + noise[:, None]
        cost = ((inside.real**2 + inside.imag**2) / total + np.log(total)).sum(axis=2)
        keep = signal / total
        smooth = (inside * keep.astype(np.float32)) @ self.vectors.transpose(0, 2, 1)
        error = (keep * noise[:, None]) @ self._shares
        likeliest = cost.argmin(axis=0)
        row = np.arange(len(raw))
        return smooth[likeliest, row], error[likeliest, row].astype(np.float32)


def estimate_channel(
    smoother: ChannelSmoother,
    bursts: list[Burst],
    received: np.ndarray,
    known: np.ndarray,
    phase: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Channel and noise from a frame's first symbols and the frames before; the bursts keep them.

    Only symbols about the header take part, so that all carriers are known for the same stretch of
    time.

    Args:
        smoother: of the layout.
        bursts: the B bursts; their channel, noise, training and residual are updated.
        received: carriers about the header, complex64 (B, H, A).
        known: reference values of these carriers, 0 where unknown, complex64 (B, H, A).
        phase: phases of the symbols, rad, float (B, H).

    Returns:
        Channel, complex64 (B, A); its error variance, float32 (B, A); noise power of a carrier,
        float (B,); and each carrier's noise power over that, float (B, A).
    """
    is_known = (known != 0).astype(np.float32)
    fresh = is_known.sum(axis=1)
    turn = np.exp(1j * phase).astype(np.complex64)[:, :, None]
    total = (received * (known * turn).conj()).sum(axis=1)
    count = fresh.astype(float)
    for index, burst in enumerate(bursts):
        total[index] += MEMORY * burst.training[0]
        count[index] += MEMORY * burst.training[1]
    raw = total / np.maximum(count, 1.0).astype(np.float32)
    residual = (received - known * raw[:, None, :] * turn) * is_known
    squares = (residual.real**2 + residual.imag**2).sum(axis=1).astype(float)
    phases = 0.5 * is_known.max(axis=2).sum(axis=1) / is_known.shape[2]
    freedom = np.maximum(fresh - fresh / np.maximum(count, 1.0) - phases[:, None], 0.0)
    colour = carrier_excess(squares, freedom)
    noise = _noise_power(bursts, (squares / colour).sum(axis=1), freedom.sum(axis=1), raw)
    error_variance = noise / np.maximum(count.mean(axis=1), 1e-9)
    interfered = (colour > 1) * colour * error_variance[:, None]
    channel, error = smoother(_interpolated(raw, interfered), error_variance)
    for index, burst in enumerate(bursts):
        burst.channel = channel[index]
        burst.noise = float(noise[index])
        burst.training = (total[index], count[index])
    return channel, error, noise, colour


def _interpolated(raw: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Raw estimates (B, A) with those interpolated from their neighbours whose noise power (B, A)
    makes that the better guess; in place.
    """
    hit = noise > INTERPOLATED_ABOVE * np.mean(raw.real**2 + raw.imag**2, axis=1, keepdims=True)
    places = np.arange(raw.shape[1])
    for index in np.flatnonzero(hit.any(axis=1) & ~hit.all(axis=1)):
        good = ~hit[index]
        raw[index] = np.interp(places, places[good], raw[index, good])
    return raw


def _noise_power(
    bursts: list[Burst], squares: np.ndarray, freedom: np.ndarray, raw: np.ndarray
) -> np.ndarray:
    """Noise power, float (B,), of squared residuals and their degrees of freedom (B,), earlier
    frames included.
    """
    found = np.empty(len(bursts))
    for index, burst in enumerate(bursts):
        burst.residual = (
            burst.residual[0] + float(squares[index]),
            burst.residual[1] + float(freedom[index]),
        )
        found[index] = burst.residual[0] / max(burst.residual[1], 1.0)
    return np.maximum(found, 1e-7 * np.mean(np.abs(raw) ** 2, axis=1) + 1e-30)


def strongest_directions(layout: Layout, count: int) -> np.ndarray:
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
