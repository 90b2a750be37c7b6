# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From received carriers to payload symbols y = x + n, each with its noise variance.

    y = received exp(-j phase) / channel,    noise_var = (N0 + channel error) / |channel|^2 + phase
    error

The channel estimate's error is orthogonal to it (see estimate), so y is unbiased.

Reads frames out of bursts, many bursts at a time: a header, then the payload it announces, until
`more` is 0.

A decoded header is known from then on, so it serves as training: the channel, the noise and the
phase track of a payload come from the Zadoff-Chu symbol, the header's carriers, the pilots and the
fill together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from semcom_core.frame import MAX_LENGTH, ReceivedFrame
from semcom_core.phy.burst import (
    Burst,
    Observed,
    SampleWindow,
    grouped,
    predicted_turn,
    symbol_offsets,
)
from semcom_core.phy.channel_estimation import ChannelSmoother
from semcom_core.phy.channel_tracking import ChannelFollower, Followed
from semcom_core.phy.data_aided import learn, straighten
from semcom_core.phy.header_decoder import HeaderReader
from semcom_core.phy.interference import idle_excess, pilot_excess
from semcom_core.phy.ofdm import Layout
from semcom_core.phy.phase_tracking import smooth_phase
from semcom_core.phy.reference_symbols import frame_carriers, symbol_numbers
from semcom_core.phy.scramble import interleaver, phases
from semcom_core.units import linear_to_db

#: A symbol noisier than this (power over its own) is handed on as erased.
ERASED_ABOVE = 1e3
#: Largest frequency left after a header, rad a symbol.
SPAN = 0.15
#: Symbols from which the drift of the timing is looked at.
LONG = 12


@dataclass(frozen=True)
class Equalised:
    """Equalised carriers (B, S, A), their noise variances (B, S, A), and the bursts' SNR in dB
    (B,).
    """

    carriers: np.ndarray
    noise_var: np.ndarray
    snr_db: np.ndarray


class Equaliser:
    """Equalises frames of bursts, many at a time."""

    def __init__(self, layout: Layout, smoother: ChannelSmoother):
        self.layout = layout
        self.smoother = smoother
        self.follow = ChannelFollower(layout)
        self._pilots = np.flatnonzero(layout.is_pilot)

    def __call__(
        self,
        bursts: list[Burst],
        seen: Observed,
        known: np.ndarray,
        times: np.ndarray,
        phase: np.ndarray,
    ) -> Equalised:
        """Equalise the carriers of one frame of each burst, and update the bursts' channel, noise,
        phase and clock.

        Args:
            seen: what was received, (B, S, ...).
            known: what is known of the carriers, 0 where nothing is, complex64 (B, S, A).
            times: times of the symbols, in symbols, (S,); those below 0 belong to the preamble.
            phase: phases known beforehand of the first H symbols, those about the header, (B, H).
        """
        preamble = int(np.sum(times < 0))
        head = phase.shape[1]
        channel, error, noise, colour = learn(
            self.smoother, bursts, seen.carriers[:, :head], known[:, :head], phase
        )
        power = np.mean(channel.real**2 + channel.imag**2, axis=1)
        level = noise[:, None] * idle_excess(seen.idle, noise) + power[:, None] * seen.lost / (
            1 - seen.lost
        )
        expected = channel[:, None, :] * known
        phase, spread, slope = _track(seen.carriers, expected, level, colour, times)
        turned = seen.carriers * np.exp(-1j * phase).astype(np.complex64)[:, :, None]
        if len(times) >= LONG:
            turned *= straighten(self.layout, bursts, turned, expected, times, head, noise)
        followed = self.follow(turned, known, channel, error, level, head)
        level = level * self._pilot_excess(
            turned, known, followed, level[:, :, None] * colour[:, None, self._pilots]
        )
        self._remember(bursts, followed, phase[:, preamble:], slope)
        gain = np.maximum(followed.channel.real**2 + followed.channel.imag**2, 1e-30)
        variance = (level[:, :, None] * colour[:, None, :] + followed.error) / gain + spread[
            :, :, None
        ]
        clean = turned * (followed.channel.conj() / gain)
        return Equalised(clean[:, preamble:], variance[:, preamble:], linear_to_db(power / noise))

    def _pilot_excess(self, turned, known, followed: Followed, noise) -> np.ndarray:
        """Noise of symbols over what is expected of them, (B, S), by their pilots; `noise` is that
        of these (B, S, P).
        """
        at = self._pilots
        wrong = turned[:, :, at] - followed.channel[:, :, at] * known[:, :, at]
        ratio = (wrong.real**2 + wrong.imag**2) / (noise + followed.error[:, :, at])
        return pilot_excess(ratio.mean(axis=2), known[:, :, at[0]] != 0)

    def _remember(
        self, bursts: list[Burst], followed: Followed, phase: np.ndarray, slope: np.ndarray
    ) -> None:
        """Leave to the next frame the phase, and of a channel that changes its end alone."""
        for index, burst in enumerate(bursts):
            burst.phase = _foretell(
                burst, float(phase[index, burst.count - 1]), float(slope[index])
            )
            if followed.moves[index]:
                burst.channel = followed.channel[
                    index, len(followed.channel[index]) - phase.shape[1] + burst.count - 1
                ]
                burst.training = (0.0, 0.0)


