# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From openings of the gate to bursts: coarse frequency, timing by the whole preamble, fine frequency.

Everything works on many openings at once. The frequency search uses the repeated part only (its periodogram summed over
the period's phases needs no timing); the decision uses the share of the energy that the preamble explains, as a whole
and in its Zadoff-Chu part: a tone looks like a good part of the repeated part, but not like the other.
"""

from __future__ import annotations

import numpy as np
from scipy import fft

from semcom_core.phy.layout import Layout
from semcom_core.phy.preamble import preamble

#: A Zadoff-Chu part alone may explain this much less than the whole preamble has to.
CHIRP_MARGIN = 1.4


class Acquisition:
    """Looks for preambles near given positions."""

    def __init__(self, layout: Layout):
        self.layout = layout
        self.template = preamble(layout)
        self.search = layout.profile.search
        self.size = fft.next_fast_len(len(self.template) + 2 * self.search + 2)
        self._spectrum = fft.fft(self.template, self.size).conj()
        self._chirp_at = layout.repeated_samples

    @property
    def samples(self) -> int:
        """Samples looked at for one opening, from `search` before it."""
        return self.size

    def __call__(self, windows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Find the preamble in each window.

        Args:
            windows: complex64 (B, samples), each from `search` samples before an opening.

        Returns:
            Offset of the preamble's first sample in the window, int (B,); carrier frequency offset in cycles a sample,
            float (B,); and the explained share of the energy, 0 to about 1, float (B,): the less of that of the whole
            preamble and CHIRP_MARGIN times that of its Zadoff-Chu part.
        """
        coarse = self._coarse_frequency(windows[:, self.search : self.search + self.layout.repeated_samples])
        turned = windows * _rotation(-coarse, self.size)
        correlation = fft.ifft(fft.fft(turned, axis=1) * self._spectrum, axis=1)[:, : 2 * self.search + 2]
        size = correlation.real**2 + correlation.imag**2
        pair = size[:, :-1] + size[:, 1:]
        row = np.arange(len(windows))
        first = pair.argmax(axis=1)
        columns = first[:, None] + np.arange(len(self.template))
        received = turned[row[:, None], columns]
        products = np.stack([received, turned[row[:, None], columns + 1]], axis=1) * self.template.conj()
        share = np.minimum(self._share(received, products, 0), CHIRP_MARGIN * self._share(received, products, self._chirp_at))
        later = size[row, first + 1] > size[row, first]
        return first + later, coarse + self._fine_frequency(products), share

    def _share(self, received: np.ndarray, products: np.ndarray, begin: int) -> np.ndarray:
        """Share of the energy from sample `begin` on that the template explains at two neighbouring alignments, (B,)."""
        part = received[:, begin:]
        energy = np.sum(part.real**2 + part.imag**2, axis=1) * np.sum(np.abs(self.template[begin:]) ** 2)
        explained = np.sum(np.abs(products[:, :, begin:].sum(axis=2)) ** 2, axis=1)
        return explained / np.maximum(energy, 1e-30)

    def _coarse_frequency(self, part: np.ndarray) -> np.ndarray:
        """Frequency, cycles a sample (B,), of repeated parts (B, repeated_samples), within config.max_cfo_hz."""
        p = self.layout.profile
        count = _bins(p.repeats)
        spectrum = fft.fft(part.reshape(len(part), p.repeats, p.period), count, axis=1)
        power = np.sum(spectrum.real**2 + spectrum.imag**2, axis=2)
        bins = np.arange(-count // 2, count // 2)
        limit = self.layout.config.max_cfo_hz / self.layout.config.rate_hz
        allowed = bins[np.abs(bins) <= limit * p.period * count + 1]
        return (allowed[0] + _peak(power[:, allowed])) / (count * p.period)

    def _fine_frequency(self, products: np.ndarray) -> np.ndarray:
        """Frequency left, cycles a sample (B,), of products with the template (B, 2 alignments, preamble_samples)."""
        step = self.layout.profile.period
        count = products.shape[2] // step
        blocks = products[:, :, : count * step].reshape(len(products), 2, count, step).sum(axis=3)
        bins = _bins(count)
        spectrum = fft.fft(blocks, bins, axis=2)
        power = np.sum(spectrum.real**2 + spectrum.imag**2, axis=1)
        span = bins // 8
        near = np.arange(-span, span + 1)
        return (_peak(power[:, near]) - span) / (bins * step)


def _bins(count: int) -> int:
    """Bins of a transform over `count` points that samples its peaks finely enough for _peak."""
    return 1 << int(np.ceil(np.log2(6 * count)))


def _rotation(frequency: np.ndarray, count: int) -> np.ndarray:
    """exp(2j pi f n), complex64 (B, count), of frequencies in cycles a sample (B,), as products of two short tables."""
    turn = 2j * np.pi * np.asarray(frequency)[:, None]
    coarse = np.exp(turn * np.arange(0, count, 16)).astype(np.complex64)
    fine = np.exp(turn * np.arange(16)).astype(np.complex64)
    return (coarse[:, :, None] * fine[:, None, :]).reshape(len(turn), -1)[:, :count]


def _peak(power: np.ndarray) -> np.ndarray:
    """Position of each row's peak, by a parabola through its neighbours, float (B,)."""
    row = np.arange(len(power))
    top = np.clip(power.argmax(axis=1), 1, power.shape[1] - 2)
    left, mid, right = (power[row, top + shift].astype(float) for shift in (-1, 0, 1))
    bend = left - 2 * mid + right
    return top + np.clip(np.where(bend < 0, 0.5 * (left - right) / np.where(bend < 0, bend, 1.0), 0.0), -1.0, 1.0)
