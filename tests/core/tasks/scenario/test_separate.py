# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Separate coding of sentences: Huffman code of words, polar code without CRC, choice of links."""

from __future__ import annotations

import numpy as np
import pytest

from semcom_core.datasets.stories import TASKS, generate_story
from semcom_core.errors import FrameError
from semcom_core.metrics.limits import normal_error_rate
from semcom_core.tasks.scenario.separate import (
    SeparateCoder,
    ShortLink,
    WordHuffman,
    _error_rate,
    best_link,
)

TEXTS = [
    line.text
    for task in TASKS
    for seed in range(20)
    for line in generate_story(task, np.random.default_rng(seed)).lines
]


@pytest.mark.parametrize("order", [0, 1])
def test_sentences_come_back_word_by_word(order):
    code = WordHuffman(TEXTS, order)
    for text in [*TEXTS[:50], "Zoe found a 12 at Müller there.", "Anna"]:
        bits = code.encode(text)
        words = text.replace(".", "").replace("?", "").split()
        assert code.decode(bits).split() == words


def test_frequent_words_are_short_and_order_one_is_shorter():
    first, second = (WordHuffman(TEXTS, order) for order in (0, 1))
    assert len(first.encode("the")) < len(first.encode("radio"))
    lengths = [np.mean([len(code.encode(text)) for text in TEXTS]) for code in (first, second)]
    assert lengths[1] < 0.7 * lengths[0] < 25


def test_code_words_satisfy_kraft_with_equality():
    code = WordHuffman(["a a a b b c", "d"])
    table, symbols = code._codes[""]
    assert sum(2.0 ** -len(bits) for bits in symbols) == 1.0
    assert len(table["a"]) <= len(table["b"]) <= len(table["d"])


def test_damaged_bits_give_some_text():
    code = WordHuffman(TEXTS)
    rng = np.random.default_rng(1)
    for length in (0, 1, 7, 90):
        text = code.decode(rng.integers(0, 2, length, np.uint8))
        assert isinstance(text, str) and len(text.split()) <= 17


@pytest.mark.parametrize("text", ["", "?!"])
def test_a_message_without_words_is_refused(text):
    with pytest.raises(FrameError, match="allowed is one with a word"):
        WordHuffman(TEXTS).encode(text)


@pytest.mark.parametrize("modulation", ["qpsk", "16qam", "64qam"])
@pytest.mark.parametrize("count", [1, 6, 18, 32])
def test_links_carry_bits_without_noise(modulation, count):
    link = ShortLink(modulation)
    rng = np.random.default_rng(count)
    for _ in range(5):
        bits = rng.integers(0, 2, count, np.uint8)
        symbols = link.encode(bits)
        assert symbols.shape == (16,)
        assert np.array_equal(link.decode(symbols, np.full(16, 1e-3), count), bits)


def test_the_code_is_near_the_finite_blocklength_limit():
    # 200 messages: the standard error of a rate of 0.03 is 0.012
    rate = _error_rate(ShortLink("qpsk"), 18, 5.0)
    assert rate < 0.08
    assert normal_error_rate(18, 16, 5.0) < rate + 0.02


def test_the_best_link_fits_and_dense_messages_get_a_denser_one():
    assert best_link(12, 0.0).modulation == "qpsk"
    assert best_link(40, 0.0).coded_bits >= 40
    with pytest.raises(FrameError, match="allowed in 16 uses is up to 96"):
        best_link(97, 6.0)


def test_an_erased_message_is_decoded_to_something():
    coder = SeparateCoder(TEXTS)
    symbols, count = coder.encode(TEXTS[0], 6.0)
    found = coder.decode(np.zeros_like(symbols), np.full(16, np.inf), count, 6.0)
    assert isinstance(found, str)
    clean = coder.decode(symbols, np.full(16, 0.01), count, 6.0)
    assert clean == TEXTS[0].rstrip(".?")
