# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which bits of a polar code word are sent, and which inputs of the polar transform carry the message.

The transform has N = 2^n inputs and outputs. Outputs are repeated, or some are left out: from the front where the rate is low
(punctured: the receiver knows nothing of them), from the end where it is high (shortened: inputs are frozen so that they are 0).

Source: 3GPP TS 38.212 §5.3.1 (code length, frozen inputs of punctured outputs) and §5.4.1 (sub-block interleaver, bit selection,
triangular interleaver). The order of the inputs by reliability is the polarisation weight of G. He et al., "Beta-expansion: a theoretical
framework for fast and recursive construction of polar codes", GLOBECOM 2017, which the table of the standard was derived from; N may be
larger than the standard's 1,024.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from semcom_core.errors import ConfigError

MIN_STAGES, MAX_STAGES = 5, 11
#: Up to this rate outputs are punctured, beyond it shortened.
_PUNCTURED_RATE = 7 / 16
#: A code word this little longer than 2^n, at a rate below _REPEATED_RATE, is one of length 2^n with a few bits repeated.
_REPEATED_EXCESS, _REPEATED_RATE = 9 / 8, 9 / 16
_SUB_BLOCKS = np.array(
    [0, 1, 2, 4, 3, 5, 6, 7, 8, 16, 9, 17, 10, 18, 11, 19, 12, 20, 13, 21, 14, 22, 15, 23, 24, 25, 26, 28, 27, 29, 30, 31]
)
_BETA = 2**0.25


@dataclass(frozen=True)
class PolarMatch:
    """How one polar code is cut to length.

    Args:
        size: N, inputs of the transform.
        message: bool (N,), inputs that carry message bits; the others are frozen to 0.
        sent: int (coded bits,), output that each coded bit repeats, in the order before the interleaver.
        known: int, outputs that are not sent and known to be 0.
    """

    size: int
    message: np.ndarray
    sent: np.ndarray
    known: np.ndarray


def stages(message_bits: int, coded_bits: int) -> int:
    """log2 of the transform's size.

    Raises:
        ConfigError: more message bits than coded bits, or than the largest transform has inputs.
    """
    most = min(coded_bits, 2**MAX_STAGES)
    if not 1 <= message_bits <= most:
        raise ConfigError(f"polar message of {message_bits} bits (CRC included) in {coded_bits} coded bits; allowed is 1 to {most}")
    found = max(MIN_STAGES, math.ceil(math.log2(coded_bits)))
    if coded_bits <= _REPEATED_EXCESS * 2 ** (found - 1) and message_bits / coded_bits < _REPEATED_RATE:
        found -= 1
    return max(MIN_STAGES, min(found, MAX_STAGES), math.ceil(math.log2(message_bits)))


@lru_cache(maxsize=256)
def polar_match(message_bits: int, coded_bits: int) -> PolarMatch:
    """The cut of `message_bits` bits (CRC included) into `coded_bits` bits (see stages for what is refused)."""
    size = 2 ** stages(message_bits, coded_bits)
    order = _sub_block_order(size)
    frozen = np.zeros(size, bool)
    sent, known = order[np.arange(coded_bits) % size], order[:0]
    if coded_bits < size and message_bits / coded_bits <= _PUNCTURED_RATE:
        sent = order[size - coded_bits :]
        frozen[order[: size - coded_bits]] = True
        frozen[: _punctured_front(size, coded_bits)] = True
    elif coded_bits < size:
        known = order[coded_bits:]
        frozen[known] = True
    weights = np.where(frozen, -1.0, _weights(size))
    message = np.zeros(size, bool)
    message[np.argsort(-weights, kind="stable")[:message_bits]] = True
    return PolarMatch(size, message, sent, known)


@lru_cache(maxsize=256)
def triangle(coded_bits: int) -> np.ndarray:
    """Order in which the triangular interleaver sends coded bits, int (coded_bits,): written by rows, read by columns."""
    side = math.ceil((math.sqrt(8 * coded_bits + 1) - 1) / 2)
    row, column = np.indices((side, side))
    starts = row * side - row * (row - 1) // 2
    place = np.where(column < side - row, starts + column, coded_bits)
    order = place.T.ravel()
    return order[order < coded_bits]


def _weights(size: int) -> np.ndarray:
    """Polarisation weight of each input: the sum of beta^j over the ones of its number, float (size,)."""
    inputs = np.arange(size)
    return sum(((inputs >> j & 1) * _BETA**j for j in range(size.bit_length() - 1)), np.zeros(size))


def _sub_block_order(size: int) -> np.ndarray:
    """Outputs in the order of the circular buffer, int (size,)."""
    outputs = np.arange(size)
    width = size // len(_SUB_BLOCKS)
    return _SUB_BLOCKS[outputs // width] * width + outputs % width


def _punctured_front(size: int, coded_bits: int) -> int:
    """How many of the first inputs learn too little from what is left of their outputs."""
    if coded_bits >= 3 * size / 4:
        return max(0, math.ceil(3 * size / 4 - coded_bits / 2))
    return max(0, math.ceil(9 * size / 16 - coded_bits / 4))
