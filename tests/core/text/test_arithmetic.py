# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The arithmetic coder: what goes in comes out, at the length that information theory allows."""

from __future__ import annotations

import math

import numpy as np
import pytest

from semcom_core.entropy.arithmetic import SLACK, ArithmeticDecoder, ArithmeticEncoder


def shares(counts):
    """(start, count, total) of each symbol."""
    ends = np.cumsum(counts)
    return [(int(end - count), int(count), int(ends[-1])) for end, count in zip(ends, counts)]


def encoded(table, symbols) -> np.ndarray:
    encoder = ArithmeticEncoder()
    for symbol in symbols:
        encoder.add(*table[symbol])
    return encoder.finish()


def decoded(table, bits, count) -> list[int]:
    decoder, found = ArithmeticDecoder(bits), []
    for _ in range(count):
        target = decoder.target(table[0][2])
        found.append(
            next(i for i, (start, width, _) in enumerate(table) if start <= target < start + width)
        )
        decoder.take(*table[found[-1]])
    return found


@pytest.mark.parametrize("total", [2**10, 2**32, 3 * 2**32 + 7])
@pytest.mark.parametrize("skew", [0.0, 3.0, 20.0])
def test_round_trip_at_the_length_of_the_information(total, skew):
    rng = np.random.default_rng(int(skew))
    weights = np.exp(-skew * np.linspace(0, 1, 40))
    counts = np.maximum(1, total * weights / weights.sum()).astype(np.int64)
    table, symbols = shares(counts), rng.choice(40, 400, p=counts / counts.sum())
    bits = encoded(table, symbols)
    information = sum(math.log2(table[s][2] / table[s][1]) for s in symbols)
    assert decoded(table, bits, 400) == symbols.tolist()
    assert information - SLACK - 1 <= len(bits) <= information + 1


def test_zeros_after_the_stream_change_nothing():
    table = shares([5, 1, 9])
    bits = encoded(table, [1, 1, 2, 0, 2, 1])
    assert decoded(table, np.concatenate([bits, np.zeros(9, np.uint8)]), 6) == [1, 1, 2, 0, 2, 1]


def test_a_carry_runs_through_the_whole_stream():
    # The interval hugs 1/2 from below, then a last symbol moves its lower end onto it: 0111…
    # becomes 1000….
    table = [(0, 2**31, 2**32), (2**31, 2**31 - 1, 2**32), (2**32 - 1, 1, 2**32)]
    symbols = [0, 2, 2, 2, 2, 1]
    assert decoded(table, encoded(table, symbols), 6) == symbols


def test_symbols_that_are_certain_cost_nothing():
    assert encoded([(0, 7, 7)], [0] * 1000).size == 0
    assert decoded([(0, 7, 7)], np.zeros(0, np.uint8), 5) == [0] * 5


def test_rarest_symbols_of_a_large_total():
    table = shares([2**40 - 2, 1, 1])
    bits = encoded(table, [2, 1] * 20)
    assert decoded(table, bits, 40) == [2, 1] * 20
    assert len(bits) <= 40 * 40 + 1


def test_information_is_known_on_the_way():
    encoder, table = ArithmeticEncoder(), shares([1, 7])
    for symbol in range(10):
        assert encoder.information == 3 * symbol
        encoder.add(*table[0])


def test_any_bits_decode_to_something():
    table, rng = shares([3, 0, 1, 4]), np.random.default_rng(4)
    for _ in range(50):
        found = decoded(table, rng.integers(0, 2, 30, dtype=np.uint8), 40)
        assert 1 not in found
