# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a link with radios: they send everything first; and their troubles in the monitor's
books.
"""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from gnuradio import semcom
from gnuradio.semcom.monitor import clock as link_end
from gnuradio.semcom.notices import Notice, read_notice
from gnuradio.semcom.pdu import make_pdu, text_pdu

from semcom_core.errors import FrameError


@pytest.fixture
def radios(monkeypatch):
    """Settings of the radios of this process: whether there are some, and whether they are busy."""
    state = {"there": True, "busy": True}
    monkeypatch.setattr(link_end.RadioStation, "are_there", classmethod(lambda cls: state["there"]))
    monkeypatch.setattr(link_end.RadioStation, "are_busy", classmethod(lambda cls: state["busy"]))
    monkeypatch.setattr(link_end, "GRACE_S", 0.05)
    return state


def test_the_end_waits_for_radios_and_then_for_quiet(radios):
    told, done = threading.Event(), threading.Event()
    link_end.LinkEnd(told.set, done.set).start()
    assert not told.wait(2 * link_end.QUIET_S)
    radios["busy"] = False
    assert told.wait(10) and done.wait(10)


def test_a_radio_that_never_ends_does_not_hold_the_run_up(radios, monkeypatch):
    monkeypatch.setattr(link_end, "RADIO_S", 0.2)
    done = threading.Event()
    link_end.LinkEnd(lambda: None, done.set).start()
    assert done.wait(10)


def test_an_end_that_does_not_wait_for_radios(radios):
    told, done = [], threading.Event()
    link_end.LinkEnd(lambda: told.append(1), done.set, lambda reason: told.append(reason)).start(
        wait=False
    )
    assert told == [1] and done.wait(10)
    assert told == [1]


def test_a_radio_that_does_not_send_within_the_time_limit_ends_the_run(
    radios, monkeypatch, flowgraph, collect, post
):
    radios["there"] = True
    unsent = "radio at usb: is not set up"
    monkeypatch.setattr(link_end.RadioStation, "unsent", classmethod(lambda cls: unsent))
    monkeypatch.setattr(link_end, "RADIO_S", 1e6)
    done = threading.Event()
    settings = {"mode": "transmit", "timeout_s": 0.3, "console": False, "on_done": done.set}
    monitor = semcom.link_monitor(**settings)
    flowgraph.msg_connect(monitor, "feedback", collect(monitor, "out").store, "store")
    flowgraph.start()
    for message_id in range(2):
        post(monitor, "sent", text_pdu("x", message_id=message_id))
    assert done.wait(20)
    assert monitor.ledger.failures == [f"link_monitor: {unsent} within 0.3 s"]
    assert monitor.exit_status() == 1
    assert monitor.ledger.counts["lost"] == 2


def test_without_radios_sources_are_told_at_once(radios):
    radios["there"] = False
    told = []
    link_end.LinkEnd(lambda: told.append(1), None).start()
    assert told == [1]


def test_a_cancelled_end_calls_nothing(radios):
    radios["busy"], done = False, []
    end = link_end.LinkEnd(lambda: None, lambda: done.append(1))
    end.cancel()
    end.start()
    time.sleep(0.3)
    assert done == []


def test_troubles_of_radios_are_in_the_line_and_the_report():
    monitor = semcom.link_monitor(console=False)
    for state, count in (("overrun", 9), ("reconnecting", 1), ("underrun", 2)):
        notice = make_pdu(
            vars(Notice(state, reason="so it is", block="radio_source", count=count)),
            np.zeros(0, np.uint8),
        )
        assert read_notice(notice).count == count
        monitor.handle_notice(notice)
    assert monitor.ledger.line() == "sent 0, received 0, overruns 9, underruns 2, reconnects 1"
    report = monitor.ledger.report()
    assert (report["overruns"], report["underruns"], report["reconnects"], report["failures"]) == (
        9,
        2,
        1,
        [],
    )


@pytest.mark.parametrize("count", [0, -1, 1 << 31, "many", 1.5])
def test_counts_that_are_none(count):
    with pytest.raises(FrameError, match="notice has the count"):
        Notice("overrun", count=count)
