# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A radio's process: samples to and fro, troubles counted, lives after a death, and a clear end. A stand-in runs instead of GNU Radio."""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from semcom_core.errors import ConfigError, RadioError
from semcom_core.radio.process import RadioProcess
from semcom_core.radio.profile import load_profile

STAND_IN = [sys.executable, str(Path(__file__).with_name("stand_in_radio.py"))]
LIMIT_S = 20.0


@pytest.fixture
def open_radio(tmp_path):
    """open_radio(behaviour, ...): a RadioProcess around the stand-in, with the events that it told."""
    opened = []

    def make(behaviour: str, **settings) -> RadioProcess:
        profile = replace(load_profile("virtual-soapy"), address=behaviour, description=str(tmp_path / "lives"), amplitude=1.0)
        events = []
        radio = RadioProcess(profile, on_event=lambda *event: events.append(event), command=STAND_IN, **settings)
        radio.events = events
        opened.append(radio)
        radio.start()
        return radio

    yield make
    for radio in opened:
        radio.stop()


def collect(radio, count: int) -> np.ndarray:
    parts, found = [], 0
    while found < count:
        parts.append(radio.read(count - found, LIMIT_S))
        found += len(parts[-1])
    return np.concatenate(parts)


def states(radio) -> list[str]:
    return [event[0] for event in radio.events]


def until(condition) -> None:
    end = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_samples_come_in_order_however_they_are_read(open_radio):
    radio = open_radio("count")
    first = np.concatenate([radio.read(1, LIMIT_S), radio.read(7, LIMIT_S), collect(radio, 20000)])
    assert np.array_equal(first.real, np.arange(len(first)))
    assert states(radio) == ["loading", "ready"]


def test_what_is_written_is_sent_scaled_and_leaves(open_radio):
    radio = open_radio("echo", transmit=True)
    radio.profile = replace(radio.profile, amplitude=0.5)
    bursts = [np.full(count, number + 1, np.complex64) for number, count in enumerate((3, 40000, 1))]
    assert [radio.write(burst, 1.0) for burst in bursts] == [0, 1, 2]
    assert np.array_equal(collect(radio, 40004), np.concatenate(bursts) / 2)
    assert radio.drain(LIMIT_S) and radio.sent == 3


def test_a_process_that_dies_is_followed_by_another(open_radio):
    radio = open_radio("once:5000")
    samples = collect(radio, 9000).real
    assert np.array_equal(samples, [*range(5000), *range(4000)])
    assert states(radio) == ["loading", "ready", "reconnecting", "ready"] and radio.counts["reconnects"] == 1


def test_what_had_not_left_is_sent_again(open_radio):
    radio = open_radio("late", transmit=True)
    radio.write(np.arange(5, dtype=np.complex64), 1.0)
    assert np.array_equal(collect(radio, 5), np.arange(5))
    assert radio.drain(LIMIT_S) and states(radio) == ["loading", "ready", "reconnecting", "ready"]


@pytest.mark.parametrize("behaviour, reason", [("refuse", "there is no such radio"), ("crash", "terminate called after a fault")])
def test_a_radio_that_never_comes_is_given_up_with_the_reason(behaviour, reason, open_radio):
    radio = open_radio(behaviour, retries=1)
    with pytest.raises(RadioError, match=f"radio virtual-soapy at {behaviour}: {reason}; that was the try 2 of 2"):
        radio.read(1, LIMIT_S)
    with pytest.raises(RadioError, match=reason):
        radio.write(np.zeros(1), 0.0)
    assert states(radio) == ["loading", "reconnecting", "failed"]


def test_a_program_that_is_not_there_is_given_up(tmp_path):
    radio = RadioProcess(load_profile("virtual-soapy"), retries=0, command=[str(tmp_path / "nothing")])
    with radio, pytest.raises(RadioError, match="cannot be started"):
        radio.wait_ready(LIMIT_S)


def test_troubles_are_counted(open_radio):
    radio = open_radio("print:sOsOsU")
    until(lambda: radio.counts["underruns"])
    assert (radio.counts["overruns"], radio.counts["underruns"]) == (2, 1)
    assert ("overrun", "2 in sum", 2) in radio.events and ("underrun", "1 in sum", 1) in radio.events


def test_a_library_that_says_that_the_radio_is_gone_is_believed(open_radio):
    radio = open_radio("print:" + "source :warning: Soapy source error: STREAM_ERROR\n" * 3, retries=0)
    with pytest.raises(RadioError, match="Soapy source error: STREAM_ERROR"):
        radio.read(1, LIMIT_S)


