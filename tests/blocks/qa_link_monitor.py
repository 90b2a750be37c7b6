# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Link monitor: outcomes, pacing, the end of a run, the report."""

from __future__ import annotations

import json
import threading
import time

import numpy as np
import pmt
import pytest
from gnuradio import semcom
from gnuradio.semcom import notices, pdu

from semcom_core.errors import ConfigError


def notice(state, message_id=-1, reason="", block="test"):
    return pdu.make_pdu(
        {"state": state, "message_id": message_id, "reason": reason, "block": block},
        np.zeros(0, np.uint8),
    )


def start(flowgraph, collect, **settings):
    monitor = semcom.link_monitor(console=False, **settings)
    said = collect(monitor, "feedback")
    flowgraph.start()
    return monitor, said


def states(messages):
    return [notices.read_notice(m).state for m in messages]


def test_outcomes(flowgraph, collect, post, tmp_path):
    monitor, said = start(
        flowgraph, collect, min_rate=0.2, report_file=str(tmp_path / "report.json")
    )
    for i in range(5):
        post(monitor, "sent", pdu.text_pdu(f"text {i}", message_id=i))
    while monitor.ledger.pending < 5:
        time.sleep(0.01)
    post(monitor, "notices", notice("lost", 1, "dropped"))
    said.wait(1)
    post(monitor, "sent", pdu.end_pdu())
    post(
        monitor, "in", pdu.text_pdu("text 0", message_id=0, decoded=True, snr_db=4.0, cfo_hz=100.0)
    )
    post(
        monitor, "in", pdu.text_pdu("test 3", message_id=3, decoded=True, snr_db=6.0, cfo_hz=300.0)
    )  # overtakes text 2, and is wrong
    post(monitor, "in", pdu.text_pdu("text 4", message_id=4, decoded=False))
    assert states(said.wait(6)) == ["resolved"] * 5 + ["end"]
    report = json.loads((tmp_path / "report.json").read_text())
    expected = {
        "sent": 5,
        "received": 3,
        "exact": 1,
        "wrong": 1,
        "marked": 1,
        "text_right": 2,
        "lost": 2,
        "pending": 0,
    }
    expected |= {"snr_db": 5.0, "cfo_hz": 200.0}
    assert {name: report[name] for name in expected} == expected
    assert [m["outcome"] for m in report["messages"]] == [
        "lost",
        "exact",
        "lost",
        "wrong",
        "marked",
    ]  # as they were settled
    assert report["healthy"] is True
    assert monitor.exit_status() == 0


def test_news_may_come_before_the_message(flowgraph, collect, post):
    monitor, said = start(flowgraph, collect)
    post(monitor, "in", pdu.text_pdu("x", message_id=0))
    post(monitor, "notices", notice("lost", 1, "dropped"))
    while not monitor.ledger.counts["unexpected"] == 2:
        time.sleep(0.01)
    for i in range(2):
        post(monitor, "sent", pdu.text_pdu("x", message_id=i))
    assert states(said.wait(2)) == ["resolved"] * 2
    counts = monitor.ledger.counts
    assert (counts["exact"], counts["lost"], counts["unexpected"]) == (1, 1, 0)


def test_too_few_exact_texts_are_unhealthy(flowgraph, collect, post):
    monitor, said = start(flowgraph, collect, min_rate=0.97)
    for i in range(2):
        post(monitor, "sent", pdu.text_pdu("x", message_id=i))
    while monitor.ledger.pending < 2:
        time.sleep(0.01)
    post(monitor, "sent", pdu.end_pdu())
    post(monitor, "in", pdu.text_pdu("x", message_id=1))
    assert "end" in states(said.wait(3))
    assert monitor.exit_status() == 1


def test_silence_gives_up_what_is_on_the_way(flowgraph, collect, post):
    monitor, said = start(flowgraph, collect, timeout_s=0.3)
    post(monitor, "sent", pdu.text_pdu("x", message_id=0))
    assert states(said.wait(1)) == ["resolved"]
    post(monitor, "sent", pdu.end_pdu())
    assert states(said.wait(2)) == ["resolved", "end"]
    assert monitor.ledger.counts["lost"] == 1


