# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Header decoder: frame headers of many bursts at a time, with a check against false alarms.

The channel comes from the Zadoff-Chu symbol (later from the frames before), the phases from the
pilots. A header whose CRC does not hold is decoded once more with the phases of its likeliest word,
right or wrong: most of its coded bits are right, and they are ten times as many as the pilots. A
word that explains too little of what was received, or at quite another level than the preamble, is
refused: keyed carriers and other modems pass for preambles now and then, and a CRC-16 chosen from a
list would let some of those through.

A decoded header, the pilots and the fill of a frame's last symbol are its reference carriers: they
do not depend on the payload.
"""

from __future__ import annotations

import numpy as np

from semcom_core.errors import FrameError
from semcom_core.phy import header as frame_header
from semcom_core.phy.burst import (
    Burst,
    SampleWindow,
    chirp_offsets,
    grouped,
    predicted_derotation,
    symbol_offsets,
)
from semcom_core.phy.channel_estimation import ChannelSmoother
from semcom_core.phy.ofdm import Layout, fill_uses, pilot_carriers
from semcom_core.phy.phase_tracking import smooth_phase
from semcom_core.phy.synchronization import chirp_carriers

#: Standard deviation of the frequency that acquisition leaves, and the most it leaves, rad a
#: symbol.
SLOPE = 0.1
SPAN = 0.3
#: A first header's amplitude over that of its preamble, least and most; it may be any where the
#: word explains MUCH times the least share of the energy, as in fading.
LEVEL = (0.55, 2.0)
MUCH = 3.0


def symbol_numbers(bursts: list[Burst], count: int) -> np.ndarray:
    """Numbers of the `count` symbols that each burst's next step begins with, int (B, count)."""
    return np.array([b.first for b in bursts])[:, None] + np.arange(count)


def header_places(layout: Layout, bursts: list[Burst]) -> np.ndarray:
    """Places of the next header's uses among those of the symbols read, int (B,
    layout.header_uses).
    """
    return np.array([b.uses % len(layout.data) for b in bursts])[:, None] + np.arange(
        layout.header_uses
    )


def header_carriers(
    layout: Layout, bursts: list[Burst], symbols: np.ndarray, bits: np.ndarray
) -> np.ndarray:
    """Reference values of pilots and header carriers.

    Args:
        layout: carriers.
        bursts: the B bursts, at the header.
        symbols: symbol numbers, int (B, S).
        bits: header bits, uint8 (B, 64).

    Returns:
        complex64 (B, S, A); 0 elsewhere.
    """
    known = np.zeros((*symbols.shape, len(layout.carriers)), dtype=np.complex64)
    known[:, :, layout.is_pilot] = pilot_carriers(layout, symbols)
    row = np.zeros((len(bursts), symbols.shape[1] * len(layout.data)), dtype=np.complex64)
    places = header_places(layout, bursts)
    row[np.arange(len(bursts))[:, None], places] = frame_header.modulate(bits, layout)
    known[:, :, layout.data] = row.reshape(len(bursts), -1, len(layout.data))
    return known


def frame_carriers(
    layout: Layout, bursts: list[Burst], symbols: np.ndarray, limit: int
) -> np.ndarray:
    """Reference values of all known carriers of a frame.

    Args:
        layout: carriers.
        bursts: the B bursts, whose header was decoded.
        symbols: symbol numbers, int (B, S).
        limit: absolute index one past the last sample of the stream.

    Returns:
        complex64 (B, S, A); 0 where unknown, beyond the frame or beyond `limit`.
    """
    known = header_carriers(layout, bursts, symbols, np.stack([b.header_bits for b in bursts]))
    width = len(layout.data)
    for index, burst in enumerate(bursts):
        header = burst.payload_header
        end = burst.uses + layout.header_uses + header.length
        if not header.more and end % width:
            fill = fill_uses(layout, end, -end % width)
            known[index, burst.count - 1, layout.data[end % width :]] = fill
        known[index, max(min(burst.count, burst.symbols_before(layout, limit)), 0) :] = 0
    return known