def test_silence_is_a_timeout_and_settings_reach_the_process(open_radio):
    radio = open_radio("silent")
    radio.wait_ready(LIMIT_S)
    with pytest.raises(TimeoutError, match="the radio has given no sample"):
        radio.read(1, 0.05)
    radio.set(rx_gain_db=33)
    assert radio.read(1, LIMIT_S)[0] == 33
    with pytest.raises(ConfigError, match="rx_gain_db of profile virtual-soapy is 99; allowed is 0 to 76"):
        radio.set(rx_gain_db=99)
    with pytest.raises(ConfigError, match="rate_hz"):
        radio.set(rate_hz=2e6)
    assert radio.profile.rx_gain_db == 33


def test_what_is_set_while_the_radio_is_set_up_reaches_it(open_radio, tmp_path):
    radio = open_radio("slow")
    until((tmp_path / "lives").exists)  # the process has begun, with the settings of before
    radio.set(rx_gain_db=33)
    (tmp_path / "go").touch()
    assert radio.read(1, LIMIT_S)[0] == 33


def test_a_writer_waits_for_room(open_radio):
    radio = open_radio("hungry", transmit=True)
    with pytest.raises(TimeoutError, match="samples wait to be transmitted"):
        for _ in range(100):
            radio.write(np.zeros(1 << 17), 0.0)
    assert not radio.drain(0.05)


def test_a_radio_that_takes_nothing_is_gone(open_radio, monkeypatch):
    monkeypatch.setattr("semcom_core.radio.keeper.STALL_S", 0.5)
    radio = open_radio("hungry", transmit=True, retries=0)
    radio.wait_ready(LIMIT_S)
    time.sleep(1.0)  # with nothing to take, that is no wonder
    radio.write(np.zeros(10), 1.0)
    until(lambda: radio.failure)
    assert "it has taken no sample for 0.5 s" in radio.failure and radio.sent == 0 and not radio.drain(0.1)


def test_a_virtual_radio_may_take_nothing_for_longer(open_radio, monkeypatch):
    monkeypatch.setattr("semcom_core.radio.keeper.STALL_S", 0.1)
    monkeypatch.setattr("semcom_core.radio.keeper.VIRTUAL_STALL_S", 0.5)
    radio = open_radio("hungry:,driver=air", transmit=True, retries=0)
    radio.wait_ready(LIMIT_S)
    radio.write(np.zeros(10), 1.0)
    until(lambda: radio.failure)
    assert "it has taken no sample for 0.5 s" in radio.failure


def test_what_no_further_try_can_mend_is_tried_once(open_radio, tmp_path):
    radio = open_radio("never")
    with pytest.raises(RadioError, match="radio virtual-soapy at never: it has no such antenna$"):
        radio.read(1, LIMIT_S)
    assert states(radio) == ["loading", "failed"] and (tmp_path / "lives").read_bytes() == b"."


def test_a_reader_in_another_thread_is_woken_by_the_end(open_radio):
    radio, found = open_radio("silent"), []
    radio.wait_ready(LIMIT_S)

    def read():
        try:
            radio.read(1, LIMIT_S)
        except RadioError as error:
            found.append(str(error))

    reader = threading.Thread(target=read)
    reader.start()
    radio.stop()
    reader.join(LIMIT_S)
    assert found == ["radio virtual-soapy is stopped"]


def test_a_process_that_does_not_hear_is_killed_and_a_new_start_works(open_radio, monkeypatch):
    monkeypatch.setattr("semcom_core.radio.child.END_S", 0.2)
    radio = open_radio("deaf")
    radio.wait_ready(LIMIT_S)
    process = radio._child.process
    radio.stop()
    assert process.returncode == -9
    radio.start()
    radio.wait_ready(LIMIT_S)


@pytest.mark.parametrize("settings, message", [
    ({"mode": "loud"}, "mode is 'loud'"),
    ({"retries": -1}, "retries is -1"),
])
def test_bad_arguments(settings, message):
    with pytest.raises(ConfigError, match=message):
        RadioProcess(load_profile("virtual-soapy"), command=STAND_IN, **settings)


def test_profiles_that_have_no_device_or_one_direction():
    with pytest.raises(ConfigError, match="backend of profile simulation is 'simulation'"):
        RadioProcess(load_profile("simulation"), command=STAND_IN)
    with pytest.raises(ConfigError, match="half duplex"):
        RadioProcess(load_profile("hackrf"), receive=True, transmit=True, command=STAND_IN)
