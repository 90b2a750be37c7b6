# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Classifiers of toxicity, the heads under them, and their training."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from semcom_core.errors import ConfigError, ModelError
from semcom_core.models.sentence import PACKAGE, load_embedder, similarity
from semcom_core.safety.heads import LinearHead, load_head, pair_features, probability
from semcom_core.safety.toxicity import EmbeddingToxicity, load_toxicity
from semcom_core.train.safety_heads import cross_validated, fit, save
from tests.core.text.word_embedder import WordEmbedder

needs_embedding = pytest.mark.skipif(
    importlib.util.find_spec(PACKAGE) is None, reason="the sentence embedding is not installed"
)
CLEAN = [
    "The committee will meet again on Thursday.",
    "Can you bring some bread when you come home?",
    "I liked the film a lot.",
]
TOXIC = [
    "You are a worthless piece of garbage, shut up.",
    "What a disgusting bunch of idiots you people are.",
]


@needs_embedding
def test_shipped_classifier_tells_insults_from_plain_texts():
    scores = load_toxicity().scores(CLEAN + TOXIC)
    assert scores[:3].max() < 0.5 < scores[3:].min()
    assert load_toxicity() is load_toxicity()


@needs_embedding
def test_embedding_tells_what_is_about_the_same():
    embedder = load_embedder()
    near = similarity(embedder, "When are you guys leaving?", "When do you leave?")
    far = similarity(embedder, "When are you guys leaving?", "The soup was too salty.")
    assert near > 0.7 > 0.4 > far
    rows = embedder.embed(["one", "a much longer text than the first", "one"])
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5) and np.allclose(
        rows[0], rows[2], atol=1e-5
    )


@needs_embedding
def test_shipped_heads_fit_the_embedding():
    dimensions = load_embedder().embed(["x"]).shape[1]
    assert load_head("toxicity").weight.shape == (dimensions,)
    assert load_head("preference").weight.shape == (2 * dimensions,)


def test_head_weighs_and_is_a_probability():
    head = LinearHead(np.array([1.0, -2.0], np.float32), 0.5)
    assert head.log_odds(np.array([[3.0, 1.0], [0.0, 0.0]])) == pytest.approx([1.5, 0.5])
    assert probability(np.array([-1e4, 0.0, np.log(3), 1e4])) == pytest.approx([0, 0.5, 0.75, 1])


def test_heads_are_saved_and_read(tmp_path):
    save(LinearHead(np.arange(4, dtype=np.float32), -0.25), tmp_path / "a.safetensors")
    head = load_head("a", tmp_path)
    assert head.weight.tolist() == [0, 1, 2, 3] and head.bias == -0.25
    with pytest.raises(ModelError, match="b.safetensors' cannot be loaded: FileNotFoundError"):
        load_head("b", tmp_path)
    (tmp_path / "c.safetensors").write_bytes(b"junk")
    with pytest.raises(ModelError, match="c.safetensors' cannot be loaded"):
        load_head("c", tmp_path)


def test_pair_features_hold_answer_and_product():
    rows = pair_features(WordEmbedder(), ["open the door", "open the door"], ["the door", "cheese"])
    assert rows.shape == (2, 512)
    assert rows[0, 256:].sum() > 1 > 0.1 > abs(rows[1, 256:].sum())


def test_logistic_regression_finds_the_odds_of_counts():
    features, labels = (
        np.repeat([[0.0], [1.0]], 100, axis=0),
        np.arange(200) % 100 < np.repeat([20, 75], 100),
    )
    head = fit(features, labels, np.ones(200), 1e-9)
    assert head.bias == pytest.approx(np.log(20 / 80), abs=1e-3)
    assert head.weight[0] + head.bias == pytest.approx(np.log(75 / 25), abs=1e-3)
    assert abs(fit(features, labels, np.ones(200), 1e6).weight[0]) < 1e-3
    assert fit(features - 0.5, labels, np.ones(200), 1.0, intercept=False).bias == 0


def test_cross_validation_never_sees_the_row():
    seen = cross_validated(
        lambda rows: LinearHead(np.zeros(1), float(rows.sum())),
        np.zeros((10, 1)),
        np.random.default_rng(1),
    )
    assert seen.tolist() == [8.0] * 10


def test_classifier_learns_words():
    embedder, texts = (
        WordEmbedder(),
        ["awful horrid stuff", "awful people", "lovely people", "lovely stuff here"],
    )
    head = fit(embedder.embed(texts), np.array([True, True, False, False]), np.ones(4), 0.01)
    assert (EmbeddingToxicity(embedder, head).scores(["awful", "lovely"]) > 0.5).tolist() == [
        True,
        False,
    ]


def test_names_and_weights_are_checked(tmp_path):
    with pytest.raises(
        ConfigError,
        match="toxicity classifier is 'bert'; allowed is one of detoxify, minilm, profanity-check",
    ):
        load_toxicity("bert")
    with pytest.raises(ConfigError, match="takes none"):
        load_toxicity("profanity-check", "weights")
    with pytest.raises(ModelError, match="sentence embedding .* cannot be loaded"):
        load_embedder(str(tmp_path))


@pytest.mark.skipif(
    importlib.util.find_spec("profanity_check") is not None,
    reason="alt-profanity-check is installed",
)
def test_absent_package_is_named():
    with pytest.raises(ModelError, match="pip install alt-profanity-check"):
        load_toxicity("profanity-check")
