# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cyclic redundancy checks of 5G NR on arrays of bits.

Source: 3GPP TS 38.212 §5.1 (generator polynomials, all-zero initial state, most significant bit
first).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from semcom_core.errors import ConfigError, check_choice

#: Generator polynomials without the leading term, and their degrees.
POLYNOMIALS = {
    "24A": (0x864CFB, 24),
    "24B": (0x800063, 24),
    "24C": (0xB2B117, 24),
    "16": (0x1021, 16),
    "11": (0x621, 11),
    "6": (0x21, 6),
}


def attach_crc(bits: np.ndarray, name: str) -> np.ndarray:
    """The bits, uint8 (n,), followed by their CRC."""
    return np.concatenate([bits.astype(np.uint8), crc_bits(bits, name)])


def check_crc(bits: np.ndarray, name: str) -> bool:
    """Whether the last crc_length(name) bits are the CRC of those before."""
    degree = crc_length(name)
    return bits.size >= degree and bool(
        np.array_equal(crc_bits(bits[:-degree], name), bits[-degree:])
    )


def crc_length(name: str) -> int:
    """Number of parity bits of a CRC.

    Raises:
        ConfigError: the name is unknown.
    """
    check_choice("CRC", name, POLYNOMIALS)
    return POLYNOMIALS[name][1]


def crc_bits(bits: np.ndarray, name: str) -> np.ndarray:
    """Parity bits of a bit sequence.

    Args:
        bits: uint8 (n,) of 0 and 1, first transmitted bit first.
        name: one of POLYNOMIALS.

    Returns:
        uint8 (crc_length(name),), most significant bit first.

    Raises:
        ConfigError: the name is unknown or the array is not one-dimensional.
    """
    degree = crc_length(name)
    if bits.ndim != 1:
        raise ConfigError(f"CRC input has {bits.ndim} dimensions; allowed is 1")
    # Zeros in front leave an all-zero register unchanged, so the sequence is padded to whole bytes
    # there.
    padded = np.concatenate([np.zeros(-bits.size % 8, np.uint8), bits.astype(np.uint8)])
    table = _table(name)
    register = 0
    mask = (1 << degree) - 1
    if degree < 8:
        return _short_crc(padded, name)
    for byte in np.packbits(padded).tolist():
        register = (register << 8 & mask) ^ table[(register >> (degree - 8)) ^ byte]
    return _to_bits(register, degree)


def _short_crc(bits: np.ndarray, name: str) -> np.ndarray:
    """Bit-serial division, for degrees below 8."""
    polynomial, degree = POLYNOMIALS[name]
    register = 0
    for bit in bits.tolist():
        feedback = register >> (degree - 1) ^ bit
        register = (register << 1) & ((1 << degree) - 1)
        register ^= polynomial * feedback
    return _to_bits(register, degree)


@lru_cache(maxsize=8)
def _table(name: str) -> tuple[int, ...]:
    """CRC register after each byte 0 to 255, from an all-zero register."""
    polynomial, degree = POLYNOMIALS[name]
    entries = []
    for byte in range(256):
        register = byte << degree
        for bit in range(7, -1, -1):
            if register >> (degree + bit) & 1:
                register ^= ((1 << degree) | polynomial) << bit
        entries.append(register)
    return tuple(entries)


def _to_bits(value: int, width: int) -> np.ndarray:
    return np.array([value >> i & 1 for i in range(width - 1, -1, -1)], np.uint8)
