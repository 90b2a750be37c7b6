# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Automatic gain: down at once, up with patience, a search in silence, and a closed loop around a converter."""

from __future__ import annotations

import numpy as np
import pytest

from semcom_core.channel import parse_channel
from semcom_core.errors import ConfigError
from semcom_core.phy import PhyConfig, Receiver, Transmitter
from semcom_core.phy.gain import AutomaticGain, GainConfig


def test_strong_bursts_turn_the_gain_down_at_once():
    gain = AutomaticGain(GainConfig(target_db=-18), 30)
    assert gain.burst(-3.0) == 15.0 and gain.gain_db == 15.0


def test_the_gain_stays_within_the_tolerance():
    gain = AutomaticGain(GainConfig(target_db=-18, tolerance_db=6), 30)
    assert [gain.burst(level) for level in (-12.0, -24.0, -18.0)] == [None, None, None]


def test_weak_bursts_turn_it_up_by_the_least_that_all_of_them_lack():
    gain = AutomaticGain(GainConfig(target_db=-18, patience=3), 20)
    assert [gain.burst(level) for level in (-40.0, -30.0, -50.0)] == [None, None, 32.0]


def test_one_good_burst_among_weak_ones_keeps_it():
    gain = AutomaticGain(GainConfig(patience=2), 20)
    assert [gain.burst(level) for level in (-40.0, -18.0, -40.0, -18.0)] == [None] * 4


def test_search_in_silence_goes_up_and_begins_again_at_the_least():
    gain = AutomaticGain(GainConfig(least_db=0, most_db=25, search_s=1, step_db=10), 10)
    assert [gain.quiet(0.5) for _ in range(8)] == [None, 20.0, None, 25.0, None, 0.0, None, 10.0]


def test_the_gain_keeps_its_limits():
    gain = AutomaticGain(GainConfig(least_db=5, most_db=40), 99)
    assert gain.gain_db == 40 and gain.burst(0.0) == 22.0 and gain.burst(0.0) == 5.0 and gain.burst(0.0) is None


@pytest.mark.parametrize("wrong", [{"least_db": 9, "most_db": 3}, {"patience": 0}, {"search_s": 0}, {"target_db": 3}])
def test_refuses_settings_that_are_not_allowed(wrong):
    with pytest.raises(ConfigError, match="allowed"):
        GainConfig(**wrong)


@pytest.mark.parametrize("path_db", [-70.0, 0.0])
def test_loop_around_a_converter_of_8_bits_ends_near_the_target(frame, rng, path_db):
    """Bursts 70 dB down vanish in the steps of the converter, and as strong as full scale they clip: the loop finds a gain."""
    config = GainConfig(least_db=-20, most_db=70, search_s=1)
    gain, channel = AutomaticGain(config, 0.0), parse_channel("awgn:15").for_modem(PhyConfig(headroom_db=3))
    transmitter, levels = Transmitter(PhyConfig(headroom_db=3)), []
    for number in range(16):
        burst = np.concatenate([np.zeros(300), transmitter.burst([frame(120, number)]), np.zeros(300)])
        arrived = channel.through_samples(burst, rng) * 10 ** ((path_db + gain.gain_db) / 20)
        receiver = Receiver()
        found = receiver.push(converted(arrived)) + receiver.flush()
        levels.append(found[0].level_db if found else None)
        gain.burst(found[0].level_db) if found else gain.quiet(1.0)
    assert None not in levels[-4:]
    assert all(abs(level - config.target_db) < config.tolerance_db + 1 for level in levels[-4:])


def converted(samples: np.ndarray) -> np.ndarray:
    """Samples in 8 bits each way, full scale 1."""
    steps = np.clip(np.rint(np.stack([samples.real, samples.imag]) * 128), -128, 127) / 128
    return steps[0] + 1j * steps[1]
