# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sentences for the benches: split, choice and errors."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest

from semcom_core.datasets.corpus import (
    CORPORA,
    Message,
    data_file,
    is_test,
    messages,
    sentences,
    shipped_sentences,
    word_range,
)
from semcom_core.errors import ConfigError

LINES = [
    f"{word} sentence number {i} of the file" for i in range(150) for word in ("first", "second")
]


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text("\n".join(["", " two words ", *LINES, LINES[0]]) + "\n", encoding="utf-8")
    return path


def draw(path, split="all", words=(1, 99), limit=1000, seed=1):
    return sentences(path, split, words, limit, np.random.default_rng(seed))


def test_the_split_is_by_the_hash_of_the_lower_case_letters():
    for text, letters in (("Abc, 12 d!", "abcd"), ("", ""), ("Größe", "gre")):
        expected = int(hashlib.sha256(letters.encode()).hexdigest()[:8], 16) % 10 == 0
        assert is_test(text) == expected
    assert is_test("The  CAT 7.") == is_test("thecat")
    # 0.1 +- 0.0094 (one standard deviation) of 1,000 different sentences; four of them.
    share = np.mean(
        [
            is_test(f"{chr(97 + i % 26)}{chr(97 + i // 26 % 26)}{'x' * (i // 676)}")
            for i in range(1000)
        ]
    )
    assert share == pytest.approx(0.1, abs=0.038)


def test_the_parts_are_the_whole_without_overlap(corpus):
    (corpus.parent / "words.txt").write_text(
        "\n".join(f"{a}{b} said so" for a in "abcdefghij" for b in "klmnopqrstu"), encoding="utf-8"
    )
    parts = {
        split: set(draw(corpus.parent / "words.txt", split)) for split in ("train", "test", "all")
    }
    assert parts["train"] | parts["test"] == parts["all"] and not parts["train"] & parts["test"]
    assert parts["test"] and len(parts["all"]) == 110


def test_repeated_and_empty_lines_and_other_lengths_are_left_out(corpus):
    found = draw(corpus, words=(7, 7))
    assert sorted(found) == sorted(LINES)
    assert draw(corpus, words=(1, 6)) == ["two words"]


def test_the_sample_is_random_and_seeded(corpus):
    first, again, other = (
        draw(corpus, limit=20),
        draw(corpus, limit=20),
        draw(corpus, limit=20, seed=2),
    )
    assert first == again and len(first) == 20
    assert set(first) != set(other) and set(first) <= {*LINES, "two words"}
    assert first != sorted(first)


@pytest.mark.parametrize(("text", "words"), [("5:30", (5, 30)), ("1:1", (1, 1)), ("0:9", (0, 9))])
def test_word_range(text, words):
    assert word_range(text) == words


@pytest.mark.parametrize("text", ["", "5", "30:5", "5-30", "a:b", "-1:3", "5:30:60", "5:"])
def test_bad_word_ranges_are_refused(text):
    with pytest.raises(ConfigError, match="allowed is SMALLEST:LARGEST, such as 5:30"):
        word_range(text)


def test_data_is_a_file_or_a_folder_or_the_variables(tmp_path, monkeypatch):
    (tmp_path / "text").mkdir()
    path = tmp_path / "text" / "europarl_en.txt"
    path.write_text("a line\n", encoding="utf-8")
    assert (
        data_file(str(path))
        == data_file(str(tmp_path))
        == data_file(str(tmp_path / "text"))
        == path
    )
    monkeypatch.setenv("SEMCOM_DATA", str(tmp_path))
    assert data_file(None) == path


def test_missing_data_is_refused(tmp_path, monkeypatch):
    monkeypatch.delenv("SEMCOM_DATA", raising=False)
    with pytest.raises(
        ConfigError,
        match=r"no data: name a file of one sentence a line with --data, or .* \$SEMCOM_DATA",
    ):
        data_file(None)
    with pytest.raises(
        ConfigError,
        match=r"data is '.*nothing'; allowed is a file of one sentence a line, or a folder",
    ):
        data_file(str(tmp_path / "nothing"))


