# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bench of scenario question answering: rows, figures, intervals, plot, texts of large models."""

from __future__ import annotations

import json

import numpy as np
import pytest

from semcom_core.bench.memory import (
    channel_of,
    figures,
    memory_row,
    plot_memory,
    right_answers,
    text_row,
    unknown_stories,
    uses_row,
)
from semcom_core.channel import parse_channel
from semcom_core.cli import main
from semcom_core.datasets.stories import (
    BABI_WORDING,
    OWN_WORDING,
    UNKNOWN,
    Question,
    Statement,
    Story,
    generate_story,
)
from semcom_core.errors import ConfigError
from semcom_core.text import load_codec

STORY = Story(
    1,
    (
        Statement(0, "Anna walked to the tower."),
        Statement(1, "Omar drove to the market."),
        Question(2, "Where is Anna?", "tower", (0,)),
        Question(2, "Where is Omar?", "market", (1,)),
    ),
)


def row(accuracy, task=1, system="transceiver", snr_db=6.0, memory=True, uses=16.0, **more):
    what = {"task": task, "system": system, "channel": "awgn", "snr_db": snr_db, "memory": memory}
    return memory_row([accuracy], 100, uses, **{**what, "update_rule": None, **more})


def test_intervals_are_those_of_student():
    found = memory_row([0.9, 0.92, 0.94, 0.96, 0.98], 50, 16.0, task=1)
    assert found["accuracy"] == pytest.approx(0.94)
    # t(4) at 0.975 is 2.776, the deviation of the five 0.0316
    assert found["interval"] == pytest.approx(2.776 * 0.03162 / np.sqrt(5), rel=1e-3)
    assert memory_row([0.5], 50, 16.0)["interval"] == 0.0


def test_answers_are_right_in_any_order():
    story = Story(8, (Statement(0, "x"), Question(1, "What?", "map,key", (0,))))
    assert right_answers([story] * 3, ["key,map", "map", "nothing"]).tolist() == [
        True,
        False,
        False,
    ]


def test_channels_fade_by_message():
    channel = channel_of("rayleigh", 6.0, 16)
    _, noise_var = channel.through_symbols(np.ones(48, np.complex64), np.random.default_rng(1))
    by_message = noise_var.reshape(3, 16)
    assert (by_message == by_message[:, :1]).all() and len(np.unique(by_message)) == 3
    assert channel_of("awgn", None, 16).snr_db is None
    with pytest.raises(ConfigError, match="channel is 'tdl-a'; allowed is awgn or rayleigh"):
        channel_of("tdl-a", 6.0, 16)


def test_figures_say_what_is_reached():
    rows = [
        row(0.98),
        row(0.99, snr_db=None),
        row(0.9, snr_db=0.0),
        row(0.6, system="separate", snr_db=0.0),
        row(0.95, snr_db=12.0),
        row(0.7, snr_db=12.0, memory=False),
        row(0.85, task=7),
        row(0.95, unknown=True),
        row(0.5, task=2, update_rule="fifo"),
        row(0.65, task=2, update_rule="value"),
        row(0.97, mask="none"),
        row(0.965, mask="theory", uses=8.0),
        row(0.90, mask="learned", uses=5.0),
    ]
    found = figures(rows)
    text = "\n".join(found)
    assert "task 1 at 6 dB, without noise 0.990: accuracy 0.980 (target >= 0.97: reached)" in text
    assert "task 1 at 0 dB, without noise 0.990: accuracy 0.900 (target >= 0.85: reached)" in text
    assert "task 7 at 6 dB: accuracy 0.850 (target >= 0.9: MISSED)" in text
    assert "memory on minus off 25.0 points (target >= 30: MISSED)" in text
    assert "task 1 at 0 dB: 30.0 points (target >= 15: reached)" in text
    assert "unknown if unsent 0.950 (target >= 0.9: reached)" in text
    assert "update rule value minus fifo, task 2: 15.0 points (target >= 10: reached)" in text
    assert "mask theory at 6 dB: 50% of the symbols saved, 0.5 points lost" in text
    assert "7.0 points lost (target >= 40 % at <= 1 point: MISSED)" in text
    assert figures([]) == []


def test_unknown_stories_ask_about_nothing_that_was_sent():
    stories = [generate_story(task, np.random.default_rng(task)) for task in (1, 2, 6, 7, 8)]
    for wording in (OWN_WORDING, BABI_WORDING):
        for story in unknown_stories(stories, np.random.default_rng(1), wording):
            assert {question.answer for question in story.questions} == {UNKNOWN}
            told = " ".join(statement.text for statement in story.statements)
            for question in story.questions:
                words = question.text.rstrip("?").split()
                subject = next(word for word in words if word in wording.subjects)
                before = [s.text for s in story.statements if s.slot < question.slot]
                assert f"{subject} " not in f"{' '.join(before)} " and told
    assert len(unknown_stories(stories, np.random.default_rng(1), BABI_WORDING)) == 5


