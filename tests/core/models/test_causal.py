# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Language models over transformers: tokens, probabilities, trees of hypotheses, packed layers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM

from semcom_core.models.causal import PackedLinear
from semcom_core.models.causal import pack_linear_layers as pack
from semcom_core.text.language_model import TextPrior

#: Float32 sums in another order move a log2-probability by about 1e-6; a wrong mask or position by
#: far more than this.
TOLERANCE = 1e-4


@pytest.mark.parametrize(
    "text",
    ["the house has voted", "Größe 😀 नमस्ते 你好。", "a\t\n\x00\x07b\x7f", "", " two  spaces "],
)
def test_text_comes_back_from_its_tokens(tiny, text):
    assert tiny.detokenize(tiny.tokenize(text)) == text


@pytest.mark.parametrize("special", ["<s>", "</s>", "<|im_end|>", "see <|im_end|></s> there"])
def test_special_tokens_typed_as_text_are_text(tiny, special):
    assert tiny.special_tokens == (0, 1, 2)
    tokens = tiny.tokenize(special)
    assert not set(tokens) & set(tiny.special_tokens)
    assert tiny.detokenize(tokens) == special


def test_log2_probs_are_normalised_and_causal(tiny):
    tokens = tiny.tokenize("the house has voted")
    found = tiny.log2_probs(tokens)
    assert found.shape == (len(tokens) + 1, tiny.vocabulary) and found.dtype == np.float32
    assert np.exp2(found.astype(float)).sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert found[:3] == pytest.approx(tiny.log2_probs(tokens[:2]), abs=TOLERANCE)
    assert np.abs(found[0] - found[1]).max() > 0.1


def test_log2_probs_are_those_of_the_network_after_the_prompt(tiny, tiny_folder):
    network = AutoModelForCausalLM.from_pretrained(tiny_folder, dtype="float32").eval()
    tokens = tiny.tokenize("on the question")
    with torch.inference_mode():
        logits = network(torch.tensor([[0, *tokens]])).logits[0]
    expected = (torch.log_softmax(logits, dim=-1) / np.log(2)).numpy()
    assert tiny.log2_probs(tokens) == pytest.approx(expected, abs=TOLERANCE)


def test_tree_agrees_with_whole_sequences_whatever_the_order(tiny):
    rng = np.random.default_rng(3)
    tree = tiny.tree()
    root, first = tree.root()
    assert first == pytest.approx(tiny.log2_probs([])[0], abs=TOLERANCE)
    paths = {root: []}
    for count in (1, 3, 2, 5, 4, 8):
        parents = [int(node) for node in rng.choice(list(paths), count)]
        tokens = [int(token) for token in rng.integers(3, tiny.vocabulary, count)]
        nodes, found = tree.extend(parents, tokens)
        assert len(set(nodes) | set(paths)) == len(paths) + count
        for node, parent, token, row in zip(nodes, parents, tokens, found):
            paths[node] = [*paths[parent], token]
            assert row == pytest.approx(tiny.log2_probs(paths[node])[-1], abs=TOLERANCE)
    depths = [len(path) for path in paths.values()]
    assert max(depths) >= 3 and depths.count(1) >= 2


def test_two_trees_do_not_share_their_nodes(tiny):
    left, right = tiny.tree(), tiny.tree()
    (root, _), (other, _) = left.root(), right.root()
    _, one = left.extend([root], [40])
    _, two = right.extend([other], [41])
    assert one[0] == pytest.approx(tiny.log2_probs([40])[-1], abs=TOLERANCE)
    assert two[0] == pytest.approx(tiny.log2_probs([41])[-1], abs=TOLERANCE)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("shape", [(24,), (1, 24), (8, 24), (2, 5, 24)])
def test_packed_linear_equals_torchs(bias, shape):
    generator = torch.Generator().manual_seed(5)
    linear = torch.nn.Linear(24, 40, bias=bias)
    with torch.inference_mode():
        for parameter in linear.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
        rows = torch.randn(shape, generator=generator)
        assert PackedLinear(linear)(rows).numpy() == pytest.approx(linear(rows).numpy(), abs=1e-4)


def test_packing_replaces_every_linear_layer_and_changes_nothing(tiny_folder):
    network = AutoModelForCausalLM.from_pretrained(tiny_folder, dtype="float32").eval()
    inputs = torch.tensor([[0, 5, 9, 40]])
    with torch.inference_mode():
        before = network(inputs).logits
        pack(network)
        after = network(inputs).logits
    kinds = [type(module) for module in network.modules()]
    assert torch.nn.Linear not in kinds and kinds.count(PackedLinear) == 2 * 7 + 1
    assert after.numpy() == pytest.approx(before.numpy(), abs=TOLERANCE)


def test_source_alphabet_over_a_real_tokenizer(tiny):
    prior = TextPrior(tiny)
    symbols = prior.tokenize("the house 😀")
    log2 = np.stack(
        [
            prior.apply(row, before)
            for row, before in zip(tiny.log2_probs(symbols), [None, *symbols])
        ]
    )
    assert np.isneginf(log2[:, list(tiny.special_tokens)]).all()
    assert (np.exp2(log2.astype(float)).sum(axis=1) <= 1 + 1e-5).all()
