# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measurements on samples whose imperfections are known, because they were put in."""

from __future__ import annotations

import numpy as np
import pytest

from semcom_core.errors import ConfigError
from semcom_core.radio.diagnostics.measure import imbalance, measure_noise_db, measure_tone

RATE = 1e6
COUNT = 1 << 16


def tone(hz=123456.7, amplitude=0.25, noise_db=-60.0, seed=1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    noise = np.sqrt(10 ** (noise_db / 10) / 2) * (
        rng.standard_normal(COUNT) + 1j * rng.standard_normal(COUNT)
    )
    return (amplitude * np.exp(2j * np.pi * hz / RATE * np.arange(COUNT)) + noise).astype(
        np.complex64
    )


def test_frequency_level_and_noise():
    found = measure_tone(tone(), RATE)
    assert found.hz == pytest.approx(123456.7, abs=0.5)
    assert found.level_db == pytest.approx(20 * np.log10(0.25), abs=0.05)
    assert found.noise_db == pytest.approx(
        -60, abs=0.3
    )  # the median of 65,536 bins: a standard deviation of 0.03 dB
    assert found.snr_db == pytest.approx(60 - 12.04, abs=0.3)
    assert found.clipped == 0 and found.peak < 0.27


@pytest.mark.parametrize("offset", [0.003, 0.05j])
def test_dc_offset(offset):
    found = measure_tone(tone() + offset, RATE)
    assert found.dc_db == pytest.approx(20 * np.log10(abs(offset)), abs=0.2)
    assert found.hz == pytest.approx(123456.7, abs=0.5)


def test_a_dc_offset_larger_than_the_tone_is_not_taken_for_it():
    assert measure_tone(tone(amplitude=0.01) + 0.5, RATE).hz == pytest.approx(123456.7, abs=0.5)


@pytest.mark.parametrize("gain_db, degrees", [(0.5, 0.0), (0.0, 3.0)])
def test_iq_imbalance(gain_db, degrees):
    x = tone(noise_db=-90)
    gain = 10 ** (gain_db / 20)
    y = x.real + 1j * gain * (
        x.imag * np.cos(np.radians(degrees)) + x.real * np.sin(np.radians(degrees))
    )
    image = abs(1 - gain * np.exp(-1j * np.radians(degrees))) / abs(
        1 + gain * np.exp(1j * np.radians(degrees))
    )
    found = measure_tone(y, RATE)
    assert found.image_db == pytest.approx(20 * np.log10(image), abs=0.1)
    assert f"{gain_db or degrees:.1f}" in imbalance(found.image_db)


def test_clipping_is_seen():
    x = tone(amplitude=1.5)
    y = x.real.clip(-1, 1) + 1j * x.imag.clip(-1, 1)
    assert measure_tone(y, RATE).clipped > 0.4


def test_noise_is_measured_beside_lines():
    assert measure_noise_db(tone() + 0.1, RATE) == pytest.approx(-60, abs=0.3)


def test_silence_and_too_few_samples():
    assert measure_tone(np.zeros(COUNT, np.complex64), RATE).level_db < -150
    with pytest.raises(ConfigError, match="samples to measure are 100; at least 4096"):
        measure_tone(np.zeros(100, np.complex64), RATE)
