# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Channels that change within a frame, and phases that walk."""

from __future__ import annotations

import numpy as np
import pytest

from semcom_core.phy import Layout, PhyConfig
from semcom_core.phy.channel_estimation import ChannelTracker as ChannelFollower
from semcom_core.phy.phase_tracking import smooth_phase
from semcom_core.units import complex_noise

LAYOUT = Layout(PhyConfig())
HEAD, NOISE = 4, 0.05


def path(delay: float) -> np.ndarray:
    """Response of one path, delayed against the receiver's window."""
    return np.exp(
        -2j * np.pi * LAYOUT.carriers * (delay + LAYOUT.profile.backoff) / LAYOUT.profile.fft
    )


def follow(truth: np.ndarray, rng: np.random.Generator):
    """Follow channels (B, S, A) by their pilots, of value 1, and an estimate about the header."""
    known = np.zeros(truth.shape, np.complex64)
    known[:, :, LAYOUT.is_pilot] = 1
    seen = (truth * known + complex_noise(truth.shape, NOISE, rng)).astype(np.complex64)
    about = truth[:, :HEAD].mean(axis=1).astype(np.complex64)
    error = np.full(about.shape, 1e-3, np.float32)
    return ChannelFollower(LAYOUT)(seen, known, about, error, np.full(truth.shape[:2], NOISE), HEAD)


def test_a_channel_that_stands_still_is_left_as_it_is(rng):
    truth = np.repeat(complex_noise((200, 1, 1), 1.0, rng) * path(0.0), 60, axis=1)
    found = follow(truth, rng)
    assert found.moves.mean() < 0.01
    assert np.abs(found.channel - truth)[~found.moves].max() < 1e-6


@pytest.mark.parametrize("delay", [-1.0, 0.0, 1.5])
def test_a_rotating_channel_is_followed_with_the_error_it_claims(rng, delay):
    """Fading by 20 rays at up to 0.006 cycles a symbol: standing still would leave an error of the
    channel's own power.
    """
    angles = rng.uniform(0, 2 * np.pi, (40, 20, 1))
    rays = np.exp(2j * np.pi * (0.006 * np.cos(angles) * np.arange(80) + rng.random((40, 20, 1))))
    truth = (rays.sum(axis=1) / np.sqrt(20))[:, :, None] * path(delay)
    found = follow(truth, rng)
    wrong = np.abs(found.channel - truth) ** 2
    assert found.moves.mean() > 0.95
    assert wrong.mean() < 0.005 and np.mean(np.abs(truth[:, :1] - truth) ** 2) > 0.8
    assert 0.4 < wrong.mean() / found.error.mean() < 2


def test_symbols_beyond_the_frame_do_not_move_it(rng):
    truth = np.repeat(complex_noise((20, 1, 1), 1.0, rng) * path(0.0), 40, axis=1)
    known = np.zeros(truth.shape, np.complex64)
    known[:, :20, LAYOUT.is_pilot] = 1
    seen = (truth + complex_noise(truth.shape, NOISE, rng)).astype(np.complex64)
    seen[:, 20:] = complex_noise(seen[:, 20:].shape, 100.0, rng)
    error = np.full((20, 52), 1e-3, np.float32)
    found = ChannelFollower(LAYOUT)(
        seen, known, truth[:, 0].astype(np.complex64), error, np.full(truth.shape[:2], NOISE), HEAD
    )
    assert found.moves.mean() < 0.1


@pytest.mark.parametrize("symbols", [8, 60])
def test_phase_that_walks_is_tracked_better_than_by_a_line(rng, symbols):
    """0.08 rad a symbol, seen with 0.1 rad: a walk leaves less than the measurement. Over few
    symbols some pass for lines.
    """
    walk = np.cumsum(0.08 * rng.standard_normal((300, symbols)), axis=1)
    weights = np.full(walk.shape, 0.5 / 0.1**2)
    phasors = np.exp(1j * walk) + complex_noise(walk.shape, 1 / 50, rng)
    found, variance, _ = smooth_phase(
        phasors * weights, weights, np.arange(float(symbols)), 0.15, 0.15
    )
    wrong = (found - walk - np.round((found - walk) / (2 * np.pi)) * 2 * np.pi) ** 2
    assert wrong.mean() < 0.9 * 0.1**2
    assert 0.6 < wrong.mean() / variance.mean() < 3


def test_phase_that_stands_still_is_averaged(rng):
    """60 symbols of 0.1 rad each average to 0.013 rad; the walk that is allowed at least makes it
    0.02.
    """
    phasors = 1 + complex_noise((300, 60), 1 / 50, rng)
    found, _, _ = smooth_phase(phasors * 50, np.full((300, 60), 50.0), np.arange(60.0), 0.15, 0.15)
    assert np.sqrt(np.mean(found**2)) < 0.035
