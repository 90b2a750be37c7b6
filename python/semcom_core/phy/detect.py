# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate: where could a preamble begin? Autocorrelation of the repeated part, at one position a period.

    a[m] = sum over the part of r[n + period] conj(r[n]),   open where |a|^2 > gate x products x (mean power)^2

so the rate of openings in noise, exp(-gate), does not depend on the noise's level. Of nearby openings the one with the
largest |a| stays. Source: Schmidl and Cox, "Robust frequency and timing synchronization for OFDM", 1997.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import maximum_filter1d

from semcom_core.phy.config import Profile

#: Samples beyond this are as wrong as NaN: their squares would drown everything near.
LARGEST_SAMPLE = 1e6


def sanitise(samples) -> np.ndarray:
    """Samples as a complex64 vector; parts that are NaN, infinite or beyond LARGEST_SAMPLE become 0."""
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
    """Autocorrelation, complex64, and energy, float32, of windows of the repeated part's length, one a period.

    Args:
        samples: complex64 array; m windows need (m - 1 + repeats) * period samples.
    """
    blocks = samples[: len(samples) // profile.period * profile.period].reshape(-1, profile.period)
    product = np.einsum("ij,ij->i", blocks[1:], blocks[:-1].conj())
    parts = blocks.view(np.float32)
    energy = np.einsum("ij,ij->i", parts, parts)
    return _windowed(product, profile.repeats - 1), _windowed(energy, profile.repeats)


def _windowed(values: np.ndarray, width: int) -> np.ndarray:
    """Sums over `width` neighbours, by adding in a fixed order, so that they do not depend on where a buffer begins."""
    count = max(len(values) - width + 1, 0)
    total = values[:count].copy()
    for shift in range(1, width):
        total += values[shift : shift + count]
    return total


def openings(samples: np.ndarray, profile: Profile) -> tuple[np.ndarray, int]:
    """Windows (in periods from the first sample) at which the gate opens and none nearby is larger.

    Returns:
        Their indices, int array, and how many windows were looked at. The first and the last `reach` windows are
        looked at only as neighbours: pass them again with what comes before or after.
    """
    correlation, energy = block_sums(samples, profile)
    edge = reach(profile)
    looked = max(len(correlation) - 2 * edge, 0)
    if not looked:
        return np.zeros(0, dtype=np.int64), 0
    size = correlation.real**2 + correlation.imag**2
    products = (profile.repeats - 1) * profile.period
    floor = profile.gate * products / (profile.repeats * profile.period) ** 2
    largest = maximum_filter1d(size, 2 * edge + 1, mode="constant")
    found = (size >= largest) & (size > floor * energy**2)
    return np.flatnonzero(found[edge : edge + looked]) + edge, looked
