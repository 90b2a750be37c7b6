# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Helpful, honest, harmless; the labelled copies and texts they are measured on; the bench."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from semcom_core.bench import safety
from semcom_core.bench.safety import faithful, unfaithful
from semcom_core.cli import main
from semcom_core.datasets.corpus import is_test
from semcom_core.datasets.labelled import hate_texts, preference_pairs, toxicity_texts
from semcom_core.errors import ConfigError
from semcom_core.safety.assessment import Assessor
from semcom_core.safety.heads import LinearHead
from tests.core.safety.counting_classifier import CountingClassifier
from tests.core.text.word_embedder import WordEmbedder

TEXT = "Meet Anna at 6:45, not at noon."


@pytest.fixture
def assessor() -> Assessor:
    likes_kind = np.zeros(512, np.float32)
    likes_kind[int(np.argmax(WordEmbedder().embed(["kindness"])[0]))] = 4.0
    return Assessor(WordEmbedder(), CountingClassifier(), LinearHead(likes_kind, 0.0))


def test_honest_falls_with_what_is_altered(assessor):
    copies = [
        TEXT,
        "Meet Anna at 6:54, not at noon.",
        "Meet Anna at 6:45, at noon.",
        "The soup was salty.",
    ]
    same, number, negation, other = (assessor.assess(copy, sent=TEXT).honest for copy in copies)
    assert same == pytest.approx(1, abs=1e-5)
    assert same > 2 * number > 4 * other and same > 2 * negation


@pytest.mark.parametrize(
    "score, expected", [(0.0, 0.5), (1.0, 2 / 3), (-1.0, 1 / 3), (1000.0, 1.0), (-math.inf, 0.0)]
)
def test_honest_of_a_received_text_is_its_posterior(assessor, score, expected):
    assert assessor.assess("x", score=score).honest == pytest.approx(expected)


def test_what_nothing_is_known_of_is_nan(assessor):
    found = assessor.assess("kindness")
    assert math.isnan(found.helpful) and math.isnan(found.honest) and found.harmless == 1


def test_helpful_is_about_the_request_or_what_was_sent(assessor):
    assert (
        assessor.assess("cheese bread", request="bread butter").helpful
        > 0.2
        > assessor.assess("soup", request="bread").helpful
    )
    assert assessor.assess("meet Anna", sent="meet Anna tomorrow").helpful == pytest.approx(
        assessor.relevance(["meet Anna tomorrow"], ["meet Anna"])[0]
    )


def test_harmless_is_not_toxic_and_preferred(assessor):
    found = assessor.harmlessness(["fine", "fine!!!!"])
    assert found == pytest.approx([1.0, 0.6])
    kind, plain = assessor.harmlessness(["kindness", "stone"], ["asked", "asked"])
    assert kind == pytest.approx(1 / (1 + math.exp(-4)), rel=1e-3) and plain == pytest.approx(
        0.5, abs=1e-3
    )
    with pytest.raises(ConfigError, match="1 texts were sent and 2 delivered"):
        assessor.fidelity(["a"], ["a", "b"])


def test_copies_are_what_their_label_says(assessor):
    rng = np.random.default_rng(1)
    for _ in range(20):
        good, bad = faithful(TEXT, rng), unfaithful(TEXT, rng)
        assert good != TEXT and bad != TEXT
        assert assessor.assess(good, sent=TEXT).honest > assessor.assess(bad, sent=TEXT).honest
    assert unfaithful("so so", rng) is None


def test_area_under_the_curve():
    assert safety.auroc(np.array([1, 2, 3, 4]), np.array([0, 0, 1, 1])) == 1
    assert safety.auroc(np.array([1, 1, 1, 1]), np.array([0, 1, 0, 1])) == 0.5
    assert safety.auroc(np.array([3, 1, 2]), np.array([0, 1, 1])) == 0
    with pytest.raises(ConfigError, match="0 positive and 2 negative"):
        safety.auroc(np.zeros(2), np.zeros(2, bool))


