# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Automatic gain: down at once, up with patience, held through silence, searched for, and a closed
loop around a converter.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from semcom_core.channel import parse_channel
from semcom_core.errors import ConfigError
from semcom_core.phy import PhyConfig, Receiver, Transmitter
from semcom_core.phy.gain import AutomaticGain, GainConfig

#: Samples between bursts that lie well apart: what a change of the gain needs at most, by the
#: settings' default.
APART = GainConfig().settle_samples


def levels(
    gain: AutomaticGain, *levels_db: float, first: int = 0, apart: int = APART
) -> list[float | None]:
    """What a gain answers to bursts of some levels."""
    return [
        gain.burst(level_db, first + number * apart) for number, level_db in enumerate(levels_db)
    ]


def test_strong_bursts_turn_the_gain_down_at_once():
    gain = AutomaticGain(GainConfig(target_db=-18), 30)
    assert gain.burst(-3.0, 0) == 15.0 and gain.gain_db == 15.0


def test_the_gain_stays_within_the_tolerance():
    gain = AutomaticGain(GainConfig(target_db=-18, tolerance_db=6), 30)
    assert levels(gain, -12.0, -24.0, -18.0) == [None, None, None]


def test_weak_bursts_turn_it_up_by_the_least_that_all_of_them_lack():
    gain = AutomaticGain(GainConfig(target_db=-18, patience=3), 20)
    assert levels(gain, -40.0, -30.0, -50.0) == [None, None, 32.0]


def test_one_good_burst_among_weak_ones_keeps_it():
    gain = AutomaticGain(GainConfig(patience=2), 20)
    assert levels(gain, -40.0, -18.0, -40.0, -18.0) == [None] * 4


def test_bursts_that_came_with_the_former_gain_are_not_corrected_again():
    """Three bursts within a stride of the receiver are 15 dB too strong by one and the same gain;
    so with weak ones.
    """
    gain = AutomaticGain(GainConfig(settle_samples=1000), 30)
    assert levels(gain, -3.0, -3.0, -3.0, apart=499) == [15.0, None, None] and gain.gain_db == 15.0
    assert levels(gain, -18.0, -3.0, first=1000, apart=1) == [None, 0.0], (
        "1000 samples after the burst that the change was made at"
    )
    gain = AutomaticGain(GainConfig(patience=2), 30)
    assert levels(gain, *[-40.0] * 6, apart=1000) == [None, 52.0, None, None, None, None]


def test_a_change_by_the_search_settles_too():
    gain = AutomaticGain(GainConfig(settle_samples=1000), 30)
    gain.burst(-40.0, 500)
    assert gain.quiet(2.0) == 40.0 and levels(gain, 0.0, 0.0, first=1499, apart=1) == [None, 22.0]


def test_further_frames_of_a_burst_do_not_count():
    gain = AutomaticGain(GainConfig(patience=2), 20)
    assert levels(gain, -40.0, -40.0, -40.0, apart=0) == [None] * 3


@pytest.mark.parametrize("told", [True, False])
def test_a_new_stream_counts_its_samples_from_0(told):
    """Whether it is told or seen by a number that falls: what settled in the former stream does not
    concern it.
    """
    gain = AutomaticGain(GainConfig(), 30)
    assert gain.burst(-3.0, 1 << 40) == 15.0
    if told:
        gain.new_stream()
    assert gain.burst(-8.0, 50) == 5.0


def test_search_in_silence_goes_up_and_begins_again_at_the_least():
    gain = AutomaticGain(GainConfig(least_db=0, most_db=25, search_s=1, step_db=10), 10)
    assert [gain.quiet(0.5) for _ in range(8)] == [None, 20.0, None, 25.0, None, 0.0, None, 10.0]


@pytest.mark.parametrize("good_db", [20.0, 12.0, 0.0, 25.0])
def test_a_good_gain_is_held_and_come_back_to_after_a_search(good_db):
    """Nothing for hold_s, one step a search time over all gains, back, and nothing for hold_s
    again.
    """
    gain = AutomaticGain(
        GainConfig(least_db=0, most_db=25, search_s=1, step_db=10, hold_s=5), good_db
    )
    gain.burst(-18.0, 0)
    passed = []
    for _ in range(20):
        gain.quiet(1.0)
        passed.append(gain.gain_db)
    assert passed[:4] == [good_db] * 4
    back = passed.index(good_db, 4)
    sweep = passed[4:back]
    assert {0.0, 25.0} <= {*sweep, good_db} and max(np.diff(sorted({*sweep, good_db}))) <= 10
    assert passed[back : back + 5] == [good_db] * 5


