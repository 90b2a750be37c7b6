# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rate allocation of the token-spinal code: channel symbols in proportion to surprisal.

Budget of a token, in units of GRID = 1/4 bit, and its share of the channel symbols:

    u_i = round(-log2 p(t_i | t_1..t_{i-1}) / GRID) + delta / GRID
    token i ends at symbol ceil(alpha GRID (u_1 + ... + u_i))

Sender and receiver compute p with slightly different rounding. The grid makes the allocation
integer arithmetic at both ends; the decoder follows both roundings of a surprisal that lies within
AMBIGUITY bits of a decision boundary.

Symbols a bit of budget, alpha, at a sender that knows the SNR:

    alpha C = 1 + (1 / efficiency - 1 + GROWTH ln(B / SHORT)) (V / C) / (V0 / C0)
    C = log2(1 + snr),   V = 2 snr / (1 + snr) log2(e)^2,   C0, V0: both at 0 dB

The information density of a symbol has the mean C and the variance V. A sequential search goes
astray where a run of symbols takes the metric of the correct path below those of its rivals; the
distribution of the depth of such dips depends on the drift of the metric (the budget beyond
capacity) over V. So the margin grows with V / C (at 12 dB it is half of what it is at 0 dB), and
with the logarithm of the length of the message, in which a dip can be anywhere.

Source: V is the variance of the information density of a Gaussian codebook (Polyanskiy, Poor,
Verdu, "Channel coding rate in the finite blocklength regime", IEEE Trans. Inf. Theory 56, 2010);
the depth of the dips as in I. M. Jacobs, E. R. Berlekamp, "A lower bound to the distribution of
computation for sequential decoding", IEEE Trans. Inf. Theory 13, 1967.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from semcom_core.errors import check_number, check_range
from semcom_core.frame import HEADER_FIELDS
from semcom_core.units import capacity_bits, db_to_linear

#: Grid of the surprisal, bits.
GRID = 0.25
#: A receiver takes both roundings of a surprisal that is this close to a boundary, bits.
AMBIGUITY = 0.002
#: Number of rate indices, which travel in the header field "params".
RATE_INDICES = 2 ** HEADER_FIELDS["params"]
#: Symbols a bit at rate index 0, of a first transmission and of an increment.
_SLOWEST = 0.1525
_SLOWEST_INCREMENT = 0.03
#: Rate indices that double the symbols a bit.
_STEPS_PER_OCTAVE = 12
#: Fraction bits of the fixed-point rate, and what is added to it to round up.
_FIXED_POINT = 16
_ROUND_UP = 2**_FIXED_POINT - 1
#: Bits of a message up to which the margin is that of the efficiency, and its growth beyond
#: (fitted to decoding of messages of 464 bits).
SHORT = 100.0
GROWTH = 0.15

#: Grid units of one message or of several.
Units = TypeVar("Units", int, np.ndarray)


def surprisal_units(log2_prob: float) -> int:
    """Grid units of a surprisal, rounded to the nearest."""
    return _round_half_up(-log2_prob / GRID)


def alpha_for(snr_db: float, efficiency: float, bits: float) -> float:
    """Symbols a bit of budget, alpha, that a search of bounded effort can decode at an SNR.

    Args:
        snr_db: SNR, dB.
        efficiency: information bits a symbol over capacity, tail not counted, at 0 dB for a message
            of up to SHORT bits.
        bits: information of the message.

    Raises:
        ConfigError: snr_db is no number.
    """
    check_number("snr_db", snr_db)
    snr = float(db_to_linear(snr_db))
    capacity = float(capacity_bits(snr_db))
    spread = 2 * snr / (1 + snr) / capacity
    margin = 1 / efficiency - 1 + GROWTH * math.log(max(bits / SHORT, 1.0))
    return (1 + margin * spread) / capacity


def rate_index(alpha: float, round: int = 0) -> int:
    """The rate index that spends as nearly as possible `alpha` symbols a bit."""
    exact = _STEPS_PER_OCTAVE * math.log2(alpha / symbols_per_bit(0, round))
    return min(max(_round_half_up(exact), 0), RATE_INDICES - 1)


def symbols_per_bit(index: int, round: int = 0) -> float:
    """Alpha of a rate index: channel symbols for each bit of budget."""
    return (_SLOWEST if round == 0 else _SLOWEST_INCREMENT) * 2 ** (index / _STEPS_PER_OCTAVE)


@dataclass(frozen=True)
class Budget:
    """Symbol budget of one round of a fragment.

    Args:
        index: rate index, 0 to 63; it travels in the header.
        delta_bits: budget added to each token, bits, 0 to 4; part of what both ends agree on.
        tail_bits: budget of the tail, bits, 0 to 64.
        round: 0 for a first transmission, 1 to 3 for an increment.

    Raises:
        ConfigError: a value is out of range.
    """

    index: int
    delta_bits: float
    tail_bits: float
    round: int = 0

    def __post_init__(self) -> None:
        check_range("rate index", self.index, 0, RATE_INDICES - 1)
        check_range("delta_bits", self.delta_bits, 0, 4)
        check_range("tail_bits", self.tail_bits, 0, 64)

    @property
    def delta_units(self) -> int:
        """Grid units added to each token."""
        return _round_half_up(self.delta_bits / GRID)

    @property
    def fixed_rate(self) -> int:
        """Symbols a grid unit in 16-bit fixed point."""
        return _round_half_up(symbols_per_bit(self.index, self.round) * GRID * 2**_FIXED_POINT)

    @property
    def tail(self) -> int:
        """Symbols of the tail."""
        return self.position(_round_half_up(self.tail_bits / GRID))

    def position(self, units: Units) -> Units:
        """Symbols spent after `units` grid units; integer or int64 array."""
        return end_position(units, self.fixed_rate)


def end_position(units: Units, fixed_rate: int) -> Units:
    """Symbols spent after `units` grid units at a rate in 16-bit fixed point, rounded up."""
    return (units * fixed_rate + _ROUND_UP) >> _FIXED_POINT


def _round_half_up(value: float) -> int:
    """The nearest whole number; halves go up at both ends alike."""
    return math.floor(value + 0.5)
