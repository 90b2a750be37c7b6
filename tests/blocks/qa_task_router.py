# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Task router: requests are told from content, and everything passes in order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pmt
import pytest
from gnuradio import semcom
from gnuradio.semcom import notices, pdu
from gnuradio.semcom.worker import process as codec_pipe

from semcom_core.errors import ConfigError

#: Loading takes seconds on a busy machine.
LOAD_S = 40


@pytest.fixture(autouse=True)
def small_models(monkeypatch):
    """Services with models that need no weights."""
    monkeypatch.setattr(codec_pipe, "PROGRAM", Path(__file__).with_name("service_program.py"))


def test_requests_get_what_was_understood_and_content_passes(flowgraph, collect, post):
    router = semcom.task_router()
    out = collect(router, "out")
    flowgraph.start()
    post(router, "in", pdu.text_pdu("Mary went home.", message_id=1, decoded=True, snr_db=4.0))
    post(router, "in", pdu.text_pdu("Where is Mary?", message_id=2, decoded=True))
    post(router, "in", pdu.text_pdu("Where is Mary?", message_id=3, decoded=False))
    post(router, "in", pdu.text_pdu("Is it so?", message_id=4))
    post(router, "in", pdu.end_pdu())
    first, second, third, fourth, end = out.wait(5, LOAD_S)
    meta, text = pdu.read_text(first)
    assert text == "Mary went home." and meta == {"message_id": 1, "decoded": True, "snr_db": 4.0}
    meta, text = pdu.read_text(second)
    assert text == "Where is Mary?" and (meta["task"], meta["item"]) == ("answer", "this")
    assert meta["confidence"] == pytest.approx(0.8) and meta["asked_back"] == ""
    assert meta["decoded"] is True and meta["message_id"] == 2
    assert "task" not in pdu.read_meta(third)  # a guess is no request
    assert pdu.read_meta(fourth)["asked_back"] == "the request fits none of the tasks"
    assert pdu.is_end(end) and router.requests == 2


def test_pictures_and_symbols_of_an_entry_pass(flowgraph, collect, post):
    router = semcom.task_router()
    out = collect(router, "out")
    flowgraph.start()
    pixels = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    post(router, "in", pmt.cons(pmt.intern("text"), pmt.intern("Where is Mary?")))
    post(router, "in", pdu.picture_pdu(pixels, message_id=7))
    typed, picture = out.wait(2, LOAD_S)
    assert pdu.read_text(typed)[1] == "Where is Mary?" and pdu.read_meta(typed)["task"] == "answer"
    meta, found = pdu.read_picture_pdu(picture)
    assert meta == {"message_id": 7} and np.array_equal(found, pixels)


def test_a_text_over_which_the_network_dies_passes_as_content(flowgraph, collect, post):
    router = semcom.task_router()
    out, said = collect(router, "out"), collect(router, "feedback")
    flowgraph.start()
    post(router, "in", pdu.text_pdu("Where do they die?", message_id=1))
    post(router, "in", pdu.text_pdu("Where is Mary?", message_id=2))
    first, second = out.wait(2, LOAD_S)
    assert pdu.read_text(first)[1] == "Where do they die?" and "task" not in pdu.read_meta(first)
    assert pdu.read_meta(second)["task"] == "answer" and router.lost == 1
    states = [notices.read_notice(message).state for message in said.wait(0)]
    assert "restarted" in states and "lost" not in states


def test_malformed_messages_are_refused(flowgraph, collect, post):
    router = semcom.task_router()
    said = collect(router, "feedback")
    flowgraph.start()
    post(router, "in", pmt.from_long(3))
    post(router, "in", pdu.make_pdu({"height": 2, "width": 2}, np.zeros(5, np.uint8)))
    refused = [n for n in map(notices.read_notice, said.wait(3, LOAD_S)) if n.state == "refused"]
    assert len(refused) == 2 and "picture PDU has 5 bytes" in refused[1].reason


def test_threshold_is_checked():
    with pytest.raises(ConfigError, match="threshold is 2"):
        semcom.task_router(threshold=2)
    router = semcom.task_router(threshold=0.5)
    router.set_threshold(-1)
    assert router.threshold == 0.5
    router.set_threshold(0.75)
    assert router.threshold == 0.75


def test_the_default_threshold_is_that_of_the_intentions():
    from semcom_core.tasks.intention import THRESHOLD  # imports torch, which the block does not

    assert semcom.task_router().threshold == THRESHOLD
