# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Channel and noise estimation from the decoded header (LMMSE), and its tracking by the pilots.

A decoded header is known from then on, so the channel, the noise and its colour come from the
Zadoff-Chu symbol, the header's carriers and the pilots about them together, and from the frames of
the burst before. Each active carrier gives a raw least-squares estimate g = h + e.

The estimate is the linear minimum mean square error one under the likeliest of a few delay
profiles. With R = U diag(l) U^H the carriers' covariance under a profile and s = E|e|^2, it is
U diag(l / (l + s)) U^H g. Its error is orthogonal to it, which is what makes y / estimate unbiased:
h x / estimate = x + (error) x / estimate. The profile is chosen by the likelihood of g, burst by
burst.

Tracking within a frame is Gaussian-process regression with Clarke's model. The estimate about the
header, h0, is split into the part in the span of M smooth functions b_m of the carriers, and the
rest. With g how the coefficients c_m turn and grow together,

    h(k, s) = h0(k) + sum over m of b_m(k) (c_m(s) - c_m(0)) + (rest of h0)(k) (g(s) - 1)

Each c_m is a Gaussian process with Clarke's correlation J0(2 pi f s), observed by the pilots and,
about the header, by h0. The Doppler frequency f is the likeliest of a few, 0 among them: a channel
that stands still is left as it is.

Array axes, beside those of the package: M smooth functions; T = 1 + S times, the header's first.

Sources: of the estimate: Edfors, Sandell, van de Beek, Wilson and Boerjesson, "OFDM channel
estimation by singular value decomposition", 1998; of the tracking: Clarke, "A statistical theory of
mobile-radio reception", 1968; Rasmussen and Williams, "Gaussian Processes for Machine Learning",
2006, algorithm 2.1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from scipy.special import j0

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
#: Doppler frequencies tried, cycles a symbol, and how much likelier (nats) one must be than none.
DOPPLER = (0.0006, 0.002, 0.006, 0.018)
CERTAIN = 4.0
#: Smooth functions tracked, and the fewest symbols from which it is done.
DIRECTIONS = 3
FEWEST = 14
#: Error variance of what is not observed.
UNOBSERVED = 1e18


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


@dataclass(frozen=True)
class TrackedChannel:
    """Channels over the symbols of a frame.

    Args:
        channel: complex64 (B, S, A).
        error: error variances, float32 (B, S, A).
        moves: whether each was found to change, bool (B,).
    """

    channel: np.ndarray
    error: np.ndarray
    moves: np.ndarray


