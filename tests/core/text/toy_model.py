# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A language model small enough for tests: bytes as tokens, their probabilities from letter pairs
of a sentence or two.
"""

from __future__ import annotations

import numpy as np

_CORPUS = (
    "the committee will meet again on thursday morning. we would like to thank the president for "
    "the report. "
    "this is the first time that the house has voted on the question. "
) * 3
#: Control characters that this model's tokenizer drops, as some published tokenizers do.
DROPPED = "\x04\x06"


class ToyModel:
    """256 byte tokens and one special token, `<end>`."""

    name = "toy"
    vocabulary = 257
    special_tokens = (256,)
    end_token = None
    context_fingerprint = ""

    def __init__(self, fingerprint: str = "00000000000000a5"):
        self.fingerprint = fingerprint
        counts = np.full((257, 257), 0.02)
        for first, second in zip(_CORPUS.encode(), _CORPUS.encode()[1:]):
            counts[first, second] += 1
        self._log2 = np.log2(counts / counts.sum(axis=1, keepdims=True)).astype(np.float32)

    def with_context(self, context) -> ToyModel:
        other = ToyModel(self.fingerprint)
        other.context_fingerprint = f"{len(chr(10).join(context)):016x}" if context else ""
        return other

    def tokenize(self, text: str) -> list[int]:
        return list("".join(c for c in text if c not in DROPPED).encode("utf-8"))

    def detokenize(self, tokens: list[int]) -> str:
        return b"".join(b"<end>" if t == 256 else bytes([t]) for t in tokens).decode(
            "utf-8", "replace"
        )

    def log2_probs(self, tokens: list[int]) -> np.ndarray:
        return self._log2[[ord(" "), *tokens]]

    def tree(self) -> ToyTree:
        return ToyTree(self._log2)


class ToyTree:
    def __init__(self, log2):
        self._log2, self._nodes = log2, 0

    def root(self):
        return 0, self._log2[ord(" ")]

    def extend(self, parents, tokens):
        first = self._nodes + 1
        self._nodes += len(parents)
        return list(range(first, first + len(parents))), self._log2[list(tokens)]
