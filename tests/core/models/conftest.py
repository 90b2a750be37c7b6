# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Llama of two layers and 300 tokens with random weights, in a folder as published models are."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import gguf
import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    AutoModelForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

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
        bos_token_id=0,
        eos_token_id=1,
        initializer_range=0.5,
        **sizes,
        **heads,
        **{"vocab_size": len(fast), **settings},
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = LlamaForCausalLM(config)
    network.save_pretrained(folder)
    fast.save_pretrained(folder)


def save_tiny_gguf(
    path: Path,
    folder: Path,
    fields: dict | None = None,
    tensors: dict | None = None,
    parts: int = 1,
    arch: str = "llama",
) -> None:
    """Write the model of a folder as a GGUF file with names of tokens as Llama 3 has them.

    Args:
        path: the file; of more than one part, NAME-0000i-of-0000n.gguf beside it.
        folder: that save_tiny_model wrote.
        fields: further metadata by key; None leaves a key out.
        tensors: further tensors by name.
        parts: number of parts, at the most.
        arch: architecture that the file names.
    """
    network = AutoModelForCausalLM.from_pretrained(folder, dtype="float32")
    config = network.config
    state = network.state_dict()
    described = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["model"]
    names = {"<s>": "<|begin_of_text|>", "</s>": "<|end_of_text|>"}
    metadata = {
        f"{arch}.block_count": config.num_hidden_layers,
        f"{arch}.context_length": config.max_position_embeddings,
        f"{arch}.embedding_length": config.hidden_size,
        f"{arch}.feed_forward_length": config.intermediate_size,
        f"{arch}.attention.head_count": config.num_attention_heads,
        f"{arch}.attention.head_count_kv": config.num_key_value_heads,
        f"{arch}.attention.layer_norm_rms_epsilon": config.rms_norm_eps,
        f"{arch}.rope.freq_base": float(config.rope_parameters["rope_theta"]),
        f"{arch}.rope.dimension_count": config.head_dim,
        f"{arch}.vocab_size": config.vocab_size,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "llama-bpe",
        "tokenizer.ggml.tokens": [names.get(token, token) for token in described["vocab"]],
        "tokenizer.ggml.token_type": [3 if n < 3 else 1 for n in range(len(described["vocab"]))],
        "tokenizer.ggml.merges": [" ".join(pair) for pair in described["merges"]],
        "tokenizer.ggml.bos_token_id": 0,
        "tokenizer.ggml.eos_token_id": 1,
        **(fields or {}),
    }
    places = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config.num_hidden_layers)
    heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
    writer = gguf.GGUFWriter(path, arch, split_max_tensors=-(-len(state) // parts) * (parts > 1))
    kinds = {str: writer.add_string, float: writer.add_float32, int: writer.add_uint32}
    for key, value in metadata.items():
        if value is not None:
            kinds.get(type(value), writer.add_array)(key, value)
    for name, weight in state.items():
        array = weight.numpy()
        for projection, count in heads.items():
            if projection in name:  # pairs of a rotation lie beside each other
                pairs = array.reshape(count, 2, len(array) // count // 2, *array.shape[1:])
                array = np.ascontiguousarray(pairs.swapaxes(1, 2).reshape(array.shape))
        stem, _, kind = name.rpartition(".")
        writer.add_tensor(f"{places.get_name(stem)}.{kind}", array)
    for name, array in (tensors or {}).items():
        writer.add_tensor(name, array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


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