def head_phase(
    layout: Layout, bursts: list[Burst], received: np.ndarray, known: np.ndarray, times: np.ndarray
) -> np.ndarray:
    """Phases (B, H) of the symbols about a later frame's header, by the channel of the frames
    before.
    """
    head = layout.symbols_for(layout.header_uses) + 1
    channel = np.stack([b.channel for b in bursts])
    noise = np.array([b.noise for b in bursts])
    expected = channel[:, None, :] * known[:, :head]
    level = np.repeat(noise[:, None], expected.shape[1], axis=1)
    return _track(received[:, :head], expected, level, np.ones(channel.shape), times[:head])[0]


def _track(received, expected, level, colour, times):
    """Phases, their error variances and slopes, as smooth_phase returns them; noise powers are
    level (B, S) times colour (B, A).
    """
    weighted = expected / colour[:, None, :]
    phasors = (received * weighted.conj()).sum(axis=2)
    weights = (weighted.real * expected.real + weighted.imag * expected.imag).sum(axis=2) / level
    return smooth_phase(phasors, weights, times, SPAN, SPAN)


def _foretell(burst: Burst, phase: float, slope: float) -> tuple[float, float, float]:
    """Phase, slope and symbol from which the next frame's phases are foretold; `phase` is the last
    symbol's.
    """
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
        y, var = _payload(
            layout, carriers[index, part], variances[index, part], max(reach, 0) * width - begin
        )
        burst.truncated |= bool(reach < burst.count)
        cfo_hz = (
            burst.cfo + burst.phase[1] / (2 * np.pi * layout.symbol_samples)
        ) * layout.config.rate_hz
        measured = {
            "snr_db": float(result.snr_db[index]),
            "cfo_hz": float(cfo_hz),
            "level_db": float(linear_to_db(burst.level)),
        }
        burst.frames.append(
            ReceivedFrame(burst.header, y, var, start_sample=burst.start, **measured)
        )
        burst.read += 1
        burst.uses += layout.header_uses + burst.header.length
        burst.ended = (
            not burst.header.more or burst.truncated or burst.read >= layout.config.max_frames
        )
        burst.header = None
        burst.aim(layout)


def _payload(
    layout: Layout, received: np.ndarray, variance: np.ndarray, there: int
) -> tuple[np.ndarray, np.ndarray]:
    """Unscrambled payload and its noise variances; from place `there` on, and where too noisy,
    erased.
    """
    y = received * phases(layout.config.key, "payload", MAX_LENGTH)[: len(received)].conj()
    var = variance.astype(np.float32)
    lost = ~(var < ERASED_ABOVE)
    lost[max(there, 0) :] = True
    if lost.any():
        y[lost], var[lost] = 0, np.inf
    if not layout.config.interleave:
        return y, var
    order = interleaver(len(y))
    plain_y = np.empty_like(y)
    plain_var = np.empty_like(var)
    plain_y[order], plain_var[order] = y, var
    return plain_y, plain_var


class Demodulator:
    """Headers and payloads of bursts."""

    def __init__(self, layout: Layout):
        self.layout = layout
        self.smoother = ChannelSmoother(layout)
        self.read_headers = HeaderReader(layout, self.smoother)
        self.equalise = Equaliser(layout, self.smoother)

    def read_payloads(self, window: SampleWindow, bursts: list[Burst], limit: int) -> None:
        """Read the payload each burst's header announces; symbols that reach beyond sample `limit`
        count as erased.
        """
        for shape, alike in grouped(bursts, _shape):
            self._read_payloads(window, alike, *shape, limit)

    def _read_payloads(
        self, window: SampleWindow, bursts: list[Burst], first: bool, count: int, limit: int
    ) -> None:
        """Read the payloads of bursts of one shape (see _shape). A shorter one's last symbol stands
        in for those beyond it.
        """
        layout = self.layout
        reader = self.read_headers
        symbols = symbol_numbers(bursts, count)
        known = frame_carriers(layout, bursts, symbols, limit)
        last = np.array([b.first + b.count - 1 for b in bursts])[:, None]
        offsets = symbol_offsets(layout, np.minimum(symbols, last))
        times = np.arange(count, dtype=float)
        if first:
            phase = reader.refine_frequency(bursts, known)
            chirps = np.broadcast_to(
                reader.chirp, (len(bursts), len(reader.chirp_times), len(reader.chirp))
            )
            known = np.concatenate([chirps, known], axis=1)
            offsets = np.concatenate(
                [np.broadcast_to(reader.chirp_offsets, chirps.shape[:2]), offsets], axis=1
            )
            times = np.concatenate([reader.chirp_times, times])
        seen = window.observe(layout, bursts, offsets)
        if not first:
            seen.carriers[:] *= predicted_turn(bursts, symbols)
            phase = head_phase(layout, bursts, seen.carriers, known, times)
        received_frames(layout, bursts, self.equalise(bursts, seen, known, times, phase), limit)


def _shape(burst: Burst) -> tuple[bool, int]:
    """Whether it is the first frame, and the symbols read: rounded up, so that bursts of like
    length go together.
    """
    step = 2 if burst.count <= 8 else 4 if burst.count <= 32 else 8
    return burst.uses == 0, -(-burst.count // step) * step
