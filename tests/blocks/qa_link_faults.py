# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Link monitor and its books when things go wrong: loading, silence, drops, restarts, floods."""

from __future__ import annotations

import json
import threading
import time

import numpy as np
import pytest
from gnuradio import semcom
from gnuradio.semcom import notices, pdu
from gnuradio.semcom.monitor import ledger as link_ledger
from gnuradio.semcom.monitor.ledger import LinkLedger, write_report

from semcom_core.errors import ConfigError


def notice(state, message_id=-1, **more):
    return pdu.make_pdu(
        {"state": state, "message_id": message_id, "block": "test", **more}, np.zeros(0, np.uint8)
    )


def start(flowgraph, collect, **settings):
    monitor = semcom.link_monitor(console=False, **settings)
    said = collect(monitor, "feedback")
    flowgraph.start()
    return monitor, said


def states(messages):
    return [notices.read_notice(m).state for m in messages]


def test_the_clock_stands_still_while_a_codec_loads(flowgraph, collect, post):
    monitor, said = start(flowgraph, collect, timeout_s=0.3)
    post(monitor, "notices", notice("loading"))
    post(monitor, "sent", pdu.text_pdu("x", message_id=0))
    assert said.wait(1, limit_s=1.0) == []
    post(monitor, "notices", notice("ready"))
    assert states(said.wait(1)) == ["resolved"]
    assert monitor.ledger.counts["lost"] == 1


def test_silence_that_lasts_ends_the_run(flowgraph, collect, post):
    done = threading.Event()
    monitor, said = start(flowgraph, collect, timeout_s=0.2, on_done=done.set)
    for i in range(3):
        post(monitor, "sent", pdu.text_pdu("x", message_id=i))
        said.wait(i + 1)
    assert done.wait(5)
    assert (
        monitor.exit_status() == 1
        and "nothing has arrived for 3 times 0.2 s" in monitor.ledger.line()
    )


def test_troubles_are_counted_and_shown(flowgraph, collect, post, tmp_path):
    monitor, said = start(flowgraph, collect, report_file=str(tmp_path / "report.json"))
    post(monitor, "sent", pdu.text_pdu("x", message_id=7))
    for message in (
        notice("lost", 7, cause="dropped"),
        notice("restarted"),
        notice("restarted"),
        notice("refused"),
    ):
        post(monitor, "notices", message)
    while monitor.refused < 1:
        time.sleep(0.01)
    assert ", lost 1, dropped 1, refused 1, restarts 2" in monitor.ledger.line()
    post(monitor, "sent", pdu.end_pdu())
    assert states(said.wait(2))[-1] == "end"
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert (report["lost"], report["dropped"], report["refused"], report["restarts"]) == (
        1,
        1,
        1,
        2,
    )


def test_lost_messages_count_towards_those_expected(flowgraph, collect, post):
    monitor, said = start(flowgraph, collect, mode="receive", expected=2, min_rate=0.5)
    post(monitor, "notices", notice("lost", 1))
    post(monitor, "in", pdu.text_pdu("x", message_id=2))
    assert states(said.wait(1)) == ["end"]
    assert monitor.exit_status() == 0


def test_books_are_bounded_without_a_window():
    ledger = LinkLedger()
    settled = sum(ledger.send(i % 256, "x") for i in range(3 * link_ledger.MOST_PENDING))
    assert ledger.pending == link_ledger.MOST_PENDING
    assert settled == ledger.counts["lost"] == 2 * link_ledger.MOST_PENDING
    for i in range(1000):
        ledger.fail(f"failure {i}")
    assert len(ledger.failures) == link_ledger.MOST_FAILURES
    assert ledger.line().endswith(
        "failed: failure 0; failed: failure 1; failed: failure 2; 97 more failures"
    )


def test_share_of_good_messages():
    ledger = LinkLedger()
    assert ledger.good_share("link", 0) == 0
    for i in range(4):
        ledger.send(i, "x")
    ledger.receive({"message_id": 0}, "x")
    assert ledger.good_share("link", 0) == 0.25 and ledger.good_share("receive", 2) == 0.5


def test_report_is_json_whatever_was_measured(tmp_path):
    write_report(
        tmp_path / "report.json",
        {"snr_db": float("nan"), "messages": [{"snr_db": float("inf"), "text": "\ud7ff"}]},
    )
    assert json.loads(
        (tmp_path / "report.json").read_text(encoding="utf-8"), parse_constant=pytest.fail
    ) == {
        "snr_db": None,
        "messages": [{"snr_db": None, "text": "\ud7ff"}],
    }


def test_bad_arguments():
    for settings in ({"history": 0}, {"timeout_s": float("nan")}):
        with pytest.raises(ConfigError):
            semcom.link_monitor(**settings)
