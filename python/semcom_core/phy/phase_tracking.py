# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Phase and timing tracking by reference carriers: Wiener smoothing of each symbol's phase.

No decision on the payload is taken, so analog payloads are tracked like any other.

Each symbol gives a phasor z[s] (reference carriers, matched-filtered) of weight w[s] = E|z|/N0. A
coherent search takes out the mean frequency; what is left is smoothed as a constant, a slope and a
random walk observed in noise of variance 1/(2 w) (the Wiener smoother), the walk being the
likeliest of a few: oscillators differ. Over few symbols the least walk is too small to matter, and
where the residuals allow it a weighted line does the same at less cost.

The drift of the symbol timing turns the carriers in proportion to their numbers; it is estimated by
weighted least squares of the phases over carriers and symbols.
"""

from __future__ import annotations

import numpy as np

from semcom_core.phy.burst import Burst
from semcom_core.phy.ofdm import Layout

#: Deviations of the phase's random walk that are tried, rad a symbol, and how much likelier (nats)
#: one must be than the first.
WALKS = (2e-3, 1e-2, 3e-2, 8e-2)
CERTAIN = 3.0
#: Prior deviation of the phase's constant, rad.
CONSTANT = 1.0
#: Symbols from which the least walk counts, and how far the residuals of a line may exceed their
#: expectation, in deviations.
LONG = 16
STRAIGHT = 2.0
#: Clocks are never known better than this, as a ratio.
CLOCK_FLOOR = 2e-7


def smooth_phase(
    phasors: np.ndarray, weights: np.ndarray, times: np.ndarray, span: float, slope: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Smooth the phases of symbols.

    Args:
        phasors: complex (B, S).
        weights: their signal-to-noise ratios (power over complex noise power), float (B, S); 0
            where nothing was received.
        times: times of the symbols, in symbols, float (S,), the same for each burst.
        span: largest frequency looked for, rad a symbol; 0 for no search.
        slope: standard deviation assumed of the frequency (of what the search leaves, if that is
            less), rad a symbol.

    Returns:
        Phases (B, S), rad; their error variances (B, S), rad^2; the frequencies found (B,), rad a
        symbol.
    """
    frequency = np.zeros(len(phasors))
    step = slope
    if span:
        frequency, step = _search(phasors, times, span)
    derotated = phasors * np.exp(-1j * frequency[:, None] * times)
    middle = np.angle(derotated.sum(axis=1))
    left = np.angle(derotated * np.exp(-1j * middle)[:, None])
    small, variance, more = _smooth(left, weights, times, min(step, slope))
    return frequency[:, None] * times + middle[:, None] + small, variance, frequency + more


