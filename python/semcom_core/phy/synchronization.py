# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Preamble, burst detection, and timing and frequency acquisition.

The preamble has a repeated part for the gate and the coarse frequency, and Zadoff-Chu symbols on
the active carriers for timing and the channel, both with the mean sample power of the payload.

The gate is the autocorrelation of the repeated part, at one position a period,

    a[m] = sum over the part of r[n + period] conj(r[n])
    open where |a|^2 > gate x products x (mean power)^2

so the rate of openings in noise, exp(-gate), does not depend on the noise's level. Of nearby
openings the one with the largest |a| stays.

Acquisition works on many openings at once: coarse frequency, timing by the whole preamble, fine
frequency. The frequency search uses the repeated part only (its periodogram summed over the
period's phases needs no timing); the decision uses the share of the energy that the preamble
explains, as a whole and in its Zadoff-Chu part: a tone resembles the repeated part, but not the
other.

Sources: Schmidl and Cox, "Robust frequency and timing synchronization for OFDM", 1997; Chu,
"Polyphase codes with good periodic correlation properties", 1972.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import fft
from scipy.ndimage import maximum_filter1d

from semcom_core.phy.config import Profile
from semcom_core.phy.ofdm import Layout, to_samples

#: Samples whose parts exceed this are taken for malformed, like NaN: their squares would drown
#: everything near.
LARGEST_SAMPLE = 1e6
#: Gate beyond which an opening is loud: in noise, a share of exp(-LOUD) of the windows is, one in
#: four months at 1 Msps. It takes an SNR of about 2 dB (profile standard).
LOUD = 28.0
#: Of a burst that stands alone: most power before it over that of its repeated part, least power
#: after it, and most normalised |autocorrelation|^2 there; samples that are looked at after it,
#: and how far an opening may be off.
ALONE_BEFORE = 0.6
ALONE_AFTER = 0.6
ALONE_REPEATED = 0.25
ALONE_SAMPLES = 96
ALONE_MARGIN = 16
#: A Zadoff-Chu part alone may explain this much less than the whole preamble has to.
CHIRP_MARGIN = 1.4


def repeated_part(layout: Layout) -> np.ndarray:
    """Repeated part, complex64 (repeated_samples,): tones fft/period carriers apart with Newman's
    phases.
    """
    p = layout.profile
    tones = [k for k in range(-p.edge, p.edge + 1) if k and k % (p.fft // p.period) == 0]
    spectrum = np.zeros(p.fft, dtype=complex)
    spectrum[np.array(tones) % p.fft] = np.exp(1j * np.pi * np.arange(len(tones)) ** 2 / len(tones))
    spectrum *= np.sqrt(len(layout.carriers) / len(tones))
    one = np.fft.ifft(spectrum, norm="ortho")[: p.period]
    return np.tile(one, p.repeats).astype(np.complex64)


def chirp_carriers(layout: Layout) -> np.ndarray:
    """Zadoff-Chu values of the active carriers, unit modulus, complex64 (A,)."""
    n = np.arange(len(layout.carriers))
    length = len(n) | 1
    return np.exp(-1j * np.pi * layout.profile.root * n * (n + 1) / length).astype(np.complex64)


def preamble(layout: Layout) -> np.ndarray:
    """Whole preamble, complex64 (preamble_samples,), mean power equal to the layout's occupancy."""
    p = layout.profile
    chirp = to_samples(layout, chirp_carriers(layout)[None])[p.prefix : p.prefix + p.fft]
    return np.concatenate(
        [repeated_part(layout), chirp[p.fft - p.prefix :], np.tile(chirp, p.chirps)]
    )


def sanitise(samples: ArrayLike) -> np.ndarray:
    """Samples as a complex64 vector; parts that are NaN, infinite or beyond LARGEST_SAMPLE become
    0.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        clean = np.array(samples, dtype=np.complex64).ravel()
        parts = clean.view(np.float32)
        if parts.size and not np.abs(parts).max() <= LARGEST_SAMPLE:
            parts[~(np.abs(parts) <= LARGEST_SAMPLE)] = 0
    return clean


def reach(profile: Profile) -> int:
    """Blocks to each side over which only the largest opening stays."""
    return profile.repeats // 2


def block_sums(samples: np.ndarray, profile: Profile) -> tuple[np.ndarray, np.ndarray]:
    """Autocorrelation and energy of windows of the repeated part's length, one a period.

    Args:
        samples: complex64 (n,); m windows need (m - 1 + repeats) * period samples.
        profile: dimensions of the preamble.

    Returns:
        complex64 (m,) and float32 (m,).
    """
    blocks = samples[: len(samples) // profile.period * profile.period].reshape(-1, profile.period)
    product = np.einsum("ij,ij->i", blocks[1:], blocks[:-1].conj())
    parts = blocks.view(np.float32)
    energy = np.einsum("ij,ij->i", parts, parts)
    return _windowed(product, profile.repeats - 1), _windowed(energy, profile.repeats)


def _windowed(values: np.ndarray, width: int) -> np.ndarray:
    """Sums over `width` neighbours, by adding in a fixed order, so that they do not depend on where
    a buffer begins.
    """
    count = max(len(values) - width + 1, 0)
    total = values[:count].copy()
    for shift in range(1, width):
        total += values[shift : shift + count]
    return total


def openings(samples: np.ndarray, profile: Profile) -> tuple[np.ndarray, int, np.ndarray]:
    """Windows (in periods from the first sample) at which the gate opens and none nearby is larger.

    Returns:
        Their indices, int (n,), how many windows were looked at, and whether each opening is loud,
        bool (n,). The first and the last `reach` windows are looked at only as neighbours: pass
        them again with what comes before or after.
    """
    correlation, energy = block_sums(samples, profile)
    edge = reach(profile)
    looked = max(len(correlation) - 2 * edge, 0)
    if not looked:
        return np.zeros(0, dtype=np.int64), 0, np.zeros(0, dtype=bool)
    size = correlation.real**2 + correlation.imag**2
    products = (profile.repeats - 1) * profile.period
    floor = profile.gate * products / (profile.repeats * profile.period) ** 2
    largest = maximum_filter1d(size, 2 * edge + 1, mode="constant")
    found = (size >= largest) & (size > floor * energy**2)
    at = np.flatnonzero(found[edge : edge + looked]) + edge
    return at, looked, size[at] * profile.gate > LOUD * floor * energy[at] ** 2


def stand_alone(windows: np.ndarray, layout: Layout) -> np.ndarray:
    """Whether openings are bursts of their own: less power before, and after the repeated part as
    much, but not repeated. A carrier, steady or keyed, is none.

    Args:
        windows: complex64 (B, alone_samples), each from `alone_lead` samples before an opening.
        layout: carriers and lengths.

    Returns:
        bool (B,).
    """
    lead = alone_lead(layout)
    end = lead + layout.repeated_samples
    power = windows.real**2 + windows.imag**2
    level = power[:, lead:end].mean(axis=1)
    later = windows[:, end + ALONE_MARGIN :]
    period = layout.profile.period
    repeated = np.abs(np.sum(later[:, period:] * later[:, :-period].conj(), axis=1)) ** 2
    energy = power[:, end + ALONE_MARGIN :].sum(axis=1)
    return (
        (power[:, : lead - ALONE_MARGIN].mean(axis=1) < ALONE_BEFORE * level)
        & (energy > ALONE_AFTER * ALONE_SAMPLES * level)
        & (repeated < ALONE_REPEATED * energy**2)
    )


def alone_lead(layout: Layout) -> int:
    """Samples before an opening that stand_alone looks at."""
    return layout.repeated_samples + ALONE_MARGIN


def alone_samples(layout: Layout) -> int:
    """Samples that stand_alone looks at for one opening."""
    return alone_lead(layout) + layout.repeated_samples + ALONE_MARGIN + ALONE_SAMPLES


class Acquisition:
    """Acquires bursts: start, frequency and share of energy of preambles near given positions."""

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
            Offset of the preamble's first sample in the window, int (B,); carrier frequency offset
            in cycles a sample, float (B,); and the explained share of the energy, 0 to about 1,
            float (B,): the less of that of the whole preamble and CHIRP_MARGIN times that of its
            Zadoff-Chu part.
        """
        repeated = windows[:, self.search : self.search + self.layout.repeated_samples]
        coarse = self._coarse_frequency(repeated)
        derotated = windows * _rotation(-coarse, self.size)
        correlation = fft.ifft(fft.fft(derotated, axis=1) * self._spectrum, axis=1)
        correlation = correlation[:, : 2 * self.search + 2]
        size = correlation.real**2 + correlation.imag**2
        pair = size[:, :-1] + size[:, 1:]
        row = np.arange(len(windows))
        first = pair.argmax(axis=1)
        columns = first[:, None] + np.arange(len(self.template))
        received = derotated[row[:, None], columns]
        next_alignment = derotated[row[:, None], columns + 1]
        products = np.stack([received, next_alignment], axis=1) * self.template.conj()
        share = np.minimum(
            self._share(received, products, 0),
            CHIRP_MARGIN * self._share(received, products, self._chirp_at),
        )
        later = size[row, first + 1] > size[row, first]
        return first + later, coarse + self._fine_frequency(products), share

    def _share(self, received: np.ndarray, products: np.ndarray, begin: int) -> np.ndarray:
        """Share of the energy from sample `begin` on that the template explains at two neighbouring
        alignments, (B,).
        """
        part = received[:, begin:]
        reference = np.sum(np.abs(self.template[begin:]) ** 2)
        energy = np.sum(part.real**2 + part.imag**2, axis=1) * reference
        explained = np.sum(np.abs(products[:, :, begin:].sum(axis=2)) ** 2, axis=1)
        return explained / np.maximum(energy, 1e-30)

    def _coarse_frequency(self, part: np.ndarray) -> np.ndarray:
        """Frequency, cycles a sample (B,), of repeated parts (B, repeated_samples), within
        config.searched_cfo_hz.
        """
        p = self.layout.profile
        count = _bins(p.repeats)
        spectrum = fft.fft(part.reshape(len(part), p.repeats, p.period), count, axis=1)
        power = np.sum(spectrum.real**2 + spectrum.imag**2, axis=2)
        bins = np.arange(-count // 2, count // 2)
        limit = self.layout.config.searched_cfo_hz / self.layout.config.rate_hz
        allowed = bins[np.abs(bins) <= limit * p.period * count + 1]
        return (allowed[0] + _peak(power[:, allowed])) / (count * p.period)

    def _fine_frequency(self, products: np.ndarray) -> np.ndarray:
        """Frequency left, cycles a sample (B,), of products with the template (B, 2 alignments,
        preamble_samples).
        """
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
    """exp(2j pi f n), complex64 (B, count), of frequencies in cycles a sample (B,).

    It is the product of two short tables.
    """
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
    safe = np.where(bend < 0, bend, 1.0)
    shift = np.where(bend < 0, 0.5 * (left - right) / safe, 0.0)
    return top + np.clip(shift, -1.0, 1.0)
