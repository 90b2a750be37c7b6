# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Language models run by the transformers library (Llama, Mistral, Qwen and other causal models)."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Sequence

import numpy as np
import torch

from semcom_core.models.conversation import end_of_turn, prompt_tokens
from semcom_core.models.tree import CausalTree, LlamaTree, log2_softmax

#: Most tokens of the messages before a message; the oldest are left out.
CONTEXT_TOKENS = 384


class CausalModel:
    """A transformers causal language model behind the LanguageModel interface (see models.language).

    Args:
        name: the name it was loaded by.
        network: transformers causal model in evaluation mode, float32.
        tokenizer: its tokenizer.
        prompt: text before every message; special tokens in it count as such.
        fingerprint: 16 hexadecimal digits.
        adapted: whether an adapter has taught it where messages end.
    """

    def __init__(self, name, network, tokenizer, prompt: str, fingerprint: str, adapted: bool = False):
        self.name = name
        self.fingerprint = fingerprint
        self.context_fingerprint = ""
        self.end_token = end_of_turn(tokenizer, prompt) if adapted else None
        self.vocabulary = network.get_input_embeddings().weight.shape[0]
        added = [token for token, entry in tokenizer.added_tokens_decoder.items() if entry.special]
        self.special_tokens = tuple(sorted({*tokenizer.all_special_ids, *added}))
        self._network = network
        self._tokenizer = tokenizer
        self._prompt_text = prompt
        self._prompt = prompt_tokens(tokenizer, prompt)

    def with_context(self, context: Sequence[str]) -> CausalModel:
        """The same model after some messages, the oldest first; it shares the weights."""
        other = copy.copy(self)
        other._prompt = prompt_tokens(self._tokenizer, self._prompt_text, context, CONTEXT_TOKENS)
        digest = hashlib.sha256("\x1f".join(str(token) for token in other._prompt).encode()).hexdigest()
        other.context_fingerprint = digest[:16] if other._prompt != prompt_tokens(self._tokenizer, self._prompt_text) else ""
        return other

    def tokenize(self, text: str) -> list[int]:
        return self._tokenizer(text, add_special_tokens=False, split_special_tokens=True).input_ids

    def detokenize(self, tokens: list[int]) -> str:
        return self._tokenizer.decode(tokens, skip_special_tokens=False, clean_up_tokenization_spaces=False)

    @torch.inference_mode()
    def log2_probs(self, tokens: list[int]) -> np.ndarray:
        inputs = torch.tensor([self._prompt + list(tokens)])
        logits = self._network(inputs, use_cache=False, logits_to_keep=len(tokens) + 1).logits[0]
        return log2_softmax(logits)

    def tree(self) -> CausalTree:
        """A fresh token tree."""
        kind = LlamaTree if self._network.config.model_type == "llama" else CausalTree
        return kind(self._network, self._prompt)
