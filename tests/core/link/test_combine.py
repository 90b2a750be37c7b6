# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Combining of copies: the noise it leaves, erasures, and telling copies from other messages."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
import pytest

from semcom_core.combining import combine, same_message, same_symbols
from semcom_core.errors import FrameError
from semcom_core.text import load_codec
from tests.core.link.round_codec import frame_of


def test_noise_of_the_combination_is_what_it_says(message, heard):
    (sent,) = message(length=4000)
    rng = np.random.default_rng(3)
    variances = [0.5, 1.0, 2.0]
    whole = functools.reduce(combine, [heard(sent, v, rng) for v in variances])
    assert whole.noise_var == pytest.approx(np.full(4000, 1 / 3.5), rel=1e-6)
    measured = np.mean(np.abs(whole.symbols - sent.symbols) ** 2)
    assert measured == pytest.approx(
        1 / 3.5, rel=4 / np.sqrt(4000)
    )  # 4 sigma of a mean of 4,000 exponentials
    assert whole.snr_db == pytest.approx(10 * np.log10(3.5), abs=1e-6)


def test_order_does_not_matter(message, heard):
    a, b, c = (
        heard(message()[0], v, np.random.default_rng(i)) for i, v in enumerate([0.1, 0.7, 3.0])
    )
    left, right = combine(combine(a, b), c), combine(a, combine(c, b))
    assert np.allclose(left.symbols, right.symbols, atol=1e-6)
    assert np.allclose(left.noise_var, right.noise_var, rtol=1e-6)


def test_erased_symbols_are_neutral(message, heard):
    a, b = (heard(message()[0], 0.2, np.random.default_rng(i)) for i in range(2))
    for frame, erased in ((a, [0, 1, 2]), (b, [2, 3])):
        frame.symbols[erased], frame.noise_var[erased] = 0, np.inf
    whole = combine(a, b)
    assert np.allclose(whole.symbols[:2], b.symbols[:2]) and whole.symbols[3] == pytest.approx(
        a.symbols[3]
    )
    assert (whole.symbols[2], whole.noise_var[2]) == (0, np.inf)
    assert whole.noise_var[:5] == pytest.approx([0.2, 0.2, np.inf, 0.2, 0.1])


def test_what_makes_no_sense_counts_as_erased(message, heard):
    a, b = (heard(message()[0], 0.2, np.random.default_rng(i)) for i in range(2))
    a.symbols[0], a.symbols[1], a.noise_var[2], a.noise_var[3] = np.nan, np.inf, np.nan, -1
    whole = combine(replace(a, snr_db=1e6), b)
    assert np.allclose(whole.symbols[:4], b.symbols[:4])
    assert np.isfinite(whole.symbols).all() and np.isfinite(whole.noise_var).all()


def test_noise_free_copies(message, heard):
    frame = heard(message()[0])
    clean = replace(frame, symbols=message()[0].symbols, noise_var=np.zeros(100, np.float32))
    assert np.allclose(combine(clean, frame).symbols, clean.symbols, atol=1e-6)


def test_frames_of_different_fragments_are_refused(message, heard):
    first, second = map(heard, message(fragments=2))
    with pytest.raises(FrameError, match="one is allowed"):
        combine(first, second)
    assert not same_symbols(first, second)


@pytest.mark.parametrize("snr_db", [-4, 0, 10, 30])
def test_copies_are_told_from_other_messages(snr_db, message, heard):
    rng, noise_var = np.random.default_rng(5), 10 ** (-snr_db / 10)
    right = wrong = 0
    for variant in range(200):
        first, other = (
            message(length=400, variant=variant)[0],
            message(length=400, variant=variant + 1)[0],
        )
        here = heard(first, noise_var, rng)
        right += same_symbols(here, heard(first, noise_var, rng))
        wrong += same_symbols(here, heard(other, noise_var, rng))
    assert (right, wrong) == (200, 0)  # at -4 dB the threshold is 4 sigma from either


def test_copies_are_known_where_the_noise_was_underestimated(message, heard):
    rng = np.random.default_rng(6)
    frames = [
        replace(heard(message()[0], 0.1, rng), noise_var=np.full(100, 0.01, np.float32))
        for _ in range(2)
    ]
    assert same_symbols(*frames)


def test_too_few_symbols_pass_for_the_same(message, heard):
    assert same_symbols(heard(message(length=5)[0]), heard(message(length=5, variant=1)[0]))


def test_two_copies_decode_where_one_does_not(heard):
    codec, rng = load_codec("deflate"), np.random.default_rng(8)
    text = "Neither copy of this sentence can be decoded alone, both together can."
    (sent,) = codec.encode(text, snr_db=6.0)
    copies = [
        heard(sent, 10 ** (-0.4), rng) for _ in range(2)
    ]  # 4 dB: 2 dB too little; together 7 dB
    assert [codec.decode([copy]).decoded for copy in copies] == [False, False]
    together = codec.decode([combine(*copies)])
    assert (together.text, together.decoded) == (text, True)


def test_rounds_of_a_message_are_no_copies_and_yet_of_one_message(heard):
    first, more, other = heard(frame_of()), heard(frame_of(round=1)), heard(frame_of(variant=1))
    assert same_message(first, more) and same_message(more, first)
    assert not same_symbols(first, more)
    assert not same_message(first, other), "the same round of another message"
    assert not same_message(first, heard(frame_of(fragments=2, round=1)))
    assert not same_message(first, replace(first, header=replace(first.header, codec=2)))
    with pytest.raises(FrameError, match="one is allowed"):
        combine(first, more)