def test_failure_ends_the_run(flowgraph, collect, post):
    done = threading.Event()
    monitor, said = start(flowgraph, collect, on_done=done.set)
    post(monitor, "sent", pdu.text_pdu("x", message_id=0))
    post(monitor, "in", pdu.text_pdu("x", message_id=0))
    post(monitor, "notices", notice("failed", reason="the model is not there"))
    assert "end" in states(said.wait(2))
    assert done.wait(5)
    assert monitor.exit_status() == 1
    assert "the model is not there" in monitor.ledger.line()


def test_report_that_cannot_be_written_does_not_hold_up_the_end(flowgraph, collect, post, tmp_path):
    done, folder = threading.Event(), tmp_path / "gone"
    folder.mkdir()
    monitor, said = start(
        flowgraph, collect, on_done=done.set, report_file=str(folder / "report.json")
    )
    folder.rmdir()
    post(monitor, "sent", pdu.text_pdu("x", message_id=0))
    post(monitor, "in", pdu.text_pdu("x", message_id=0))
    said.wait(1)
    post(monitor, "sent", pdu.end_pdu())
    assert states(said.wait(2)) == ["resolved", "end"]
    assert done.wait(5)
    assert monitor.exit_status() == 1
    assert f"{folder}/report.json" in monitor.ledger.line()


def test_same_number_again(flowgraph, collect, post):
    monitor, said = start(flowgraph, collect)
    for _ in range(2):
        post(monitor, "sent", pdu.text_pdu("a", message_id=0))
        post(monitor, "in", pdu.text_pdu("a", message_id=0))
    said.wait(2)
    post(monitor, "in", pdu.text_pdu("a", message_id=0))
    while not monitor.ledger.counts["unexpected"]:
        time.sleep(0.01)
    post(monitor, "sent", pdu.end_pdu())
    said.wait(3)
    assert (monitor.ledger.counts["exact"], monitor.ledger.counts["unexpected"]) == (2, 1)


def test_transmit_mode(flowgraph, collect, post):
    monitor, said = start(flowgraph, collect, mode="transmit", min_rate=1.0)
    post(monitor, "sent", pdu.text_pdu("x", message_id=0))
    post(monitor, "sent", pdu.end_pdu())
    post(monitor, "notices", notice("transmitted", 0))
    assert states(said.wait(2)) == ["resolved", "end"]
    assert monitor.exit_status() == 0


def test_receive_mode(flowgraph, collect, post):
    monitor, said = start(flowgraph, collect, mode="receive", expected=2)
    for i in range(2):
        post(monitor, "in", pdu.text_pdu("x", message_id=i, decoded=True))
    assert states(said.wait(1)) == ["end"]
    assert monitor.exit_status() == 0


def test_receive_mode_reports_the_texts(flowgraph, collect, post, tmp_path):
    monitor, said = start(
        flowgraph,
        collect,
        mode="receive",
        expected=3,
        min_rate=0.3,
        report_file=str(tmp_path / "report.json"),
    )
    post(monitor, "notices", notice("lost", 8, "the decoder's queue is full"))
    while not monitor.ledger.messages:
        time.sleep(0.01)
    for i, decoded in ((9, True), (10, False)):
        post(
            monitor,
            "in",
            pdu.text_pdu(f"text {i}", message_id=i, decoded=decoded, snr_db=5.0, cfo_hz=0.0),
        )
    assert states(said.wait(1)) == ["end"]
    report = json.loads((tmp_path / "report.json").read_text())
    counts = {
        "sent": 0,
        "received": 2,
        "decoded": 1,
        "marked": 1,
        "lost": 1,
        "unexpected": 0,
        "healthy": True,
    }
    assert {name: report[name] for name in counts} == counts
    found = [(m["message_id"], m["outcome"], m["sent"], m["received"]) for m in report["messages"]]
    assert found == [
        (8, "lost", None, None),
        (9, "decoded", None, "text 9"),
        (10, "marked", None, "text 10"),
    ]


def test_receive_mode_times_out(flowgraph, collect, post):
    monitor, said = start(flowgraph, collect, mode="receive", expected=2, timeout_s=0.3)
    post(monitor, "in", pdu.text_pdu("x", message_id=0))
    assert states(said.wait(1)) == ["end"]
    assert monitor.exit_status() == 1
    assert monitor.ledger.failures == [
        "link_monitor: nothing has arrived for 0.3 s; messages before: 1 of 2"
    ]


