# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Imperfect hardware against closed forms: phase noise, quadrature mixer, converter, amplifier."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import welch
from scipy.stats import norm

from semcom_core.channel import parse_channel
from semcom_core.units import complex_noise


def through(text, x, power=1.0):
    """Samples x through a channel that is told their power."""
    return replace(parse_channel(text), sample_power=power).through_samples(
        x, np.random.default_rng(5)
    )


@pytest.fixture
def gaussian() -> np.ndarray:
    """Samples of power 1."""
    return complex_noise(400_000, 1.0, np.random.default_rng(4))


def test_phase_wanders_by_its_variance():
    """-80 dBc/Hz at 10 kHz is a line 6.28 Hz wide: 2 pi B T over 50 samples, known to 1 % from
    20,000 steps.
    """
    y = through("phase-noise:-80", np.ones(1_000_000))
    steps = np.angle(y[50::50] * y[:-50:50].conj())
    assert parse_channel("phase-noise:-80").terms[0].width_hz == pytest.approx(2 * np.pi, rel=1e-3)
    assert np.var(steps) == pytest.approx(2 * np.pi * 2 * np.pi * 50e-6, rel=0.04)
    assert y[0] == pytest.approx(1, abs=1e-6) and np.allclose(np.abs(y), 1, atol=1e-5)


@pytest.mark.parametrize(
    "text, level_db, at_hz",
    [("phase-noise:-60", -60, 10e3), ("phase-noise:-75,at=50khz", -75, 50e3)],
)
def test_phase_noise_has_its_level_and_falls_by_20_db_a_decade(text, level_db, at_hz):
    """Some 200 averages in 20 bins: the level is known to 0.1 dB."""
    frequency, density = welch(
        through(text, np.ones(1_000_000)), 1e6, nperseg=8192, return_onesided=False, detrend=False
    )
    for offset in (at_hz, -at_hz, 3 * at_hz):
        near = np.abs(frequency - offset) < 1200
        expected_db = level_db - 20 * np.log10(abs(offset) / at_hz)
        assert 10 * np.log10(density[near].mean()) == pytest.approx(expected_db, abs=0.4)


@pytest.mark.parametrize(
    "text, rejection_db", [("iq:1db,5deg", 22.83), ("iq:1db", 24.80), ("iq:5deg", 27.20)]
)
def test_image_has_its_power(text, rejection_db):
    tone = np.exp(2j * np.pi * 0.125 * np.arange(8000))
    y = through(text, tone)
    direct, image = np.mean(y * tone.conj()), np.mean(y * tone)
    gain, phase = (
        10 ** (parse_channel(text).terms[0].gain_db / 20),
        np.deg2rad(parse_channel(text).terms[0].phase_deg),
    )
    ratio = (1 + 2 * gain * np.cos(phase) + gain**2) / (1 - 2 * gain * np.cos(phase) + gain**2)
    assert abs(direct) ** 2 / abs(image) ** 2 == pytest.approx(ratio, rel=1e-3)
    assert 10 * np.log10(ratio) == pytest.approx(rejection_db, abs=0.01)


def test_constant_has_its_size_and_phase(gaussian):
    assert np.allclose(
        through("dc:10%,deg=90", gaussian * 3, power=9.0) - gaussian * 3, 0.3j, atol=1e-5
    )
    drawn = through("dc:20%", np.zeros(10))
    assert np.allclose(np.abs(drawn), 0.2) and abs(np.angle(drawn[0])) > 1e-3


@pytest.mark.parametrize("bits, clip_db", [(4, 8.0), (6, 12.0), (10, 9.0), (12, 16.0), (8, 3.0)])
def test_converter_has_its_signal_to_error_ratio(gaussian, bits, clip_db):
    """D^2 / 12 in the full scale, and the tails beyond it, which get the outermost level; a
    Gaussian branch; within 0.2 dB.
    """
    clip, step = 10 ** (clip_db / 20), 2 * 10 ** (clip_db / 20) / 2**bits
    outermost = clip - step / 2
    clipped = 2 * ((1 + outermost**2) * norm.sf(clip) + (clip - 2 * outermost) * norm.pdf(clip))
    error = step**2 / 12 * (1 - 2 * norm.sf(clip)) + clipped
    y = through(f"adc:{bits},clip={clip_db}", gaussian)
    assert -10 * np.log10(np.mean(np.abs(y - gaussian) ** 2)) == pytest.approx(
        -10 * np.log10(error), abs=0.2
    )


def test_converter_has_its_levels(gaussian):
    y = through("adc:3,clip=6", gaussian * 2, power=4.0)
    scale = np.sqrt(2) * 10 ** (6 / 20)
    assert np.allclose(np.unique(y.real), scale * (np.arange(8) - 3.5) / 4, rtol=1e-5)


@pytest.mark.parametrize("smoothness", [2.0, 3.0])
def test_amplifier_follows_rapp(smoothness):
    """Linear for small samples, 2^(-1/2p) at the saturation, never above it; phases stay."""
    saturation = 10 ** (6 / 20)
    drive = np.array([1e-3, 0.5, 1.0, 2.0, 1e3])
    phases = np.exp(1j * np.array([0.0, 1.0, 2.0, -3.0, 0.5]))
    y = through(f"pa:6,p={smoothness}", drive * saturation * phases)
    expected = saturation * drive / (1 + drive ** (2 * smoothness)) ** (1 / (2 * smoothness))
    assert np.abs(y) == pytest.approx(expected, rel=1e-4)
    assert np.allclose(y / np.abs(y), phases, atol=1e-5)
    assert np.abs(y[2]) / saturation == pytest.approx(2 ** (-1 / (2 * smoothness)), rel=1e-4)


@pytest.mark.parametrize("smoothness", [0.1, 2.0, 10.0])
def test_amplifier_saturates_however_large_the_samples(smoothness):
    """At 1e17 times the saturation, which is 0.01, the output is the saturation; silence stays
    silent.
    """
    with np.errstate(all="raise", under="ignore"):
        y = through(f"pa:-40,p={smoothness}", np.array([9e14, -9e14j, 0.0]))
    assert y == pytest.approx([0.01, -0.01j, 0.0], rel=0.02 if smoothness < 1 else 1e-5)
