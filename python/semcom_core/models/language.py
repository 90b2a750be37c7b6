# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Language model interface of the codecs: tokens, and the log2-probability of each next token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np


class TokenTree(Protocol):
    """Next-token log2-probabilities along many hypotheses that share their beginnings."""

    def root(self) -> tuple[int, np.ndarray]:
        """Node before the first token, and the log2-probabilities (vocabulary,) of the first
        token.
        """

    def extend(self, parents: list[int], tokens: list[int]) -> tuple[list[int], np.ndarray]:
        """Grow one node below each parent.

        Args:
            parents: nodes returned before, one for each new node; a parent may stand more than
                once.
            tokens: the token that leads from each parent to its new node.

        Returns:
            the new nodes, and float32 log2-probabilities (len(parents), vocabulary) of the token
            after each.
        """


class LanguageModel(Protocol):
    """Causal language model, as a codec uses it.

    Attributes:
        name: the name or path it was loaded by.
        fingerprint: 16 hexadecimal digits over weights, tokenizer, prompt and numeric profile.
        vocabulary: number of tokens.
        special_tokens: tokens that never stand for text.
        end_token: the special token that ends a message, where the model has learned when to expect
            it; else None.
        context_fingerprint: 16 hexadecimal digits over the messages before; empty without.
        device: what it computes on, one of models.device.DEVICES.
    """

    name: str
    fingerprint: str
    vocabulary: int
    special_tokens: tuple[int, ...]
    end_token: int | None
    context_fingerprint: str
    device: str

    def with_context(self, context: Sequence[str]) -> LanguageModel:
        """The same model after some messages, the oldest first; what does not fit is left out."""

    def tokenize(self, text: str) -> list[int]:
        """Tokens of a text. Text that looks like a special token is text."""

    def detokenize(self, tokens: list[int]) -> str:
        """Text of the tokens; bytes that are no valid UTF-8 become U+FFFD."""

    def log2_probs(self, tokens: list[int]) -> np.ndarray:
        """Log2-probabilities of each token and of what follows the last: float32 (len(tokens) + 1,
        vocabulary).
        """

    def tree(self) -> TokenTree:
        """A fresh token tree."""
