# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""DC offset and impulses in samples; noise that is not the same everywhere."""

from __future__ import annotations

import numpy as np
import pytest

from semcom_core.phy.interference import (
    SECTION,
    blank_impulses,
    carrier_excess,
    dc_offset,
    idle_excess,
    pilot_excess,
)
from semcom_core.units import complex_noise


def test_dc_offset_is_found_in_noise(rng):
    """2,304 samples of noise of power 1 leave 0.021 of deviation."""
    found = dc_offset(
        complex_noise((5, 2400), 1.0, rng) + np.complex64(0.3 - 0.2j), np.full(5, 10_000)
    )
    assert np.abs(found - (0.3 - 0.2j)).max() < 0.07


def test_no_dc_offset_is_taken_out_where_there_is_none(rng):
    found = dc_offset(complex_noise((200, 2400), 1.0, rng), np.full(200, 10_000))
    assert np.count_nonzero(found) == 0


def test_silence_counts_for_more_than_signals(rng):
    """A signal 30 dB over the noise in half of the sections would leave 0.03 a sample; the quiet
    half leaves a thirtieth.
    """
    samples = complex_noise((50, 8 * SECTION), 1e-3, rng)
    samples[:, 4 * SECTION :] += complex_noise((50, 4 * SECTION), 1.0, rng)
    found = dc_offset(samples + np.complex64(0.01), np.full(50, 10_000))
    assert np.sqrt(np.mean(np.abs(found - 0.01) ** 2)) < 0.003


def test_what_lies_before_the_stream_does_not_count(rng):
    samples = complex_noise((1, 2048), 1e-4, rng) + np.complex64(0.1)
    samples[:, :1900] = 0
    assert abs(dc_offset(samples, np.array([-1900]))[0] - 0.1) < 0.005


def test_impulses_are_blanked_and_their_share_is_told(rng):
    windows = complex_noise((3, 6, 64), 1.0, rng)
    windows[1, 2, 10:14] = 100
    kept = windows.copy()
    lost = blank_impulses(windows)
    assert lost[1, 2] == pytest.approx(4 / 64) and np.count_nonzero(lost) == 1
    assert (windows[1, 2, 10:14] == 0).all()
    kept[1, 2, 10:14] = 0
    assert np.array_equal(windows, kept)


def test_a_gaussian_signal_is_not_blanked(rng):
    """Of 20,000 symbols 0.4 are expected to lose a sample, and 4 once in 1,000 times."""
    assert np.count_nonzero(blank_impulses(complex_noise((2000, 10, 64), 1.0, rng))) < 4


def test_symbols_that_fade_are_not_blanked(rng):
    """Power that changes 20 dB within a burst, but not within a symbol, is no impulse."""
    levels = np.geomspace(0.1, 10, 40)[None, :, None].astype(np.float32)
    assert np.count_nonzero(blank_impulses(complex_noise((50, 40, 64), 1.0, rng) * levels)) == 0


def test_white_noise_has_no_excess(rng):
    shape = (500, 20)
    idle = np.mean(np.abs(complex_noise((*shape, 9), 1.0, rng)) ** 2, axis=2)
    pilots = np.mean(np.abs(complex_noise((*shape, 4), 1.0, rng)) ** 2, axis=2)
    squares = np.sum(np.abs(complex_noise((500, 52, 3), 1.0, rng)) ** 2, axis=2)
    for ratio in (idle_excess(idle, np.ones(500)), pilot_excess(pilots, np.ones(shape, bool))):
        assert (ratio == 1).mean() > 0.999
    assert (carrier_excess(squares, np.full((500, 52), 3.0)) == 1).mean() > 0.9999


def test_excess_says_by_how_much(rng):
    """A symbol and a carrier hit by noise 20 dB up; 9, 4 and 3 samples tell the power to 1.5, 2.2
    and 2.5 dB.
    """
    idle, pilots = np.ones((1, 12)), np.ones((1, 12))
    idle[0, 5], pilots[0, 7] = 100, 100
    assert idle_excess(idle, np.ones(1))[0, 5] == 100
    assert pilot_excess(pilots, np.ones((1, 12), bool))[0, 7] == 100
    squares = np.full((1, 52), 3.0)
    squares[0, 30] = 300
    found = carrier_excess(squares, np.full((1, 52), 3.0))
    assert found[0, 30] == pytest.approx(100) and np.count_nonzero(found != 1) == 1
