# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a radio's process: why it is given up, who is told, and what is closed. A stand-in
runs instead of GNU Radio.
"""

from __future__ import annotations

import socket
import threading
import time

import numpy as np
import pytest

from semcom_core.errors import RadioError
from semcom_core.radio.process.child import RadioChild
from semcom_core.radio.process.supervisor import RadioProcess, RadioSession
from semcom_core.radio.profile import load_profile
from tests.core.radio.radio_processes import LIMIT_S, STAND_IN, collect, open_radio, states, until  # noqa: F401 (a fixture)


@pytest.mark.parametrize(
    "behaviour, reason",
    [("refuse", "there is no such radio"), ("crash", "terminate called after a fault")],
)
def test_a_radio_that_never_comes_is_given_up_with_the_reason(behaviour, reason, open_radio):  # noqa: F811
    radio = open_radio(behaviour, retries=1)
    with pytest.raises(
        RadioError, match=f"radio virtual-soapy at {behaviour}: {reason}; that was the try 2 of 2"
    ):
        radio.read(1, LIMIT_S)
    with pytest.raises(RadioError, match=reason):
        radio.write(np.zeros(1), 0.0)
    assert states(radio) == ["loading", "reconnecting", "failed"]


def test_a_program_that_is_not_there_is_given_up(tmp_path):
    radio = RadioProcess(
        load_profile("virtual-soapy"), retries=0, command=[str(tmp_path / "nothing")]
    )
    with radio, pytest.raises(RadioError, match="cannot be started"):
        radio.wait_ready(LIMIT_S)


def test_no_file_descriptors_left_is_a_reason_to_give_up(tmp_path, monkeypatch):
    pairs = [socket.socketpair()]

    def pair():
        if not pairs:
            raise OSError(24, "Too many open files")
        return pairs.pop()

    (ends,) = pairs
    monkeypatch.setattr("semcom_core.radio.process.child.socket.socketpair", pair)
    radio = RadioProcess(load_profile("virtual-soapy"), retries=0, command=STAND_IN)
    with radio, pytest.raises(RadioError, match="cannot be started: .*Too many open files"):
        radio.wait_ready(LIMIT_S)
    assert [end.fileno() for end in ends] == [-1, -1]


def test_sockets_are_closed_with_their_process(open_radio):  # noqa: F811
    radio = open_radio("once:5000", transmit=True)
    radio.wait_ready(LIMIT_S)
    child = radio._child
    assert len(collect(radio, 9000)) == 9000  # those of the process that has ended are among them
    assert {name: end.fileno() for name, end in child._sockets.items()} == {
        "control": -1,
        "receive": -1,
        "transmit": -1,
    }


def test_a_library_that_says_that_the_radio_is_gone_is_believed(open_radio):  # noqa: F811
    radio = open_radio(
        "print:" + "source :warning: Soapy source error: STREAM_ERROR\n" * 3, retries=0
    )
    with pytest.raises(RadioError, match="Soapy source error: STREAM_ERROR"):
        radio.read(1, LIMIT_S)


def test_a_radio_that_takes_nothing_is_gone(open_radio, monkeypatch):  # noqa: F811
    monkeypatch.setattr("semcom_core.radio.process.supervisor.STALL_S", 0.5)
    radio = open_radio("hungry", transmit=True, retries=0)
    radio.wait_ready(LIMIT_S)
    time.sleep(1.0)  # with nothing to take, that is no wonder
    radio.write(np.zeros(10), 1.0)
    until(lambda: radio.failure)
    assert (
        "it has taken no sample for 0.5 s" in radio.failure
        and radio.sent == 0
        and not radio.drain(0.1)
    )


def test_a_virtual_radio_may_take_nothing_for_longer(open_radio, monkeypatch):  # noqa: F811
    monkeypatch.setattr("semcom_core.radio.process.supervisor.STALL_S", 0.1)
    monkeypatch.setattr("semcom_core.radio.process.supervisor.VIRTUAL_STALL_S", 0.5)
    radio = open_radio("hungry:,driver=air", transmit=True, retries=0)
    radio.wait_ready(LIMIT_S)
    radio.write(np.zeros(10), 1.0)
    until(lambda: radio.failure)
    assert "it has taken no sample for 0.5 s" in radio.failure


def test_what_no_further_try_can_mend_is_tried_once(open_radio, tmp_path):  # noqa: F811
    radio = open_radio("never")
    with pytest.raises(RadioError, match="radio virtual-soapy at never: it has no such antenna$"):
        radio.read(1, LIMIT_S)
    assert states(radio) == ["loading", "failed"] and (tmp_path / "lives").read_bytes() == b"."


def test_a_process_that_does_not_hear_is_killed_and_a_new_start_works(open_radio, monkeypatch):  # noqa: F811
    monkeypatch.setattr("semcom_core.radio.process.child.END_S", 0.2)
    radio = open_radio("deaf")
    radio.wait_ready(LIMIT_S)
    process = radio._child.process
    radio.stop()
    assert process.returncode == -9
    radio.start()
    radio.wait_ready(LIMIT_S)


def test_a_reader_in_another_thread_is_woken_by_the_end(open_radio):  # noqa: F811
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


def test_samples_may_end_while_the_supervisor_asks_for_them(tmp_path):
    settings = {
        "receive": True,
        "transmit": False,
        "address": "once:3",
        "description": str(tmp_path / "lives"),
    }
    child = RadioChild(STAND_IN, settings)
    with pytest.raises(TimeoutError):  # until it has started, so that the end is seen below
        child.receive(1, 0.0)
    asked = threading.Event()
    done = threading.Event()
    troubles = []

    def ask() -> None:
        while not done.is_set():
            try:
                child.has_new_samples()
            except (OSError, ValueError) as error:
                troubles.append(error)
            asked.set()

    asking = threading.Thread(target=ask)
    asking.start()
    asked.wait(LIMIT_S)
    found = 0
    while (samples := child.receive(10, LIMIT_S)) is not None:
        found += len(samples)
    asked.clear()
    assert found == 3 and asked.wait(LIMIT_S)  # asked once more, after the reader has closed
    done.set()
    asking.join()
    child.close()
    assert not troubles and not child.has_new_samples()


def test_a_supervisor_that_fails_ends_those_who_wait(open_radio, monkeypatch):  # noqa: F811
    def fail(*_arguments: object) -> None:
        raise ZeroDivisionError("for the test")

    monkeypatch.setattr(RadioSession, "run", fail)
    monkeypatch.setattr(threading, "excepthook", lambda _arguments: None)
    radio = open_radio("count")
    with pytest.raises(RadioError, match="supervisor has failed: ZeroDivisionError"):
        radio.read(1, LIMIT_S)
    assert radio.events[-1][0] == "failed"
