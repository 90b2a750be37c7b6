# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tiny random checkpoints of many architectures of the transformers library, and the table of
gr-semcom/docs/models.md:

    python -m tests.core.models.architectures
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoConfig, PreTrainedTokenizerFast

from semcom_core.errors import ModelError
from semcom_core.models import load_language_model
from tests.core.models.conftest import CORPUS, SPECIAL_TOKENS

HEADS = {"num_hidden_layers": 2, "num_attention_heads": 4, "max_position_embeddings": 1024}
BERT = {"hidden_size": 32, "intermediate_size": 64, **HEADS}
LLAMA = {**BERT, "num_key_value_heads": 2}
WINDOW = {**LLAMA, "sliding_window": 16}
EXPERTS = {"num_experts": 4, "num_local_experts": 4, "num_experts_per_tok": 2}
SPARSE = {**LLAMA, **EXPERTS, "moe_intermediate_size": 16, "shared_expert_intermediate_size": 32}
GPT = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 1024}
OPT = {"ffn_dim": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
STATES = {"mamba_n_heads": 8, "mamba_d_head": 8, "mamba_d_state": 8, "mamba_chunk_size": 16}
BART = {
    "d_model": 32,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 64,
    "decoder_ffn_dim": 64,
}


def rope(kind: str, **settings: Any) -> dict[str, Any]:
    """Settings of a Llama with rotary positions of a kind, which changes, if at all, at 64."""
    parameters = {"rope_type": kind, "rope_theta": 10000.0, "factor": 4.0, **settings}
    return {**LLAMA, "original_max_position_embeddings": 64, "rope_parameters": parameters}


LONG = {"original_max_position_embeddings": 64, "short_factor": [1.0] * 4, "long_factor": [4.0] * 4}
BANDS = {"low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 64}

#: Title, type of the configuration and its settings.
ARCHITECTURES: dict[str, tuple[str, dict[str, Any]]] = {
    "gpt2": ("gpt2", GPT),
    "gpt2, 128 positions": ("gpt2", {**GPT, "n_positions": 128}),
    "gpt_neo": (
        "gpt_neo",
        {
            "hidden_size": 32,
            "num_layers": 2,
            "num_heads": 4,
            "attention_types": [[["global", "local"], 1]],
            "window_size": 16,
        },
    ),
    "gpt_neox": ("gpt_neox", LLAMA),
    "gptj": ("gptj", {**GPT, "rotary_dim": 4}),
    "gpt_bigcode": ("gpt_bigcode", GPT),
    "openai-gpt": ("openai-gpt", GPT),
    "codegen": ("codegen", {**GPT, "rotary_dim": 4}),
    "ctrl": ("ctrl", {**GPT, "dff": 64}),
    "opt": ("opt", {"hidden_size": 32, "word_embed_proj_dim": 32, **OPT}),
    "xglm": ("xglm", {"d_model": 32, "ffn_dim": 64, "num_layers": 2, "attention_heads": 4}),
    "biogpt": ("biogpt", BERT),
    "bloom, ALiBi": ("bloom", {"hidden_size": 32, "n_layer": 2, "n_head": 4}),
    "mpt, ALiBi": ("mpt", {"d_model": 32, "n_heads": 4, "n_layers": 2, "max_seq_len": 1024}),
    "falcon": ("falcon", {"hidden_size": 32, **HEADS}),
    "falcon, ALiBi": ("falcon", {"hidden_size": 32, "alibi": True, **HEADS}),
    "phi": ("phi", LLAMA),
    "phi3, window": ("phi3", WINDOW),
    "phi3, longrope": ("phi3", rope("longrope", **LONG)),
    "gemma": ("gemma", {**LLAMA, "head_dim": 8}),
    "gemma2, window": ("gemma2", {**WINDOW, "head_dim": 8}),
    "gemma3, window": (
        "gemma3_text",
        {**WINDOW, "head_dim": 8, "layer_types": ["sliding_attention", "full_attention"]},
    ),
    "qwen2": ("qwen2", LLAMA),
    "qwen2, window": ("qwen2", {**WINDOW, "use_sliding_window": True, "max_window_layers": 1}),
    "qwen3": ("qwen3", {**LLAMA, "head_dim": 8}),
    "qwen3, wide heads, tied": ("qwen3", {**LLAMA, "head_dim": 16, "tie_word_embeddings": True}),
    "qwen2_moe": ("qwen2_moe", SPARSE),
    "qwen3_moe": ("qwen3_moe", {**SPARSE, "head_dim": 8}),
    "qwen3_next, hybrid": (
        "qwen3_next",
        {
            **SPARSE,
            "head_dim": 8,
            "layer_types": ["linear_attention", "full_attention"],
            "linear_num_value_heads": 4,
            "linear_num_key_heads": 2,
            "linear_key_head_dim": 8,
            "linear_value_head_dim": 8,
        },
    ),
    "mistral": ("mistral", {**LLAMA, "sliding_window": None}),
    "mistral, window": ("mistral", WINDOW),
    "mistral, long window": ("mistral", {**LLAMA, "head_dim": 12, "sliding_window": 4096}),
    "mixtral, window": ("mixtral", {**WINDOW, **EXPERTS}),
    "stablelm": ("stablelm", LLAMA),
    "starcoder2, window": ("starcoder2", WINDOW),
    "cohere": ("cohere", {**LLAMA, "logit_scale": 1.0}),
    "cohere2, window": ("cohere2", {**WINDOW, "logit_scale": 1.0}),
    "olmo": ("olmo", LLAMA),
    "olmo2": ("olmo2", LLAMA),
    "olmo3, window": ("olmo3", WINDOW),
    "olmoe": ("olmoe", {**LLAMA, **EXPERTS}),
    "granite": ("granite", LLAMA),
    "granitemoe": ("granitemoe", {**LLAMA, **EXPERTS}),
    "glm": ("glm", {**LLAMA, "head_dim": 8}),
    "glm4": ("glm4", {**LLAMA, "head_dim": 8}),
    "smollm3": ("smollm3", LLAMA),
    "exaone4, window": ("exaone4", WINDOW),
    "nemotron": ("nemotron", LLAMA),
    "persimmon": ("persimmon", LLAMA),
    "helium": ("helium", {**LLAMA, "head_dim": 8}),
    "seed_oss": ("seed_oss", {**LLAMA, "head_dim": 8}),
    "gpt_oss, window": ("gpt_oss", {**WINDOW, **EXPERTS, "head_dim": 8}),
    "deepseek_v3": (
        "deepseek_v3",
        {
            **LLAMA,
            "num_key_value_heads": 4,
            "moe_intermediate_size": 16,
            "n_routed_experts": 4,
            "num_experts_per_tok": 2,
            "n_group": 1,
            "topk_group": 1,
            "q_lora_rank": 16,
            "kv_lora_rank": 16,
            "qk_rope_head_dim": 8,
            "qk_nope_head_dim": 8,
            "v_head_dim": 8,
            "first_k_dense_replace": 1,
        },
    ),
    "llama": ("llama", LLAMA),
    "llama, tied": ("llama", {**LLAMA, "tie_word_embeddings": True}),
    "llama, gelu": ("llama", {**LLAMA, "hidden_act": "gelu"}),
    "llama, biases": ("llama", {**LLAMA, "attention_bias": True, "mlp_bias": True}),
    "llama, linear RoPE": ("llama", rope("linear")),
    "llama, dynamic RoPE": ("llama", {**rope("dynamic"), "max_position_embeddings": 64}),
    "llama, llama3 RoPE": ("llama", rope("llama3", **BANDS)),
    "llama, yarn RoPE": ("llama", rope("yarn", original_max_position_embeddings=64)),
    "llama, longrope": ("llama", rope("longrope", **LONG)),
    "llama4, chunks": (
        "llama4_text",
        {
            **LLAMA,
            **EXPERTS,
            "head_dim": 8,
            "attention_chunk_size": 32,
            "intermediate_size_mlp": 64,
        },
    ),
    "lfm2, hybrid": (
        "lfm2",
        {**LLAMA, "layer_types": ["conv", "full_attention"], "block_ff_dim": 64},
    ),
    "mamba, recurrent": ("mamba", {"hidden_size": 32, "num_hidden_layers": 2, "state_size": 8}),
    "mamba2, recurrent": (
        "mamba2",
        {
            "hidden_size": 32,
            "num_hidden_layers": 2,
            "state_size": 8,
            "num_heads": 8,
            "head_dim": 8,
            "n_groups": 2,
            "chunk_size": 16,
        },
    ),
    "falcon_mamba, recurrent": (
        "falcon_mamba",
        {"hidden_size": 32, "num_hidden_layers": 2, "state_size": 8},
    ),
    "recurrent_gemma, hybrid": (
        "recurrent_gemma",
        {
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 3,
            "num_attention_heads": 4,
            "num_key_value_heads": 1,
            "lru_width": 32,
            "attention_window_size": 16,
        },
    ),
    "jamba, hybrid": (
        "jamba",
        {
            **LLAMA,
            "num_experts": 4,
            "attn_layer_period": 2,
            "attn_layer_offset": 1,
            "expert_layer_period": 2,
            "expert_layer_offset": 1,
            "mamba_d_state": 8,
            "mamba_dt_rank": 4,
            "use_mamba_kernels": False,
        },
    ),
    "bamba, hybrid": (
        "bamba",
        {**LLAMA, **STATES, "attn_layer_indices": [1], "mamba_n_groups": 1},
    ),
    "zamba, hybrid": (
        "zamba",
        {
            **LLAMA,
            "num_key_value_heads": 4,
            "attention_hidden_size": 64,
            "attention_head_dim": 16,
            "num_hidden_layers": 4,
            "mamba_d_state": 8,
            "mamba_dt_rank": 4,
            "n_mamba_heads": 2,
            "use_mamba_kernels": False,
            "layers_block_type": ["mamba", "hybrid", "mamba", "hybrid"],
        },
    ),
    "zamba2, hybrid": (
        "zamba2",
        {
            **LLAMA,
            "num_key_value_heads": 4,
            "num_hidden_layers": 3,
            "mamba_d_state": 8,
            "n_mamba_heads": 8,
            "mamba_headdim": 8,
            "mamba_ngroups": 1,
            "chunk_size": 16,
            "num_mem_blocks": 1,
            "adapter_rank": 4,
            "use_mamba_kernels": False,
            "layers_block_type": ["mamba", "hybrid", "mamba"],
        },
    ),
    "falcon_h1, hybrid": ("falcon_h1", {**LLAMA, **STATES, "mamba_d_ssm": 64}),
    "granitemoehybrid, hybrid": (
        "granitemoehybrid",
        {
            **LLAMA,
            **EXPERTS,
            **STATES,
            "layer_types": ["mamba", "attention"],
            "shared_intermediate_size": 32,
        },
    ),
    "nemotron_h, hybrid": (
        "nemotron_h",
        {
            **LLAMA,
            "hybrid_override_pattern": "M*",
            "mamba_num_heads": 8,
            "mamba_head_dim": 8,
            "ssm_state_size": 8,
            "n_groups": 1,
            "chunk_size": 16,
            "head_dim": 8,
        },
    ),
    "rwkv, recurrent": (
        "rwkv",
        {"hidden_size": 32, "attention_hidden_size": 32, "num_hidden_layers": 2},
    ),
    "xlstm, recurrent": ("xlstm", {"hidden_size": 32, "num_blocks": 2, "num_heads": 4}),
    "reformer": (
        "reformer",
        {
            "hidden_size": 32,
            "num_attention_heads": 2,
            "attention_head_size": 16,
            "feed_forward_size": 64,
            "is_decoder": True,
            "axial_pos_embds_dim": [16, 16],
            "axial_pos_shape": [32, 32],
            "attn_layers": ["local", "lsh"],
            "num_buckets": 4,
        },
    ),
    "bert, decoder": ("bert", {**BERT, "is_decoder": True}),
    "roberta, decoder": ("roberta", {**BERT, "is_decoder": True}),
    "bert": ("bert", BERT),
    "roberta": ("roberta", BERT),
    "electra": ("electra", BERT),
    "distilbert": ("distilbert", {"dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 64}),
    "xlnet": ("xlnet", {"d_model": 32, "n_layer": 2, "n_head": 4, "d_inner": 64}),
    "t5": ("t5", {"d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2, "num_heads": 4}),
    "bart": ("bart", BART),
    "marian": ("marian", BART),
    "vit": ("vit", BERT),
}
#: Classes that a checkpoint is made of, the first that knows the architecture.
_CLASSES = (
    "AutoModelForSeq2SeqLM",
    "AutoModelForCausalLM",
    "AutoModelForMaskedLM",
    "AutoModel",
)
#: Spread of random weights, and of what is added to layers that begin with zeros.
_SPREAD = 0.3
_ADDED = 0.1
#: Vectors that begin as zeros or ones, and are random in a trained network.
_PROJECTED = ("q_proj.bias", "k_proj.bias", "v_proj.bias", "q_norm.weight", "k_norm.weight")


def save_tokenizer(folder: Path) -> PreTrainedTokenizerFast:
    """Train and write a byte-level tokenizer of 300 tokens."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=SPECIAL_TOKENS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<s>"
    )
    fast.save_pretrained(folder)
    return fast


def save_architecture(title: str, folder: Path) -> None:
    """Write a random checkpoint of an architecture and a byte-level tokenizer."""
    kind, settings = ARCHITECTURES[title]
    tokenizer = save_tokenizer(folder)
    shared = {
        "vocab_size": len(tokenizer) + 4,
        "bos_token_id": 0,
        "eos_token_id": 1,
        "pad_token_id": 0,
    }
    config = AutoConfig.for_model(kind, **shared, initializer_range=_SPREAD, **settings)
    mappings = (getattr(transformers, name) for name in _CLASSES)
    cls = next(mapping for mapping in mappings if type(config) in mapping._model_mapping)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = cls.from_config(config)
        with torch.no_grad():
            for weight in network.parameters():
                if float(weight.std()) < _SPREAD / 10 and weight.ndim > 1:
                    weight += _ADDED * torch.randn_like(weight)
            for name, weight in network.named_parameters():
                if name.endswith(_PROJECTED):
                    weight += _SPREAD * torch.randn_like(weight)
    network.save_pretrained(folder)


def table() -> str:
    """Rows of the architectures: the way that each grows its trees, or why it is refused."""
    rows = ["| architecture | what it does |", "| --- | --- |"]
    for title in ARCHITECTURES:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / "model"
            save_architecture(title, folder)
            rows.append(f"| {title} | {what_it_does(folder)} |")
    return "\n".join(rows)


def what_it_does(folder: Path) -> str:
    """How a checkpoint is used, or why it is refused."""
    try:
        model = load_language_model(str(folder), precision="float32")
        exact = load_language_model(str(folder))
    except ModelError as error:
        return "refused: " + str(error).split(": ", 1)[1].split(";")[0]
    way = model.network.way
    words = [f"`{way.name}`"]
    if way.positions is not None:
        words.append("positions that end")
    elif way.span is not None:
        where = "where RoPE has changed" if way.changing else "beyond its window"
        words.append(f"a pass for each token {where}")
    words += ["int8"] if exact.fingerprint != model.fingerprint else []
    return ", ".join(words)


if __name__ == "__main__":
    print(table())
