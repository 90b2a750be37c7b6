# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demonstration's picture and story: what they ask of their flowgraphs, and what they show of
what arrived, or did not.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from semcom_core.cli import demo
from semcom_core.errors import ModelError, RadioError
from semcom_core.image import example
from semcom_core.image.picture import read_picture, write_picture

SENT = np.full((60, 80, 3), (200, 60, 10), np.uint8)
MESSAGE = {
    "message_id": 0,
    "outcome": "whole",
    "sent": "a.png",
    "received": "",
    "snr_db": 5.0,
    "psnr_db": 30.0,
    "reason": "",
}


@pytest.fixture
def link(tmp_path, monkeypatch):
    """link(message, seen): what the flowgraph is asked for, once a stand-in for it has reported the
    message.
    """
    monkeypatch.chdir(tmp_path)
    write_picture(tmp_path / "a.png", SENT)
    monkeypatch.setattr(demo, "example_picture", lambda name: tmp_path / "a.png")
    asked = {}

    def prepare(message: dict | None, seen: dict) -> dict:
        def flowgraph(args) -> int:
            asked.update(option.removeprefix("--").split("=", 1) for option in args.arguments)
            if message is not None:
                Path(asked["out-file"]).write_text(json.dumps({"messages": [message]}))
                write_picture(Path(asked["received-folder"]) / "received_000.png", SENT)
            return 0 if message is not None and message["outcome"] == "whole" else 1

        monkeypatch.setattr(demo.grc, "run", flowgraph)
        monkeypatch.setattr(demo, "_views", lambda pixels: seen)
        return asked

    return prepare


def test_one_file_shows_all_states(link, tmp_path, capsys):
    asked = link(MESSAGE, {"segments": SENT, "importance": SENT})
    assert demo.send_picture(5.0, 12e3, 3.5) == 0
    assert (asked["importance"], asked["snr-db"], asked["cfo-hz"], asked["margin-db"]) == (
        "sam",
        "5.0",
        "12000.0",
        "3.5",
    )
    sheet = read_picture(tmp_path / "demo.png")
    assert sheet.shape[1] > 4 * 384 * 80 // 60
    assert (
        f"PSNR 30.00 dB; sent, seen and received side by side: {tmp_path / 'demo.png'}"
        in capsys.readouterr().out
    )


def test_without_segments_two_states_are_shown_and_a_degraded_picture_is_status_1(link, tmp_path):
    asked = link({**MESSAGE, "outcome": "marked", "reason": "1 of 16 fragments are missing"}, {})
    assert demo.send_picture(5.0, 0.0, 0.0) == 1
    assert asked["importance"] == "none"
    assert read_picture(tmp_path / "demo.png").shape[1] < 3 * 384 * 80 // 60


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (None, "wrote no report"),
        ({**MESSAGE, "outcome": "lost", "psnr_db": None, "reason": "x"}, "it is lost: x"),
    ],
)
def test_a_picture_that_does_not_arrive_is_an_error(link, tmp_path, message, words):
    link(message, {})
    with pytest.raises(RadioError, match=words):
        demo.send_picture(5.0, 0.0, 0.0)
    assert not (tmp_path / "demo.png").exists()


def test_missing_networks_are_said(monkeypatch, capsys):
    def missing():
        raise ModelError("Segment Anything model 'sam-tiny' is not there")

    monkeypatch.setattr("semcom_core.image.transceiver.ImportanceEstimator", missing)
    assert demo._views(SENT) == {}
    assert (
        "without segments and importance: Segment Anything model 'sam-tiny' is not there"
        in capsys.readouterr().out
    )


def test_examples(monkeypatch):
    pytest.importorskip("skimage")
    for name in example.EXAMPLES:
        assert min(read_picture(example.example_picture(name)).shape[:2]) >= 300
    with pytest.raises(
        ValueError, match="example is 'dog'; allowed is one of astronaut, cat, coffee, rocket"
    ):
        example.example_picture("dog")
    monkeypatch.setattr(example.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match="comes with scikit-image, which is not installed"):
        example.example_picture()


def test_the_story_is_shown_with_its_answers(tmp_path, monkeypatch, capsys):
    texts = ["Mary went home.", "Where is Mary?", "Where is Mary?", "Where is Tom?"]
    answers = [("Where is Mary?", "home", ""), ("Where is Mary?", "", "not clear")]

    def flowgraph(args) -> int:
        asked = dict(option.removeprefix("--").split("=", 1) for option in args.arguments)
        assert Path(asked["text-file"]).read_text().splitlines() == list(demo.STORY)
        assert (asked["snr-db"], asked["margin-db"]) == ("5.0", "3.5")
        replies = [{"request": a, "text": b, "reason": c} for a, b, c in answers]
        Path(asked["replies-file"]).write_text("\n".join(map(json.dumps, replies)))
        messages = [{"outcome": "exact", "sent": text, "received": text} for text in texts[:3]]
        messages.append({"outcome": "lost", "sent": texts[3], "received": ""})
        Path(asked["out-file"]).write_text(json.dumps({"messages": messages}))
        return 1

    monkeypatch.setattr(demo.grc, "run", flowgraph)
    assert demo.send_story(5.0, 12e3, 3.5) == 1
    _, *lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "exact     Mary went home.",
        "question  Where is Mary?  home",
        "question  Where is Mary?  not clear",
        "lost      Where is Tom?",
    ]
