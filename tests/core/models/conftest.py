# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Llama of two layers and 300 tokens with random weights, in a folder as published models are."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from semcom_core.models import load_language_model

CORPUS = [
    "the house has voted on the question",
    "this is the first time that the committee will meet",
] * 5
SPECIAL_TOKENS = ["<s>", "</s>", "<|im_end|>"]


def save_tiny_model(folder: Path, seed: int = 0, **settings) -> None:
    """Write a byte-level tokenizer and a random network, with further settings of its kind."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=SPECIAL_TOKENS,
        initial_alphabet=alphabet,
        show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        eos_token="</s>",
        additional_special_tokens=["<|im_end|>"],
    )
    sizes = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "max_position_embeddings": 256,
    }
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2}
    config = LlamaConfig(
        vocab_size=len(fast),
        bos_token_id=0,
        eos_token_id=1,
        initializer_range=0.5,
        **sizes,
        **heads,
        **settings,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = LlamaForCausalLM(config)
    network.save_pretrained(folder)
    fast.save_pretrained(folder)


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory) -> Path:
    """The model's folder; not to be changed."""
    folder = tmp_path_factory.mktemp("tiny") / "model"
    save_tiny_model(folder)
    return folder


@pytest.fixture(scope="session")
def tiny(tiny_folder):
    """The model in float32."""
    return load_language_model(str(tiny_folder), precision="float32")


@pytest.fixture
def copy(tiny_folder, tmp_path) -> Path:
    """A copy of the model's folder to change."""
    return Path(shutil.copytree(tiny_folder, tmp_path / "copy"))
