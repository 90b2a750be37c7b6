# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom sim` with a policy, a distiller and an expander."""

from __future__ import annotations

import json

import pytest

from semcom_core.cli import content, main
from semcom_core.safety import toxicity
from semcom_core.text.distillation import distiller as distill
from semcom_core.text.distillation import rewriter as expand
from semcom_core.text.distillation.distiller import DistillConfig, Distiller
from semcom_core.text.spinal.codec import SpinalCodec, SpinalConfig
from tests.core.safety.counting_classifier import CountingClassifier
from tests.core.text.toy_model import ToyModel
from tests.core.text.word_embedder import WordEmbedder

LONG = (
    "hello there, the committee will of course meet again on thursday at 6:45 in room 12, xq "
    "zzt, not in the big hall"
)


@pytest.fixture(autouse=True)
def small_models(monkeypatch):
    """Models that need no weights in place of those that the options load."""
    codec = SpinalCodec(SpinalConfig(), ToyModel())
    expander = expand.Expander(
        expand.ExpandConfig(rewrite=False, least_similarity=0.3), None, WordEmbedder()
    )
    monkeypatch.setattr(toxicity, "load_toxicity", lambda name, path, device: CountingClassifier())
    monkeypatch.setattr(
        distill,
        "load_distiller",
        lambda mode, _, device: Distiller(DistillConfig(mode=mode), codec, WordEmbedder()),
    )
    monkeypatch.setattr(expand.Expander, "from_settings", classmethod(lambda cls, device: expander))


def send(tmp_path, text, *options):
    """Exit status and result of a message over a clean enough channel."""
    path = tmp_path / "out.json"
    status = main(
        [
            "sim",
            "--text",
            text,
            "--codec",
            "deflate",
            "--channel",
            "awgn:20",
            "--no-modem",
            "--json",
            str(path),
            *options,
        ]
    )
    return status, json.loads(path.read_text(encoding="utf-8"))["rows"][0]


def test_distilled_message_is_shorter_and_keeps_what_was_said(tmp_path, capsys):
    status, row = send(tmp_path, LONG, "--distill", "extractive")
    _, whole = send(tmp_path, LONG)
    assert status == 0 and row["sent"] == row["received"] != LONG and row["uses"] < whole["uses"]
    assert all(item in row["received"] for item in ("6:45", "12", "not", "thursday"))
    assert row["distilled"]["original"] == LONG and row["distilled"]["similarity"] >= 0.85
    assert f"said      {LONG}" in capsys.readouterr().out
    assert "distilled" not in whole


def test_policy_blocks_at_the_sender(tmp_path):
    status, row = send(tmp_path, "so bad!!!!!!!", "--safety", "send=block")
    assert (status, row["uses"], row["received"]) == (1, 0, "")
    assert row["reason"] == "toxicity is 0.70; the send policy is to block from 0.5 on"


@pytest.mark.parametrize(
    "policy, received, action",
    [
        ("receive=block", "", "block"),
        ("mark", "so bad!!!!!!!", "mark"),
        ("pass", "so bad!!!!!!!", "pass"),
    ],
)
def test_policy_at_the_receiver(tmp_path, capsys, policy, received, action):
    status, row = send(tmp_path, "so bad!!!!!!!", "--safety", policy)
    assert status == 0 and row["received"] == received and row["safety_receive"]["action"] == action
    assert "at the receive end: " in capsys.readouterr().out


def test_expansion_shows_both(tmp_path, capsys):
    _, row = send(tmp_path, "pls call kate abt d 5 msgs", "--expand")
    assert row["received"] == "pls call kate abt d 5 msgs"
    assert (row["expanded"]["text"], row["expanded"]["method"]) == (
        "please call kate about d 5 msgs",
        "spelled",
    )
    assert "expanded  please call" in capsys.readouterr().out


@pytest.mark.parametrize(
    "options, reason",
    [
        (
            ["--distill", "brief"],
            "distill is 'brief'; allowed is one of abstractive, canonical, extractive, off",
        ),
        (["--safety", "blok"], "policy has 'blok'"),
        (["--safety", "threshold=3"], "threshold is 3; allowed is 0 to 1"),
    ],
)
def test_bad_options_are_one_line(options, reason, capsys):
    assert main(["sim", "--text", "x", "--codec", "deflate", *options]) == 2
    said = capsys.readouterr().err
    assert reason in said and said.count("\n") == 1


def test_lines_of_a_plain_result_are_none():
    assert content.lines({"sent": "x"}) == []
