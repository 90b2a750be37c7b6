# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From received carriers to payload symbols y = x + n, each with its noise variance.

    y = received exp(-j phase) / channel,    noise_var = (N0 + channel error) / |channel|^2 + phase error

The channel estimate's error is orthogonal to it (see estimate), so y is unbiased.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from semcom_core.phy.burst import Burst
from semcom_core.phy.estimate import ChannelSmoother
from semcom_core.phy.frame import MAX_LENGTH, ReceivedFrame
from semcom_core.phy.layout import Layout
from semcom_core.phy.scramble import interleaver, phases
from semcom_core.phy.track import smooth_phase, timing_drift
from semcom_core.units import linear_to_db

#: A symbol noisier than this (power over its own) is handed on as erased.
ERASED_ABOVE = 1e3
#: Largest frequency left after a header, rad a symbol.
SPAN = 0.15
#: What earlier frames of a burst weigh in the next one's channel estimate.
MEMORY = 0.75
#: Symbols from which the drift of the timing is looked at.
LONG = 12
#: Clocks are assumed this far apart, as a ratio (one standard deviation).
CLOCK_SPREAD = 2e-5


@dataclass(frozen=True)
class Equalised:
    """Equalised carriers (B, S, A), their noise variances (B, S, A), and the bursts' SNR in dB (B,)."""

    carriers: np.ndarray
    noise_var: np.ndarray
    snr_db: np.ndarray


def equalise(
    layout: Layout,
    smoother: ChannelSmoother,
    bursts: list[Burst],
    received: np.ndarray,
    known: np.ndarray,
    times: np.ndarray,
    phase: np.ndarray,
) -> Equalised:
    """Equalise the carriers of one frame of each burst, and update the bursts' channel, noise and phase.

    Args:
        received: complex64 (B, S, A).
        known: what is known of them, 0 where nothing is, complex64 (B, S, A).
        times: times of the symbols, in symbols, (S,); those below 0 belong to the preamble.
        phase: phases known beforehand of the first H symbols, those about the header, (B, H).
    """
    preamble, head = int(np.sum(times < 0)), phase.shape[1]
    channel, error, noise = _learn(smoother, bursts, received[:, :head], known[:, :head], phase)
    phase, spread, slope = _track(received, known, channel, noise, times)
    turned = received * np.exp(-1j * phase).astype(np.complex64)[:, :, None]
    if len(times) >= LONG:
        turned *= _straighten(layout, turned, channel[:, None, :] * known, times, head, noise)
    power = np.maximum(channel.real**2 + channel.imag**2, 1e-30)
    variance = ((noise[:, None] + error) / power)[:, None, :] + spread[:, :, None]
    for index, burst in enumerate(bursts):
        burst.phase = _foretell(burst, float(phase[index, preamble + burst.count - 1]), float(slope[index]))
    clean = turned[:, preamble:] * (channel.conj() / power)[:, None, :]
    return Equalised(clean, variance[:, preamble:], linear_to_db(power.mean(axis=1) / noise))


