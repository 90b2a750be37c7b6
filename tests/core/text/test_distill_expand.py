# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Expansion at the receiver: what is decoded is kept, what is protected is never altered."""

from __future__ import annotations

import pytest

from semcom_core.errors import ConfigError
from semcom_core.text.distillation.rewriter import ExpandConfig, Expander
from tests.core.text.talking_model import TalkingModel
from tests.core.text.word_embedder import WordEmbedder

RAW = "pls call Anna abt the meeting at 6:45, not Tom"


def expand(answer: str | None, raw: str = RAW, **settings):
    return Expander(
        ExpandConfig(**settings), None if answer is None else TalkingModel(answer), WordEmbedder()
    ).expand(raw)


def test_short_forms_are_written_out():
    found = expand(None, least_similarity=0.3)
    assert found.text == "Please call Anna about the meeting at 6:45, not Tom".replace(
        "Please", "please"
    )
    assert (found.raw, found.method, found.reason) == (
        RAW,
        "spelled",
        "the language model was not asked",
    )


def test_rewriting_that_keeps_all_is_used():
    answer = "Please call Anna about the meeting at 6:45, not Tom."
    found = expand(answer, least_similarity=0.5)
    assert (found.text, found.raw, found.method, found.reason) == (answer, RAW, "rewritten", "")


@pytest.mark.parametrize(
    "answer, reason",
    [
        ("Please call Anna about the meeting at 6:54, not Tom.", "'6:45' is lost"),
        ("Please call Anna about the meeting, not Tom.", "is lost"),
        ("Please call Anna about the meeting at 6:45 and Tom.", "'not' is lost"),
        ("Please call Tom about the meeting at 6:45, not Anna.", "changed its place"),
        ("Please call Anna about the meeting at 6:45, not Tom, by 8.", "'8' is new"),
        ("", "nothing is left"),
    ],
)
def test_rewriting_that_alters_is_refused(answer, reason):
    found = expand(answer, least_similarity=0.3)
    assert found.method == "spelled" and found.raw == RAW
    assert found.reason.startswith("rewriting: ") and reason in found.reason
    assert all(item in found.text for item in ("Anna", "6:45", "not", "Tom"))


def test_rewriting_that_strays_is_refused():
    found = expand("Entirely unrelated gibberish", raw="bring bread and butter")
    assert found.text == "bring bread and butter" and "similarity is 0." in found.reason


@pytest.mark.parametrize("raw", ["", "  ", "word " * 201])
def test_empty_and_long_texts_are_left(raw):
    found = expand("anything", raw=raw)
    assert found.text == found.raw == raw and "allowed is 1 to 200" in found.reason


def test_settings_are_checked():
    with pytest.raises(ConfigError, match="least_similarity is -1"):
        ExpandConfig(least_similarity=-1)
    with pytest.raises(ConfigError, match="rewrite is 'yes'; allowed is true or false"):
        Expander.from_settings(rewrite="yes")
