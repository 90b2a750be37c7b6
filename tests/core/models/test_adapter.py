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
from semcom_core.models.adapter import (
    OLDER_WEIGHTS,
    SHIPPED,
    WEIGHTS,
    adapter_sha256,
    shipped_adapters,
)
from semcom_core.models.cache import file_sha256
from semcom_core.models.int8.network import IntegerNetwork
from semcom_core.models.loader import load_network
from tests.core.models.conftest import save_tiny_model

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


LAYERS = ["q_proj", "up_proj"]
KINDS = {
    "a regular expression": {"target_modules": r".*\.1\..*_proj"},
    "all-linear": {"target_modules": "all-linear"},
    "DoRA": {"target_modules": LAYERS, "use_dora": True},
    "trained biases": {"target_modules": LAYERS, "bias": "all"},
    "trained biases of its layers": {"target_modules": LAYERS, "bias": "lora_only"},
    "biases of its own": {"target_modules": ["q_proj"], "lora_bias": True},
    "modules saved whole": {"target_modules": LAYERS, "modules_to_save": ["lm_head"]},
    "embeddings": {"target_modules": ["embed_tokens", "q_proj"]},
    "tokens trained": {"target_modules": LAYERS, "trainable_token_indices": [5, 7]},
    "one layer": {"target_modules": LAYERS, "layers_to_transform": [1]},
    "layers left out": {"target_modules": LAYERS, "exclude_modules": ["up_proj"]},
    "ranks by layer": {
        "target_modules": LAYERS,
        "rank_pattern": {"up_proj": 2},
        "use_rslora": True,
    },
    "a start at EVA": {"target_modules": LAYERS, "init_lora_weights": "eva"},
}


@pytest.fixture(scope="module")
def biased(tmp_path_factory) -> Path:
    """The tiny model with biases in its attention."""
    folder = tmp_path_factory.mktemp("biased") / "model"
    save_tiny_model(folder, attention_bias=True)
    return folder


@pytest.mark.parametrize("targets", [["embed_tokens"], ["lm_head"], ["embed_tokens", "lm_head"]])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_additions_to_tied_embeddings_stay_at_their_end(targets, tmp_path):
    save_tiny_model(tmp_path / "tied", tie_word_embeddings=True)
    _check_like_the_library(tmp_path / "tied", tmp_path / "adapter", {"target_modules": targets})


@pytest.mark.parametrize(
    ("kind", "older"), [*((kind, False) for kind in KINDS), ("all-linear", True), ("DoRA", True)]
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_an_adapter_computes_what_the_library_computes(kind, older, biased, tmp_path):
    _check_like_the_library(biased, tmp_path / "adapter", KINDS[kind], older)


def _check_like_the_library(
    folder: Path, adapter: Path, settings: dict, older: bool = False
) -> None:
    """Train additions at random, write them, and compare the model to the library's."""
    tokenizer, network, prompt = load_network(str(folder))
    adapted = get_peft_model(
        network, LoraConfig(r=4, lora_alpha=8, task_type="CAUSAL_LM", **settings)
    )
    generator = torch.Generator().manual_seed(3)
    for _, weight in adapted.named_parameters():
        if weight.requires_grad:
            weight.data += 0.2 * torch.randn(weight.shape, generator=generator)
    adapted.save_pretrained(adapter)
    if older:
        torch.save(load_file(adapter / WEIGHTS), adapter / OLDER_WEIGHTS)
        (adapter / WEIGHTS).unlink()
    model = load_language_model(str(folder), str(adapter), "float32")
    tokens = model.tokenize(TEXT)
    with torch.inference_mode():
        inputs = torch.tensor([tokenizer(prompt, add_special_tokens=False).input_ids + tokens])
        logits = adapted.eval()(inputs).logits[0]
    expected = torch.log_softmax(logits, dim=-1).numpy() / np.log(2)
    plain = load_language_model(str(folder), precision="float32").log2_probs(tokens)
    assert np.abs(expected - plain).max() > 0.05
    assert model.log2_probs(tokens) == pytest.approx(expected, abs=1e-3)
    integral = load_language_model(str(folder), str(adapter))
    assert isinstance(integral.network, IntegerNetwork)
    # Measured 0.06 to 0.14 bit; without the adapter they differ by 0.8 to 4.5 bits.
    assert np.abs(integral.log2_probs(tokens) - expected).mean() < 0.3
    assert np.abs(plain - expected).mean() > 0.6


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"init_lora_weights": "pissa"}, "its init_lora_weights is 'pissa', which changes"),
        ({"init_lora_weights": "pissa_niter_4"}, "its init_lora_weights is 'pissa_niter_4'"),
        ({"init_lora_weights": "olora"}, "its init_lora_weights is 'olora'"),
        ({"init_lora_weights": "loftq"}, "its init_lora_weights is 'loftq'"),
        ({"init_lora_weights": "corda"}, "its init_lora_weights is 'corda'"),
        ({"layer_replication": [[0, 2], [1, 2]]}, "its layer_replication is [[0, 2], [1, 2]]"),
        ({"target_parameters": ["mlp.experts"]}, "its target_parameters is ['mlp.experts']"),
        ({"use_qalora": True}, "its use_qalora is True; allowed is an adapter without"),
        ({"alora_invocation_tokens": [1]}, "its alora_invocation_tokens is [1]"),
        ({"setting_to_come": 0.5}, "its setting_to_come is 0.5"),
    ],
)
def test_what_an_adapter_cannot_have_is_refused_by_name(tiny_folder, adapter, changes, message):
    edit(adapter, **changes)
    assert f"does not fit the model: {message}" in refusal(tiny_folder, adapter)


def test_settings_that_are_honoured_are_part_of_the_fingerprint(adapter):
    before = adapter_sha256(str(adapter))
    edit(adapter, layers_to_transform=[0], lora_dropout=0.3)
    assert adapter_sha256(str(adapter)) != before
    edit(adapter, layers_to_transform=None)
    assert adapter_sha256(str(adapter)) == before


#: Before further settings were read.
SHIPPED_HASHES = {
    "chat": "1fed3831e2306107",
    "europarl": "58ef2c95b68df565",
    "general": "af39fc7712d095f6",
    "stories": "4b70597b9b66ca7f",
}


@pytest.mark.parametrize("name", shipped_adapters())
def test_hashes_of_shipped_adapters_stay(name):
    assert adapter_sha256(name)[:16] == SHIPPED_HASHES[name]


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
