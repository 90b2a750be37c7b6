# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Language models run by the transformers library (Llama, Mistral, Qwen and other causal models)."""

from __future__ import annotations

import math

import numpy as np
import torch
from transformers import DynamicCache

_BITS_PER_NAT = 1 / math.log(2)


class CausalModel:
    """A transformers causal language model behind the LanguageModel interface (see models.language).

    Args:
        name: the name it was loaded by.
        network: transformers causal model in evaluation mode, float32.
        tokenizer: its tokenizer.
        prompt: text before every message; special tokens in it count as such.
        fingerprint: 16 hexadecimal digits.
    """

    def __init__(self, name, network, tokenizer, prompt: str, fingerprint: str):
        self.name = name
        self.fingerprint = fingerprint
        self.vocabulary = network.get_input_embeddings().weight.shape[0]
        added = [token for token, entry in tokenizer.added_tokens_decoder.items() if entry.special]
        self.special_tokens = tuple(sorted({*tokenizer.all_special_ids, *added}))
        self._network = network
        self._tokenizer = tokenizer
        self._prompt = tokenizer(prompt, add_special_tokens=False).input_ids

    def tokenize(self, text: str) -> list[int]:
        return self._tokenizer(text, add_special_tokens=False, split_special_tokens=True).input_ids

    def detokenize(self, tokens: list[int]) -> str:
        return self._tokenizer.decode(tokens, skip_special_tokens=False, clean_up_tokenization_spaces=False)

    @torch.inference_mode()
    def log2_probs(self, tokens: list[int]) -> np.ndarray:
        inputs = torch.tensor([self._prompt + list(tokens)])
        logits = self._network(inputs, use_cache=False, logits_to_keep=len(tokens) + 1).logits[0]
        return _log2_softmax(logits)

    def tree(self) -> CausalTree:
        return CausalTree(self._network, self._prompt)


class CausalTree:
    """Token tree in one key-value cache: every node is one cache entry, and a mask lets it see only its ancestors.

    Source: tree attention as in SpecInfer (Miao et al., ASPLOS 2024).
    """

    def __init__(self, network, prompt: list[int]):
        self._network = network
        self._prompt = prompt
        self._cache = DynamicCache()
        self._ancestors: list[list[int]] = []

    @torch.inference_mode()
    def root(self) -> tuple[int, np.ndarray]:
        count = len(self._prompt)
        out = self._network(torch.tensor([self._prompt]), past_key_values=self._cache, use_cache=True, logits_to_keep=1)
        self._ancestors = [list(range(i + 1)) for i in range(count)]
        return count - 1, _log2_softmax(out.logits[0])[0]

    @torch.inference_mode()
    def extend(self, parents: list[int], tokens: list[int]) -> tuple[list[int], np.ndarray]:
        first = len(self._ancestors)
        nodes = list(range(first, first + len(parents)))
        self._ancestors += [[*self._ancestors[parent], node] for parent, node in zip(parents, nodes)]
        mask = torch.full((1, 1, len(nodes), first + len(nodes)), -torch.inf)
        for row, node in enumerate(nodes):
            mask[0, 0, row, self._ancestors[node]] = 0.0
        depths = torch.tensor([[len(self._ancestors[node]) - 1 for node in nodes]])
        out = self._network(
            torch.tensor([tokens]), attention_mask=mask, position_ids=depths, past_key_values=self._cache, use_cache=True
        )
        return nodes, _log2_softmax(out.logits[0])


def _log2_softmax(logits: torch.Tensor) -> np.ndarray:
    return (torch.log_softmax(logits, dim=-1) * _BITS_PER_NAT).numpy()
