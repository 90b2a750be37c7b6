# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The counter that streams are tested with: exact through 12 bits, and each break is seen once."""

from __future__ import annotations

import numpy as np
import pytest

from semcom_core.bench.radio.rows import PERIOD, breaks, counter, numbers


def test_a_sample_says_which_one_it_is():
    first = PERIOD - 1000
    assert np.array_equal(numbers(counter(first, 3000)), np.arange(first, first + 3000) % PERIOD)


def test_converters_of_12_and_16_bits_leave_it_exact():
    sent = counter(0, PERIOD)
    assert np.abs(sent.view(np.float32)).max() <= 0.5
    twelve = (
        (np.rint(sent.view(np.float32) * 2048).astype(np.int16) / 2048)
        .astype(np.float32)
        .view(np.complex64)
    )
    assert np.array_equal(numbers(twelve), np.arange(PERIOD))


@pytest.mark.parametrize(
    "change, expected",
    [
        (lambda x: x, 0),
        (lambda x: np.delete(x, 500), 1),
        (lambda x: np.delete(x, slice(300, 700)), 1),
        (lambda x: np.insert(x, 500, np.zeros(200)), 1),
        (lambda x: np.concatenate([x[:500], x[400:]]), 1),
        (lambda x: np.delete(x, [100, 900]), 2),
    ],
)
def test_breaks_are_counted(change, expected):
    samples = change(counter(5000, 1000)).astype(np.complex64)
    assert breaks(samples, None)[0] == expected


def test_breaks_between_pieces_are_counted_too():
    first, second = counter(0, 100), counter(150, 100)
    found, last = breaks(first, None)
    assert (found, last) == (0, 99)
    assert breaks(second, last) == (1, 249)
    assert breaks(counter(100, 50), last) == (0, 149)
