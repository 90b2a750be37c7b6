# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Channel tracking within a frame by the pilots: Gaussian-process regression with Clarke's model.

The estimate about the header, h0, is split into the part in the span of M smooth functions b_m of
the carriers, and the rest. With g how the coefficients c_m turn and grow together,

    h(k, s) = h0(k) + sum over m of b_m(k) (c_m(s) - c_m(0)) + (rest of h0)(k) (g(s) - 1)

Each c_m is a Gaussian process with Clarke's correlation J0(2 pi f s), observed by the pilots and,
about the header, by h0. The Doppler frequency f is the likeliest of a few, 0 among them: a channel
that stands still is left as it is.

Array axes, beside those of the package: M smooth functions; T = 1 + S times, the header's first.

Source: Clarke, "A statistical theory of mobile-radio reception", 1968; Rasmussen and Williams,
"Gaussian Processes for Machine Learning", 2006, algorithm 2.1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import j0

from semcom_core.phy.channel_estimation import strongest_directions
from semcom_core.phy.ofdm import Layout

#: Doppler frequencies tried, cycles a symbol, and how much likelier (nats) one must be than none.
DOPPLER = (0.0006, 0.002, 0.006, 0.018)
CERTAIN = 4.0
#: Smooth functions tracked, and the fewest symbols from which it is done.
DIRECTIONS = 3
FEWEST = 14
#: Error variance of what is not observed.
UNOBSERVED = 1e18


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
