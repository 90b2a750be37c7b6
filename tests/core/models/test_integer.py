# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks with integer weights: near float32, and the same to the last bit in any order and by any
number of threads.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM

from semcom_core.models import load_language_model
from semcom_core.models.int8 import network as integer
from semcom_core.models.int8.network import pack_matrices

PROMPT = [0]
SIZES = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 300,
}


def llama(**changes) -> LlamaForCausalLM:
    with torch.random.fork_rng():
        torch.manual_seed(7)
        return LlamaForCausalLM(
            LlamaConfig(**{**SIZES, "intermediate_size": 64, "initializer_range": 0.3, **changes})
        ).eval()


def float_log2(network, tokens: list[int]) -> np.ndarray:
    with torch.inference_mode():
        return (
            torch.log_softmax(network(torch.tensor([tokens])).logits[0], dim=-1) / np.log(2)
        ).numpy()


@pytest.fixture(scope="module")
def network():
    return integer.IntegerNetwork(llama())


SHAPES = {
    "as it is": {},
    "more heads than hidden": {"head_dim": 20},
    "one head for all keys": {"num_key_value_heads": 1},
    "odd sizes": {"intermediate_size": 70, "vocab_size": 307, "hidden_size": 40},
    "one layer": {"num_hidden_layers": 1},
    "tied head": {"tie_word_embeddings": True},
    "scaled positions": {
        "rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 10000.0}
    },
}


@pytest.mark.parametrize("shape", SHAPES)
def test_probabilities_are_near_those_of_float32(shape):
    source = llama(**SHAPES[shape])
    tokens = [0, *np.random.default_rng(1).integers(3, 300, 40).tolist()]
    found, exact = (
        integer.IntegerNetwork(source).log2_probs(tokens[:1], tokens[1:]),
        float_log2(source, tokens),
    )
    assert found.shape == exact.shape and found.dtype == np.float32
    assert np.exp2(found.astype(float)).sum(axis=1) == pytest.approx(1, abs=1e-5)
    chances = np.exp2(exact.astype(float))
    divergence = (chances * (exact - found)).sum(axis=1)
    # Measured below 0.006 bit; a wrong position, mask or scale costs bits.
    assert divergence.mean() < 0.02


def test_a_tree_gives_the_same_bits_as_whole_texts_in_any_order(network):
    rng = np.random.default_rng(3)
    tree = network.tree(PROMPT)
    root, first = tree.root()
    paths = {root: ([], first)}
    for count in (1, 3, 2, 5, 4, 9, 17):
        parents = [int(node) for node in rng.choice(list(paths), count)]
        tokens = [int(token) for token in rng.integers(3, 300, count)]
        nodes, found = tree.extend(parents, tokens)
        paths |= {
            node: ([*paths[parent][0], token], row)
            for node, parent, token, row in zip(nodes, parents, tokens, found)
        }
    assert len(paths) == 42
    for tokens, row in paths.values():
        assert np.array_equal(network.log2_probs(PROMPT, tokens)[-1], row)
    assert max(len(tokens) for tokens, _ in paths.values()) >= 4


def test_a_context_is_a_prompt_like_any_other(network):
    tokens = list(range(20, 60))
    whole = network.log2_probs(PROMPT, tokens)
    for cut in (1, 17, 39):
        assert np.array_equal(network.log2_probs(PROMPT + tokens[:cut], tokens[cut:]), whole[cut:])


def test_a_tree_grows_past_its_first_room(network):
    tokens = np.random.default_rng(4).integers(3, 300, 600).tolist()
    tree = network.tree(PROMPT)
    node, _ = tree.root()
    for part in np.array_split(tokens, 9):
        nodes, found = tree.extend([node, *range(node + 1, node + len(part))], part.tolist())
        node = nodes[-1]
    assert np.array_equal(found[-1], network.log2_probs(PROMPT, tokens)[-1])


@pytest.mark.parametrize("threads", [1, 3])
def test_the_number_of_threads_changes_nothing(network, threads):
    tokens = list(range(100, 130))
    expected, usual = network.log2_probs(PROMPT, tokens), torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        assert np.array_equal(network.log2_probs(PROMPT, tokens), expected)
    finally:
        torch.set_num_threads(usual)


def test_helpers_that_never_run_hold_nobody_up(network, monkeypatch):
    class Absent:
        def submit(self, *_):
            return self

        def cancel(self):
            return True

    expected = network.log2_probs(PROMPT, [5, 6])
    monkeypatch.setattr(integer, "_helpers", Absent)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 4)
    assert np.array_equal(network.log2_probs(PROMPT, [5, 6]), expected)


def test_integer_weights_are_within_half_a_step():
    rng = torch.Generator().manual_seed(2)
    parts = [torch.randn(rows, 10, generator=rng) for rows in (50, 7)]
    parts[1][3] = 0.0
    found = pack_matrices([parts], factor=2.0)
    blocks = found.weights.shape[1]
    rounded = found.weights[0].transpose(0, 2, 1, 3).reshape(blocks * 16, 10)
    assert np.abs(rounded).max() == 127 and not rounded[57:].any() and not rounded[53].any()
    exact = torch.cat(parts).numpy() * 2
    assert np.all(
        np.abs(rounded[:57] * found.scales[0, :57, None] - exact)
        <= found.scales[0, :57, None] * 0.5001
    )


def test_networks_of_another_kind_stay_float32():
    assert integer.applies(llama())
    assert not integer.applies(llama(attention_bias=True))
    assert not integer.applies(llama(hidden_act="gelu"))
    assert not integer.applies(llama(intermediate_size=71))
    assert not integer.applies(MistralForCausalLM(MistralConfig(**SIZES, intermediate_size=64)))
    dynamic = {"rope_type": "dynamic", "factor": 2.0, "rope_theta": 10000.0}
    assert not integer.applies(llama(rope_parameters=dynamic))


def test_the_default_precision_is_int8_where_it_applies(tiny, tiny_folder):
    model = load_language_model(str(tiny_folder))
    tokens = model.tokenize("the house has voted")
    found, exact = model.log2_probs(tokens), tiny.log2_probs(tokens)
    assert 0 < np.abs(found - exact).mean() < 0.1
