# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A language model whose answers are a little off, as those of another machine are."""

from __future__ import annotations

import numpy as np

from semcom_core.models.language import LanguageModel, TokenTree


class NoisyModel:
    """A model with fresh uniform noise on every log2-probability.

    Args:
        model: what to disturb; all else is its own.
        amplitude_bits: the noise is uniform in ± this.
    """

    def __init__(self, model: LanguageModel, amplitude_bits: float, rng: np.random.Generator):
        self._model, self._amplitude, self._rng = model, amplitude_bits, rng

    def __getattr__(self, name):
        return getattr(self._model, name)

    def log2_probs(self, tokens: list[int]) -> np.ndarray:
        """As LanguageModel.log2_probs."""
        return self.disturb(self._model.log2_probs(tokens))

    def tree(self) -> TokenTree:
        """As LanguageModel.tree."""
        return _NoisyTree(self._model.tree(), self)

    def disturb(self, log2_probs: np.ndarray) -> np.ndarray:
        """Log2-probabilities with noise."""
        noise = self._rng.uniform(-self._amplitude, self._amplitude, log2_probs.shape)
        return (log2_probs + noise).astype(np.float32)


class _NoisyTree:
    def __init__(self, tree: TokenTree, model: NoisyModel):
        self._tree, self._model = tree, model

    def root(self):
        node, log2_probs = self._tree.root()
        return node, self._model.disturb(log2_probs)

    def extend(self, parents, tokens):
        nodes, log2_probs = self._tree.extend(parents, tokens)
        return nodes, self._model.disturb(log2_probs)
