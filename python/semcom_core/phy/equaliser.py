# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Equaliser and burst demodulator: received carriers to unbiased symbols with noise variances.

    y = received exp(-j phase) / channel = x + n
    noise_var = (N0 + channel error) / |channel|^2 + phase error

The channel estimate's error is orthogonal to it (see channel_estimation), so y is unbiased.

Frames are read out of many bursts at a time: a header, then the payload it announces, until `more`
is 0. A decoded header is known from then on, so it serves as training: the channel, the noise and
the phase track of a payload come from the Zadoff-Chu symbol, the header's carriers, the pilots and
the fill together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from semcom_core.frame import MAX_LENGTH, ReceivedFrame
from semcom_core.phy.burst import (
    Burst,
    ReceivedSymbols,
    SampleWindow,
    grouped,
    predicted_derotation,
    symbol_offsets,
)
from semcom_core.phy.channel_estimation import (
    ChannelSmoother,
    ChannelTracker,
    TrackedChannel,
    estimate_channel,
)
from semcom_core.phy.header_decoder import HeaderDecoder, frame_carriers, symbol_numbers
from semcom_core.phy.interference import idle_excess, pilot_excess
from semcom_core.phy.ofdm import Layout, interleaver, phases
from semcom_core.phy.phase_tracking import correct_timing_drift, smooth_phase
from semcom_core.units import linear_to_db

#: A symbol noisier than this (power over its own) is handed on as erased.
ERASED_ABOVE = 1e3
#: Largest frequency left after a header, rad a symbol.
SPAN = 0.15
#: Symbols from which the drift of the timing is corrected.
LONG = 12


@dataclass(frozen=True)
class Equalised:
    """Equalised frames.

    Args:
        carriers: complex64 (B, S, A).
        noise_var: their noise variances, float (B, S, A).
        snr_db: SNR of each burst, dB, float (B,).
    """

    carriers: np.ndarray
    noise_var: np.ndarray
    snr_db: np.ndarray


class Equaliser:
    """Equalises frames of bursts, many at a time."""

    def __init__(self, layout: Layout, smoother: ChannelSmoother):
        self.layout = layout
        self.smoother = smoother
        self.track_channel = ChannelTracker(layout)
        self._pilots = np.flatnonzero(layout.is_pilot)

    def __call__(
        self,
        bursts: list[Burst],
        received: ReceivedSymbols,
        known: np.ndarray,
        times: np.ndarray,
        phase: np.ndarray,
    ) -> Equalised:
        """Equalise the carriers of one frame of each burst, and update the bursts' channel, noise,
        phase and clock.

        Args:
            bursts: the B bursts.
            received: demodulated symbols, (B, S, ...).
            known: reference values of the carriers, 0 where unknown, complex64 (B, S, A).
            times: times of the symbols, in symbols, float (S,); those below 0 belong to the
                preamble.
            phase: phases known beforehand of the first H symbols, those about the header, rad
                (B, H).
        """
        preamble = int(np.sum(times < 0))
        about_header = phase.shape[1]
        channel, error, noise, colour = estimate_channel(
            self.smoother,
            bursts,
            received.carriers[:, :about_header],
            known[:, :about_header],
            phase,
        )
        power = np.mean(channel.real**2 + channel.imag**2, axis=1)
        blanked = power[:, None] * received.lost / (1 - received.lost)
        symbol_noise = noise[:, None] * idle_excess(received.idle, noise) + blanked
        expected = channel[:, None, :] * known
        phase, phase_variance, slope = _track_phase(
            received.carriers, expected, symbol_noise, colour, times
        )
        derotated = received.carriers * np.exp(-1j * phase).astype(np.complex64)[:, :, None]
        if len(times) >= LONG:
            derotated *= correct_timing_drift(
                self.layout, bursts, derotated, expected, times, about_header, noise
            )
        tracked = self.track_channel(derotated, known, channel, error, symbol_noise, about_header)
        pilot_noise = symbol_noise[:, :, None] * colour[:, None, self._pilots]
        symbol_noise = symbol_noise * self._pilot_excess(derotated, known, tracked, pilot_noise)
        self._update(bursts, tracked, phase[:, preamble:], slope)
        gain = np.maximum(tracked.channel.real**2 + tracked.channel.imag**2, 1e-30)
        carrier_noise = symbol_noise[:, :, None] * colour[:, None, :]
        variance = (carrier_noise + tracked.error) / gain + phase_variance[:, :, None]
        equalised = derotated * (tracked.channel.conj() / gain)
        return Equalised(
            equalised[:, preamble:], variance[:, preamble:], linear_to_db(power / noise)
        )

    def _pilot_excess(
        self,
        derotated: np.ndarray,
        known: np.ndarray,
        tracked: TrackedChannel,
        noise: np.ndarray,
    ) -> np.ndarray:
        """Noise of symbols over the expected one, float (B, S), by their pilots, whose expected
        noise is `noise` (B, S, P).
        """
        at = self._pilots
        residual = derotated[:, :, at] - tracked.channel[:, :, at] * known[:, :, at]
        ratio = (residual.real**2 + residual.imag**2) / (noise + tracked.error[:, :, at])
        return pilot_excess(ratio.mean(axis=2), known[:, :, at[0]] != 0)

    def _update(
        self, bursts: list[Burst], tracked: TrackedChannel, phase: np.ndarray, slope: np.ndarray
    ) -> None:
        """Leave to the next frame the phase, and of a channel that changes its end alone."""
        for index, burst in enumerate(bursts):
            last = burst.count - 1
            burst.phase = _end_phase(burst, float(phase[index, last]), float(slope[index]))
            if tracked.moves[index]:
                preamble = len(tracked.channel[index]) - phase.shape[1]
                burst.channel = tracked.channel[index, preamble + last]
                burst.training = (0.0, 0.0)


