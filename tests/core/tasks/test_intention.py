# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Understanding of requests: training, thresholds, bad input, and the shipped weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from semcom_core.datasets.requests import ITEMS, NONE, TASKS, Request, read_requests
from semcom_core.errors import ConfigError, ModelError
from semcom_core.models.sentence import load_embedder
from semcom_core.tasks.intention import (
    MOST_CHARACTERS,
    IntentionClassifier,
    IntentionConfig,
    IntentionNetwork,
    adapted_matrices,
    load_intentions,
)
from semcom_core.train.intention import WEIGHTS, IntentionTrainer, altered, logistic_regression
from semcom_core.train.settings import IntentionTraining


class FixedNetwork:
    """Network that gives the same probabilities for every request."""

    def __init__(self, task: str, item: str, sure: float = 9.0, item_sure: float = 9.0) -> None:
        self.tasks = sure * torch.tensor([float(name == task) for name in TASKS])
        self.items = item_sure * torch.tensor([float(name == item) for name in ITEMS])

    def matrices(self):
        return {}

    def __call__(self, inputs, matrices):
        rows = len(inputs["input_ids"])
        return self.tasks.softmax(0).repeat(rows, 1), self.items.softmax(0).repeat(rows, 1)


def classifier(*arguments, **options) -> IntentionClassifier:
    return IntentionClassifier(FixedNetwork(*arguments, **options), load_embedder().encoder[1])


def test_a_sure_network_is_believed():
    found = classifier("count", "last").understand("How many?")
    assert (found.task, found.item, found.asked_back) == ("count", "last", "")
    assert found.confidence > 0.99


def test_what_fits_no_task_is_asked_back():
    found = classifier(NONE, NONE).understand("Hello.")
    assert found.task == NONE and "fits none of the tasks classify, count" in found.asked_back


@pytest.mark.parametrize("options, what", [({"sure": 0.5}, "task"), ({"item_sure": 0.5}, "item")])
def test_what_is_not_clear_is_asked_back(options, what):
    found = classifier("count", "last", **options).understand("How many?")
    assert f"not clear which {what}" in found.asked_back and found.confidence < 0.3


def test_only_generation_needs_no_item():
    assert classifier("generate", NONE).understand("Draw.").asked_back == ""
    assert classifier("count", NONE).understand("Count.").asked_back != ""


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "x" * (MOST_CHARACTERS + 1)])
def test_unreadable_requests_are_asked_back(text):
    found = classifier("count", "this").understand(text)
    assert found.task == NONE and "no request of 1 to" in found.asked_back


def test_many_requests_keep_their_order():
    found = classifier("count", "this").understand_all(["a", "", *["How many?"] * 70])
    assert [each.task for each in found] == ["count", NONE, *["count"] * 70]


def test_threshold_out_of_range():
    with pytest.raises(ConfigError, match="threshold is 2"):
        IntentionClassifier(FixedNetwork("count", "this"), None, 2)


def test_the_encoder_is_not_changed_and_no_part_of_the_weights():
    encoder, _ = load_embedder().encoder
    before = {name: weight.clone() for name, weight in adapted_matrices(encoder).items()}
    network = IntentionNetwork(IntentionConfig(rank=2), encoder)
    assert len(before) == 36 and sum(p.numel() for p in network.parameters()) < 300_000
    with torch.no_grad():
        for outer in network.outer:
            outer.fill_(1.0)
    changed = network.matrices()
    assert all(not torch.equal(changed[name], weight) for name, weight in before.items())
    assert all(torch.equal(adapted_matrices(encoder)[name], before[name]) for name in before)


def test_logistic_regression_tells_classes_apart_and_centres():
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 3, 300)
    features = 100 + rng.normal(0, 0.3, (300, 5)) + np.eye(3, 5)[labels]
    weights, biases = logistic_regression(features, labels, 3)
    assert weights.shape == (3, 5) and biases.shape == (3,)
    assert np.mean((features @ weights.T + biases).argmax(1) == labels) > 0.95
    stiff, _ = logistic_regression(features, labels, 3, penalty=1e6)
    assert np.abs(stiff).max() < 1e-2 * np.abs(weights).max()


def test_alterations_keep_the_words_that_make_the_task():
    rng = np.random.default_rng(1)
    forms = {altered("How many red balls are in the last picture?", rng) for _ in range(80)}
    assert len(forms) > 20
    for form in forms:
        assert form.lower().startswith("how many ") and " last " in form


def test_training_learns_goes_on_and_loads(tmp_path):
    encoder, tokenizer = load_embedder().encoder
    requests = [
        Request("How many balls are there?", "count", "this"),
        Request("Draw a red cone.", "generate", "none"),
        Request("Good morning.", "none", "none"),
        Request("Describe the last picture.", "describe", "last"),
    ]
    config = IntentionTraining(epochs=12, requests=4, save_steps=6, learning_rate=1e-2)
    trainer = IntentionTrainer(requests, encoder, tokenizer, config, tmp_path)
    losses = [state.loss for state in trainer.run()]
    assert len(losses) == 12 and losses[-1] < losses[0]
    longer = IntentionTraining(**{**vars(config), "epochs": 14})
    again = IntentionTrainer(requests, encoder, tokenizer, longer, tmp_path)
    assert [state.step for state in again.run()] == [13, 14]
    found = load_intentions(tmp_path / WEIGHTS, 0.1).understand_all([r.text for r in requests])
    assert [each.task for each in found] == [request.task for request in requests]


def test_files_that_are_no_weights_are_told(tmp_path):
    with pytest.raises(ModelError, match="no such file"):
        load_intentions(tmp_path / "none.safetensors")


def test_an_encoder_of_another_width_is_told():
    encoder, _ = load_embedder().encoder
    with pytest.raises(ConfigError, match="encoder has 384 features; allowed is 64"):
        IntentionNetwork(IntentionConfig(hidden=64), encoder)


def test_the_shipped_weights_understand_phrasing_that_they_have_not_seen():
    requests = read_requests("test")
    found = load_intentions().understand_all([request.text for request in requests])
    tasks = [
        (NONE if each.asked_back else each.task) == request.task
        for each, request in zip(found, requests)
    ]
    # a floor below what `semcom bench tasks --measure intention` prints
    assert np.mean(tasks) >= 0.85


@pytest.mark.parametrize(
    "text, task, item",
    [
        ("How many balls are in this picture and the last one together?", "count", "both"),
        ("Which picture had the red cube?", "answer", "content"),
        ("Describe this picture.", "describe", "this"),
        ("Show me the first picture.", "reconstruct", "first"),
        ("Draw a red ball next to a blue cube.", "generate", "none"),
        ("What kind of picture is this?", "classify", "this"),
        ("Blue ideas sleep under the quick parliament of spoons.", "none", "none"),
    ],
)
def test_the_shipped_weights_know_what_they_were_trained_on(text, task, item):
    found = load_intentions().understand(text)
    assert (found.task, found.item) == (task, item)
