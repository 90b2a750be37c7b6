# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is protected in a text, and how a change of it is told."""

from __future__ import annotations

from collections import Counter

import pytest

from semcom_core.text.distillation.lexicon import SHORT_FORMS, long_form, plain_form
from semcom_core.text.distillation.protected import altered, kept_items, protected_items
from semcom_core.train.word_lists import common_words, count, name_words


@pytest.mark.parametrize(
    "text, kind, expected",
    [
        ("meet me at 6:45, or on the 3rd", "number", ["6:45", "3rd"]),
        ("twenty-one of them, half a dozen", "number", ["twenty-one", "half", "dozen"]),
        ("₹500 or 5½ or Ⅻ", "number", ["₹500", "5½", "ⅻ"]),
        ("see you on Monday before noon or tmrw", "time", ["monday", "noon", "tmrw"]),
        (
            "I don't, won't, cannot, never; didnt, din, dont",
            "negation",
            ["don't", "won't", "cannot", "never", "didnt", "din", "dont"],
        ),
        ("we didn’t go without him", "negation", ["didn't", "without"]),
        (
            "Ask Nicole or kate, Mr O'Brien and NATO",
            "name",
            ["Nicole", "kate", "Mr", "O'Brien", "NATO"],
        ),
        ("Zbigniew came. Hello all. The end.", "name", ["Zbigniew"]),
        ("Mark and Will hope so", "name", ["Mark", "Will"]),
        (
            "write to a.b@c.org or https://x.io/?q=1 #now www.y.eu",
            "link",
            ["a.b@c.org", "https://x.io/?q=1", "#now", "www.y.eu"],
        ),
        ("it is some km or miles at 5 kg and 3 dB", "unit", ["km", "miles", "kg", "db"]),
        ("12 Baker Street, Flat B", "address", ["street", "flat"]),
    ],
)
def test_items_of_each_kind(text, kind, expected):
    assert [item.text for item in protected_items(text) if item.kind == kind] == expected


def test_what_a_neighbour_means_is_bound_to_it():
    words = "I am not really happy about bus 7 before noon".split()
    bound = [words[item.index] for item in protected_items(" ".join(words)) if item.kind == "bound"]
    assert bound == ["really", "happy", "bus", "before"]


def test_common_words_are_free():
    assert protected_items("Yes, please come over and bring some bread if you can") == []


@pytest.mark.parametrize(
    "rewritten, said",
    [
        ("Pay Tom 5, not 6.", ""),
        ("pay Tom 5 not 6", ""),
        ("Pay Tom 5.", "'not' is lost"),
        ("Pay Tom 6, not 5.", "'not' changed its place"),
        ("Pay tom 5, not 6.", "'Tom' is lost"),
        ("Pay Tom 5, not 6, by Friday.", "'friday' is new"),
        ("Pay Tom 5, not 6 6.", "'6' is new"),
        ("", "'Tom' is lost"),
    ],
)
def test_alterations_are_told(rewritten, said):
    assert altered("Pay Tom 5, not 6.", rewritten) == said


def test_kept_items_are_counted():
    assert kept_items("Pay Tom 5, not 6.", "Pay Tom 6.") == (2, 4)
    assert kept_items("come over", "") == (0, 0)


def test_short_forms_hold_nothing_that_is_protected():
    assert len(SHORT_FORMS) > 80
    assert [form for form in SHORT_FORMS if protected_items(f"so {form} it")] == []
    assert [full for full in SHORT_FORMS.values() if protected_items(f"so {full} it")] == []


def test_forms_of_words():
    assert [long_form(word) for word in ("Pls,", "(u)", "other", "")] == [
        "Please,",
        "(you)",
        "other",
        "",
    ]
    assert [plain_form(word) for word in ("sooo!!!", "Ok...", "what?!?", "a.m.", "see")] == [
        "soo!",
        "Ok.",
        "what?",
        "a.m.",
        "see",
    ]


def test_word_lists_are_counted_inside_sentences():
    texts = [
        "The house of Anna is big.",
        "Anna saw the house",
        "ANNA SHOUTS THE HOUSE",
        "I saw Anna's house",
    ]
    lower, capital = count(texts)
    assert lower["house"] == 3 and capital["anna"] == 2 and capital["the"] == 0
    assert common_words(Counter(house=4, anna=1), capital) == ["house"]
    assert name_words(Counter(), Counter(anna=3, house=2)) == ["anna"]
