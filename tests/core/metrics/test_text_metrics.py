# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text metrics against values by hand and by sacrebleu."""

from __future__ import annotations

import logging

import pytest
from sacrebleu.metrics import BLEU

from semcom_core.errors import ConfigError
from semcom_core.metrics import bleu, chrf, exact_rate, mean_bleu, mean_chrf

PAIRS = [
    ("the ferry leaves at nine from pier four", "the ferry leaves at nine from pier four"),
    ("the ferry leaves at nine from pier four", "the ferry leaves at ten from pier four"),
    ("the ferry leaves at nine from pier four", "ferry leaves at nine from pier"),
    ("we met we talked we left", "we we we we met we talked"),
    ("Bring the red folder , please .", "bring the red folder , please . Thank you ."),
    ("nobody came", "everyone left early today"),
]


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize(("reference", "candidate"), PAIRS)
def test_bleu_equals_sacrebleu_without_smoothing(reference, candidate, order):
    logging.getLogger("sacrebleu").setLevel(
        logging.ERROR
    )  # it advises smoothing, which the convention excludes
    scorer = BLEU(
        tokenize="none", smooth_method="none", max_ngram_order=order, effective_order=False
    )
    assert bleu(reference, candidate, order) == pytest.approx(
        scorer.sentence_score(candidate, [reference]).score / 100, abs=1e-9
    )


def test_bleu_by_hand():
    # Unigrams 5 of 6, bigrams 3 of 5, no brevity penalty.
    assert bleu("a b c d e f", "a b c x e f", 1) == pytest.approx(5 / 6)
    assert bleu("a b c d e f", "a b c x e f", 2) == pytest.approx((5 / 6 * 3 / 5) ** 0.5)
    # All of 3 tokens right, 6 wanted: exp(1 - 6/3).
    assert bleu("a b c d e f", "a b c", 1) == pytest.approx(0.36788, abs=1e-5)


@pytest.mark.parametrize(
    ("reference", "candidate", "order", "value"),
    [
        ("", "", 4, 1),
        ("a", "", 1, 0.0),
        ("", "a", 1, 0.0),
        ("a b c", "a b c", 4, 0.0),
        ("a b c", "a b c", 3, 1.0),
        ("A b", "a b", 2, 0.0),
    ],
)
def test_bleu_at_the_edges(reference, candidate, order, value):
    assert bleu(reference, candidate, order) == value


def test_means_are_over_sentences():
    references, candidates = ["a b", "c d"], ["a b", "c x"]
    assert mean_bleu(references, candidates, 1) == pytest.approx(0.75)
    assert exact_rate(references, candidates) == 0.5
    assert mean_chrf(references, candidates) == pytest.approx(
        (chrf("a b", "a b") + chrf("c d", "c x")) / 2
    )


def test_exact_means_every_character():
    assert exact_rate(["A b.", "a  b"], ["a b.", "a b"]) == 0.0


def test_chrf_is_1_for_equal_and_0_for_disjoint():
    assert chrf("good morning", "good morning") == pytest.approx(1)
    assert chrf("good morning", "xyxyxyxy") == 0
    assert chrf("", "") == 1
    assert 0 < chrf("good morning", "good evening") < 1


@pytest.mark.parametrize(("references", "candidates"), [([], []), (["a"], [])])
def test_unequal_or_empty_lists_are_refused(references, candidates):
    with pytest.raises(ConfigError, match="allowed is the same count"):
        exact_rate(references, candidates)


def test_bleu_order_below_1_is_refused():
    with pytest.raises(ConfigError, match="order is 0"):
        bleu("a", "a", 0)