def _smooth(
    angles: np.ndarray, weights: np.ndarray, times: np.ndarray, slope: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What _wiener returns; where few angles lie on a line, by a line."""
    if len(times) >= LONG:
        return _wiener(angles, weights, times, slope)
    found = _line(angles, weights, times, slope)
    observed = np.count_nonzero(weights, axis=1)
    residual = (2 * weights * (angles - found[0]) ** 2).sum(axis=1)
    bent = np.flatnonzero(residual > observed + STRAIGHT * np.sqrt(2 * observed))
    if bent.size:
        walked = _wiener(angles[bent], weights[bent], times, slope)
        for part, better in zip(found, walked, strict=True):
            part[bent] = better
    return found


def _search(phasors: np.ndarray, times: np.ndarray, span: float) -> tuple[np.ndarray, float]:
    """Frequency (B,), rad a symbol, that adds the phasors up best, and the step of the search."""
    count = 2 * int(np.ceil(span * (times[-1] - times[0] + 1.0))) + 3
    grid = np.linspace(-span, span, count)
    power = np.abs(phasors @ np.exp(-1j * np.outer(times, grid))) ** 2
    return grid[power.argmax(axis=1)], 2 * span / (count - 1)


def _line(
    angles: np.ndarray, weights: np.ndarray, times: np.ndarray, slope: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What _wiener returns, without the walk: a line by weighted least squares with the same
    priors.
    """
    centred = times - times.mean()
    w = 2 * weights
    a = w.sum(axis=1) + CONSTANT**-2
    b = w @ centred
    c = w @ centred**2 + slope**-2
    level = (w * angles).sum(axis=1)
    tilt = (w * angles) @ centred
    area = a * c - b * b
    constant = (c * level - b * tilt) / area
    gradient = (a * tilt - b * level) / area
    variance = (c[:, None] - 2 * b[:, None] * centred + a[:, None] * centred**2) / area[:, None]
    return constant[:, None] + gradient[:, None] * centred, variance, gradient


def _wiener(
    angles: np.ndarray, weights: np.ndarray, times: np.ndarray, slope: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Smoothed angles (B, S), error variances (B, S) and mean slopes (B,) of measured angles (B,
    S), under the likeliest walk.
    """
    centred = times - times.mean()
    still = CONSTANT**2 + slope**2 * np.outer(centred, centred)
    steps = np.minimum.outer(times, times) - times[0]
    noise = (0.5 / np.maximum(weights, 1e-9))[:, :, None] * np.eye(len(times))
    likelihoods = [_likelihood(angles, still + walk**2 * steps + noise) for walk in WALKS]
    likelihoods[0] += CERTAIN
    walk = np.array(WALKS)[np.argmax(likelihoods, axis=0)]
    prior = still + walk[:, None, None] ** 2 * steps
    gain = np.linalg.solve(prior + noise, prior).transpose(0, 2, 1)
    smooth = (gain @ angles[:, :, None])[..., 0]
    variance = np.diagonal(prior, axis1=1, axis2=2) - np.einsum("bij,bji->bi", gain, prior)
    return smooth, np.maximum(variance, 0.0), smooth @ centred / max(centred @ centred, 1e-9)


def _likelihood(angles: np.ndarray, cover: np.ndarray) -> np.ndarray:
    """Log-likelihood of angles (B, S) with covariances (B, S, S), less a constant, nats (B,)."""
    lower = np.linalg.cholesky(cover)
    white = np.linalg.solve(lower, angles[:, :, None])[..., 0]
    log_determinant = np.log(np.diagonal(lower, axis1=1, axis2=2)).sum(axis=1)
    return -0.5 * np.sum(white**2, axis=1) - log_determinant


def correct_timing_drift(
    layout: Layout,
    bursts: list[Burst],
    derotated: np.ndarray,
    expected: np.ndarray,
    times: np.ndarray,
    header_symbols: int,
    noise: np.ndarray,
) -> np.ndarray:
    """Factors that take out the drift of the symbol timing since the channel was estimated.

    The bursts' clocks are updated, so that the next frame is looked for where it will be.

    Args:
        layout: carriers and lengths.
        bursts: the B bursts.
        derotated: received carriers with their phase track taken out, complex64 (B, S, A).
        expected: channel times reference values, 0 where unknown, complex64 (B, S, A).
        times: times of the symbols, in symbols, float (S,).
        header_symbols: symbols that the channel was estimated from.
        noise: noise power of a carrier, float (B,).

    Returns:
        exp(-j drift), complex64 (B, S, A).
    """
    power = expected.real**2 + expected.imag**2
    weight = power[:, :header_symbols].sum(axis=2)
    centre = (weight * times[:header_symbols]).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-30)
    since = times - centre[:, None]
    unit = 2 * np.pi * layout.symbol_samples / layout.profile.fft
    prior = unit * np.array([b.clock[1] for b in bursts])
    products = derotated * expected.conj()
    drift, deviation = timing_drift(products, power, layout.carriers, since, noise, prior)
    for index, burst in enumerate(bursts):
        burst.clock = (
            burst.clock[0] - float(drift[index]) / unit,
            max(float(deviation[index]) / unit, CLOCK_FLOOR),
        )
    return np.exp(-1j * (drift[:, None] * since)[:, :, None] * layout.carriers).astype(np.complex64)


def timing_drift(
    products: np.ndarray,
    expected: np.ndarray,
    carriers: np.ndarray,
    times: np.ndarray,
    noise: np.ndarray,
    prior: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Drift of the symbol timing and its standard deviation, as rad a carrier and a symbol, (B,)
    each.

    Args:
        products: received times conj(expected), phase taken out, complex (B, S, A); 0 where nothing
            is known.
        expected: power of what was expected, float (B, S, A); 0 where nothing is known.
        carriers: carrier numbers (A,).
        times: times of the symbols from the channel estimate's middle, in symbols (B, S).
        noise: noise power (B,).
        prior: standard deviation assumed of the drift (B,).
    """
    lever = times[:, :, None] * carriers
    correlation = (products.imag * lever).sum(axis=(1, 2))
    information = (expected * lever**2).sum(axis=(1, 2)) + 0.5 * noise / prior**2 + 1e-30
    return correlation / information, np.sqrt(0.5 * noise / information)
