# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checkpoints in the format of Detoxify: a small stand-in with random weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

from semcom_core.errors import ModelError
from semcom_core.safety.toxicity import load_toxicity

CLASSES = ["severe_toxic", "toxic", "obscene"]
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "you", "are", "kind", "awful"]


@pytest.fixture
def folder(tmp_path) -> Path:
    """A folder with a checkpoint, a configuration and a tokenizer."""
    (tmp_path / "vocab.txt").write_text("\n".join(WORDS), encoding="utf-8")
    BertTokenizerFast(vocab=str(tmp_path / "vocab.txt")).save_pretrained(tmp_path)
    sizes = {
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 16,
    }
    config = BertConfig(
        vocab_size=len(WORDS), num_labels=len(CLASSES), initializer_range=0.5, **sizes
    )
    config.save_pretrained(tmp_path)
    with torch.random.fork_rng():
        torch.manual_seed(3)
        network = BertForSequenceClassification(config)
    write(tmp_path, network.state_dict())
    return tmp_path


def write(folder: Path, state_dict: dict, classes=CLASSES, **more) -> None:
    arguments = {
        "num_classes": len(classes),
        "model_type": "bert-base-uncased",
        "model_name": "BertForSequenceClassification",
    }
    config = {"arch": {"args": arguments}, "dataset": {"args": {"classes": classes}}}
    torch.save({"config": config, "state_dict": state_dict, **more}, folder / "toxic.ckpt")


def test_scores_are_the_networks(folder):
    classifier = load_toxicity("detoxify", str(folder))
    texts = ["you are kind", "you are awful awful awful"] * 10
    found = classifier.scores(texts)
    network = BertForSequenceClassification(BertConfig.from_pretrained(folder)).eval()
    network.load_state_dict(torch.load(folder / "toxic.ckpt")["state_dict"])
    inputs = BertTokenizerFast.from_pretrained(folder)(texts, return_tensors="pt", padding=True)
    with torch.inference_mode():
        expected = torch.sigmoid(network(**inputs).logits)[:, CLASSES.index("toxic")].numpy()
    assert found == pytest.approx(expected, abs=1e-5)
    assert len(set(np.round(found, 4))) == 2
    assert classifier.scores([]).shape == (0,)


def test_broken_checkpoints_are_named(folder):
    weights = torch.load(folder / "toxic.ckpt")["state_dict"]
    write(folder, {name: tensor for name, tensor in weights.items() if "classifier" not in name})
    with pytest.raises(ModelError, match="lacks 2 tensors, classifier.weight the first"):
        load_toxicity("detoxify", str(folder))
    write(folder, weights, classes=["a", "b", "c"])
    with pytest.raises(ModelError, match="has the classes a, b, c; one called toxicity is needed"):
        load_toxicity("detoxify", str(folder))
    torch.save({"state_dict": weights}, folder / "toxic.ckpt")
    with pytest.raises(ModelError, match="has no config and state_dict"):
        load_toxicity("detoxify", str(folder))
    (folder / "toxic.ckpt").write_bytes(b"junk")
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_toxicity("detoxify", str(folder))


def test_checkpoint_runs_no_code(folder):
    class Trap:
        def __reduce__(self):
            return Path.touch, (folder / "ran",)

    write(folder, {}, trap=Trap())
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_toxicity("detoxify", str(folder))
    assert not (folder / "ran").exists()


def test_folder_without_checkpoint_is_named(tmp_path):
    for path in ("", str(tmp_path), str(tmp_path / "absent")):
        with pytest.raises(ModelError, match="with 0 checkpoints"):
            load_toxicity("detoxify", path)
