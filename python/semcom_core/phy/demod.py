# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads frames out of bursts, many bursts at a time: a header, then the payload it announces, until `more` is 0.

A decoded header is known from then on, so it serves as training: the channel, the noise and the phase track of a
payload come from the Zadoff-Chu symbol, the header's carriers, the pilots and the fill together.
"""

from __future__ import annotations

import numpy as np

from semcom_core.errors import FrameError
from semcom_core.phy import header as frame_header
from semcom_core.phy.burst import Burst, SampleWindow, chirp_offsets, symbol_offsets
from semcom_core.phy.equalise import equalise, received_frames
from semcom_core.phy.estimate import ChannelSmoother
from semcom_core.phy.layout import HEADER_USES, Layout
from semcom_core.phy.ofdm import fill_uses, pilot_carriers
from semcom_core.phy.preamble import chirp_carriers
from semcom_core.phy.track import smooth_phase

#: Largest frequency left, rad a symbol, after acquisition and after a header; its standard deviation after acquisition.
_SPAN_FIRST, _SPAN_LATER, _SLOPE_FIRST = 0.3, 0.15, 0.1
#: What earlier frames of a burst weigh in the next one's channel estimate.
_MEMORY = 0.75


class Demodulator:
    """Headers and payloads of bursts."""

    def __init__(self, layout: Layout):
        self.layout = layout
        self.smoother = ChannelSmoother(layout)
        self._chirp = chirp_carriers(layout)
        self._chirp_offsets = chirp_offsets(layout)
        self._chirp_times = (self._chirp_offsets - symbol_offsets(layout, 0)) / layout.symbol_samples

    def read_headers(self, window: SampleWindow, bursts: list[Burst]) -> None:
        """Decode the next header of each burst: sets its `header`, or ends it."""
        for first, count in sorted({(b.uses == 0, b.span(self.layout)[1]) for b in bursts}):
            self._read_headers(window, [b for b in bursts if (b.uses == 0, b.span(self.layout)[1]) == (first, count)], first, count)

    def _read_headers(self, window: SampleWindow, bursts: list[Burst], first: bool, count: int) -> None:
        layout = self.layout
        symbols = np.array([b.span(layout)[0] for b in bursts])[:, None] + np.arange(count)
        if first:
            self._estimate_from_chirps(window, bursts)
        received = window.carriers(layout, bursts, symbol_offsets(layout, symbols)) * _predicted_turn(bursts, symbols)
        channel = np.stack([b.channel for b in bursts])
        noise = np.array([b.noise for b in bursts])
        matched = received * channel.conj()[:, None, :]
        phase = self._pilot_phase(matched, symbols, channel, noise, first)
        matched *= np.exp(-1j * phase).astype(np.complex64)[:, :, None]
        row = matched[:, :, layout.data].reshape(len(bursts), -1)
        inside = np.array([b.uses % len(layout.data) for b in bursts])
        uses = row[np.arange(len(bursts))[:, None], inside[:, None] + np.arange(HEADER_USES)]
        bits, good = frame_header.decode(uses, layout.config.key)
        for index, burst in enumerate(bursts):
            burst.preview = received[index]
            _take_header(burst, bits[index], bool(good[index]))

    def _pilot_phase(self, matched, symbols, channel, noise, first: bool) -> np.ndarray:
        """Phases (B, S) of header symbols by their pilots, and by the Zadoff-Chu symbols, whose phase is 0 by definition."""
        layout = self.layout
        phasors = (matched[:, :, layout.is_pilot] * pilot_carriers(layout, symbols)).sum(axis=2)
        power = np.repeat((np.abs(channel[:, layout.is_pilot]) ** 2).sum(axis=1)[:, None], symbols.shape[1], axis=1)
        times = np.arange(symbols.shape[1], dtype=float)
        if first:
            phasors, power, times = self._with_chirps(channel, phasors, power, times)
        phase, _, _ = smooth_phase(phasors, power / noise[:, None], times, 0.0, _SLOPE_FIRST)
        return phase[:, -symbols.shape[1] :]

    def _with_chirps(self, channel, phasors, power, times):
        """Phasors, their powers and times, those of the Zadoff-Chu symbols put in front."""
        own = np.repeat((np.abs(channel) ** 2).sum(axis=1)[:, None], len(self._chirp_times), axis=1)
        return (
            np.concatenate([own, phasors], axis=1),
            np.concatenate([own, power], axis=1),
            np.concatenate([self._chirp_times, times]),
        )

    def _estimate_from_chirps(self, window: SampleWindow, bursts: list[Burst]) -> None:
        """First channel and noise estimates of bursts, from their Zadoff-Chu symbols."""
        offsets = np.broadcast_to(self._chirp_offsets, (len(bursts), len(self._chirp_offsets)))
        raw = (window.carriers(self.layout, bursts, offsets) * self._chirp.conj()).mean(axis=1)
        noise = self.smoother.noise_only(raw) + 1e-30
        channel, _ = self.smoother(raw, noise)
        for index, burst in enumerate(bursts):
            burst.channel, burst.noise = channel[index], float(noise[index] * len(self._chirp_offsets))

    def read_payloads(self, window: SampleWindow, bursts: list[Burst], limit: int) -> None:
        """Read the payload each burst's header announces; symbols that reach beyond sample `limit` count as erased."""
        for key in sorted({self._shape(b) for b in bursts}):
            self._read_payloads(window, [b for b in bursts if self._shape(b) == key], *key, limit)

    def _shape(self, burst: Burst) -> tuple[bool, int]:
        """Whether it is the first frame, and the symbols read: rounded up, so that bursts of like length go together."""
        count = burst.span(self.layout)[1]
        step = 1 if count <= 8 else 4 if count <= 32 else 8
        return burst.uses == 0, -(-count // step) * step

    def _read_payloads(self, window: SampleWindow, bursts: list[Burst], first: bool, count: int, limit: int) -> None:
        layout = self.layout
        symbols = np.array([b.span(layout)[0] for b in bursts])[:, None] + np.arange(count)
        known = self._known(bursts, symbols, limit)
        offsets, times = symbol_offsets(layout, symbols), np.arange(count, dtype=float)
        if first:
            self._refine_frequency(bursts, known)
            chirps = np.broadcast_to(self._chirp, (len(bursts), len(self._chirp_times), len(self._chirp)))
            known = np.concatenate([chirps, known], axis=1)
            offsets = np.concatenate([np.broadcast_to(self._chirp_offsets, chirps.shape[:2]), offsets], axis=1)
            times = np.concatenate([self._chirp_times, times])
        received = window.carriers(layout, bursts, offsets)
        if not first:
            received *= _predicted_turn(bursts, symbols)
        result = equalise(layout, self.smoother, bursts, received, known, times, (_SPAN_LATER, _MEMORY))
        received_frames(layout, bursts, result, symbols, limit)

    def _known(self, bursts: list[Burst], symbols: np.ndarray, limit: int) -> np.ndarray:
        """Known carriers, complex64 (B, S, A), 0 where unknown, beyond the frame or beyond sample `limit`."""
        layout = self.layout
        width = len(layout.data)
        known = np.zeros((*symbols.shape, len(layout.carriers)), dtype=np.complex64)
        known[:, :, layout.is_pilot] = pilot_carriers(layout, symbols)
        heads = frame_header.modulate(np.stack([b.header_bits for b in bursts]), layout.config.key)
        row = np.zeros((len(bursts), symbols.shape[1] * width), dtype=np.complex64)
        for index, burst in enumerate(bursts):
            begin, (_, count) = burst.uses % width, burst.span(layout)
            row[index, begin : begin + HEADER_USES] = heads[index]
            if not burst.header.more:
                begin += HEADER_USES + burst.header.length
                row[index, begin : count * width] = fill_uses(layout, symbols[index, 0] * width + np.arange(begin, count * width))
            reach = (limit - burst.start - layout.preamble_samples) // layout.symbol_samples
            known[index, min(count, max(reach - int(symbols[index, 0]), 0)) :] = 0
        known[:, :, layout.data] = row.reshape(len(bursts), -1, width) * (known[:, :, layout.is_pilot][:, :, :1] != 0)
        return known

    def _refine_frequency(self, bursts: list[Burst], known: np.ndarray) -> None:
        """Improve the frequency of bursts by their first header."""
        preview = np.stack([b.preview for b in bursts])
        channel = np.stack([b.channel for b in bursts])[:, None, :]
        count = preview.shape[1]
        expected = channel * known[:, :count]
        phasors = (preview * expected.conj()).sum(axis=2)
        power = (np.abs(expected) ** 2).sum(axis=2)
        noise = np.array([b.noise for b in bursts])[:, None]
        phasors, power, times = self._with_chirps(channel[:, 0], phasors, power, np.arange(count, dtype=float))
        _, _, frequency = smooth_phase(phasors, power / noise, times, _SPAN_FIRST, _SLOPE_FIRST)
        for burst, step in zip(bursts, frequency, strict=True):
            burst.cfo += float(step) / (2 * np.pi * self.layout.symbol_samples)


def _predicted_turn(bursts: list[Burst], symbols: np.ndarray) -> np.ndarray:
    """exp(-j phase), complex64 (B, S, 1), of the phases that earlier frames of the bursts foretell."""
    phase = np.array([b.phase for b in bursts])
    return np.exp(-1j * (phase[:, :1] + phase[:, 1:2] * (symbols - phase[:, 2:]))).astype(np.complex64)[:, :, None]


def _take_header(burst: Burst, bits: np.ndarray, good: bool) -> None:
    """Set a burst's header from decoded bits, or end the burst."""
    if good:
        try:
            burst.header, burst.header_bits = frame_header.unpack(bits), bits
            return
        except FrameError:
            good = False
    burst.headers_bad += 1
    burst.ended = True
