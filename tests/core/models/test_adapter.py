# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Adapters: one that fits changes what a model expects and who it is; any other is refused in one
line.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file

from semcom_core.errors import ModelError
from semcom_core.models import load_language_model
from semcom_core.models.adapter import SHIPPED, WEIGHTS, shipped_adapters
from semcom_core.models.cache import file_sha256
from semcom_core.models.loader import load_network

TEXT = "the house has voted"


@pytest.fixture
def adapter(tiny_folder, tmp_path) -> Path:
    """An adapter of the tiny model with random additions."""
    _, network, _ = load_network(str(tiny_folder))
    adapted = get_peft_model(
        network,
        LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "up_proj"], task_type="CAUSAL_LM"),
    )
    generator = torch.Generator().manual_seed(3)
    for name, weight in adapted.named_parameters():
        if "lora_B" in name:
            weight.data = torch.randn(weight.shape, generator=generator)
    adapted.save_pretrained(tmp_path / "adapter")
    return tmp_path / "adapter"


def refusal(tiny_folder, adapter) -> str:
    with pytest.raises(ModelError) as caught:
        load_language_model(str(tiny_folder), str(adapter))
    message = str(caught.value)
    assert message.startswith(f"adapter {str(adapter)!r} ") and "\n" not in message
    return message


def test_an_adapter_changes_probabilities_fingerprint_and_end(tiny, tiny_folder, adapter):
    adapted = load_language_model(str(tiny_folder), str(adapter))
    tokens = tiny.tokenize(TEXT)
    assert adapted.fingerprint != tiny.fingerprint
    assert np.abs(adapted.log2_probs(tokens) - tiny.log2_probs(tokens)).max() > 0.1
    assert tiny.end_token is None
    assert adapted.end_token in adapted.special_tokens


def test_the_tree_of_an_adapted_model_agrees_with_it(tiny_folder, adapter):
    adapted = load_language_model(str(tiny_folder), str(adapter))
    tokens, tree = adapted.tokenize(TEXT), adapted.tree()
    node, row = tree.root()
    rows = [row]
    for token in tokens:
        (node,), (row,) = tree.extend([node], [token])
        rows.append(row)
    assert np.abs(np.array(rows) - adapted.log2_probs(tokens)).max() < 0.002


def test_an_adapter_that_is_not_there_is_refused_with_those_that_are(tiny_folder):
    message = refusal(tiny_folder, "nowhere")
    assert all(name in message for name in shipped_adapters())


def test_an_adapter_of_another_model_is_refused(tiny_folder, adapter):
    weights = load_file(adapter / WEIGHTS)
    save_file(
        {name: torch.cat([weight, weight]) for name, weight in weights.items()}, adapter / WEIGHTS
    )
    assert "does not fit the model" in refusal(tiny_folder, adapter)


def test_an_adapter_of_other_layers_is_refused(tiny_folder, adapter):
    edit(adapter, target_modules=["c_attn"])
    assert "does not fit the model" in refusal(tiny_folder, adapter)


def test_an_adapter_with_a_weight_missing_is_refused(tiny_folder, adapter):
    weights = load_file(adapter / WEIGHTS)
    weights.pop(sorted(weights)[0])
    save_file(weights, adapter / WEIGHTS)
    assert "1 weights are absent" in refusal(tiny_folder, adapter)


def edit(adapter, **changes) -> None:
    path = adapter / "adapter_config.json"
    path.write_text(
        json.dumps({**json.loads(path.read_text(encoding="utf-8")), **changes}), encoding="utf-8"
    )


def test_what_is_done_with_the_weights_is_part_of_the_fingerprint(tiny_folder, adapter):
    before = load_language_model(str(tiny_folder), str(adapter)).fingerprint
    other = shutil.copytree(adapter, adapter.parent / "other")
    edit(other, lora_alpha=16)
    assert load_language_model(str(tiny_folder), str(other)).fingerprint != before


def test_another_kind_of_adapter_is_refused(tiny_folder, adapter):
    edit(adapter, peft_type="IA3")
    assert "it is of kind 'IA3'; allowed is LORA" in refusal(tiny_folder, adapter)


def test_a_broken_adapter_is_refused(tiny_folder, adapter):
    (adapter / WEIGHTS).write_bytes(b"not a tensor")
    assert "does not fit the model" in refusal(tiny_folder, adapter)


@pytest.mark.parametrize("name", shipped_adapters())
def test_what_ships_with_an_adapter(name):
    """A card with the hash of the weights, at most 10 MB of them, and nothing of the machine it was
    made on.
    """
    folder = SHIPPED / name
    assert {path.name for path in folder.iterdir()} == {
        "README.md",
        "adapter_config.json",
        "training.json",
        WEIGHTS,
    }
    assert (folder / WEIGHTS).stat().st_size <= 10e6
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert file_sha256(folder / WEIGHTS) in card
    config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    assert config["base_model_name_or_path"] == "smollm2-135m"
    assert {weight.dtype for weight in load_file(folder / WEIGHTS).values()} == {torch.float16}
