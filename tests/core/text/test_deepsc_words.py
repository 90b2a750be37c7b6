# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tokens of the deepsc codec, and how a frame's symbols are shared out among them."""

from __future__ import annotations

import numpy as np
import pytest

from semcom_core.errors import FrameError, ModelError
from semcom_core.frame import MAX_LENGTH
from semcom_core.text.baselines.deepsc.codec import MAX_TOKENS, length_of, slots, tokens_of
from semcom_core.text.baselines.deepsc.vocabulary import BYTES, PLAIN_FORMS, Form, Words, readings

WORDS = Words(
    ("the", "ferry", "leaves", "at", "nine", "ni", "ght", "'", "-", "a", "b"),
    (
        *PLAIN_FORMS,
        Form(False, "", ",", "lower"),
        Form(False, "(", ")", "capital"),
        Form(True, "", ".", "lower"),
    ),
)


def spelled(text: str) -> list[str]:
    return [WORDS.data_of([token]).decode() for token in WORDS.tokens(text)]


@pytest.mark.parametrize(("text", "tokens"), [
    ("The ferry, AT nine", [" The", " ferry,", " AT", " nine"]),
    ("(Ferry)", [" (Ferry)"]),
    ("night.", [" ni", "ght."]),
    ("aTheB", [" a", "The", "B"]),
    ("the  ferry ", [" the", " ", " ferry", " "]),
    ("", [" "]),
])  # fmt: skip
def test_tokens_are_words_and_glued_parts(text, tokens):
    assert spelled(text) == tokens


@pytest.mark.parametrize("text", [
    "", " ", "  two  spaces "
             "", "tab\tand\nline\r\n", "Grüße, “Ärger” – ½ 😀🎉漢字", "ΣΊΣΥΦΟΣ ſ ß İ ǆ ǅ", "\0\x1b[2J",
    "McNALLY (B5-0167/2000)...", "'the'",
])  # fmt: skip
def test_any_text_comes_back(text):
    assert WORDS.data_of(WORDS.tokens(text)).decode() == " " + text


def test_unknown_characters_are_bytes():
    tokens = WORDS.tokens("é")
    assert [core for core, _ in tokens] == list("é".encode()) and all(
        core < BYTES for core, _ in tokens
    )
    assert [WORDS.spaced(token) for token in tokens] == [True, False]


@pytest.mark.parametrize("text", ["ferry", "Ferry's,", "(EU)", "...", "", "ΣΊΣΥΦΟΣ", "ſ"])
def test_readings_write_the_text_again(text):
    found = readings(text, glued=False)
    assert found and all(form.write(core) == text and core == core.lower() for core, form in found)


@pytest.mark.parametrize("text", ["aTheB", "İstanbul"])
def test_mixed_case_has_no_reading(text):
    assert readings(text, glued=False) == []


def test_vocabulary_file_is_read_again_and_damage_is_named(tmp_path):
    path = tmp_path / "words.json"
    WORDS.save(path)
    assert Words.load(path) == WORDS
    damages = {
        "[1]": "cannot be read",
        '{"cores": [], "forms": []}': "lacks the form",
        '{"cores": 3}': "cannot be read",
    }
    for damage, message in damages.items():
        path.write_text(damage)
        with pytest.raises(ModelError, match=message):
            Words.load(path)
    with pytest.raises(ModelError, match="none.json cannot be read"):
        Words.load(tmp_path / "none.json")


def test_the_length_tells_the_number_of_tokens():
    cases = [
        (tokens, words)
        for tokens in range(1, MAX_TOKENS + 1)
        for words in {1, tokens // 2, tokens - 3, tokens}
        if words > 0
    ]
    for tokens, words in cases:
        length = length_of(tokens, words)
        assert tokens_of(length) == tokens and 5 * tokens <= length <= min(8 * tokens, MAX_LENGTH)
    assert all(length_of(tokens, tokens) == 8 * tokens for tokens in (1, 20, MAX_TOKENS))


def test_further_tokens_cost_no_further_symbols():
    assert [length_of(18 + extra, 18) for extra in range(9)] == [
        144,
        143,
        142,
        141,
        140,
        139,
        138,
        137,
        145,
    ]


def test_other_lengths_are_refused():
    known = {length_of(tokens, words) for tokens in range(1, 60) for words in range(1, tokens + 1)}
    for length in set(range(0, 300)) - known:
        with pytest.raises(FrameError, match=f"frame has {length} symbols"):
            tokens_of(length)
    with pytest.raises(FrameError, match="4095"):
        tokens_of(MAX_LENGTH)


@pytest.mark.parametrize(("tokens", "length"), [(1, 8), (20, 157), (23, 140), (64, 512)])
def test_slots_are_distinct_and_shared_evenly(tokens, length):
    token, index = slots(tokens, length)
    assert len(set(zip(token.tolist(), index.tolist()))) == length
    counts = np.bincount(token, minlength=tokens)
    assert counts.max() - counts.min() <= 1 and counts.max() <= 8
    assert np.all(np.diff(index) >= 0)  # first the first symbols of all tokens