def head_phase(layout: Layout, bursts: list[Burst], received: np.ndarray, known: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Phases (B, H) of the symbols about a later frame's header, by the channel of the frames before."""
    head = layout.symbols_for(layout.header_uses) + 1
    channel, noise = np.stack([b.channel for b in bursts]), np.array([b.noise for b in bursts])
    return _track(received[:, :head], known[:, :head], channel, noise, times[:head])[0]


def _track(received, known, channel, noise, times):
    """Phases, their error variances and slopes, as smooth_phase returns them."""
    expected = channel[:, None, :] * known
    phasors = (received * expected.conj()).sum(axis=2)
    weights = (expected.real**2 + expected.imag**2).sum(axis=2) / noise[:, None]
    return smooth_phase(phasors, weights, times, SPAN, SPAN)


def _learn(smoother, bursts, received, known, phase) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Channel (B, A), its error power (B, A) and the noise power (B,) from a frame's first symbols and the frames before.

    Only symbols about the header take part, so that all carriers are known for the same stretch of time.
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
    squares = (wrong.real**2 + wrong.imag**2).sum(axis=(1, 2))
    spent = (fresh / np.maximum(count, 1.0)).sum(axis=1) + 0.5 * sure.max(axis=2).sum(axis=1)
    noise = _noise(bursts, squares, np.maximum(fresh.sum(axis=1) - spent, 1.0), raw)
    channel, error = smoother(raw, noise / np.maximum(count.mean(axis=1), 1e-9))
    for index, burst in enumerate(bursts):
        burst.channel, burst.noise, burst.training = channel[index], float(noise[index]), (total[index], count[index])
    return channel, error, noise


def _noise(bursts, squares, freedom, raw) -> np.ndarray:
    """Noise power, float (B,), of squared residuals and their degrees of freedom (B,), earlier frames included."""
    found = np.empty(len(bursts))
    for index, burst in enumerate(bursts):
        burst.residual = (burst.residual[0] + float(squares[index]), burst.residual[1] + float(freedom[index]))
        found[index] = burst.residual[0] / burst.residual[1]
    return np.maximum(found, 1e-7 * np.mean(np.abs(raw) ** 2, axis=1) + 1e-30)


def _straighten(layout: Layout, turned, expected, times, head, noise) -> np.ndarray:
    """exp(-j drift) (B, S, A) that takes out the drift of the symbol timing since the channel was learnt."""
    power = expected.real**2 + expected.imag**2
    weight = power[:, :head].sum(axis=2)
    centre = (weight * times[:head]).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-30)
    late = times - centre[:, None]
    prior = 2 * np.pi * CLOCK_SPREAD * layout.symbol_samples / layout.profile.fft
    drift = timing_drift(turned * expected.conj(), power, layout.carriers, late, noise, prior)
    return np.exp(-1j * (drift[:, None] * late)[:, :, None] * layout.carriers).astype(np.complex64)


def _foretell(burst: Burst, phase: float, slope: float) -> tuple[float, float, float]:
    """Phase, slope and symbol from which the next frame's phases are foretold; `phase` is the last symbol's."""
    symbol = burst.first + burst.count - 1
    before = burst.phase
    return before[0] + before[1] * (symbol - before[2]) + phase, before[1] + slope, float(symbol)


def received_frames(layout: Layout, bursts: list[Burst], result: Equalised, limit: int) -> None:
    """Append to each burst its frame, and move the burst on to the next header."""
    width = len(layout.data)
    carriers = result.carriers[:, :, layout.data].reshape(len(bursts), -1)
    variances = result.noise_var[:, :, layout.data].reshape(len(bursts), -1)
    for index, burst in enumerate(bursts):
        begin = burst.uses % width + layout.header_uses
        part = slice(begin, begin + burst.header.length)
        reach = burst.symbols_before(layout, limit)
        y, var = _payload(layout, carriers[index, part], variances[index, part], max(reach, 0) * width - begin)
        burst.truncated |= bool(reach < burst.count)
        cfo_hz = (burst.cfo + burst.phase[1] / (2 * np.pi * layout.symbol_samples)) * layout.config.rate_hz
        burst.frames.append(
            ReceivedFrame(burst.header, y, var, snr_db=float(result.snr_db[index]), cfo_hz=float(cfo_hz), start_sample=burst.start)
        )
        burst.uses += layout.header_uses + burst.header.length
        burst.ended = not burst.header.more or burst.truncated or len(burst.frames) >= layout.config.max_frames
        burst.header = None
        burst.aim(layout)


def _payload(layout: Layout, received: np.ndarray, variance: np.ndarray, there: int) -> tuple[np.ndarray, np.ndarray]:
    """Unscrambled payload and its noise variances; from place `there` on, and where too noisy, erased."""
    y = received * phases(layout.config.key, "payload", MAX_LENGTH)[: len(received)].conj()
    var = variance.astype(np.float32)
    lost = ~(var < ERASED_ABOVE)
    lost[max(there, 0) :] = True
    if lost.any():
        y[lost], var[lost] = 0, np.inf
    if not layout.config.interleave:
        return y, var
    order = interleaver(len(y))
    plain_y, plain_var = np.empty_like(y), np.empty_like(var)
    plain_y[order], plain_var[order] = y, var
    return plain_y, plain_var
