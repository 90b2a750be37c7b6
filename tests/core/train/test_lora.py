# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Training an adapter of a tiny model: it learns, goes on where it was interrupted, and loads as it
is shipped.
"""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from safetensors.numpy import load_file

from semcom_core.datasets.corpus import is_test
from semcom_core.errors import ConfigError
from semcom_core.models import load_language_model
from semcom_core.models.adapter import WEIGHTS
from semcom_core.models.cache import file_sha256
from semcom_core.models.loader import load_network
from semcom_core.train.examples import MIXTURES, examples
from semcom_core.train.examples import TextExample as Example
from semcom_core.train.lora import LoraTrainer, LoraTraining, batches, export, write_card
from semcom_core.train.lora import encode_example as encode
from tests.core.models.conftest import CORPUS, save_tiny_model

CONFIG = LoraTraining(rank=4, epochs=12, batch_tokens=64, learning_rate=0.01, save_steps=5)
TEXTS = [
    *CORPUS[:2],
    "the question will meet the house",
    "this committee has voted for the first time",
]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("train") / "model"
    save_tiny_model(folder)
    return folder


def trainer(model, folder, config=CONFIG):
    tokenizer, network, prompt = load_network(str(model))
    folder.mkdir(exist_ok=True)
    return LoraTrainer(
        network,
        [encode(Example(text), tokenizer, prompt, config) for text in TEXTS],
        config,
        folder,
    )


def test_it_learns_and_the_shipped_adapter_expects_the_texts_and_their_ends(model, tmp_path):
    progress = list(trainer(model, tmp_path / "run").run())
    assert progress[-1].step == progress[-1].steps == len(progress)
    assert progress[-1].bits_per_token < 0.95 * progress[0].bits_per_token  # the mean of all steps
    export(
        tmp_path / "run",
        tmp_path / "out",
        "smollm2-135m",
        "europarl",
        CONFIG,
        len(TEXTS),
        len(progress),
    )
    plain, adapted = (
        load_language_model(str(model)),
        load_language_model(str(model), str(tmp_path / "out")),
    )
    tokens = plain.tokenize(TEXTS[0])
    before, after = (m.log2_probs(tokens) for m in (plain, adapted))
    assert (
        sum(row[t] for row, t in zip(after, tokens))
        > sum(row[t] for row, t in zip(before, tokens)) + 5
    )
    assert after[-1][adapted.end_token] > before[-1][adapted.end_token] + 1


def test_it_goes_on_where_it_was_interrupted(model, tmp_path):
    whole = list(trainer(model, tmp_path / "whole").run())
    list(islice(trainer(model, tmp_path / "parts").run(), CONFIG.save_steps))
    rest = list(trainer(model, tmp_path / "parts").run())
    assert rest[0].step == CONFIG.save_steps + 1 and rest[-1].step == whole[-1].step
    one, other = (load_file(tmp_path / name / WEIGHTS) for name in ("whole", "parts"))
    for name in one:
        # Training runs in bfloat16 and the sums of two threads may round otherwise.
        assert np.abs(one[name] - other[name]).max() < 0.02


def test_the_card_states_hash_data_and_figures(model, tmp_path):
    list(trainer(model, tmp_path / "run", replace(CONFIG, epochs=1.0)).run())
    export(tmp_path / "run", tmp_path / "out", "smollm2-135m", "chat", CONFIG, 4, 1)
    write_card(tmp_path / "out", "smollm2-135m", {"some texts": (8.5, 5.4)})
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert (
        file_sha256(tmp_path / "out" / WEIGHTS) in card and "| some texts | 8.50 | 5.40 |" in card
    )
    assert all(source.about in card for source in MIXTURES["chat"])
    assert str(model) not in (tmp_path / "out" / "adapter_config.json").read_text(encoding="utf-8")


def test_batches_hold_each_example_once_and_stay_within_their_size():
    rng = np.random.default_rng(2)
    items = [([0] * int(n), 1) for n in rng.integers(3, 40, 200)]
    found = batches(items, 120, rng)
    assert sorted(i for batch in found for i in batch) == list(range(200))
    assert all(len(batch) * max(len(items[i][0]) for i in batch) <= 120 for batch in found)


def test_only_the_training_part_is_learned(tmp_path):
    (tmp_path / "text").mkdir()
    lines = [f"sentence number {'x' * n}" for n in range(60)]
    (tmp_path / "text" / "sms_ham.txt").write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "text" / "tatoeba_en.txt").write_text("\n".join(lines), encoding="utf-8")
    dialogues = [f"\n\nHuman: hello {'y' * n}\n\nAssistant: well\n\nHuman: bye" for n in range(60)]
    (tmp_path / "text" / "hh_rlhf_harmless.jsonl").write_text(
        "\n".join(json.dumps({"chosen": d}) for d in dialogues), encoding="utf-8"
    )
    found = examples("chat", tmp_path, np.random.default_rng(1))
    single = {example.text for example in found if not example.context and example.text in lines}
    assert single == {line for line in lines if not is_test(line)}
    kept = [d for d in dialogues if not is_test(d)]
    assert len([e for e in found if e.text == "bye"]) == len(kept) < 60
    assert all(len(e.context) == 2 for e in found if e.text == "bye")


def test_a_folder_without_the_texts_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="allowed is a folder with text/europarl_en.txt"):
        examples("europarl", tmp_path, np.random.default_rng(1))


@pytest.mark.parametrize(
    "field, value", [("rank", 0), ("epochs", 0), ("learning_rate", 1.0), ("batch_tokens", 1)]
)
def test_settings_out_of_range_are_refused(field, value):
    with pytest.raises(ConfigError, match=f"{field} is {value}"):
        LoraTraining(**{field: value})
