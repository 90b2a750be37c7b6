# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Huffman code over bytes, and what the codec spends by it."""

from __future__ import annotations

import math
import os
from pathlib import Path

import numpy as np
import pytest

from semcom_core.channel import parse_channel
from semcom_core.datasets.corpus import is_test
from semcom_core.simulation import transmit_symbols as receive
from semcom_core.text import load_codec
from semcom_core.text.baselines.huffman import (
    END,
    HuffmanCode,
    code_lengths,
    count_bytes,
    shipped_code,
)

SENTENCES = [
    "The harbour office closes at six, but the night ferry still sells tickets on board.",
    "Please check the second pump before you start the engine again, because it was leaking "
    "yesterday.",
    "Nobody in the village had seen such a flood, and the old bridge did not survive the night.",
]


def test_lengths_of_a_known_example():
    # 5 symbols of 15, 7, 6, 6, 5: the textbook code has lengths 1, 3, 3, 3, 3.
    assert code_lengths(np.array([15, 7, 6, 6, 5])) == [1, 3, 3, 3, 3]


def test_code_is_complete_and_within_a_bit_of_the_entropy():
    counts = np.random.default_rng(1).integers(0, 10_000, 257) ** 2
    lengths = np.array(code_lengths(counts))
    shares = np.maximum(counts, 1) / np.maximum(counts, 1).sum()
    entropy = -(shares * np.log2(shares)).sum()
    assert math.fsum(0.5**lengths) == 1
    assert entropy <= (shares * lengths).sum() < entropy + 1


def test_counts_of_bytes_and_ends():
    counts = count_bytes(["abba", "ü"])
    assert (
        counts[ord("a")],
        counts[ord("b")],
        counts[0xC3],
        counts[0xBC],
        counts[END],
        counts.sum(),
    ) == (2, 2, 1, 1, 2, 8)


@pytest.mark.parametrize("text", ["", "Good morning.", "Grüße 😀🎉 — 漢字", "\0\x7f\x80\xff"])
def test_round_trip_with_zeros_after_the_end(text):
    bits = shipped_code().encode(text)
    assert shipped_code().decode(bits) == (text, True)
    assert shipped_code().decode(np.concatenate([bits, np.zeros(11, np.uint8)])) == (text, True)
    assert shipped_code().decode(np.concatenate([bits, np.ones(1, np.uint8)])) == (text, False)


def test_a_cut_stream_gives_what_precedes_the_cut():
    bits = shipped_code().encode(SENTENCES[0])
    text, whole = shipped_code().decode(bits[: len(bits) // 2])
    assert not whole and SENTENCES[0].startswith(text) and len(text) > 30


def test_bytes_that_are_no_text_are_marked():
    code = HuffmanCode(np.ones(257, np.int64))
    words = {symbol: code.encode(chr(symbol))[: -len(code.encode(""))] for symbol in (65, 66)}
    continuation = code.encode("ü")[len(words[65]) : 2 * len(words[65])]  # its second byte alone
    text, whole = code.decode(np.concatenate([words[65], continuation, words[66], code.encode("")]))
    assert (
        not whole
        and text.startswith("A")
        and text.endswith("B")
        and "\N{REPLACEMENT CHARACTER}" in text
    )


def test_english_takes_less_than_by_deflate():
    huffman, deflate = load_codec("huffman"), load_codec("deflate")
    bits = [sum(codec.source_bits(text) for text in SENTENCES) for codec in (huffman, deflate)]
    assert bits[0] < 0.8 * bits[1]
    assert bits[0] / sum(map(len, SENTENCES)) == pytest.approx(
        4.45, abs=0.2
    )  # bits a character, ends included


# Measured over 200 Europarl sentences with efficiency 0.77: all exact. 60 trials at 0.97 lose more
# than 7 with p < 1e-3.
@pytest.mark.parametrize("snr_db", [0.0, 12.0])
def test_exact_over_awgn(snr_db):
    codec, rng, channel = (
        load_codec("huffman", efficiency=0.77),
        np.random.default_rng(3),
        parse_channel(f"awgn:{snr_db:g}"),
    )
    exact = 0
    for text in SENTENCES * 20:
        got = codec.decode([receive(frame, channel, rng) for frame in codec.encode(text, snr_db)])
        assert got.decoded == (got.text == text)
        exact += got.decoded
    assert exact >= 53


@pytest.mark.skipif(
    "SEMCOM_DATA" not in os.environ, reason="SEMCOM_DATA does not name the data folder"
)
def test_the_shipped_counts_are_those_of_the_training_part():
    lines = (
        (Path(os.environ["SEMCOM_DATA"]) / "text" / "europarl_en.txt")
        .read_text(encoding="utf-8")
        .splitlines()
    )
    counts = count_bytes(
        line.strip() for line in lines if line.strip() and not is_test(line.strip())
    )
    sentence = "Mr President, I should like to thank the Commission for its report (1999/2005)."
    assert (HuffmanCode(counts).encode(sentence) == shipped_code().encode(sentence)).all()
