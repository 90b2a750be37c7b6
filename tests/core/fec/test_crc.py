# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""CRCs against published check values."""

from __future__ import annotations

import numpy as np
import pytest

from semcom_core.errors import ConfigError
from semcom_core.fec.crc import POLYNOMIALS, attach_crc, check_crc, crc_bits

DIGITS = np.unpackbits(np.frombuffer(b"123456789", np.uint8))


def number(bits: np.ndarray) -> int:
    return int("".join(map(str, bits.tolist())), 2)


# Check values of the CRC catalogue: XMODEM, LTE-A, LTE-B.
@pytest.mark.parametrize(("name", "value"), [("16", 0x31C3), ("24A", 0xCDE703), ("24B", 0x23EF52)])
def test_catalogue_check_values(name, value):
    assert number(crc_bits(DIGITS, name)) == value


@pytest.mark.parametrize("name", sorted(POLYNOMIALS))
@pytest.mark.parametrize("length", [1, 7, 8, 101])
def test_remainder_by_long_division(name, length):
    bits = np.random.default_rng(length).integers(0, 2, length, dtype=np.uint8)
    polynomial, degree = POLYNOMIALS[name]
    value = number(bits) << degree
    while value.bit_length() > degree:
        value ^= ((1 << degree) | polynomial) << (value.bit_length() - degree - 1)
    assert number(crc_bits(bits, name)) == value


@pytest.mark.parametrize("name", sorted(POLYNOMIALS))
def test_any_single_error_is_found(name):
    bits = attach_crc(np.random.default_rng(1).integers(0, 2, 40, dtype=np.uint8), name)
    assert check_crc(bits, name)
    for position in range(bits.size):
        wrong = bits.copy()
        wrong[position] ^= 1
        assert not check_crc(wrong, name)


def test_unknown_name_is_refused():
    with pytest.raises(ConfigError, match="'32'.*24A"):
        crc_bits(DIGITS, "32")


def test_two_dimensions_are_refused():
    with pytest.raises(ConfigError, match="2 dimensions"):
        crc_bits(DIGITS.reshape(8, 9), "16")