def test_reception_of_any_number_times_out(flowgraph, collect, post):
    monitor, said = start(flowgraph, collect, mode="receive", timeout_s=0.3)
    post(monitor, "in", pdu.text_pdu("x", message_id=0))
    assert states(said.wait(1)) == ["end"]
    assert monitor.exit_status() == 1
    assert monitor.ledger.failures == [
        "link_monitor: nothing has arrived for 0.3 s; messages before: 1"
    ]


def test_enough_messages_at_the_time_limit_are_healthy(flowgraph, collect, post):
    settings = {"mode": "receive", "expected": 2, "min_rate": 0.5, "timeout_s": 0.3}
    monitor, said = start(flowgraph, collect, **settings)
    post(monitor, "in", pdu.text_pdu("x", message_id=0))
    assert states(said.wait(1)) == ["end"]
    assert (monitor.exit_status(), monitor.ledger.failures) == (0, [])


@pytest.mark.parametrize("mode", ["receive", "link"])
def test_faults_and_radios_that_try_again_hold_no_run_up(mode, flowgraph, collect, post):
    """Notices every 0.05 s, with a limit of 0.5 s: none of them is an event."""
    done = threading.Event()
    monitor, said = start(flowgraph, collect, mode=mode, timeout_s=0.5, on_done=done.set)
    if mode == "link":
        post(monitor, "sent", pdu.text_pdu("x", message_id=0))
        post(monitor, "sent", pdu.end_pdu())
    end = time.monotonic() + 20
    states_ = ("refused", "reconnecting", "overrun", "underrun", "loading", "ready")
    while not done.is_set() and time.monotonic() < end:
        for state in states_:
            block = "radio_source" if state in ("loading", "ready") else "test"
            monitor.handle_notice(notice(state, block=block))
        done.wait(0.05)
    assert done.is_set()
    assert monitor.exit_status() == 1


def test_a_failure_after_the_end_is_reported_too(flowgraph, collect, post, tmp_path):
    report_file = tmp_path / "report.json"
    monitor, said = start(
        flowgraph, collect, mode="receive", expected=1, report_file=str(report_file)
    )
    post(monitor, "in", pdu.text_pdu("x", message_id=0))
    assert states(said.wait(1)) == ["end"]
    monitor.on_defect("the sink has failed")
    report = json.loads(report_file.read_text())
    assert (report["failures"], report["healthy"]) == (["the sink has failed"], False)
    assert monitor.exit_status() == 1


def test_without_a_time_limit_the_run_goes_on():
    monitor = semcom.link_monitor(mode="receive", timeout_s=0, console=False)
    monitor._clock.start()
    monitor._clock._active -= 1e9
    time.sleep(0.5)
    monitor._clock.stop()
    assert not monitor.ledger.failures and not monitor._over


def test_report_pair(flowgraph, collect, post):
    monitor = semcom.link_monitor(console=False)
    out = collect(monitor, "out")
    flowgraph.start()
    post(monitor, "sent", pdu.text_pdu("x", message_id=0))
    pair = out.wait(1)[0]
    assert pmt.symbol_to_string(pmt.car(pair)) == "report"
    assert pmt.symbol_to_string(pmt.cdr(pair)).startswith("sent 1, received 0")


def test_bad_messages_and_arguments(flowgraph, collect, post):
    monitor, said = start(flowgraph, collect)
    post(monitor, "notices", pmt.from_long(1))
    post(monitor, "in", pmt.from_long(1))
    post(monitor, "sent", pdu.end_pdu())
    assert sorted(states(said.wait(3))) == [
        "end",
        "refused",
        "refused",
    ]  # the ports of a block have queues of their own
    assert monitor.refused == 2
    assert monitor.exit_status() == 1  # nothing was sent
    files = (
        {"report_file": "/no/such/folder/report.json"},
        {"report_file": "/"},
        {"report_file": __file__ + "/report.json"},
    )
    for settings in (
        {"mode": "odd"},
        {"min_rate": 2},
        {"timeout_s": 0.05},
        {"expected": -1},
        *files,
    ):
        with pytest.raises(ConfigError):
            semcom.link_monitor(**settings)
    with pytest.raises(
        ConfigError,
        match="report_file is '/no/such/folder/report.json'; allowed is a file in a folder that is "
        "there",
    ):
        semcom.link_monitor(report_file="/no/such/folder/report.json")
