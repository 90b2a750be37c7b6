# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Distiller: what it sends on, with what metadata, and that no text is lost over it."""

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
LONG = (
    "hello there, the committee will of course meet again on thursday at 6:45 in room 12, xq "
    "zzt, not in the big hall"
)


@pytest.fixture(autouse=True)
def small_models(monkeypatch):
    """Services with models that need no weights."""
    monkeypatch.setattr(codec_pipe, "PROGRAM", Path(__file__).with_name("service_program.py"))


def texts(messages):
    return [pdu.read_text(message) for message in messages]


def test_texts_get_shorter_and_say_by_how_much(flowgraph, collect, post):
    block = semcom.distiller()
    out = collect(block, "out")
    flowgraph.start()
    post(block, "in", pdu.text_pdu(LONG, message_id=9))
    post(block, "in", pdu.text_pdu("5"))
    post(block, "in", pdu.end_pdu())
    (first, short), (second, same) = texts(out.wait(3, LOAD_S)[:2])
    assert 0 < len(short) < len(LONG) and all(
        item in short for item in ("6:45", "12", "not", "thursday")
    )
    assert (first["message_id"], first["original_length"], first["method"]) == (
        9,
        len(LONG),
        "extractive",
    )
    assert 0 < first["reduction"] < 1 and 0.85 <= first["similarity"] < 1 and first["reason"] == ""
    assert (same, second["method"], second["reduction"]) == ("5", "unchanged", 0.0)
    assert pdu.is_end(out.wait(3, LOAD_S)[2])
    assert block.shortened == 1


def test_text_over_which_the_service_dies_goes_out_as_it_came(flowgraph, collect, post):
    block = semcom.distiller()
    out = collect(block, "out")
    flowgraph.start()
    post(block, "in", pdu.text_pdu("die over 5", message_id=3))
    post(block, "in", pdu.text_pdu(LONG, message_id=4))
    (first, text), (second, _) = texts(out.wait(2, LOAD_S))
    assert (text, first["method"], first["message_id"]) == ("die over 5", "unchanged", 3)
    assert "ended" in first["reason"]
    assert second["method"] == "extractive"


def test_mode_changes_at_run_time_and_a_bad_one_stays_out(flowgraph, collect, post):
    block = semcom.distiller()
    out, said = collect(block, "out"), collect(block, "feedback")
    flowgraph.start()
    block.set_mode("off")
    post(block, "in", pdu.text_pdu(LONG))
    assert texts(out.wait(1, LOAD_S))[0][1] == LONG
    block.set_mode("brief")
    assert block.mode == "off"
    block.set_options({"model": "absent"})
    while "refused" not in {notices.read_notice(m).state for m in said.wait(1)}:
        pass
    assert (block.mode, block.options) == ("off", {})
    post(block, "in", pdu.text_pdu("  x "))
    assert texts(out.wait(2, LOAD_S))[1][1] == "  x "


def test_bad_messages_and_arguments(flowgraph, collect, post):
    block = semcom.distiller(mode="off", queue_size=1)
    out = collect(block, "out")
    flowgraph.start()
    post(block, "in", pmt.from_long(1))
    post(block, "in", pdu.text_pdu("good"))
    assert texts(out.wait(1, LOAD_S))[0][1] == "good"
    assert block.refused == 1
    with pytest.raises(ConfigError, match="mode is 'brief'"):
        semcom.distiller(mode="brief")
    with pytest.raises(ConfigError, match="queue_size"):
        semcom.distiller(queue_size=-1)


def test_full_queue_drops_and_says_so(flowgraph, collect, post):
    block = semcom.distiller(queue_size=2)
    said, out = collect(block, "feedback"), collect(block, "out")
    flowgraph.start()
    for i in range(5):  # while the models load
        post(block, "in", pdu.text_pdu("x", message_id=i))
    assert len(out.wait(2, LOAD_S)) == 2
    lost = [n for n in map(notices.read_notice, said.wait(0)) if n.state == "lost"]
    assert [(n.message_id, n.cause) for n in lost] == [(i, "dropped") for i in (2, 3, 4)]
    assert block.dropped == 3
