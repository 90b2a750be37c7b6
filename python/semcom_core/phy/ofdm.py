# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carriers to samples and back, with a unitary transform; and what is known of the carriers beforehand."""

from __future__ import annotations

import numpy as np
from scipy import fft

from semcom_core.phy.layout import Layout
from semcom_core.phy.scramble import phases, signs

#: Pilots and fill repeat after this many symbols.
KNOWN_PERIOD = 64


def to_samples(layout: Layout, carriers: np.ndarray) -> np.ndarray:
    """Samples with prefixes, complex64 (S * (fft + prefix) + taper,), of active carriers (S, A), S >= 1.

    Symbols fade in over `taper` samples while the one before fades out: that keeps what a fractional delay smears
    across their borders small.
    """
    p = layout.profile
    spectrum = np.zeros((len(carriers), p.fft), dtype=np.complex64)
    spectrum[:, layout.bins] = carriers
    body = fft.ifft(spectrum, axis=1, norm="ortho")
    rise = (np.sin(np.pi / 2 * (np.arange(p.taper) + 0.5) / max(p.taper, 1)) ** 2).astype(np.float32)
    symbols = np.concatenate([body[:, p.fft - p.prefix :], body], axis=1)
    symbols[:, : p.taper] *= rise
    tails = body[:, : p.taper] * rise[::-1]
    symbols[1:, : p.taper] += tails[:-1]
    return np.concatenate([symbols.ravel(), tails[-1]])


def to_carriers(layout: Layout, windows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Active carriers, complex64 (..., A), of windows of samples (..., fft), and the mean power of the idle ones, float32 (...)."""
    spectrum = fft.fft(windows, axis=-1, norm="ortho", overwrite_x=True)
    idle = spectrum[..., layout.idle_bins]
    return spectrum[..., layout.bins], np.mean(idle.real**2 + idle.imag**2, axis=-1)


def pilot_carriers(layout: Layout, symbols: np.ndarray) -> np.ndarray:
    """Pilot values, float32 (..., pilots), of symbol numbers (...)."""
    count = len(layout.profile.pilots)
    table = signs(layout.config.key, "pilots", KNOWN_PERIOD * count).reshape(KNOWN_PERIOD, count)
    return table[np.asarray(symbols) % KNOWN_PERIOD]


def fill_uses(layout: Layout, begin: int, count: int) -> np.ndarray:
    """Known values, complex64 (count,), of uses from number `begin` on, all of one symbol: fill of a burst's end."""
    period = KNOWN_PERIOD * len(layout.data)
    return phases(layout.config.key, "fill", period)[begin % period :][:count]