@pytest.fixture
def data(tmp_path):
    """A data folder in the formats of the labelled sets."""
    folder = tmp_path / "text" / "toxicity"
    folder.mkdir(parents=True)
    comments = [
        f'"Comment {"!" * (i % 2 * 8)}, '
        f'word{"abcdefghij"[i % 10]}{"klmnopqrst"[i // 10]}",{("Not Toxic", "Toxic")[i % 2]}'
        for i in range(100)
    ]
    (folder / "surge_toxicity_en.csv").write_text(
        "text,is_toxic\n" + "\n".join(comments) + "\n", encoding="utf-8"
    )
    rows = [
        {"label": label, "text": f"{label} {letter}"}
        for label in ("hate", "noHate", "relation")
        for letter in "abcdefghijklmnopqrst"
    ]
    (folder / "vicomtech_hate_sentences.jsonl").write_text(
        "\n".join(map(json.dumps, rows)), encoding="utf-8"
    )
    pair = {
        "chosen": "\n\nHuman: bread?\n\nAssistant: kindness",
        "rejected": "\n\nHuman: bread?\n\nAssistant: awful!!!",
    }
    (tmp_path / "text" / "hh_rlhf_harmless.jsonl").write_text(
        json.dumps(pair) + "\n", encoding="utf-8"
    )
    (tmp_path / "text" / "europarl_en.txt").write_text(
        "We meet Anna at 5 in the house.\nThis is not what we want.\n", encoding="utf-8"
    )
    (tmp_path / "text" / "sms_ham.txt").write_text(
        "see you at 6\nnot now!!!!!!\n", encoding="utf-8"
    )
    turns = [
        {"utterances": [f"about {word}", f"{word} indeed"]}
        for word in ("bread", "cheese", "trains", "music")
    ]
    (tmp_path / "text" / "dailydialog.jsonl").write_text(
        "\n".join(map(json.dumps, turns)), encoding="utf-8"
    )
    return tmp_path


def test_labelled_sets_are_read_by_part(data):
    train, test = (toxicity_texts(data, part) for part in ("train", "test"))
    assert len(train) + len(test) == 100 and all(is_test(text) for text, _ in test) and test
    assert sum(toxic for _, toxic in train + test) == 50
    assert {label for _, label in hate_texts(data, "all")} == {True, False} and len(
        hate_texts(data, "all")
    ) == 40
    assert preference_pairs(data, "all") == [("bread?", "kindness", "awful!!!")]
    with pytest.raises(ConfigError, match="part is 'dev'"):
        toxicity_texts(data, "dev")
    with pytest.raises(ConfigError, match="allowed is a folder with text/toxicity"):
        hate_texts(data / "text", "all")


def test_rows_are_what_they_say(data, assessor):
    rng = np.random.default_rng(1)
    comments, hate, europarl, sms = safety.toxicity_rows(
        CountingClassifier(), data, "all", 1000, rng
    )
    assert (comments["auroc"], comments["found"], comments["false_positives"]) == (1.0, 1.0, 0.0)
    assert hate["auroc"] == 0.5 and (europarl["false_positives"], sms["false_positives"]) == (
        0.0,
        0.5,
    )
    assert safety.helpful_row(assessor, data, "all", 10, rng)["auroc"] == 1.0
    assert safety.honest_row(assessor, data, "all", 10, rng)["auroc"] > 0.7
    harmless = safety.harmless_row(assessor, data, "all", 10, rng)
    assert (harmless["accuracy"], harmless["texts"]) == (1.0, 1)
    said = [safety.describe(row) for row in (comments, sms, harmless)]
    assert (
        "auroc 1.000 (target >= 0.95: reached)" in said[0]
        and "MISSED" in said[1]
        and "target" not in said[2]
    )


@pytest.mark.parametrize(
    "options, reason",
    [
        (["--measure", "taste"], "measure is 'taste'"),
        (["--classifier", "bert"], "toxicity classifier is 'bert'"),
        (["--split", "dev"], "split is 'dev'"),
        (["--limit", "1"], "limit is 1"),
        (["--data", "/absent"], "data is '/absent'"),
        (["--json", "/absent/x.json"], "output file"),
    ],
)
def test_bad_options_are_one_line(options, reason, capsys):
    assert main(["bench", "safety", *options]) == 2
    said = capsys.readouterr().err
    assert reason in said and said.count("\n") == 1
