# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Semantic memory: what is kept is in the file before it passes, requests and guesses are not."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pmt
import pytest
from gnuradio import semcom
from gnuradio.semcom import notices, pdu
from gnuradio.semcom.worker import process as codec_pipe

from semcom_core.errors import ConfigError
from semcom_core.memory.database import MemoryDatabase

#: Loading takes seconds on a busy machine.
LOAD_S = 40


@pytest.fixture(autouse=True)
def small_models(monkeypatch):
    """Services with models that need no weights."""
    monkeypatch.setattr(codec_pipe, "PROGRAM", Path(__file__).with_name("service_program.py"))


def test_texts_and_pictures_are_kept_and_requests_pass(flowgraph, collect, post, tmp_path):
    file = tmp_path / "memory.db"
    memory = semcom.semantic_memory(str(file))
    out, shown = collect(memory, "out"), collect(memory, "contents")
    flowgraph.start()
    pixels = np.full((4, 6, 3), 9, np.uint8)
    post(memory, "in", pdu.text_pdu("Mary went\x1b home.", message_id=1))
    post(memory, "in", pdu.picture_pdu(pixels, message_id=2))
    post(memory, "in", pdu.text_pdu("Where is Mary?", message_id=3, task="answer"))
    post(memory, "in", pdu.text_pdu("Mxry wnt hom", message_id=4, decoded=False))
    post(memory, "in", pdu.text_pdu("John went home.", message_id=5))
    post(memory, "in", pdu.end_pdu())
    passed = out.wait(6, LOAD_S)
    metas = [pdu.read_meta(message) for message in passed[:5]]
    places = [(meta.get("slot"), meta.get("memory_key")) for meta in metas]
    assert places == [(0, 0), (1, 1), (1, None), (None, None), (2, 2)]
    assert [meta["message_id"] for meta in metas] == [1, 2, 3, 4, 5] and pdu.is_end(passed[5])
    with MemoryDatabase(file, create=False) as database:
        text, picture, later = database.items
    assert text.text == "Mary went\x1b home." and later.text == "John went home."
    assert len(text.embedding) and np.array_equal(picture.pixels, pixels)
    wanted = "0: Mary went␛ home.\n1: picture, 6x4\n2: John went home."
    end = time.monotonic() + LOAD_S  # the widget's port gives the latest state, not each
    while pmt.symbol_to_string(pmt.cdr(shown.wait(1)[-1])) != wanted:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert (memory.kept, memory.forgotten) == (3, 0)


def test_the_store_is_bounded_and_continues(flowgraph, collect, post, tmp_path):
    file = tmp_path / "memory.db"
    memory = semcom.semantic_memory(str(file), {"capacity": 2, "model": "fifo", "embed": False})
    out = collect(memory, "out")
    flowgraph.start()
    for i in range(4):
        post(memory, "in", pdu.text_pdu(f"text {i}", message_id=i))
    out.wait(4, LOAD_S)
    assert (memory.kept, memory.forgotten) == (4, 2)
    memory.set_options({"capacity": 3, "model": "fifo", "embed": False})
    post(memory, "in", pdu.text_pdu("text 4", message_id=4))
    last = out.wait(5, LOAD_S)[4]
    assert pdu.read_meta(last)["slot"] == 4
    with MemoryDatabase(file, create=False) as database:
        assert [item.text for item in database.items] == ["text 2", "text 3", "text 4"]


def test_a_foreign_file_is_told_and_left_and_content_passes(flowgraph, collect, post, tmp_path):
    file = tmp_path / "memory.db"
    file.write_text("not a database")
    memory = semcom.semantic_memory(str(file))
    out, said = collect(memory, "out"), collect(memory, "feedback")
    flowgraph.start()
    post(memory, "in", pdu.text_pdu("Mary went home.", message_id=1))
    (passed,) = out.wait(1, LOAD_S)
    assert pdu.read_text(passed)[1] == "Mary went home." and "slot" not in pdu.read_meta(passed)
    failed = [n for n in map(notices.read_notice, said.wait(2, LOAD_S)) if n.state == "failed"]
    assert "it is no SQLite file" in failed[0].reason and file.read_text() == "not a database"


def test_settings_are_checked(tmp_path):
    with pytest.raises(ConfigError, match="memory_file is ''; allowed is the name of a file"):
        semcom.semantic_memory("")
    with pytest.raises(ConfigError, match="options is 5; allowed is a dict of settings"):
        semcom.semantic_memory(str(tmp_path / "a.db"), options=5)
    memory = semcom.semantic_memory(str(tmp_path / "a.db"))
    memory.set_options("fifo")
    assert memory.options == {}
    memory.set_memory_file("")
    assert memory.memory_file == str(tmp_path / "a.db")
