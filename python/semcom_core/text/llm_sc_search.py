# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Beam search of the codec "llm-sc": the text with the largest prior times likelihood, token by token.

A hypothesis is scored by log2 prior plus the evidence of its symbols. As the evidence is relative to p(y), the scores of what was
dropped early and of what was kept to the end compare, and 2^score over the sum of all is the posterior of a text.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from semcom_core.models.language import TokenTree
from semcom_core.text.prior import TextPrior


@dataclass(frozen=True)
class BeamResult:
    """What the search found.

    Args:
        symbols: source symbols of the most probable text.
        confidence_bits: log2 of its posterior odds against all others.
    """

    symbols: list[int]
    confidence_bits: float


def beam_search(prior: TextPrior, tree: TokenTree, evidence: np.ndarray, labels: np.ndarray, masks: np.ndarray, beam: int) -> BeamResult:
    """Decode one fragment.

    Args:
        prior, tree: source alphabet and a fresh token tree of the language model.
        evidence: float32 (n, 8), n symbols for each label.
        labels: uint8 (symbols a token, alphabet).
        masks: uint8 (n,).
        beam: hypotheses kept after each token.
    """
    per_token = len(labels)
    node, log2_probs = tree.root()
    nodes, rows, texts, scores = [node], log2_probs[None], [[]], np.zeros(1)
    rivals = -np.inf
    for first in range(0, len(evidence), per_token):
        fit = sum(evidence[first + j][labels[j] ^ masks[first + j]] for j in range(per_token))
        fit[prior.end] = -np.inf  # the end is not sent: the length of the frame tells it
        priors = (prior.apply(row, text[-1] if text else None) for row, text in zip(rows, texts))
        extended = np.concatenate([score + one + fit for score, one in zip(scores, priors)]).astype(np.float64)
        kept = np.argpartition(extended, -beam)[-beam:]
        kept = kept[np.argsort(-extended[kept])]
        scores = extended[kept]
        extended[kept] = -np.inf
        rivals = np.logaddexp2(rivals, _log2_sum(extended))
        parents, tokens = np.divmod(kept, prior.size)
        texts = [[*texts[parent], int(token)] for parent, token in zip(parents, tokens)]
        if first + per_token < len(evidence):
            nodes, rows = tree.extend([nodes[parent] for parent in parents], [prior.model_token(text[-1]) for text in texts])
    return BeamResult(texts[0], float(scores[0] - np.logaddexp2(rivals, _log2_sum(scores[1:]))))


def _log2_sum(values: np.ndarray) -> float:
    """log2 of the sum of 2^values; -inf where there is nothing to add up."""
    peak = values.max(initial=-np.inf)
    return peak if peak == -np.inf else peak + np.log2(np.exp2(values - peak).sum())