class Reader:
    """Answers with the place of the message that has the name."""

    def __init__(self):
        self.seen = []

    def answer(self, question, messages):
        self.seen.append(list(messages))
        name = question.split()[2].rstrip("?")
        places = [text.split()[-1].rstrip(".") for text in messages if text.startswith(name)]
        return type("Answer", (), {"text": f"The {places[-1]}." if places else "unknown"})


@pytest.mark.parametrize("memory, accuracy", [(True, 1.0), (False, 0.5)])
def test_a_model_answers_from_received_texts(memory, accuracy):
    reader = Reader()
    codec = load_codec("huffman")
    found = text_row(codec, reader, [STORY], 12.0, [1, 2], memory, "huffman + reader")
    assert found["accuracy"] == accuracy and found["questions"] == 2
    assert found["uses_per_message"] > 16 and found["channel_seeds"] == 2
    assert len(reader.seen[0]) == (2 if memory else 1)


def test_uses_of_a_codec_are_counted():
    found = uses_row(load_codec("huffman"), ["Anna walked.", "Omar drove to the market."], 18.0, 40)
    assert found["messages"] == 2 and found["fit"] in (0.5, 1.0) and found["uses_per_message"] > 5
    assert parse_channel("awgn:18").snr_db == 18.0


def test_plot_is_drawn(tmp_path):
    rows = [
        row(0.5 + 0.02 * snr_db, task, system, float(snr_db), memory, channel=channel)
        for task in (1, 2)
        for system in ("transceiver", "separate")
        for snr_db in (0, 6, 12)
        for memory in (True, False)
        for channel in ("awgn", "rayleigh")
    ]
    plot_memory(tmp_path / "plot.png", rows)
    assert (tmp_path / "plot.png").stat().st_size > 20_000
    with pytest.raises(ConfigError, match="plot has no rows"):
        plot_memory(tmp_path / "other.png", [row(0.5, update_rule="fifo")])
    with pytest.raises(ConfigError, match="cannot be written"):
        plot_memory(tmp_path / "plot.xyz", rows)


def test_command_measures_and_writes(tmp_path, capsys):
    file = tmp_path / "memory.json"
    plot = tmp_path / "memory.png"
    command = ["bench", "memory", "--source", "generated", "--limit", "4", "--seeds", "2"]
    command += ["--snr-db", "6", "--task", "1", "2", "--system", "transceiver"]
    command += ["--part", "accuracy", "unknown", "update", "time"]
    assert main([*command, "--json", str(file), "--plot", str(plot)]) == 0
    told = json.loads(file.read_text("utf-8"))
    assert told["bench"] == "memory" and told["settings"]["weights"] == "shipped"
    rows = told["rows"]
    assert {"task", "system", "channel", "snr_db", "memory", "update_rule", "memory_size"} <= set(
        rows[0]
    )
    assert [r["memory"] for r in rows[:2]] == [True, False] and rows[0]["snr_db"] is None
    assert {r["update_rule"] for r in rows if r.get("update_rule")} >= {"fifo", "correlation"}
    assert rows[-1]["task"] == "time" and rows[-1]["answer_s"] > 0
    assert plot.exists()
    out = capsys.readouterr().out
    assert "task 1 at 6 dB, without noise" in out and "ms from the last sample" in out


@pytest.mark.parametrize(
    "options, message",
    [
        (["--part", "all"], "part is 'all'; allowed is one of accuracy"),
        (["--system", "best"], "system is 'best'; allowed is one of"),
        (["--task", "3"], "task is 3; allowed is one of 1, 2, 6, 7, 8"),
        (["--channel", "tdl-a"], "channel is 'tdl-a'"),
        (["--snr-db", "99"], "snr-db is 99"),
        (["--source", "web"], "source is 'web'"),
        (["--limit", "0"], "limit is 0"),
        (["--seeds", "0"], "seeds is 0"),
        (["--data", "/nowhere"], "data is '/nowhere'"),
        (["--weights", "/nowhere", "--source", "generated"], "no such file"),
    ],
)
def test_bad_options_are_told_in_a_line(options, message, capsys):
    assert main(["bench", "memory", *options]) in (1, 2)
    err = capsys.readouterr().err
    assert message in err and len(err.strip().splitlines()) == 1