def later_header_phase(
    layout: Layout, bursts: list[Burst], received: np.ndarray, known: np.ndarray, times: np.ndarray
) -> np.ndarray:
    """Phases of the symbols about a later frame's header, by the channel of the frames before.

    Args:
        layout: carriers and lengths.
        bursts: the B bursts.
        received: complex64 (B, S, A).
        known: reference values, 0 where unknown, complex64 (B, S, A).
        times: of the symbols, in symbols, float (S,).

    Returns:
        rad (B, H).
    """
    count = layout.symbols_for(layout.header_uses) + 1
    channel = np.stack([b.channel for b in bursts])
    noise = np.array([b.noise for b in bursts])
    expected = channel[:, None, :] * known[:, :count]
    symbol_noise = np.repeat(noise[:, None], expected.shape[1], axis=1)
    white = np.ones(channel.shape)
    return _track_phase(received[:, :count], expected, symbol_noise, white, times[:count])[0]


def _track_phase(
    received: np.ndarray,
    expected: np.ndarray,
    symbol_noise: np.ndarray,
    colour: np.ndarray,
    times: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Phases, their error variances and slopes, as smooth_phase returns them.

    Args:
        received: complex64 (B, S, A).
        expected: channel times reference values, 0 where unknown, complex64 (B, S, A).
        symbol_noise, colour: noise powers of symbols (B, S), and of carriers over these (B, A).
        times: of the symbols, in symbols, float (S,).
    """
    weighted = expected / colour[:, None, :]
    phasors = (received * weighted.conj()).sum(axis=2)
    energy = (weighted.real * expected.real + weighted.imag * expected.imag).sum(axis=2)
    return smooth_phase(phasors, energy / symbol_noise, times, SPAN, SPAN)


def _end_phase(burst: Burst, phase: float, slope: float) -> tuple[float, float, float]:
    """Phase, slope and symbol from which the next frame's phases are extrapolated; `phase` is the
    last symbol's.
    """
    symbol = burst.first + burst.count - 1
    before = burst.phase
    return before[0] + before[1] * (symbol - before[2]) + phase, before[1] + slope, float(symbol)


def append_frames(layout: Layout, bursts: list[Burst], result: Equalised, limit: int) -> None:
    """Append to each burst its frame, and move the burst on to the next header.

    Args:
        layout: carriers and lengths.
        bursts: the B bursts.
        result: their equalised carriers.
        limit: absolute index one past the last sample of the stream.
    """
    width = len(layout.data)
    carriers = result.carriers[:, :, layout.data].reshape(len(bursts), -1)
    variances = result.noise_var[:, :, layout.data].reshape(len(bursts), -1)
    for index, burst in enumerate(bursts):
        header = burst.payload_header
        begin = burst.uses % width + layout.header_uses
        part = slice(begin, begin + header.length)
        complete = burst.symbols_before(layout, limit)
        present = max(complete, 0) * width - begin
        y, var = _payload(layout, carriers[index, part], variances[index, part], present)
        burst.truncated |= bool(complete < burst.count)
        cfo = burst.cfo + burst.phase[1] / (2 * np.pi * layout.symbol_samples)
        frame = ReceivedFrame(
            header,
            y,
            var,
            snr_db=float(result.snr_db[index]),
            cfo_hz=float(cfo * layout.config.rate_hz),
            level_db=float(linear_to_db(burst.level)),
            start_sample=burst.start,
            channel=burst.channel.astype(np.complex64),
        )
        burst.frames.append(frame)
        burst.read += 1
        burst.uses += layout.header_uses + header.length
        burst.ended = not header.more or burst.truncated or burst.read >= layout.config.max_frames
        burst.header = None
        burst.aim(layout)


def _payload(
    layout: Layout, received: np.ndarray, variance: np.ndarray, present: int
) -> tuple[np.ndarray, np.ndarray]:
    """Unscrambled and deinterleaved payload and its noise variances, (length,); erased from place
    `present` on, and where too noisy.
    """
    y = received * phases(layout.config.key, "payload", MAX_LENGTH)[: len(received)].conj()
    var = variance.astype(np.float32)
    lost = ~(var < ERASED_ABOVE)
    lost[max(present, 0) :] = True
    if lost.any():
        y[lost] = 0
        var[lost] = np.inf
    if not layout.config.interleave:
        return y, var
    order = interleaver(len(y))
    plain_y = np.empty_like(y)
    plain_var = np.empty_like(var)
    plain_y[order] = y
    plain_var[order] = var
    return plain_y, plain_var


class Demodulator:
    """Decodes the headers of bursts and equalises their payloads."""

    def __init__(self, layout: Layout):
        self.layout = layout
        self.smoother = ChannelSmoother(layout)
        self.read_headers = HeaderDecoder(layout, self.smoother)
        self.equalise = Equaliser(layout, self.smoother)

    def read_payloads(self, window: SampleWindow, bursts: list[Burst], limit: int) -> None:
        """Read the payload that each burst's header announces.

        Args:
            window: samples at hand.
            bursts: whose header was decoded; their frames are appended to them.
            limit: absolute index one past the last sample of the stream; symbols that reach beyond
                it are erased.
        """
        for (first, count), alike in grouped(bursts, _shape):
            self._read_payloads(window, alike, first, count, limit)

    def _read_payloads(
        self, window: SampleWindow, bursts: list[Burst], first: bool, count: int, limit: int
    ) -> None:
        """Read the payloads of bursts of one shape (see _shape); the last symbol of a shorter one
        stands in for those beyond it.
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
        received = window.demodulate(layout, bursts, offsets)
        if not first:
            received.carriers[:] *= predicted_derotation(bursts, symbols)
            phase = later_header_phase(layout, bursts, received.carriers, known, times)
        equalised = self.equalise(bursts, received, known, times, phase)
        append_frames(layout, bursts, equalised, limit)


def _shape(burst: Burst) -> tuple[bool, int]:
    """Whether it is the first frame, and the symbols read, rounded up, so that bursts of similar
    length are worked on together.
    """
    step = 2 if burst.count <= 8 else 4 if burst.count <= 32 else 8
    return burst.uses == 0, -(-burst.count // step) * step
