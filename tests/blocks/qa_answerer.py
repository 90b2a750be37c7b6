# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answerer: requests over the memory that another block keeps, replies, and what asks back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pmt
import pytest
from gnuradio import semcom
from gnuradio.semcom import pdu
from gnuradio.semcom.worker import process as codec_pipe

from semcom_core.errors import ConfigError
from semcom_core.memory.database import MemoryDatabase
from semcom_core.memory.item import text_item

#: Loading takes seconds on a busy machine.
LOAD_S = 40


@pytest.fixture(autouse=True)
def small_models(monkeypatch):
    """Services with models that need no weights."""
    monkeypatch.setattr(codec_pipe, "PROGRAM", Path(__file__).with_name("service_program.py"))


@pytest.fixture
def chain(flowgraph, collect, tmp_path):
    """Router, memory and answerer in a row, with collectors of the answerer's ports."""
    file = str(tmp_path / "memory.db")
    router = semcom.task_router()
    memory = semcom.semantic_memory(file, {"embed": False})
    answerer = semcom.answerer(file, options={"tasks": "answer,reconstruct"})
    flowgraph.msg_connect(router, "out", memory, "in")
    flowgraph.msg_connect(memory, "out", answerer, "in")
    ports = {port: collect(answerer, port) for port in ("out", "reply", "picture", "shown")}
    flowgraph.start()
    return router, answerer, ports


def test_answers_come_from_what_was_received_before(chain, post):
    router, answerer, ports = chain
    texts = ["Mary went home.", "Where is Mary?", "Mary is in the garden.", "Where is Mary?"]
    for i, text in enumerate(texts):
        post(router, "in", pdu.text_pdu(text, message_id=i))
    post(router, "in", pdu.end_pdu())
    passed = ports["out"].wait(5, LOAD_S)
    assert [pdu.read_text(message)[1] for message in passed[:4]] == texts
    assert pdu.is_end(passed[4])
    first, second = map(pdu.read_text, ports["reply"].wait(2, LOAD_S))
    assert (first[1], second[1]) == ("home", "garden")
    assert first[0]["message_id"] == 1 and first[0]["request"] == "Where is Mary?"
    assert first[0]["task"] == "answer" and first[0]["decoded"] is True
    assert second[0]["confidence"] == pytest.approx(0.75) and second[0]["reason"] == ""
    assert (answerer.answered, answerer.asked_back) == (2, 0)


def test_a_request_is_answered_by_what_was_there_when_it_came(chain, post, tmp_path):
    _, answerer, ports = chain
    with MemoryDatabase(tmp_path / "memory.db") as database:
        for slot, text in enumerate(["Mary went home.", "Mary is in the garden."]):
            database.add(text_item(slot, slot, text))
    for slot in (0, 1, -1):
        request = pdu.text_pdu("Where is Mary?", message_id=9, task="answer", slot=slot)
        post(answerer, "in", request)
    post(answerer, "in", pdu.text_pdu("Where is Mary?", message_id=9, task="answer"))
    replies = [pdu.read_text(message) for message in ports["reply"].wait(4, LOAD_S)]
    assert [text for _, text in replies] == ["home", "garden", "", "garden"]
    assert replies[2][0]["decoded"] is False and replies[2][0]["reason"]


def test_what_is_not_clear_or_not_allowed_is_asked_back(chain, post):
    router, answerer, ports = chain
    for i, text in enumerate(["Is it so?", "Draw a red ball", "Where is Mary?"]):
        post(router, "in", pdu.text_pdu(text, message_id=i))
    replies = [pdu.read_text(message) for message in ports["reply"].wait(3, LOAD_S)]
    reasons = [meta["reason"] for meta, _ in replies]
    assert reasons[0] == "the request fits none of the tasks"
    assert reasons[1] == "task 'generate' is not allowed here; allowed is answer,reconstruct"
    assert [text for _, text in replies][:2] == ["", ""] and answerer.asked_back >= 2


def test_pictures_are_given_back(chain, post):
    router, _, ports = chain
    pixels = np.full((4, 6, 3), 9, np.uint8)
    post(router, "in", pdu.picture_pdu(pixels, message_id=1))
    post(router, "in", pdu.text_pdu("Show this picture", message_id=2))
    (picture,) = ports["picture"].wait(1, LOAD_S)
    meta, found = pdu.read_picture_pdu(picture)
    assert np.array_equal(found, pixels) and meta == {"message_id": 2, "name": "reconstruct"}


def test_a_request_over_which_the_models_die_has_a_reply_with_the_reason(chain, post):
    router, answerer, ports = chain
    post(answerer, "in", pdu.text_pdu("Where do they die?", message_id=1, task="answer"))
    ((meta, text),) = map(pdu.read_text, ports["reply"].wait(1, LOAD_S))
    assert text == "" and meta["decoded"] is False and meta["reason"]
    assert len(ports["out"].wait(1, LOAD_S)) == 1


def test_the_widget_shows_request_and_answer(chain, post):
    router, _, ports = chain
    post(router, "in", pdu.text_pdu("Mary went home.", message_id=0))
    post(router, "in", pdu.text_pdu("Where\x07 is Mary?", message_id=1))
    (last,) = ports["shown"].wait(1, LOAD_S)
    assert pmt.symbol_to_string(pmt.cdr(last)) == "Where␇ is Mary?\nhome"


def test_settings_are_checked(tmp_path):
    with pytest.raises(ConfigError, match="memory_file is None"):
        semcom.answerer(None)
    with pytest.raises(ConfigError, match="model is ''"):
        semcom.answerer(str(tmp_path / "a.db"), model="")