def test_unknown_splits_and_empty_parts_are_refused(corpus):
    with pytest.raises(ConfigError, match="split is 'dev'; allowed is one of all, test, train"):
        draw(corpus, "dev")
    with pytest.raises(ConfigError, match="has no sentence of 50 to 60 words in its test part"):
        draw(corpus, "test", (50, 60))


def test_a_corpus_is_a_name_below_the_data_folder_or_a_file(tmp_path):
    (tmp_path / "text").mkdir()
    for name in CORPORA.values():
        (tmp_path / "text" / name).write_text("a line\n", encoding="utf-8")
    assert {data_file(str(tmp_path), corpus) for corpus in CORPORA} == {
        tmp_path / "text" / name for name in CORPORA.values()
    }
    assert (
        data_file(None, str(tmp_path / "text" / "sms_ham.txt")) == tmp_path / "text" / "sms_ham.txt"
    )
    with pytest.raises(
        ConfigError,
        match="corpus is 'mails'; allowed is one of captions, dialogue, europarl, sms, tatoeba, or "
        "a file",
    ):
        data_file(str(tmp_path), "mails")


def test_lines_come_with_the_lines_before_them(tmp_path):
    path = tmp_path / "lines.txt"
    path.write_text("one\n\ntwo\nthree\ntwo\nfour\n", encoding="utf-8")
    found = messages(path, "all", (1, 9), 9, np.random.default_rng(1), context=2)
    expected = [
        ("one", ()),
        ("two", ("one",)),
        ("three", ("one", "two")),
        ("four", ("three", "two")),
    ]
    assert {(m.text, m.context) for m in found} == set(expected)
    assert Message("d", ("a", "b", "c")).after(2) == Message("d", ("b", "c"))
    assert Message("d", ("a",)).after(0) == Message("d") and Message("d", ("a",)).after(
        5
    ) == Message("d", ("a",))


def test_a_dialogue_is_in_one_part_as_a_whole(tmp_path):
    path = tmp_path / "talks.jsonl"
    talks = [[f"question {chr(97 + n)} {i}?" for i in range(3)] for n in range(26)]
    path.write_text(
        "\n".join(json.dumps({"topic": 1, "utterances": talk}) for talk in talks), encoding="utf-8"
    )
    test = {
        m.text: m.context
        for m in messages(path, "test", (1, 9), 999, np.random.default_rng(1), context=1)
    }
    whole = [talk for talk in talks if is_test("".join(talk))]
    assert whole and set(test) == {text for talk in whole for text in talk}
    assert all(test[talk[0]] == () and test[talk[2]] == (talk[1],) for talk in whole)


def test_captions_are_what_follows_the_tab(tmp_path):
    path = tmp_path / "captions.tsv"
    path.write_text("1.jpg\tA cat sits.\n2.jpg\tA dog runs.\n", encoding="utf-8")
    assert sorted(draw(path)) == ["A cat sits.", "A dog runs."]


@pytest.mark.parametrize("line", ["{}", "[1]", '{"utterances": [1]}', "no json", "3"])
def test_dialogues_of_another_form_are_refused(line, tmp_path):
    (tmp_path / "talks.jsonl").write_text(line, encoding="utf-8")
    with pytest.raises(
        ConfigError,
        match="talks.jsonl cannot be read; allowed is an object with a list of texts, "
        '"utterances", a line',
    ):
        draw(tmp_path / "talks.jsonl")


def test_a_file_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "data.bin").write_bytes(b"\xff\xfe\x00abc")
    with pytest.raises(ConfigError, match="data.bin cannot be read"):
        draw(tmp_path / "data.bin")


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one_is_refused(corpus, limit):
    with pytest.raises(ConfigError, match=f"limit is {limit}; allowed is 1"):
        draw(corpus, limit=limit)


def test_shipped_sentences_are_distinct_lines_of_text():
    found = shipped_sentences()
    assert len(set(found)) == len(found) >= 5 and all(
        line == line.strip() and len(line.split()) > 3 for line in found
    )
