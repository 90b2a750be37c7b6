# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a frame's header teaches: the channel, the noise and its colour, and how far the clocks are
apart.
"""

from __future__ import annotations

import numpy as np

from semcom_core.phy.burst import Burst
from semcom_core.phy.channel_estimation import ChannelSmoother
from semcom_core.phy.interference import carrier_excess
from semcom_core.phy.ofdm import Layout
from semcom_core.phy.phase_tracking import timing_drift

#: What earlier frames of a burst weigh in the next one's channel estimate.
MEMORY = 0.75
#: Estimates noisier than this, over the channel's power, are bridged.
BRIDGE = 0.03
#: Clocks are never known better than this, as a ratio.
CLOCK_FLOOR = 2e-7


def learn(
    smoother: ChannelSmoother,
    bursts: list[Burst],
    received: np.ndarray,
    known: np.ndarray,
    phase: np.ndarray,
):
    """Channel, its error power, the noise power and its colour, from a frame's first symbols and
    the frames before.

    Only symbols about the header take part, so that all carriers are known for the same stretch of
    time.

    Args:
        received, known: carriers about the header and what is known of them, complex64 (B, H, A).
        phase: phases of the symbols (B, H).

    Returns:
        Channel (B, A), its error power (B, A), noise power (B,), and each carrier's noise over that
        (B, A).
    """
    sure = (known != 0).astype(np.float32)
    fresh = sure.sum(axis=1)
    turn = np.exp(1j * phase).astype(np.complex64)[:, :, None]
    total = (received * (known * turn).conj()).sum(axis=1)
    count = fresh.astype(float)
    for index, burst in enumerate(bursts):
        total[index] += MEMORY * burst.training[0]
        count[index] += MEMORY * burst.training[1]
    raw = total / np.maximum(count, 1.0).astype(np.float32)
    wrong = (received - known * raw[:, None, :] * turn) * sure
    squares = (wrong.real**2 + wrong.imag**2).sum(axis=1).astype(float)
    phases = 0.5 * sure.max(axis=2).sum(axis=1) / sure.shape[2]
    freedom = np.maximum(fresh - fresh / np.maximum(count, 1.0) - phases[:, None], 0.0)
    colour = carrier_excess(squares, freedom)
    noise = _noise(bursts, (squares / colour).sum(axis=1), freedom.sum(axis=1), raw)
    doubt = noise / np.maximum(count.mean(axis=1), 1e-9)
    channel, error = smoother(_bridged(raw, (colour > 1) * colour * doubt[:, None]), doubt)
    for index, burst in enumerate(bursts):
        burst.channel = channel[index]
        burst.noise = float(noise[index])
        burst.training = (total[index], count[index])
    return channel, error, noise, colour


def _bridged(raw: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Raw estimates (B, A) with those whose noise power (B, A) is worse than a guess from their
    neighbours replaced by that.
    """
    hit = noise > BRIDGE * np.mean(raw.real**2 + raw.imag**2, axis=1, keepdims=True)
    places = np.arange(raw.shape[1])
    for index in np.flatnonzero(hit.any(axis=1) & ~hit.all(axis=1)):
        good = ~hit[index]
        raw[index] = np.interp(places, places[good], raw[index, good])
    return raw


def _noise(bursts: list[Burst], squares, freedom, raw) -> np.ndarray:
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


def straighten(
    layout: Layout, bursts: list[Burst], turned, expected, times, head: int, noise
) -> np.ndarray:
    """exp(-j drift) (B, S, A) that takes out the drift of the symbol timing since the channel was
    learnt.

    The bursts' clocks learn from it, so that the next frame is looked for where it will be.
    """
    power = expected.real**2 + expected.imag**2
    weight = power[:, :head].sum(axis=2)
    centre = (weight * times[:head]).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-30)
    late = times - centre[:, None]
    unit = 2 * np.pi * layout.symbol_samples / layout.profile.fft
    prior = unit * np.array([b.clock[1] for b in bursts])
    drift, doubt = timing_drift(
        turned * expected.conj(), power, layout.carriers, late, noise, prior
    )
    for index, burst in enumerate(bursts):
        burst.clock = (
            burst.clock[0] - float(drift[index]) / unit,
            max(float(doubt[index]) / unit, CLOCK_FLOOR),
        )
    return np.exp(-1j * (drift[:, None] * late)[:, :, None] * layout.carriers).astype(np.complex64)
