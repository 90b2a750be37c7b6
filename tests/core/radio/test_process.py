# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A radio's process: samples to and fro, troubles counted, settings, lives after a death. A
stand-in runs instead of GNU Radio.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from semcom_core.errors import ConfigError
from semcom_core.radio.process.supervisor import RadioProcess
from semcom_core.radio.profile import load_profile
from tests.core.radio.radio_processes import LIMIT_S, STAND_IN, collect, open_radio, states, until  # noqa: F401 (a fixture)


def test_samples_come_in_order_however_they_are_read(open_radio):  # noqa: F811
    radio = open_radio("count")
    first = np.concatenate([radio.read(1, LIMIT_S), radio.read(7, LIMIT_S), collect(radio, 20000)])
    assert np.array_equal(first.real, np.arange(len(first)))
    assert states(radio) == ["loading", "ready"]


def test_what_is_written_is_sent_scaled_and_leaves(open_radio):  # noqa: F811
    radio = open_radio("echo", transmit=True)
    radio.profile = replace(radio.profile, amplitude=0.5)
    bursts = [
        np.full(count, number + 1, np.complex64) for number, count in enumerate((3, 40000, 1))
    ]
    assert [radio.write(burst, 1.0) for burst in bursts] == [0, 1, 2]
    assert np.array_equal(collect(radio, 40004), np.concatenate(bursts) / 2)
    assert radio.drain(LIMIT_S) and radio.sent == 3


def test_a_process_that_dies_is_followed_by_another(open_radio):  # noqa: F811
    radio = open_radio("once:5000")
    samples = collect(radio, 9000).real
    assert np.array_equal(samples, [*range(5000), *range(4000)])
    assert (
        states(radio) == ["loading", "ready", "reconnecting", "ready"]
        and radio.counts["reconnects"] == 1
    )


def test_what_had_not_left_is_sent_again(open_radio):  # noqa: F811
    radio = open_radio("late", transmit=True)
    radio.write(np.arange(5, dtype=np.complex64), 1.0)
    assert np.array_equal(collect(radio, 5), np.arange(5))
    assert radio.drain(LIMIT_S) and states(radio) == ["loading", "ready", "reconnecting", "ready"]


def test_troubles_are_counted(open_radio):  # noqa: F811
    radio = open_radio("print:sOsOsU")
    until(lambda: radio.counts["underruns"])
    assert (radio.counts["overruns"], radio.counts["underruns"]) == (2, 1)
    assert ("overrun", "2 in sum", 2) in radio.events and (
        "underrun",
        "1 in sum",
        1,
    ) in radio.events


def test_silence_is_a_timeout_and_settings_reach_the_process(open_radio):  # noqa: F811
    radio = open_radio("silent")
    radio.wait_ready(LIMIT_S)
    with pytest.raises(TimeoutError, match="the radio has given no sample"):
        radio.read(1, 0.05)
    radio.set(rx_gain_db=33)
    assert radio.read(1, LIMIT_S)[0] == 33
    with pytest.raises(
        ConfigError, match="rx_gain_db of profile virtual-soapy is 99; allowed is 0 to 76"
    ):
        radio.set(rx_gain_db=99)
    with pytest.raises(ConfigError, match="rate_hz"):
        radio.set(rate_hz=2e6)
    assert radio.profile.rx_gain_db == 33


def test_what_is_set_while_the_radio_is_set_up_reaches_it(open_radio, tmp_path):  # noqa: F811
    radio = open_radio("slow")
    until((tmp_path / "lives").exists)  # the process has begun, with the settings of before
    radio.set(rx_gain_db=33)
    (tmp_path / "go").touch()
    assert radio.read(1, LIMIT_S)[0] == 33


def test_a_writer_waits_for_room(open_radio):  # noqa: F811
    radio = open_radio("hungry", transmit=True)
    with pytest.raises(TimeoutError, match="samples wait to be transmitted"):
        for _ in range(100):
            radio.write(np.zeros(1 << 17), 0.0)
    assert not radio.drain(0.05)


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"mode": "loud"}, "mode is 'loud'"),
        ({"retries": -1}, "retries is -1"),
    ],
)
def test_bad_arguments(settings, message):
    with pytest.raises(ConfigError, match=message):
        RadioProcess(load_profile("virtual-soapy"), command=STAND_IN, **settings)


def test_profiles_that_have_no_device_or_one_direction():
    with pytest.raises(ConfigError, match="backend of profile simulation is 'simulation'"):
        RadioProcess(load_profile("simulation"), command=STAND_IN)
    with pytest.raises(ConfigError, match="half duplex"):
        RadioProcess(load_profile("hackrf"), receive=True, transmit=True, command=STAND_IN)
