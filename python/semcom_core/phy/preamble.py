# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Preamble: a repeated part for the gate and the coarse frequency, a Zadoff-Chu symbol for timing and the channel.

Both parts have the mean sample power of the payload's symbols. Zadoff-Chu: Chu, "Polyphase codes with good periodic
correlation properties", 1972, laid on the active carriers.
"""

from __future__ import annotations

import numpy as np

from semcom_core.phy.layout import Layout
from semcom_core.phy.ofdm import to_samples


def repeated_part(layout: Layout) -> np.ndarray:
    """Repeated part, complex64 (repeated_samples,): tones fft/period carriers apart with Newman's phases."""
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
    return np.concatenate([repeated_part(layout), chirp[p.fft - p.prefix :], np.tile(chirp, p.chirps)])
