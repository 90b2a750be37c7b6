# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""State of a burst during reception, and demodulation of its OFDM symbols from a sample window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from semcom_core.errors import FrameError
from semcom_core.frame import FrameHeader, ReceivedFrame
from semcom_core.phy.interference import DC_SAMPLES, blank_impulses, dc_offset
from semcom_core.phy.ofdm import Layout, to_carriers

#: Clocks are assumed this far apart, as a ratio (one standard deviation).
CLOCK_SPREAD = 2e-5


def _nothing() -> np.ndarray:
    return np.zeros(0, np.complex64)


@dataclass
class Burst:
    """State of one burst during reception.

    Args:
        start: absolute index of its first preamble sample.
        cfo: carrier frequency offset, cycles a sample.
        uses: first use of the next frame.
        first, count: first symbol and number of symbols that the next step reads.
        needed: absolute index one past the last sample that it reads.
        header: header whose payload is awaited; None while the next header is.
        header_bits: its bits, uint8 (64,).
        frames, read: frames not handed out yet, and how many were read in all.
        alone: whether it stands out of the noise, and begins out of it.
        inside: whether it begins inside another burst; None before that is known.
        ended, truncated: no further frame follows; the stream ended within one.
        headers_bad: headers whose CRC did not hold.
        channel, noise: latest estimates, complex64 (A,) and the noise power of a carrier.
        first_header: carriers of the first header, received with the frequency of acquisition,
            complex64 (S, A).
        training: sum of received times conj(known), complex (A,), and how many entered it, float
            (A,).
        residual: sum of squared residuals and their degrees of freedom.
        phase: phase, rad; its slope, rad a symbol; and the symbol they hold for.
        clock: how much longer the burst takes than by the receiver's clock, as a ratio; and the
            deviation assumed of that.
        dc: the receiver's DC offset.
        level: mean power of the preamble's samples.
    """

    start: int
    cfo: float
    uses: int = 0
    first: int = 0
    count: int = 0
    needed: int = 0
    header: FrameHeader | None = None
    header_bits: np.ndarray = field(default_factory=_nothing)
    frames: list[ReceivedFrame] = field(default_factory=list)
    read: int = 0
    alone: bool = False
    inside: bool | None = None
    ended: bool = False
    truncated: bool = False
    headers_bad: int = 0
    channel: np.ndarray = field(default_factory=_nothing)
    noise: float = 0.0
    training: tuple[np.ndarray | float, np.ndarray | float] = (0.0, 0.0)
    residual: tuple[float, float] = (0.0, 0.0)
    phase: tuple[float, float, float] = (0.0, 0.0, 0.0)
    first_header: np.ndarray = field(default_factory=_nothing)
    clock: tuple[float, float] = (0.0, CLOCK_SPREAD)
    dc: complex = 0.0
    level: float = 0.0

    @property
    def payload_header(self) -> FrameHeader:
        """Header whose payload is awaited.

        Raises:
            FrameError: none is, because the next header is awaited.
        """
        if self.header is None:
            raise FrameError("burst awaits a header; allowed is one whose header was decoded")
        return self.header

    def aim(self, layout: Layout) -> None:
        """Set the symbols that the next step reads, after `uses` or `header` changed."""
        width = len(layout.data)
        length = 0 if self.header is None else self.header.length
        self.first = self.uses // width
        self.count = -(-(self.uses + layout.header_uses + length) // width) - self.first
        self.needed = self._late(
            layout.preamble_samples + (self.first + self.count) * layout.symbol_samples
        )

    def _late(self, offset: int) -> int:
        """Absolute index of a place `offset` samples into the burst by the sender's clock, rounded
        up.
        """
        return self.start + offset + int(np.ceil(self.clock[0] * offset))

    def symbols_before(self, layout: Layout, limit: int) -> int:
        """How many of the symbols that the next step reads end before sample `limit`; may be
        negative.
        """
        beyond = self.needed - (self.first + self.count) * layout.symbol_samples
        return (limit - beyond) // layout.symbol_samples - self.first

    def kept_from(self, layout: Layout) -> int:
        """Absolute index of the first sample that the burst may still need."""
        if self.uses == 0:
            return self.start - DC_SAMPLES
        return self.start + layout.preamble_samples + (self.first - 1) * layout.symbol_samples

    def end(self, layout: Layout) -> int:
        """Absolute index one past the last sample that is claimed by the frames read so far."""
        symbols = layout.symbols_for(self.uses) if self.read else 0
        return self.start + layout.preamble_samples + symbols * layout.symbol_samples


@dataclass(frozen=True)
class ReceivedSymbols:
    """Demodulated OFDM symbols.

    Args:
        carriers: active carriers, complex64 (B, S, A).
        idle: mean power of the idle carriers, float32 (B, S).
        lost: share of each symbol's samples that was blanked, float32 (B, S).
    """

    carriers: np.ndarray
    idle: np.ndarray
    lost: np.ndarray


class SampleWindow:
    """A stretch of the stream; zero outside.

    Args:
        samples: complex64 (n,).
        origin: absolute index of the first one.
    """

    def __init__(self, samples: np.ndarray, origin: int):
        self.samples = samples
        self.origin = origin

    @property
    def end(self) -> int:
        """Absolute index one past the last sample."""
        return self.origin + len(self.samples)

    def gather(self, starts: np.ndarray, count: int) -> np.ndarray:
        """Samples, complex64 (..., count), from absolute indices (...)."""
        index = np.asarray(starts)[..., None] - self.origin + np.arange(count)
        found = self.samples.take(index, mode="clip")
        if index.size and (index[..., 0].min() < 0 or index[..., -1].max() >= len(self.samples)):
            found[(index < 0) | (index >= len(self.samples))] = 0
        return found

    def measure(self, layout: Layout, bursts: list[Burst]) -> None:
        """Set the DC offset of bursts by the samples before them and those of their first header,
        and their level.
        """
        starts = np.array([b.start for b in bursts]) - DC_SAMPLES
        samples = self.gather(starts, DC_SAMPLES + layout.overhead_samples)
        own = samples[:, DC_SAMPLES : DC_SAMPLES + layout.preamble_samples]
        levels = np.mean(own.real**2 + own.imag**2, axis=1)
        for burst, dc, level in zip(bursts, dc_offset(samples, starts), levels, strict=True):
            burst.dc = complex(dc)
            burst.level = float(level)

    def demodulate(
        self, layout: Layout, bursts: list[Burst], offsets: np.ndarray
    ) -> ReceivedSymbols:
        """Demodulate symbols without DC offset, impulses and carrier frequency offset.

        Args:
            layout: carriers and lengths.
            bursts: the B bursts.
            offsets: samples from each burst's start to the symbols' windows, by the sender's clock,
                int (B, S).
        """
        size = layout.profile.fft
        late = np.array([b.clock[0] for b in bursts])[:, None] * offsets
        whole = np.rint(late).astype(np.int64)
        starts = np.array([b.start for b in bursts])[:, None]
        windows = self.gather(starts + offsets + whole, size)
        if any(b.dc for b in bursts):
            windows -= np.array([b.dc for b in bursts], dtype=np.complex64)[:, None, None]
        lost = blank_impulses(windows)
        turn = -2 * np.pi * np.array([b.cfo for b in bursts])[:, None]
        windows *= np.exp(1j * turn * np.arange(size)).astype(np.complex64)[:, None, :]
        carriers, idle = to_carriers(layout, windows)
        gain = np.exp(1j * turn * (offsets + whole)) / (1 - lost)
        carriers *= gain.astype(np.complex64)[:, :, None]
        if late.any():
            ramp = 2j * np.pi / size * (late - whole)[:, :, None] * layout.carriers
            carriers *= np.exp(ramp).astype(np.complex64)
        return ReceivedSymbols(carriers, idle, lost)


def grouped(
    bursts: list[Burst], shape: Callable[[Burst], tuple]
) -> list[tuple[tuple, list[Burst]]]:
    """Bursts of the same shape together, with that shape, in the order of the shapes."""
    groups: dict[tuple, list[Burst]] = {}
    for burst in bursts:
        groups.setdefault(shape(burst), []).append(burst)
    return sorted(groups.items())


def symbol_offsets(layout: Layout, symbols: ArrayLike) -> np.ndarray:
    """Samples from a burst's start to the receiver's windows of symbols, int (...) like their
    numbers.
    """
    p = layout.profile
    begins = layout.preamble_samples + np.asarray(symbols) * layout.symbol_samples
    return begins + p.prefix - p.backoff


def chirp_offsets(layout: Layout) -> np.ndarray:
    """Samples from a burst's start to the receiver's windows of the Zadoff-Chu symbols,
    (chirps,).
    """
    p = layout.profile
    return layout.repeated_samples + p.prefix - p.backoff + p.fft * np.arange(p.chirps)


def predicted_derotation(bursts: list[Burst], symbols: np.ndarray) -> np.ndarray:
    """exp(-j phase), complex64 (B, S, 1), of the phases of symbols, int (B, S), extrapolated from
    earlier frames of the bursts.
    """
    phase = np.array([b.phase for b in bursts])
    predicted = phase[:, :1] + phase[:, 1:2] * (symbols - phase[:, 2:])
    return np.exp(-1j * predicted).astype(np.complex64)[:, :, None]
