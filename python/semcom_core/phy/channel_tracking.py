# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Follows a channel that changes within a frame, by the pilots.

The estimate about the header, h0, is split into what a few smooth functions b of the carriers can
say and the rest:

    h(k, s) = h0(k) + sum over m of b_m(k) (c_m(s) - c_m(0)) + (rest of h0)(k) (g(s) - 1),   g: how
    the c_m turn together

Each c_m is a Gaussian process with Clarke's correlation J0(2 pi f s) seen by the pilots and, about
the header, by h0. The Doppler frequency f is the likeliest of a few, 0 among them: a channel that
stands still is left as it is.

Source: Clarke, "A statistical theory of mobile-radio reception", 1968; Rasmussen and Williams,
"Gaussian Processes for Machine Learning", 2006, algorithm 2.1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import j0

from semcom_core.phy.channel_estimation import smooth_directions
from semcom_core.phy.ofdm import Layout

#: Doppler frequencies tried, cycles a symbol, and how much likelier (nats) one must be than none.
DOPPLER = (0.0006, 0.002, 0.006, 0.018)
CERTAIN = 4.0
#: Smooth functions followed, and the fewest symbols from which it is done.
DIRECTIONS = 3
FEWEST = 14
#: Error power of what is not seen.
UNSEEN = 1e18


@dataclass(frozen=True)
class Followed:
    """Channels (B, S, A), their error powers (B, S, A), and whether each was found to change,
    (B,).
    """

    channel: np.ndarray
    error: np.ndarray
    moves: np.ndarray


class ChannelFollower:
    """Follows channels from estimates about the header."""

    def __init__(self, layout: Layout):
        self.pilots = np.flatnonzero(layout.is_pilot)
        self.basis = smooth_directions(layout, DIRECTIONS)
        self.inverse = np.linalg.pinv(self.basis[self.pilots])
        self.spread = np.sum(np.abs(self.inverse) ** 2, axis=1)

    def __call__(self, turned, known, channel, error, noise, head: int) -> Followed:
        """Follow the channels of bursts over the symbols of a frame.

        Args:
            turned: received carriers with their phase track taken out, complex (B, S, A).
            known: what is known of them (B, S, A); pilots are known at all symbols that are there,
                0 elsewhere.
            channel, error: estimate about the first `head` symbols and its error power (B, A).
            noise: noise power of the carriers of each symbol (B, S).
        """
        count = turned.shape[1]
        found = Followed(
            np.repeat(channel[:, None], count, 1),
            np.repeat(error[:, None], count, 1),
            np.zeros(len(turned), bool),
        )
        if count < FEWEST:
            return found
        seen, doubt = self._observe(turned, known, channel, error, noise)
        times = np.concatenate([[0.5 * (head - 1)], np.arange(count)])
        best, tracks, variance = self._likeliest(seen, doubt, times)
        for index in np.flatnonzero(best):
            change, more = self._change(channel[index], tracks[index], variance[index, :, 1:])
            found.channel[index] += change
            found.error[index] += more
        return replace(found, moves=best > 0)

    def _observe(self, turned, known, channel, error, noise):
        """What is seen of the smooth functions' processes, first by h0 and then by each symbol's
        pilots, and with which error powers.

        Both (B, M, 1 + S); a symbol without pilots has the error power UNSEEN.
        """
        raw = turned[:, :, self.pilots] * known[:, :, self.pilots].conj()
        seen = np.concatenate([channel[:, None, self.pilots], raw], axis=1) @ self.inverse.T
        each = np.where(known[:, :, self.pilots[0]] != 0, noise, UNSEEN)
        doubt = np.concatenate([error[:, self.pilots].mean(axis=1)[:, None], each], axis=1)
        return seen.transpose(0, 2, 1), doubt[:, None, :] * self.spread[:, None]

    def _change(
        self, channel: np.ndarray, track: np.ndarray, variance: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """How a channel (A,) changes when its smooth functions follow `track` (M, 1 + S), and its
        error powers, (S, A) each.

        The track begins about the header. What the functions cannot say turns and grows as they do
        together: with a single path, whatever its delay, that is right.
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

    def _likeliest(self, seen, doubt, times):
        """Index of each burst's likeliest frequency (0: none), and its processes and their
        variances (B, M, 1 + S).
        """
        real = doubt[:, :, 1:] < 0.1 * UNSEEN
        shown = np.sum(np.abs(seen[:, :, 1:]) ** 2 * real, axis=2) / np.maximum(real.sum(axis=2), 1)
        power = np.maximum(shown, np.abs(seen[:, :, 0]) ** 2) + 1e-30
        doubt = np.maximum(doubt, 1e-9 * power[:, :, None])
        likely = []
        found = []
        for doppler in (0.0, *DOPPLER):
            shape = j0(2 * np.pi * doppler * np.subtract.outer(times, times))
            score, track, variance = _regress(seen, power[:, :, None, None] * shape, doubt)
            likely.append(score.sum(axis=1))
            found.append((track, variance))
        likely = np.array(likely)
        likely[0] += CERTAIN
        best = likely.argmax(axis=0)
        row = np.arange(len(seen))
        return (
            best,
            np.stack([t for t, _ in found])[best, row],
            np.stack([v for _, v in found])[best, row],
        )


def _regress(seen, prior, doubt):
    """Log-likelihoods (B, M), means and variances (B, M, T) of processes with covariances `prior`
    seen with error powers `doubt`.
    """
    cover = prior + doubt[..., None] * np.eye(prior.shape[-1])
    lower = np.linalg.cholesky(cover)
    white = np.linalg.solve(
        lower, np.concatenate([seen[..., None], prior.astype(seen.dtype)], axis=-1)
    )
    own = white[..., 0]
    others = white[..., 1:]
    score = -np.sum(np.abs(own) ** 2, axis=-1) - 2 * np.log(
        np.diagonal(lower, axis1=-2, axis2=-1)
    ).sum(axis=-1)
    mean = np.einsum("bmts,bmt->bms", others.conj(), own)
    explained = np.sum(np.abs(others) ** 2, axis=-2)
    return score, mean, np.maximum(np.diagonal(prior, axis1=-2, axis2=-1) - explained, 0.0)
