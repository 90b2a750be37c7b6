# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Language models with a tokenizer of the transformers library (Llama, Mistral, Qwen and other causal models)."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Sequence

import numpy as np

from semcom_core.models.conversation import end_of_message, prompt_tokens
from semcom_core.models.language import TokenTree

#: Most tokens of the messages before a message; the oldest are left out.
CONTEXT_TOKENS = 384


class CausalModel:
    """A causal language model behind the LanguageModel interface (see models.language).

    Args:
        name: the name it was loaded by.
        network: a FloatNetwork or an IntegerNetwork, with `tree` and `log2_probs` after a prompt.
        tokenizer: its tokenizer.
        prompt: text before every message; special tokens in it count as such.
        fingerprint: 16 hexadecimal digits.
        vocabulary: number of tokens that the network knows.
        adapted: whether an adapter has taught it where messages end.
    """

    def __init__(self, name, network, tokenizer, prompt: str, fingerprint: str, vocabulary: int, adapted: bool = False):
        self.name = name
        self.fingerprint = fingerprint
        self.context_fingerprint = ""
        self.end_token = end_of_message(tokenizer, prompt) if adapted else None
        self.vocabulary = vocabulary
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

    def log2_probs(self, tokens: list[int]) -> np.ndarray:
        return self._network.log2_probs(self._prompt, tokens)

    def tree(self) -> TokenTree:
        """A fresh token tree."""
        return self._network.tree(self._prompt)
