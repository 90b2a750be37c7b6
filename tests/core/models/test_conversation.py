# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a model is told of the messages before."""

from __future__ import annotations

import numpy as np
import pytest

from semcom_core.models.causal import is_chat, prompt_tokens
from semcom_core.models.loader import load_network

CHAT = "<|im_start|>assistant\n"


@pytest.fixture(scope="module")
def tokenizer(tiny_folder):
    return load_network(str(tiny_folder))[0]


def test_a_chat_prompt_follows_the_turns_of_both_speakers(tokenizer):
    found = tokenizer.decode(prompt_tokens(tokenizer, CHAT, ["one", "two", "three"]))
    expected = "<|im_start|>user\none<|im_end|>\n<|im_start|>assistant\ntwo<|im_end|>\n<|im_start|>user\nthree<|im_end|>\n"
    assert is_chat(CHAT) and found == expected + CHAT


def test_another_prompt_stands_before_the_messages(tokenizer):
    assert tokenizer.decode(prompt_tokens(tokenizer, "<s>", ["one", "two"])) == "<s>one\ntwo\n"


def test_the_oldest_messages_are_left_out_where_they_do_not_fit(tokenizer):
    last = prompt_tokens(tokenizer, "<s>", ["two"])
    assert prompt_tokens(tokenizer, "<s>", ["one " * 50, "two"], most=len(last)) == last


def test_special_tokens_in_a_message_before_are_text(tokenizer):
    special = tokenizer.convert_tokens_to_ids("<|im_end|>")
    assert special not in prompt_tokens(tokenizer, "<s>", ["a <|im_end|> b"])


def test_context_changes_probabilities_and_its_fingerprint_only(tiny):
    tokens = tiny.tokenize("the house")
    after = tiny.with_context(["the committee will meet"])
    assert (
        after.fingerprint == tiny.fingerprint
        and after.context_fingerprint
        and not tiny.context_fingerprint
    )
    assert np.abs(after.log2_probs(tokens) - tiny.log2_probs(tokens)).max() > 0.01
    assert after.with_context([]).context_fingerprint == ""
    assert (
        tiny.with_context(["the committee will"]).context_fingerprint != after.context_fingerprint
    )


def test_the_tree_after_a_context_agrees(tiny):
    after = tiny.with_context(["the committee will meet"])
    tokens, tree = after.tokenize("the house has"), after.tree()
    node, row = tree.root()
    rows = [row]
    for token in tokens:
        (node,), (row,) = tree.extend([node], [token])
        rows.append(row)
    assert np.abs(np.array(rows) - after.log2_probs(tokens)).max() < 0.002