class ChannelTracker:
    """Tracks channels from estimates about the header."""

    def __init__(self, layout: Layout):
        self.pilots = np.flatnonzero(layout.is_pilot)
        self.basis = strongest_directions(layout, DIRECTIONS)
        self.inverse = np.linalg.pinv(self.basis[self.pilots])
        self.noise_gain = np.sum(np.abs(self.inverse) ** 2, axis=1)

    def __call__(
        self,
        derotated: np.ndarray,
        known: np.ndarray,
        channel: np.ndarray,
        error: np.ndarray,
        noise: np.ndarray,
        header_symbols: int,
    ) -> TrackedChannel:
        """Track the channels of bursts over the symbols of a frame.

        Args:
            derotated: received carriers with their phase track taken out, complex64 (B, S, A).
            known: reference values, complex64 (B, S, A); pilots are known at all symbols that were
                received, 0 elsewhere.
            channel: estimate about the first `header_symbols` symbols, complex64 (B, A).
            error: its error variance, float32 (B, A).
            noise: noise power of the carriers of each symbol, float (B, S).
            header_symbols: symbols that the estimate is the mean of.
        """
        count = derotated.shape[1]
        found = TrackedChannel(
            np.repeat(channel[:, None], count, 1),
            np.repeat(error[:, None], count, 1),
            np.zeros(len(derotated), bool),
        )
        if count < FEWEST:
            return found
        observed, error_variance = self._observe(derotated, known, channel, error, noise)
        times = np.concatenate([[0.5 * (header_symbols - 1)], np.arange(count)])
        doppler, tracks, variance = self._likeliest(observed, error_variance, times)
        for index in np.flatnonzero(doppler):
            change, more = self._change(channel[index], tracks[index], variance[index, :, 1:])
            found.channel[index] += change
            found.error[index] += more
        return replace(found, moves=doppler > 0)

    def _observe(
        self,
        derotated: np.ndarray,
        known: np.ndarray,
        channel: np.ndarray,
        error: np.ndarray,
        noise: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Observations of the coefficients by h0 and by each symbol's pilots, complex (B, M, T),
        and their error variances, float (B, M, T), UNOBSERVED where a symbol has no pilots.
        """
        raw = derotated[:, :, self.pilots] * known[:, :, self.pilots].conj()
        observed = np.concatenate([channel[:, None, self.pilots], raw], axis=1) @ self.inverse.T
        each = np.where(known[:, :, self.pilots[0]] != 0, noise, UNOBSERVED)
        about_header = error[:, self.pilots].mean(axis=1)[:, None]
        error_variance = np.concatenate([about_header, each], axis=1)
        return observed.transpose(0, 2, 1), error_variance[:, None, :] * self.noise_gain[:, None]

    def _change(
        self, channel: np.ndarray, track: np.ndarray, variance: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Change of one channel over the symbols, and its error variances.

        What the smooth functions do not span turns and grows as their coefficients do together:
        with a single path, whatever its delay, that is right.

        Args:
            channel: estimate about the header, complex64 (A,).
            track: coefficients, complex (M, T).
            variance: their variances at the symbols, float (M, S).

        Returns:
            complex64 (S, A) and float32 (S, A).
        """
        first = track[:, 0]
        size = max(float(np.sum(np.abs(first) ** 2)), 1e-30)
        together = first.conj() @ track[:, 1:] / size
        rest = channel - self.basis @ (self.basis.conj().T @ channel)
        change = self.basis @ (track[:, 1:] - track[:, :1]) + np.outer(rest, together - 1)
        error = np.abs(self.basis) ** 2 @ variance + np.outer(
            np.abs(rest) ** 2, variance.sum(axis=0) / size
        )
        return change.T.astype(np.complex64), error.T.astype(np.float32)

    def _likeliest(
        self, observed: np.ndarray, error_variance: np.ndarray, times: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Doppler frequency and the coefficients under it.

        Args:
            observed, error_variance: as _observe returns them, (B, M, T).
            times: in symbols, float (T,).

        Returns:
            Number of each burst's likeliest frequency in DOPPLER, from 1 on, 0 for none, int (B,);
            the coefficients, complex (B, M, T); and their variances, float (B, M, T).
        """
        is_observed = error_variance[:, :, 1:] < 0.1 * UNOBSERVED
        power = np.sum(np.abs(observed[:, :, 1:]) ** 2 * is_observed, axis=2) / np.maximum(
            is_observed.sum(axis=2), 1
        )
        power = np.maximum(power, np.abs(observed[:, :, 0]) ** 2) + 1e-30
        error_variance = np.maximum(error_variance, 1e-9 * power[:, :, None])
        scores = []
        found = []
        for doppler in (0.0, *DOPPLER):
            shape = j0(2 * np.pi * doppler * np.subtract.outer(times, times))
            prior = power[:, :, None, None] * shape
            score, track, variance = _regress(observed, prior, error_variance)
            scores.append(score.sum(axis=1))
            found.append((track, variance))
        likelihood = np.array(scores)
        likelihood[0] += CERTAIN
        best = likelihood.argmax(axis=0)
        row = np.arange(len(observed))
        tracks = np.stack([track for track, _ in found])
        variances = np.stack([variance for _, variance in found])
        return best, tracks[best, row], variances[best, row]


def _regress(
    observed: np.ndarray, prior: np.ndarray, error_variance: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gaussian-process regression.

    Args:
        observed: complex (B, M, T).
        prior: covariances of the processes, float (B, M, T, T).
        error_variance: of the observations, float (B, M, T).

    Returns:
        Log-likelihoods, float (B, M), means, complex (B, M, T), and variances, float (B, M, T).
    """
    cover = prior + error_variance[..., None] * np.eye(prior.shape[-1])
    lower = np.linalg.cholesky(cover)
    white = np.linalg.solve(
        lower, np.concatenate([observed[..., None], prior.astype(observed.dtype)], axis=-1)
    )
    own = white[..., 0]
    others = white[..., 1:]
    log_determinant = 2 * np.log(np.diagonal(lower, axis1=-2, axis2=-1)).sum(axis=-1)
    score = -np.sum(np.abs(own) ** 2, axis=-1) - log_determinant
    mean = np.einsum("bmts,bmt->bms", others.conj(), own)
    explained = np.sum(np.abs(others) ** 2, axis=-2)
    return score, mean, np.maximum(np.diagonal(prior, axis1=-2, axis2=-1) - explained, 0.0)