class HeaderDecoder:
    """Decodes the next header of bursts: sets a burst's `header`, or ends the burst."""

    def __init__(self, layout: Layout, smoother: ChannelSmoother):
        self.layout = layout
        self.smoother = smoother
        self.chirp = chirp_carriers(layout)
        self.chirp_offsets = chirp_offsets(layout)
        self.chirp_times = (self.chirp_offsets - symbol_offsets(layout, 0)) / layout.symbol_samples

    def __call__(self, window: SampleWindow, bursts: list[Burst]) -> None:
        """Decode the next header of each burst."""
        for (first, count), alike in grouped(bursts, lambda b: (b.uses == 0, b.count)):
            self._read(window, alike, first, count)

    def _read(self, window: SampleWindow, bursts: list[Burst], first: bool, count: int) -> None:
        """Decode the headers of bursts that all are at their first frame or none is, and that read
        `count` symbols.
        """
        layout = self.layout
        symbols = symbol_numbers(bursts, count)
        if first:
            self._estimate_from_chirps(window, bursts)
        demodulated = window.demodulate(layout, bursts, symbol_offsets(layout, symbols))
        received = demodulated.carriers * predicted_derotation(bursts, symbols)
        channel = np.stack([b.channel for b in bursts])
        matched = received * channel.conj()[:, None, :]
        pilots = np.zeros_like(matched)
        pilots[:, :, layout.is_pilot] = pilot_carriers(layout, symbols)
        bits, good, derotated = self._decode(bursts, matched, channel, pilots)
        bad = np.flatnonzero(~good)
        if bad.size:
            again = [bursts[i] for i in bad]
            guess = header_carriers(layout, again, symbols[bad], bits[bad])
            decoded = self._decode(again, matched[bad], channel[bad], guess)
            bits[bad], good[bad], derotated[bad] = decoded
        held = np.flatnonzero(good)
        if held.size:
            known = header_carriers(layout, [bursts[i] for i in held], symbols[held], bits[held])
            good[held] = self._is_plausible(
                derotated[held], received[held], channel[held], known, first
            )
        for index, burst in enumerate(bursts):
            burst.first_header = received[index]
            set_header(burst, bits[index], bool(good[index]))
            burst.aim(layout)

    def _is_plausible(
        self,
        derotated: np.ndarray,
        received: np.ndarray,
        channel: np.ndarray,
        known: np.ndarray,
        first: bool,
    ) -> np.ndarray:
        """Whether a decoded header explains enough of what was received.

        In a first frame that has to be much, or at the level of the preamble; later ones follow a
        header that held.

        Args:
            derotated: received times conj(channel), phase taken out, complex (B, S, A).
            received: complex (B, S, A).
            channel: complex64 (B, A).
            known: reference values of the header, complex64 (B, S, A).
            first: whether it is the burst's first frame.

        Returns:
            bool (B,).
        """
        sent = np.einsum(
            "bsk,bk->b", known.real**2 + known.imag**2, channel.real**2 + channel.imag**2
        )
        got = np.sum((received.real**2 + received.imag**2) * (known != 0), axis=(1, 2))
        explained = (derotated * known.conj()).sum(axis=(1, 2)).real
        level = explained / np.maximum(sent, 1e-30)
        share = explained**2 / np.maximum(sent * got, 1e-30)
        least = self.layout.profile.plausible
        if not first:
            return share >= least
        near = (level >= LEVEL[0]) & (level <= LEVEL[1])
        pilots = self._pilot_correlation(derotated, received, channel, known)
        return (share >= least) & (near | (share >= MUCH * least)) & (pilots >= least)

    def _pilot_correlation(
        self, derotated: np.ndarray, received: np.ndarray, channel: np.ndarray, known: np.ndarray
    ) -> np.ndarray:
        """Correlation of a header's pilots, on which no decoding depends, with their reference
        values, -1 to 1, float (B,); arguments as _is_plausible takes them.
        """
        at = self.layout.is_pilot
        sent = np.sum(np.abs(known[:, :, at] * channel[:, None, at]) ** 2, axis=(1, 2))
        got = np.sum(np.abs(received[:, :, at]) ** 2, axis=(1, 2))
        products = (derotated[:, :, at] * known[:, :, at].conj()).sum(axis=(1, 2)).real
        return products / np.sqrt(np.maximum(sent * got, 1e-30))

    def _decode(
        self, bursts: list[Burst], matched: np.ndarray, channel: np.ndarray, known: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Decode headers with the phases that reference carriers give.

        Args:
            bursts: the B bursts.
            matched: received times conj(channel), complex64 (B, S, A).
            channel: complex64 (B, A).
            known: reference values, complex64 (B, S, A), 0 where unknown.

        Returns:
            Header bits, uint8 (B, 64), whether their CRC holds, bool (B,), and `matched` with its
            phases taken out.
        """
        phase, _, _ = self.track(bursts, matched * known.conj(), channel, known, 0.0)
        matched = matched * np.exp(-1j * phase).astype(np.complex64)[:, :, None]
        row = matched[:, :, self.layout.data].reshape(len(bursts), -1)
        uses = row[np.arange(len(bursts))[:, None], header_places(self.layout, bursts)]
        return *frame_header.decode(uses, self.layout), matched

    def track(
        self,
        bursts: list[Burst],
        products: np.ndarray,
        channel: np.ndarray,
        known: np.ndarray,
        span: float,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Track the phase over header symbols.

        In a first frame the Zadoff-Chu symbols, whose phase is 0 by definition, take part.

        Args:
            bursts: the B bursts.
            products: received times conj(channel x known), complex (B, S, A).
            channel: complex64 (B, A).
            known: reference values, complex64 (B, S, A), 0 where unknown.
            span: largest frequency looked for, rad a symbol; 0 for no search.

        Returns:
            Phases, rad (B, S), their error variances, rad^2 (B, S), and slopes, rad a symbol (B,).
        """
        gain = channel.real**2 + channel.imag**2
        phasors = products.sum(axis=2)
        power = np.einsum("bsk,bk->bs", known.real**2 + known.imag**2, gain)
        times = np.arange(phasors.shape[1], dtype=float)
        if bursts[0].uses == 0:
            own = np.repeat(gain.sum(axis=1)[:, None], len(self.chirp_times), axis=1)
            phasors = np.concatenate([own, phasors], axis=1)
            power = np.concatenate([own, power], axis=1)
            times = np.concatenate([self.chirp_times, times])
        noise = np.array([b.noise for b in bursts])[:, None]
        phase, variance, slope = smooth_phase(phasors, power / noise, times, span, SLOPE)
        count = products.shape[1]
        return phase[:, -count:], variance[:, -count:], slope

    def _estimate_from_chirps(self, window: SampleWindow, bursts: list[Burst]) -> None:
        """First channel and noise estimates of bursts, from their Zadoff-Chu symbols."""
        offsets = np.broadcast_to(self.chirp_offsets, (len(bursts), len(self.chirp_offsets)))
        window.measure(self.layout, bursts)
        received = window.demodulate(self.layout, bursts, offsets).carriers
        raw = (received * self.chirp.conj()).mean(axis=1)
        noise = self.smoother.noise_only(raw) + 1e-30
        channel, _ = self.smoother(raw, noise)
        for index, burst in enumerate(bursts):
            burst.channel = channel[index]
            burst.noise = float(noise[index] * len(self.chirp_offsets))

    def refine_frequency(self, bursts: list[Burst], known: np.ndarray) -> np.ndarray:
        """Improve the frequency of bursts by their first header.

        Args:
            bursts: the B bursts, whose first header was decoded.
            known: reference values, complex64 (B, S, A), 0 where unknown.

        Returns:
            Phases that are left with the new frequency, rad (B, H): Zadoff-Chu symbols and symbols
            of the header.
        """
        received = np.stack([b.first_header for b in bursts])
        channel = np.stack([b.channel for b in bursts])
        count = received.shape[1]
        known = known[:, :count]
        products = received * (channel[:, None] * known).conj()
        phase, _, slope = self.track(bursts, products, channel, known, SPAN)
        for burst, step in zip(bursts, slope, strict=True):
            burst.cfo += float(step) / (2 * np.pi * self.layout.symbol_samples)
        offsets = np.concatenate(
            [self.chirp_offsets, symbol_offsets(self.layout, np.arange(count))]
        )
        phase = np.concatenate([np.zeros((len(bursts), len(self.chirp_times))), phase], axis=1)
        return phase - slope[:, None] * offsets / self.layout.symbol_samples


def set_header(burst: Burst, bits: np.ndarray, good: bool) -> None:
    """Set a burst's header from decoded bits, or end the burst.

    Args:
        burst: is updated.
        bits: uint8 (64,).
        good: whether their CRC holds and they are plausible.
    """
    if good:
        try:
            burst.header = frame_header.read_fields(bits)
            burst.header_bits = bits
            return
        except FrameError:
            good = False
    burst.headers_bad += 1
    burst.ended = True
