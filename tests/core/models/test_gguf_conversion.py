# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the library leaves out of GGUF files is read or refused; nothing wrong is kept."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM
from transformers.utils.logging import enable_progress_bar

from semcom_core.errors import ModelError
from semcom_core.models import cache, load_language_model
from semcom_core.models.gguf import llama3_settings, parts_of
from tests.core.models.conftest import save_tiny_gguf, save_tiny_model

TEXT = "the house has voted on the question, and this is the first time that the committee will"
#: Frequencies 1 / (1, 26.6, 707, 18803): with a length of 8192 tokens one of each kind.
THETA = 500000.0
FACTORS = {"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}


@pytest.fixture
def path(tmp_path, monkeypatch):
    """Where to write a file, with an empty cache."""
    monkeypatch.setenv("SEMCOM_CACHE", str(tmp_path / "cache"))
    (tmp_path / "files").mkdir()
    return tmp_path / "files" / "model.gguf"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model whose positions rotate slowly."""
    folder = tmp_path_factory.mktemp("slow") / "model"
    save_tiny_model(folder, rope_parameters={"rope_theta": THETA, "rope_type": "default"})
    return folder


def load(path):
    return load_language_model(str(path), precision="float32")


def refusal(path) -> str:
    with pytest.raises(ModelError) as caught:
        load(path)
    message = str(caught.value)
    assert message.startswith(f"model {str(path)!r} ") and "\n" not in message
    kept = cache.cache_folder() / "models"
    assert not kept.exists() or not [p for p in kept.iterdir() if p.suffix != ".lock"]
    return message


def expected_probs(network, tokens) -> np.ndarray:
    """Log2-probabilities of a network of the library after the first token."""
    with torch.inference_mode():
        logits = network(torch.tensor([[0, *tokens]])).logits[0]
    return torch.log_softmax(logits, dim=-1).numpy() / np.log(2)


def test_a_tokenizer_like_that_of_llama_3_has_the_tokens_of_its_file(path, folder):
    save_tiny_gguf(path, folder)
    model = load(path)
    tokens = model.tokenize(TEXT)
    assert model.vocabulary == 300 and model.special_tokens == (0, 1, 2)
    assert model.detokenize(tokens) == TEXT and model.detokenize([1]) == "<|end_of_text|>"
    network = AutoModelForCausalLM.from_pretrained(folder, dtype="float32")
    assert model.log2_probs(tokens) == pytest.approx(expected_probs(network, tokens), abs=1e-3)


SCALINGS = {
    "linear": (
        {"llama.rope.scaling.type": "linear", "llama.rope.scaling.factor": 4.0},
        {"rope_type": "linear", "factor": 4.0},
    ),
    "linear in older files": (
        {"llama.rope.scale_linear": 4.0},
        {"rope_type": "linear", "factor": 4.0},
    ),
    "yarn": (
        {
            "llama.rope.scaling.type": "yarn",
            "llama.rope.scaling.factor": 4.0,
            "llama.rope.scaling.original_context_length": 64,
            "llama.rope.scaling.yarn_beta_fast": 16.0,
        },
        {
            "rope_type": "yarn",
            "factor": 4.0,
            "original_max_position_embeddings": 64,
            "beta_fast": 16.0,
        },
    ),
}


@pytest.mark.parametrize("kind", SCALINGS)
def test_scaled_positions_are_read(kind, path, folder):
    fields, settings = SCALINGS[kind]
    save_tiny_gguf(path, folder, fields)
    network = AutoModelForCausalLM.from_pretrained(
        folder, dtype="float32", rope_parameters={"rope_theta": THETA, **settings}
    )
    model = load(path)
    tokens = model.tokenize(TEXT)
    assert model.log2_probs(tokens) == pytest.approx(expected_probs(network, tokens), abs=1e-3)
    plain = AutoModelForCausalLM.from_pretrained(folder, dtype="float32")
    assert np.abs(model.log2_probs(tokens) - expected_probs(plain, tokens)).max() > 0.01


def llama3_factors(length: int, low: float = 1.0) -> np.ndarray:
    """Divisors of four frequencies as the release of Llama 3.1 computes them."""
    wavelengths = 2 * np.pi * THETA ** (np.arange(4) / 4)
    smooth = np.clip((length / wavelengths - low) / (4 - low), 0, 1)
    return (1 / ((1 - smooth) / 8 + smooth)).astype(np.float32)


@pytest.mark.parametrize(
    ("factors", "kind"),
    [
        (llama3_factors(8192), "llama3"),
        (llama3_factors(8192, low=2.0), "longrope"),
        (np.array([1, 2, 3, 5], np.float32), "longrope"),
    ],
)
def test_factors_of_frequencies_are_read(factors, kind, path, folder):
    save_tiny_gguf(path, folder, tensors={"rope_freqs.weight": factors})
    network = AutoModelForCausalLM.from_pretrained(folder, dtype="float32")
    network.model.rotary_emb.inv_freq /= torch.from_numpy(factors)
    model = load(path)
    tokens = model.tokenize(TEXT)
    assert model.log2_probs(tokens) == pytest.approx(expected_probs(network, tokens), abs=1e-3)
    config = json.loads((cache.as_folder(path) / "config.json").read_text(encoding="utf-8"))
    assert config["rope_parameters"]["rope_type"] == kind


#: Divisors of the frequencies up to and beyond a length of 64 tokens.
SHORT = np.array([1, 1.5, 2, 2.5], np.float32)
LONG = np.array([2, 4, 6, 8], np.float32)
SCALING = "llama.rope.scaling."
ORIGINAL = {SCALING + "original_context_length": 64}


def two_lengths(short=SHORT, long=LONG) -> dict[str, np.ndarray]:
    return {"rope_factors_short.weight": short, "rope_factors_long.weight": long}


@pytest.mark.parametrize(
    ("fields", "amplitude"),
    [
        # four times the length that it was first trained for, as the file's context_length says
        ({}, np.sqrt(1 + np.log(4) / np.log(64))),
        ({SCALING + "type": "longrope"}, np.sqrt(1 + np.log(4) / np.log(64))),
        ({SCALING + "attn_factor": 1.5}, 1.5),
        ({"llama.context_length": 64}, 1.0),
    ],
)
def test_factors_for_two_lengths_are_read(fields, amplitude, path, folder):
    """Each token has what the library says of the text up to it, on both sides of the length."""
    save_tiny_gguf(path, folder, {**ORIGINAL, **fields}, two_lengths())
    model = load(path)
    tokens = np.random.default_rng(5).integers(3, 300, 68).tolist()
    found = model.log2_probs(tokens)
    plain = AutoModelForCausalLM.from_pretrained(folder, dtype="float32")
    for count, factors in ((62, SHORT), (63, SHORT), (64, LONG), (68, LONG)):
        network = AutoModelForCausalLM.from_pretrained(folder, dtype="float32")
        network.model.rotary_emb.inv_freq /= torch.from_numpy(factors)
        network.model.rotary_emb.attention_scaling = amplitude
        expected = expected_probs(network, tokens[:count])[-1]
        assert found[count] == pytest.approx(expected, abs=1e-3)
        assert np.abs(expected - expected_probs(plain, tokens[:count])[-1]).max() > 0.01
    tree = model.tree()
    node, row = tree.root()
    rows = [row]
    for token in tokens:
        (node,), (row,) = tree.extend([node], [token])
        rows.append(row)
    assert np.array(rows) == pytest.approx(found, abs=1e-3)


def test_factors_of_one_leave_positions_as_they_are(path, folder):
    save_tiny_gguf(path, folder, ORIGINAL, two_lengths(np.ones(4, "f"), np.ones(4, "f")))
    config = json.loads((cache.as_folder(path) / "config.json").read_text(encoding="utf-8"))
    assert config["rope_parameters"]["rope_type"] == "default"


@pytest.mark.parametrize(
    ("fields", "tensors", "message"),
    [
        ({}, {"rope_factors_long.weight": LONG}, "it has rope_factors_long; allowed is rope_freqs"),
        ({}, {"rope_factors_short.weight": SHORT}, "it has rope_factors_short; allowed is"),
        ({}, {"rope_freqs.weight": LONG, **two_lengths()}, "_long and rope_factors_short and rope"),
        ({}, two_lengths(long=LONG[:3]), "it has 3 of rope_factors_long; its network has 4 rotary"),
        ({}, two_lengths(short=np.ones(5, "f")), "it has 5 of rope_factors_short; its network has"),
        ({}, {"rope_freqs.weight": LONG[:3]}, "it has 3 of rope_freqs; its network has 4 rotary"),
        (
            {},
            two_lengths(short=np.zeros(4, "f")),
            "its rope_factors_short have a factor of 0.0; al",
        ),
        ({}, two_lengths(long=-LONG), "its rope_factors_long have a factor of -2.0; allowed is ab"),
        (
            {},
            two_lengths(long=np.full(4, np.nan, "f")),
            "long have a factor of nan; allowed is abo",
        ),
        ({}, {"rope_freqs.weight": np.full(4, np.inf, "f")}, "its rope_freqs have a factor of inf"),
        ({SCALING + "type": "yarn"}, two_lengths(), "is 'yarn' and rope_factors_long at once; all"),
        (
            {SCALING + "type": "linear", SCALING + "factor": 2.0},
            two_lengths(),
            "is 'linear' and rope_factors_long at once; allowed is one of both",
        ),
        ({SCALING + "original_context_length": 1}, two_lengths(), "of 1; allowed is 2 and more"),
        ({SCALING + "attn_factor": float("nan")}, two_lengths(), "of nan; allowed is 0.001 and mo"),
        ({SCALING + "attn_factor": -1.0}, two_lengths(), "'attn_factor' of -1.0; allowed is 0.001"),
        ({SCALING + "type": "linear", SCALING + "factor": -4.0}, {}, "has 'factor' of -4.0; allow"),
        ({SCALING + "type": "yarn", SCALING + "yarn_beta_fast": 0.0}, {}, "'yarn_beta_fast' of 0."),
    ],
)
def test_factors_that_are_none_are_refused_and_not_kept(fields, tensors, message, path, folder):
    save_tiny_gguf(path, folder, {**ORIGINAL, **fields}, tensors)
    assert message in refusal(path)


def test_the_formula_of_llama_3_is_found_with_the_length_of_its_file():
    assert llama3_settings(llama3_factors(4096), THETA, 4096) == {
        "rope_type": "llama3",
        "original_max_position_embeddings": 4096,
        **FACTORS,
    }
    assert llama3_settings(llama3_factors(6000), THETA, 2048) == {}
    assert llama3_settings(np.ones(4), THETA, 2048) == {}


@pytest.mark.parametrize(
    ("fields", "tensors", "message"),
    [
        ({"llama.rope.scaling.type": "dynamic"}, {}, "RoPE scaling is 'dynamic'; allowed is one"),
        ({"llama.rope.scaling.type": "longrope"}, {}, "'longrope' of llama without its factors"),
        ({"llama.rope.scaling.alpha": 2.0}, {}, "RoPE scaling has 'alpha' of 2.0; allowed is"),
        (
            {"llama.rope.scaling.type": "linear", "llama.rope.scaling.factor": 4.0},
            {"rope_freqs.weight": np.array([1, 2, 3, 4], np.float32)},
            "RoPE scaling is 'linear' and rope_freqs at once",
        ),
        ({"llama.rope.dimension_count": 4}, {}, "lacks weights that fit its configuration"),
        ({"tokenizer.ggml.tokens": None}, {}, "it holds no tokenizer (tokenizer.ggml.tokens)"),
        ({}, {"blk.0.attn_q.bias": np.ones(32, np.float32)}, "weights; the network of its arch"),
    ],
)
def test_what_is_not_supported_is_refused_and_not_kept(fields, tensors, message, path, folder):
    save_tiny_gguf(path, folder, fields, tensors)
    assert message in refusal(path)


def test_a_tokenizer_larger_than_the_network_is_refused_and_not_kept(path, folder):
    described = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    tokens = [*described["model"]["vocab"], "one", "two"]
    fields = {
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": [1] * len(tokens),
    }
    save_tiny_gguf(path, folder, fields)
    assert "its tokenizer has 302 tokens; its network knows 300" in refusal(path)


def test_positions_that_rotate_a_part_of_each_head_are_refused(path, folder):
    sizes = {"attn_q": 32, "attn_k": 16, "attn_v": 16}
    biases = {
        f"blk.{layer}.{name}.bias": np.zeros(size, np.float32)
        for layer in range(2)
        for name, size in sizes.items()
    }
    save_tiny_gguf(path, folder, {"qwen2.rope.dimension_count": 8}, biases, arch="qwen2")
    assert load(path).vocabulary == 300
    shutil.rmtree(cache.cache_folder())
    save_tiny_gguf(path, folder, {"qwen2.rope.dimension_count": 4}, biases, arch="qwen2")
    assert "it rotates 4 dimensions of a head (rope.dimension_count); the" in refusal(path)


def test_a_file_takes_its_own_tokenizer_and_configuration(path, folder, tmp_path):
    save_tiny_gguf(path, folder)
    alone = load(path).log2_probs([5, 6])
    fingerprint = load(path).fingerprint
    shutil.rmtree(cache.cache_folder())
    other = tmp_path / "other"
    save_tiny_model(other, seed=7, hidden_act="gelu")
    text = (other / "tokenizer.json").read_text(encoding="utf-8")
    for name in ("tokenizer_config.json", "config.json", "generation_config.json"):
        shutil.copy(other / name, path.parent)
    (path.parent / "tokenizer.json").write_text(text.replace('"Ġhouse"', '"Ġhorse"'))
    moved = path.rename(path.parent / "moved.gguf")
    model = load(moved)
    assert model.detokenize(model.tokenize(TEXT)) == TEXT
    assert model.fingerprint == fingerprint
    np.testing.assert_array_equal(model.log2_probs([5, 6]), alone)


def test_parts_are_joined(path, folder):
    save_tiny_gguf(path, folder)
    whole = load(path)
    save_tiny_gguf(path, folder, parts=2)
    first, second = sorted(path.parent.glob("model-*.gguf"))
    assert parts_of(second) == [first, second]
    for part in (first, second):
        model = load(part)
        np.testing.assert_array_equal(model.log2_probs([5, 6]), whole.log2_probs([5, 6]))
        assert model.tokenize(TEXT) == whole.tokenize(TEXT)


def test_a_part_alone_is_named_as_one(path, folder):
    save_tiny_gguf(path, folder, parts=2)
    first, second = sorted(path.parent.glob("model-*.gguf"))
    moved = second.rename(path.parent / "elsewhere.gguf")
    assert f"is part 1 of 2; part 2, {second.name}, is not beside it" in refusal(first)
    assert "it is part 2 of 2; all parts have to lie beside each other" in refusal(moved)


def test_a_conversion_shows_one_bar_and_says_so_once(path, folder, capfd):
    save_tiny_gguf(path, folder)
    enable_progress_bar()
    capfd.readouterr()
    load(path)
    said = capfd.readouterr()
    assert said.out == "" and said.err.count("converting model.gguf once") == 1
    bars = {
        line.partition(":")[0] for line in said.err.replace("\r", "\n").splitlines() if "%|" in line
    }
    assert len(bars) == 1
