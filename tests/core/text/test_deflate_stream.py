# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The deflate codec's byte stream, and its function from bytes to channel uses."""

from __future__ import annotations

import numpy as np
import pytest

from semcom_core.fec import mode_for_rate
from semcom_core.text.baselines.deflate import compress, decompress
from semcom_core.text.baselines.separate import RATES, LongRule

BYTES = LongRule(grain=8)
TEXT = " ".join(
    np.random.default_rng(0).choice(
        "pier rope harbour ferry gull lantern anchor tide the of and under".split(), 2000
    )
)


@pytest.mark.parametrize("params", [0, 31, 63])
def test_receiver_finds_the_size_from_the_uses(params):
    for size in [*range(1, 200), 999, 4000]:
        uses = BYTES.uses_of(8 * size, params)
        assert BYTES.bits_of(uses, params) == 8 * size
        assert BYTES.bits_of(uses - 1, params) == 8 * (size - 1)


def test_rates_fit_the_modulations_at_any_length():
    for params, rate in enumerate(RATES):
        for size in (1, 2, 10, 100, 60_000):
            bits = 8 * size + 16
            assert mode_for_rate(bits / BYTES.uses_of(8 * size, params)).rate < 1.15 * rate


def test_damaged_stream_keeps_what_precedes_the_damage():
    stream = compress(TEXT)
    half = stream[: len(stream) // 2]
    text, whole = decompress(half)
    assert not whole
    assert TEXT.startswith(text.rstrip("\N{REPLACEMENT CHARACTER}"))
    assert len(text) > 3000


def test_zeros_after_the_stream_are_ignored():
    assert decompress(compress("abc") + bytes(5)) == ("abc", True)


def test_any_bytes_are_a_guess_not_an_exception():
    rng = np.random.default_rng(5)
    verdicts = [decompress(rng.bytes(60))[1] for _ in range(300)]
    assert not all(verdicts)
