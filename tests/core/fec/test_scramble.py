# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scrambling sequence."""

from __future__ import annotations

import numpy as np
import pytest

from semcom_core.errors import ConfigError
from semcom_core.fec.scrambling import gold_sequence


def bit_serial(count: int, seed: int) -> list[int]:
    """The definition, one bit at a time."""
    first, second = [1] + [0] * 30, [seed >> i & 1 for i in range(31)]
    for n in range(1600 + count):
        first.append(first[n + 3] ^ first[n])
        second.append(second[n + 3] ^ second[n + 2] ^ second[n + 1] ^ second[n])
    return [a ^ b for a, b in zip(first[1600:], second[1600:], strict=True)][:count]


@pytest.mark.parametrize("seed", [0, 1, 12345, 2**31 - 1])
@pytest.mark.parametrize("count", [0, 1, 28, 100])
def test_equals_the_definition(count, seed):
    assert gold_sequence(count, seed).tolist() == bit_serial(count, seed)


def test_is_balanced():
    # 10,000 fair bits have a mean within 0.5 +- 4 standard deviations of 0.005.
    assert abs(np.mean(gold_sequence(10_000)) - 0.5) < 0.02


@pytest.mark.parametrize("seed", [-1, 2**31])
def test_bad_seed_is_refused(seed):
    with pytest.raises(ConfigError, match="seed is"):
        gold_sequence(1, seed)
