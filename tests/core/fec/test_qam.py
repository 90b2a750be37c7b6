# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Constellations and log-likelihood ratios."""

from __future__ import annotations

import numpy as np
import pytest

from semcom_core.errors import ConfigError
from semcom_core.fec.qam import BITS_PER_SYMBOL, MAX_LLR, demodulate, modulate
from semcom_core.units import complex_noise

MODULATIONS = sorted(BITS_PER_SYMBOL)


def all_words(modulation: str) -> np.ndarray:
    """All bit patterns of one symbol, (2^m, m)."""
    m = BITS_PER_SYMBOL[modulation]
    return (np.arange(2**m)[:, None] >> np.arange(m - 1, -1, -1) & 1).astype(np.uint8)


# First symbols of the tables of TS 38.211 §5.1, as multiples of the smallest amplitude.
@pytest.mark.parametrize(
    ("modulation", "bits", "point", "scale"),
    [
        ("qpsk", [0, 1], 1 - 1j, 2),
        ("16qam", [0, 0, 1, 0], 3 + 1j, 10),
        ("64qam", [1, 0, 0, 1, 1, 1], -1 + 7j, 42),
        ("256qam", [0, 1, 1, 1, 1, 1, 1, 1], 15 - 15j, 170),
    ],
)
def test_points_of_the_standard(modulation, bits, point, scale):
    assert modulate(np.array(bits, np.uint8), modulation)[0] * np.sqrt(scale) == pytest.approx(
        point, abs=1e-5
    )


@pytest.mark.parametrize("modulation", MODULATIONS)
def test_unit_power_and_gray_neighbours(modulation):
    words = all_words(modulation)
    points = modulate(words.ravel(), modulation)
    assert np.mean(np.abs(points) ** 2) == pytest.approx(1, abs=1e-6)
    distance = np.abs(points[:, None] - points)
    smallest = np.min(distance[distance > 0])
    near = (distance > 0) & (distance < 1.01 * smallest)
    assert ((words[:, None] != words).sum(axis=2)[near] == 1).all()


@pytest.mark.parametrize("modulation", MODULATIONS)
def test_ratios_equal_the_sum_over_the_constellation(modulation):
    rng = np.random.default_rng(2)
    words, y, noise = all_words(modulation), complex_noise(50, 1.0, rng), rng.uniform(0.1, 2.0, 50)
    points = modulate(words.ravel(), modulation)
    if modulation == "bpsk":
        distance = (y.real[:, None] - points.real) ** 2
    else:
        distance = np.abs(y[:, None] - points) ** 2
    likelihood = np.exp(-distance / noise[:, None])
    expected = np.log(likelihood @ (words == 0)) - np.log(likelihood @ (words == 1))
    assert demodulate(y, noise, modulation) == pytest.approx(expected.ravel(), abs=1e-4)


@pytest.mark.parametrize("modulation", MODULATIONS)
def test_no_noise_gives_the_bits_back(modulation):
    bits = np.random.default_rng(3).integers(0, 2, 240, dtype=np.uint8)
    llrs = demodulate(modulate(bits, modulation), 0.0, modulation)
    assert ((llrs < 0) == bits).all()
    assert np.abs(llrs).min() == MAX_LLR


@pytest.mark.parametrize("modulation", MODULATIONS)
def test_erased_symbol_has_ratio_exactly_0(modulation):
    m = BITS_PER_SYMBOL[modulation]
    llrs = demodulate(np.zeros(2, np.complex64), np.array([np.inf, 1.0]), modulation)
    assert (llrs[:m] == 0).all()
    assert np.isfinite(llrs).all()


@pytest.mark.parametrize("noise", [-1.0, np.nan])
def test_bad_noise_variance_is_refused(noise):
    with pytest.raises(ConfigError, match="noise variance"):
        demodulate(np.zeros(1, np.complex64), noise, "qpsk")


def test_bad_modulation_or_length_is_refused():
    with pytest.raises(ConfigError, match="'8psk'.*16qam"):
        modulate(np.zeros(3, np.uint8), "8psk")
    with pytest.raises(ConfigError, match="7 bits do not fill symbols of 2"):
        modulate(np.zeros(7, np.uint8), "qpsk")
