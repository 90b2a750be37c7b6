# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Distribution matching and shaped QAM."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from semcom_core.errors import ConfigError
from semcom_core.fec import FecLink
from semcom_core.fec.shaped_qam import ConstantCompositionMatcher as Matcher
from semcom_core.fec.shaped_qam import ShapedBlock, ShapedLink, distribution
from semcom_core.units import complex_noise

MODES = [(2, 0.7, 1.6), (3, 0.8, 2.4), (4, 0.85, 4.2), (5, 0.9, 6.5)]


def bits_of(number: int, count: int) -> np.ndarray:
    return (number >> np.arange(count - 1, -1, -1) & 1).astype(np.uint8)


@pytest.mark.parametrize("counts", [(5, 3), (2, 2, 2), (1, 0, 4), (6,), (3, 1, 1, 1)])
def test_matcher_numbers_the_sequences_of_its_composition_in_order(counts):
    matcher = Matcher(counts)
    everything = sorted(set(itertools.permutations(np.repeat(np.arange(len(counts)), counts))))
    assert 2**matcher.bits <= len(everything) < 2 ** (matcher.bits + 1)
    for number in range(2**matcher.bits):
        bits = bits_of(number, matcher.bits)
        sequence = matcher.match(bits)
        assert tuple(sequence) == everything[number]
        assert np.array_equal(matcher.unmatch(sequence), bits)
    for sequence in everything[2**matcher.bits :]:
        assert matcher.unmatch(np.array(sequence)) is None


def test_matcher_of_a_long_block_loses_little_and_comes_back():
    counts = (1500, 700, 250, 50)
    matcher, shares = Matcher(counts), np.array(counts) / 2500
    entropy = -(shares * np.log2(shares)).sum()
    assert 0 < entropy - matcher.bits / 2500 < 0.01
    bits = np.random.default_rng(0).integers(0, 2, matcher.bits, dtype=np.uint8)
    sequence = matcher.match(bits)
    assert tuple(np.bincount(sequence)) == counts and np.array_equal(
        matcher.unmatch(sequence), bits
    )
    assert matcher.unmatch(np.where(sequence == 3, 0, sequence)) is None


def test_matcher_refuses_no_composition():
    for counts in ((), (0, 0), (3, -1)):
        with pytest.raises(ConfigError, match="composition"):
            Matcher(counts)


@pytest.mark.parametrize(("axis_bits", "entropy"), [(2, 0.4), (3, 1.5), (4, 2.9), (3, 2.0)])
def test_distribution_has_its_entropy_and_falls(axis_bits, entropy):
    shares = distribution(axis_bits, entropy)
    assert shares.sum() == pytest.approx(1) and -(shares * np.log2(shares)).sum() == pytest.approx(
        entropy, abs=1e-6
    )
    assert (np.diff(shares) <= 1e-12).all()


def test_neighbouring_levels_differ_in_one_bit():
    """Ratios of values at the levels themselves: from one to the next, one hard decision
    changes.
    """
    block = ShapedBlock((40, 30, 20, 10), info_bits=2 * 16 + 2 * 100 + 20, z=16)
    levels = np.concatenate([-block.levels[::-1], block.levels])
    values = np.resize(levels, 100)
    found = block.ratios(values, np.full(100, 1e-3), 40 * 16) < 0
    first, signs = block.hidden_bits, block.hidden_bits + 200
    labels = np.column_stack([found[first : first + 16].reshape(8, 2), found[signs : signs + 8]])
    assert (np.abs(np.diff(labels.astype(int), axis=0)).sum(axis=1) == 1).all()


@pytest.mark.parametrize(("axis_bits", "code_rate", "rate"), MODES)
def test_symbols_have_mean_power_1_and_the_message_comes_back(axis_bits, code_rate, rate):
    link = ShapedLink(5000, axis_bits, code_rate, rate)
    bits = np.random.default_rng(1).integers(0, 2, link.info_bits, dtype=np.uint8)
    symbols = link.encode(bits)
    assert np.mean(np.abs(symbols) ** 2) == pytest.approx(1, abs=1e-5)
    assert 0 < rate - (link.info_bits + 24) / 5000 < 0.06
    snr_db = 10 * np.log10(2**rate - 1) + 1.6
    noise = 10 ** (-snr_db / 10)
    decoded, ok = link.decode(symbols + complex_noise(5000, noise, np.random.default_rng(2)), noise)
    assert ok and np.array_equal(decoded, bits)


def test_needs_half_a_db_less_than_uniform_qam():
    """At 10 dB, 3.13 bits a use: shaped 64QAM arrives each of three times, uniform QAM of either
    size never.
    """
    noise, rng = 0.1, np.random.default_rng(3)
    shaped = ShapedLink(4900, 3, 0.85, 3.15)
    links = [
        shaped,
        *(FecLink(shaped.info_bits, 4900, modulation, "24A") for modulation in ("16qam", "64qam")),
    ]
    arrived = [0, 0, 0]
    for _ in range(3):
        bits = rng.integers(0, 2, shaped.info_bits, dtype=np.uint8)
        for i, link in enumerate(links):
            arrived[i] += link.decode(link.encode(bits) + complex_noise(4900, noise, rng), noise)[1]
    assert arrived == [3, 0, 0]


def test_a_message_of_zeros_is_sent_as_any_other():
    link = ShapedLink(3000, 3, 0.85, 3.2)
    symbols = link.encode(np.zeros(link.info_bits, np.uint8))
    assert abs(symbols.mean()) < 0.06  # 3000 symbols: 3 sigma is 0.055
    assert link.decode(symbols, 0.01)[1]


def test_lost_and_noisy_symbols_are_known_and_nothing_is_no_message():
    link, noise = ShapedLink(4000, 3, 0.85, 2.6), np.full(4000, 10**-1.1)
    bits = np.random.default_rng(1).integers(0, 2, link.info_bits, dtype=np.uint8)
    received = link.encode(bits) + complex_noise(4000, 10**-1.1, np.random.default_rng(2))
    received[::16], noise[::16] = 0, np.inf
    decoded, ok = link.decode(received, noise)
    assert ok and np.array_equal(decoded, bits)
    assert not link.decode(np.zeros(4000), np.full(4000, np.inf))[1]
    assert not link.decode(received[::-1], noise[::-1])[1]


def test_refuses_what_does_not_go_together():
    for arguments, what in (
        ((4000, 6, 0.85, 3.0), "axis_bits is 6"),
        ((20, 3, 0.85, 3.0), "uses is 20"),
        ((4000, 3, 0.99, 3.0), "code_rate is 0.99"),
        ((4000, 3, 0.85, 6.0), "rate is 6"),
        ((4000, 3, 0.6, 2.0), "code_rate is 0.6"),
    ):
        with pytest.raises(ConfigError, match=what):
            ShapedLink(*arguments)
    link = ShapedLink(4000, 3, 0.85, 3.0)
    with pytest.raises(ConfigError, match="message has shape"):
        link.encode(np.zeros(5, np.uint8))
    with pytest.raises(ConfigError, match="received symbols have shape"):
        link.decode(np.zeros(5), np.ones(5))
    with pytest.raises(ConfigError, match="negative or NaN"):
        link.decode(np.zeros(4000), np.full(4000, np.nan))
