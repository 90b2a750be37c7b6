# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sampling-clock offset: delays after many samples, accuracy, hours of stream."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from semcom_core.channel import parse_channel
from semcom_core.channel.clock import BETA, HALF_LENGTH, Resampler
from semcom_core.channel.filters import windowed_sinc


@pytest.mark.parametrize("ppm", [40, -40, 1000, -1000])
def test_sample_comes_late_by_so_many_parts_per_million(ppm):
    """A pulse at sample 250,000: its centre comes out at 250,000 (1 + e), to a thousandth of a
    sample.
    """
    at = np.arange(300_000)
    pulse = np.exp(-(((at - 250_000) / 8) ** 2))
    y = (
        parse_channel(f"sco:{ppm}ppm")
        .through_samples(pulse, np.random.default_rng(1))
        .real.astype(float)
    )
    near = np.arange(-40, 41) + round(250_000 * (1 + ppm * 1e-6))
    centre = np.sum(near * y[near]) / y[near].sum()
    assert centre == pytest.approx(250_000 * (1 + ppm * 1e-6), abs=1e-3)
    assert abs(len(y) - 300_000 * (1 + ppm * 1e-6)) < 60


@pytest.mark.parametrize("ppm", [40, -40, 1000, -1000])
@pytest.mark.parametrize("frequency", [0.01, -0.3, 0.44])
def test_error_is_below_60_db(ppm, frequency):
    at = np.arange(60_000)
    y = parse_channel(f"sco:{ppm}ppm").through_samples(
        np.exp(2j * np.pi * frequency * at), np.random.default_rng(1)
    )[100:59_000]
    times = np.arange(100, 59_000) / (1 + ppm * 1e-6)
    assert np.abs(y - np.exp(2j * np.pi * (frequency * times % 1))).max() < 1e-3


@pytest.mark.parametrize("ppm", [40, -999])
def test_position_stays_exact_for_hours(ppm):
    """Output 36 billion, ten hours at 1 Msps: the taps still turn a tone by the right fraction of a
    sample.
    """
    clock, block = Resampler(ppm * 1e-6), np.array([36_000_000_000 // 32])
    starts = clock.starts(block)
    first, _ = clock.taps(block, starts)
    exact = Fraction(int(block[0]) * clock.block) / (1 + Fraction(ppm * 1e-6))
    late = float(exact - int(starts[0]))
    assert 0 <= late < 1 + 1e-6
    tone = np.exp(2j * np.pi * 0.2 * (clock.ahead - np.arange(first.shape[1])))
    assert abs(first[0] @ tone - np.exp(2j * np.pi * 0.2 * late)) < 1e-3


def test_no_offset_changes_nothing():
    x = np.random.default_rng(1).standard_normal(1000)
    y = parse_channel("sco:0").through_samples(x, np.random.default_rng(1))
    assert np.allclose(y[:1000], x, atol=1e-6) and np.allclose(y[1000:], 0, atol=1e-6)


@pytest.mark.parametrize("frequency", [0.45, 0.3])
def test_straight_line_between_taps_has_its_error(frequency):
    """Halfway through a block in which the clock gains g samples: (2 pi f g)^2 / 8, at the largest
    offset below -70 dB.
    """
    clock, block = Resampler(1e-3), np.array([0])
    at = np.arange(-clock.ahead, clock.behind + 1)
    gained = clock.block * 1e-3 / (1 + 1e-3)
    exact = windowed_sinc(at - gained / 2, HALF_LENGTH, BETA)
    error = abs(
        (np.mean(clock.taps(block, clock.starts(block)), axis=0)[0] - exact)
        @ np.exp(-2j * np.pi * frequency * at)
    )
    assert error == pytest.approx((2 * np.pi * frequency * gained) ** 2 / 8, rel=0.05)
    assert 20 * np.log10(error) < -70
