# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Channel smoothing and phase tracking on known truths."""

from __future__ import annotations

import numpy as np
import pytest

from semcom_core.phy import Layout, PhyConfig
from semcom_core.phy.channel_estimation import ChannelSmoother
from semcom_core.phy.phase_tracking import smooth_phase, timing_drift
from semcom_core.phy.synchronization import openings, preamble, sanitise
from semcom_core.units import complex_noise

LAYOUT = Layout(PhyConfig())


def path(delay: float) -> np.ndarray:
    """Response of one path, delayed against the receiver's window."""
    return np.exp(
        -2j * np.pi * LAYOUT.carriers * (delay + LAYOUT.profile.backoff) / LAYOUT.profile.fft
    )


@pytest.mark.parametrize("delay", [-0.5, 0.0, 0.3])
def test_smoothing_one_path_takes_most_of_the_noise_away(rng, delay):
    """Of 52 noisy carriers a path about 1 sample wide leaves fewer than 5 parts: error below a
    tenth, as the smoother says.
    """
    truth = np.tile(path(delay), (400, 1))
    estimate, error = ChannelSmoother(LAYOUT)(
        truth + complex_noise(truth.shape, 1.0, rng), np.ones(400)
    )
    squares = np.mean(np.abs(estimate - truth) ** 2)
    assert squares < 0.1
    assert np.mean(error) == pytest.approx(squares, rel=0.4)


def test_smoothing_keeps_a_long_channel(rng):
    truth = np.tile(path(0) + 0.7j * path(2) - 0.5 * path(4), (100, 1))
    estimate, _ = ChannelSmoother(LAYOUT)(
        truth + complex_noise(truth.shape, 1e-3, rng), np.full(100, 1e-3)
    )
    assert np.mean(np.abs(estimate - truth) ** 2) < 1e-3


def test_noise_power_is_read_from_empty_delays(rng):
    raw = path(0.4) + complex_noise((2000, 52), 0.5, rng)
    assert np.mean(ChannelSmoother(LAYOUT).noise_only(raw)) == pytest.approx(0.5, rel=0.03)


def test_phase_track_follows_frequency_and_beats_single_symbols(rng):
    times = np.arange(40.0)
    truth = 0.4 + 0.1 * times
    phasors = np.exp(1j * truth) + complex_noise((300, 40), 1 / 4, rng)
    phase, variance, slope = smooth_phase(phasors, np.full((300, 40), 4.0), times, 0.15, 0.15)
    wrong = np.angle(np.exp(1j * (phase - truth)))
    assert np.mean(wrong**2) < 0.25 * (1 / 8)
    assert np.mean(variance) == pytest.approx(np.mean(wrong**2), rel=0.5)
    assert np.mean(slope) == pytest.approx(0.1, abs=2e-3)


def test_symbols_of_no_weight_do_not_turn_the_track(rng):
    phasors = np.exp(0.2j) * np.ones((1, 10))
    phasors[0, 7:] = -1
    weights = np.full((1, 10), 100.0)
    weights[0, 7:] = 0
    phasors[0, 7:] = 0
    phase, _, _ = smooth_phase(phasors, weights, np.arange(10.0), 0.1, 0.1)
    assert np.allclose(phase, 0.2, atol=0.02)


def test_timing_drift_is_found():
    times, carriers = np.arange(-20.0, 20.0)[None], LAYOUT.carriers
    turned = np.exp(1j * 1e-4 * times[:, :, None] * carriers)
    drift, doubt = timing_drift(
        turned, np.ones(turned.shape), carriers, times, np.full(1, 1e-3), np.full(1, 1e-3)
    )
    assert drift == pytest.approx(1e-4, rel=0.02)
    assert 1e-6 < doubt < 1e-5


def test_gate_opens_at_the_preamble_and_nowhere_in_silence():
    samples = np.concatenate([np.zeros(400), preamble(LAYOUT), np.zeros(400)]).astype(np.complex64)
    found, looked, _ = openings(samples, LAYOUT.profile)
    assert (
        looked > 50 and np.abs(found * LAYOUT.profile.period - 400).min() <= LAYOUT.profile.period
    )
    assert openings(np.zeros(2000, np.complex64), LAYOUT.profile)[0].size == 0


def test_gate_opens_in_noise_at_the_rate_of_its_threshold(rng):
    """exp(-gate) of the windows are over the threshold before thinning, so at most that many are
    left, and some are.
    """
    found, looked, _ = openings(complex_noise(400_000, 1.0, rng), LAYOUT.profile)
    assert 0.1 * np.exp(-LAYOUT.profile.gate) < len(found) / looked < np.exp(-LAYOUT.profile.gate)


def test_sanitise_keeps_what_is_right():
    clean = sanitise([1 + 2j, np.nan, complex(np.inf, 3), 1e30, -5])
    assert clean.dtype == np.complex64 and clean.tolist() == [1 + 2j, 0, 3j, 0, -5]