def test_a_gain_found_by_a_correction_is_held_as_well():
    gain = AutomaticGain(GainConfig(hold_s=60), 30)
    assert gain.burst(-3.0, 0) == 15.0
    assert [gain.quiet(10.0) for _ in range(5)] == [None] * 5 and gain.quiet(10.0) == 25.0


def test_a_weak_burst_in_the_search_brings_the_held_gain_back_if_it_suits_it():
    for level_db, answer in ((-40.0, 30.0), (-26.0, None)):
        gain = AutomaticGain(GainConfig(least_db=10, most_db=30, step_db=20, hold_s=2), 30)
        gain.burst(-18.0, 0)
        assert gain.quiet(2.0) == 10.0 and gain.burst(level_db, APART) == answer


def test_weak_bursts_count_across_steps_of_the_search():
    """Each asks for a gain, whichever it arrived with: 42, 52 and 57 dB."""
    gain = AutomaticGain(GainConfig(patience=3), 20)
    assert gain.burst(-40.0, 0) is None and gain.quiet(2.0) == 30.0
    assert levels(gain, -40.0, -45.0, first=APART) == [None, 42.0]


@pytest.mark.parametrize("gap_s", [1, 3, 5, 10, 30])
def test_messages_seconds_apart_all_find_the_gain_right(gap_s):
    gain, right = AutomaticGain(GainConfig(), 30.0), 0
    for number in range(50):
        for _ in range(4 * gap_s if number else 0):
            gain.quiet(0.25)
        right += gain.gain_db == 30.0
        gain.burst(-18.0 + gain.gain_db - 30.0, number * gap_s * 1_000_000)
    assert right == 50


def test_the_gain_keeps_its_limits():
    gain = AutomaticGain(GainConfig(least_db=5, most_db=40), 99)
    assert gain.gain_db == 40 and levels(gain, 0.0, 0.0, 0.0) == [22.0, 5.0, None]


@pytest.mark.parametrize("level_db", [math.nan, math.inf, -math.inf])
def test_a_level_that_is_not_finite_says_nothing(level_db):
    gain = AutomaticGain(GainConfig(patience=2), 30)
    assert levels(gain, level_db, -40.0, level_db, level_db, -40.0) == [
        None,
        None,
        None,
        None,
        52.0,
    ]


WRONG = [
    {"least_db": 9, "most_db": 3},
    {"patience": 0},
    {"search_s": 0},
    {"target_db": 3},
    {"hold_s": 0},
    {"settle_samples": -1},
]
WRONG += [
    {"patience": 1.5},
    {"settle_samples": 0.5},
    {"least_db": -math.inf},
    {"most_db": math.inf},
]
WRONG += [
    {name: math.nan} for name in ("least_db", "most_db", "patience", "hold_s", "settle_samples")
]


@pytest.mark.parametrize("wrong", WRONG)
def test_refuses_settings_that_are_not_allowed(wrong):
    with pytest.raises(ConfigError, match=f"{next(iter(wrong))} is .*allowed"):
        GainConfig(**wrong)


@pytest.mark.parametrize("gain_db", [math.nan, math.inf, -math.inf])
def test_refuses_a_gain_that_no_radio_has(gain_db):
    with pytest.raises(ConfigError, match="gain_db is .*; allowed is"):
        AutomaticGain(GainConfig(), gain_db)


@pytest.mark.parametrize("path_db", [-70.0, 0.0])
def test_loop_around_a_converter_of_8_bits_ends_near_the_target(frame, rng, path_db):
    """Bursts 70 dB down vanish in the steps of the converter, and as strong as full scale they
    clip: the loop finds a gain.
    """
    config = GainConfig(least_db=-20, most_db=70, search_s=1)
    gain, channel = (
        AutomaticGain(config, 0.0),
        parse_channel("awgn:15").for_modem(PhyConfig(headroom_db=3)),
    )
    transmitter, found_db = Transmitter(PhyConfig(headroom_db=3)), []
    for number in range(16):
        burst = np.concatenate(
            [np.zeros(300), transmitter.burst([frame(120, number)]), np.zeros(300)]
        )
        arrived = channel.through_samples(burst, rng) * 10 ** ((path_db + gain.gain_db) / 20)
        receiver = Receiver()
        found = receiver.push(converted(arrived)) + receiver.flush()
        found_db.append(found[0].level_db if found else None)
        gain.burst(found[0].level_db, number * APART) if found else gain.quiet(1.0)
    assert None not in found_db[-4:]
    assert all(abs(level - config.target_db) < config.tolerance_db + 1 for level in found_db[-4:])


def converted(samples: np.ndarray) -> np.ndarray:
    """Samples in 8 bits each way, full scale 1."""
    steps = np.clip(np.rint(np.stack([samples.real, samples.imag]) * 128), -128, 127) / 128
    return steps[0] + 1j * steps[1]
