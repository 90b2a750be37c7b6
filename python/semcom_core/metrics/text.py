# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text quality: BLEU, share of exact sentences, character n-gram F score.

All are 0 to 1; 1 is best.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from semcom_core.errors import ConfigError


def bleu(reference: str, candidate: str, order: int = 4) -> float:
    """BLEU of one sentence, cumulative with weights 1/order, without smoothing.

        BLEU = min(1, exp(1 - r / c)) · (p_1 · ... · p_order)^(1 / order)

    Tokens are separated by whitespace; case counts. A candidate with fewer than `order` tokens
    scores 0, like any sentence without a common n-gram of some order. Two empty sentences agree: 1.

    Args:
        reference: the sentence sent.
        candidate: the sentence received.
        order: longest n-gram, at least 1.

    Raises:
        ConfigError: order is below 1.

    Source: K. Papineni, S. Roukos, T. Ward, W.-J. Zhu, "BLEU: a method for automatic evaluation of
    machine translation", ACL 2002.
    """
    if order < 1:
        raise ConfigError(f"BLEU order is {order}; allowed is 1 and more")
    truth = reference.split()
    guess = candidate.split()
    if not truth and not guess:
        return 1.0
    precisions = [_precision(truth, guess, n) for n in range(1, order + 1)]
    if min(precisions) == 0:
        return 0.0
    brevity = min(1.0, math.exp(1 - len(truth) / len(guess)))
    return brevity * math.prod(precisions) ** (1 / order)


def _precision(truth: list[str], guess: list[str], n: int) -> float:
    """Clipped n-gram precision; 0 where the guess has no n-gram."""
    total = len(guess) - n + 1
    if total < 1:
        return 0.0
    return sum((_ngrams(truth, n) & _ngrams(guess, n)).values()) / total


def _ngrams(tokens: list[str], n: int) -> Counter:
    return Counter(tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1))


def mean_bleu(references: Sequence[str], candidates: Sequence[str], order: int = 4) -> float:
    """Mean of the sentences' BLEU.

    Args:
        references, candidates: sentences sent and received, as many of each.
        order: longest n-gram.

    Raises:
        ConfigError: the counts differ or are 0.
    """
    return _mean(references, candidates, lambda a, b: bleu(a, b, order))


def exact_rate(references: Sequence[str], candidates: Sequence[str]) -> float:
    """Share of candidates equal to their reference, character by character."""
    return _mean(references, candidates, lambda a, b: float(a == b))


def chrf(reference: str, candidate: str) -> float:
    """Character n-gram F score (orders 1 to 6, recall weighted twice) of one sentence. Two empty
    sentences agree: 1.

    Source: M. Popovic, "chrF: character n-gram F-score for automatic MT evaluation", WMT 2015;
    computed by sacrebleu.
    """
    if not reference.strip() and not candidate.strip():
        return 1.0
    return _chrf_metric().sentence_score(candidate, [reference]).score / 100


def mean_chrf(references: Sequence[str], candidates: Sequence[str]) -> float:
    """Mean of the sentences' chrF."""
    return _mean(references, candidates, chrf)


@lru_cache(maxsize=1)
def _chrf_metric() -> Any:
    from sacrebleu.metrics import CHRF  # on first use: importing sacrebleu takes a while

    return CHRF()


def _mean(
    references: Sequence[str], candidates: Sequence[str], score: Callable[[str, str], float]
) -> float:
    """Mean score of pairs of sentences."""
    if len(references) != len(candidates) or not references:
        raise ConfigError(
            f"{len(references)} references and {len(candidates)} candidates; allowed is the same "
            "count, above 0"
        )
    return sum(score(a, b) for a, b in zip(references, candidates, strict=True)) / len(references)
