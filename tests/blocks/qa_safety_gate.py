# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Safety gate: each action at each end, and that what cannot be judged does not pass."""

from __future__ import annotations

from pathlib import Path

import pmt
import pytest
from gnuradio import semcom
from gnuradio.semcom import notices, pdu
from gnuradio.semcom.worker import process as codec_pipe

from semcom_core.errors import ConfigError

#: Loading takes seconds on a busy machine.
LOAD_S = 40
TOXIC, MILD = "so bad!!!!!!", "so good!"  # to the test's classifier, which counts marks


@pytest.fixture(autouse=True)
def small_models(monkeypatch):
    """Services with models that need no weights."""
    monkeypatch.setattr(codec_pipe, "PROGRAM", Path(__file__).with_name("service_program.py"))


def texts(messages):
    return [pdu.read_text(message) for message in messages]


def lost(collector):
    return [n for n in map(notices.read_notice, collector.wait(0)) if n.state == "lost"]


def test_marks_and_passes_with_the_metadata_that_came(flowgraph, collect, post):
    gate = semcom.safety_gate(policy="mark")
    out = collect(gate, "out")
    flowgraph.start()
    post(gate, "in", pdu.text_pdu(TOXIC, message_id=7, decoded=True, snr_db=5.0))
    post(gate, "in", pdu.text_pdu(MILD, message_id=8, decoded=False, reason="a guess"))
    post(gate, "in", pdu.end_pdu())
    (marked, first), (passed, second) = texts(out.wait(3, LOAD_S)[:2])
    assert (first, second) == (TOXIC, MILD)
    assert (marked["safety"], marked["message_id"], marked["decoded"], marked["snr_db"]) == (
        "mark",
        7,
        True,
        5.0,
    )
    assert marked["toxicity"] == pytest.approx(0.6) and "policy is to mark" in marked["reason"]
    assert (passed["safety"], passed["decoded"], passed["reason"]) == ("pass", False, "a guess")
    assert pdu.is_end(out.wait(3, LOAD_S)[2]) and gate.marked == 1


def test_blocks_at_its_end_only(flowgraph, collect, post):
    sender = semcom.safety_gate(policy="send=block,receive=pass", end="send")
    receiver = semcom.safety_gate(policy="send=block,receive=pass", end="receive")
    flowgraph.msg_connect(receiver, "out", sender, "in")
    said, out = collect(sender, "feedback"), collect(sender, "out")
    flowgraph.start()
    for i, text in enumerate((TOXIC, MILD)):
        post(receiver, "in", pdu.text_pdu(text, message_id=i))
    assert [text for _, text in texts(out.wait(1, LOAD_S))] == [MILD]
    (blocked,) = lost(said)
    assert blocked.message_id == 0 and "the send policy is to block" in blocked.reason
    assert (sender.blocked, receiver.blocked) == (1, 0)


def test_what_cannot_be_judged_does_not_pass(flowgraph, collect, post):
    gate = semcom.safety_gate(policy="pass")
    out, said = collect(gate, "out"), collect(gate, "feedback")
    flowgraph.start()
    post(gate, "in", pdu.text_pdu("die", message_id=1))
    post(gate, "in", pdu.text_pdu(MILD, message_id=2))
    assert [meta["message_id"] for meta, _ in texts(out.wait(1, LOAD_S))] == [2]
    assert [notice.message_id for notice in lost(said)] == [1]


def test_policy_and_end_change_at_run_time(flowgraph, collect, post):
    gate = semcom.safety_gate(policy="send=block,receive=pass")
    out, said = collect(gate, "out"), collect(gate, "feedback")
    flowgraph.start()
    gate.set_policy("send=pass,receive=mark,threshold=0.05")
    post(gate, "in", pdu.text_pdu(MILD))
    assert len(out.wait(1, LOAD_S)) == 1
    gate.set_end("send")
    post(gate, "in", pdu.text_pdu(MILD))
    assert [meta["safety"] for meta, _ in texts(out.wait(2, LOAD_S))] == ["mark", "pass"]
    gate.set_policy("path=absent")
    while "refused" not in {notices.read_notice(m).state for m in said.wait(1)}:
        pass
    assert gate.policy == "send=pass,receive=mark,threshold=0.05,classifier=minilm,device=cpu"
    gate.set_policy("blok")
    gate.set_end("middle")
    assert (gate.policy, gate.end) == (
        "send=pass,receive=mark,threshold=0.05,classifier=minilm,device=cpu",
        "send",
    )


def test_bad_messages_and_arguments(flowgraph, collect, post):
    gate = semcom.safety_gate()
    out = collect(gate, "out")
    flowgraph.start()
    post(gate, "in", pmt.from_long(1))
    post(gate, "in", pdu.text_pdu("good"))
    assert len(out.wait(1, LOAD_S)) == 1 and gate.refused == 1
    with pytest.raises(ConfigError, match="policy has 'blok'"):
        semcom.safety_gate(policy="blok")
    with pytest.raises(ConfigError, match="end is 'middle'"):
        semcom.safety_gate(end="middle")
