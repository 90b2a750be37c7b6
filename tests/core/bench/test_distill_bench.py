# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bench of distillation: the corpora, and what a row counts."""

from __future__ import annotations

import json

import numpy as np
import pytest

from semcom_core.bench.text.distillation import corpora, describe, distill_row, targets
from semcom_core.datasets.corpus import is_test
from semcom_core.errors import ConfigError
from semcom_core.text.distillation.distiller import DistillConfig, Distiller
from semcom_core.text.spinal.codec import SpinalCodec, SpinalConfig
from tests.core.text.toy_model import ToyModel
from tests.core.text.word_embedder import WordEmbedder

TEXTS = [
    "hello there, the committee will of course meet again on thursday at 6:45, not in the big hall",
    "5",
]


@pytest.fixture
def data(tmp_path):
    """A data folder with the three corpora."""
    folder = tmp_path / "text"
    folder.mkdir()
    sentences = [
        f"We meet {name} in the house{' again' * (i % 3)}."
        for i, name in enumerate("abcdefghijklmnopqrstuvwxyz")
    ]
    (folder / "europarl_en.txt").write_text(
        "\n".join([*sentences, "Too short.", sentences[0]]), encoding="utf-8"
    )
    (folder / "sms_ham.txt").write_text("\n".join([*sentences, "ok"]), encoding="utf-8")
    dialogues = [{"utterances": [f"about {name}", f"{name} indeed"]} for name in sentences]
    (folder / "dailydialog.jsonl").write_text(
        "\n".join(map(json.dumps, dialogues)), encoding="utf-8"
    )
    return tmp_path


def test_corpora_are_read_by_part(data):
    rng = np.random.default_rng(1)
    every = corpora(data, split="all", rng=rng)
    assert {name: len(texts) for name, texts in every.items()} == {
        "sms": 27,
        "dialogue": 52,
        "europarl": 26,
    }
    test, train = (corpora(data, split=part, rng=rng) for part in ("test", "train"))
    assert all(is_test(text) for text in test["sms"] + test["europarl"])
    assert sorted(test["dialogue"] + train["dialogue"]) == sorted(every["dialogue"])
    assert len(corpora(data, ["sms"], "all", 5, rng=rng)["sms"]) == 5


def test_what_is_not_there_is_named(data):
    rng = np.random.default_rng(1)
    with pytest.raises(
        ConfigError, match="corpus is 'poems'; allowed is one of dialogue, europarl, sms"
    ):
        corpora(data, ["poems"], rng=rng)
    with pytest.raises(ConfigError, match="limit is 0"):
        corpora(data, limit=0, rng=rng)
    with pytest.raises(ConfigError, match="allowed is a folder with text/sms_ham.txt"):
        corpora(data / "text", ["sms"], rng=rng)


def test_row_counts_symbols_items_and_similarity():
    codec = SpinalCodec(SpinalConfig(), ToyModel())
    distiller = Distiller(DistillConfig(), codec, WordEmbedder())
    row = distill_row("sms", TEXTS, codec, 10.0, distiller)
    uses = [
        [len(codec.encode(text, 10.0)[0].symbols) for text in pair]
        for pair in ((t, distiller.distill(t).text) for t in TEXTS)
    ]
    assert [row["uses_before"], row["uses_after"]] == np.sum(uses, axis=0).tolist()
    assert row["symbols_saved"] == pytest.approx(1 - row["uses_after"] / row["uses_before"])
    assert (
        row["sentences"],
        row["protected"],
        row["protected_kept"],
        row["unchanged"],
        row["fallbacks"],
    ) == (2, 4, 1.0, 1, 0)
    assert row["similarity_least"] >= 0.85 and row["similarity_below"] == 0
    assert "protected kept 100.0% of 4" in describe(row)


def test_targets_ask_for_both_savings_and_similarity():
    row = {
        "corpus": "sms",
        "mode": "extractive",
        "protected_kept": 1.0,
        "symbols_saved": 0.25,
        "similarity_below": 0.0,
    }
    assert targets([row])[0].count("reached") == 2
    assert "MISSED" in targets([{**row, "similarity_below": 0.01}])[0]
    assert "MISSED" in targets([{**row, "protected_kept": 0.99}])[0]
    assert "symbols saved" not in targets([{**row, "corpus": "europarl"}])[0]
