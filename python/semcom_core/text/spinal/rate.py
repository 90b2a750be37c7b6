# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many channel symbols each token gets: as many as it carries information.

    units_i = round(-log2 p_i / GRID) + DELTA        token i ends at symbol ceil(alpha * GRID *
    (units_1 + ... + units_i))

Sender and receiver compute p with slightly different rounding, so the surprisal is put on a coarse
grid, and a receiver counts a token that lies within AMBIGUITY bits of a grid boundary both ways.
All that follows is integer arithmetic.

How many channel symbols a bit of budget gets, at a sender that knows the SNR.

    alpha C = 1 + (1 / efficiency - 1 + GROWTH ln(B / SHORT)) (V / C) / (V0 / C0),       V = 2 snr /
    (1 + snr) log2(e)^2

The evidence of a symbol is C on average with the variance V. What leads a search astray is a run of
symbols that takes the right path below the wrong ones; how often it goes how deep depends on the
drift of the path, the budget beyond capacity, over V. So the margin grows with V / C (at 12 dB it
is half of what it is at 0 dB, V0 / C0), and with the logarithm of the length of the message, in
which such a run can be anywhere.

Source: V is the variance of the information density of a Gaussian codebook (Polyanskiy, Poor, Verdu
2010); the depth of the dips as in sequential decoding (Jacobs and Berlekamp, A lower bound to the
distribution of computation for sequential decoding, 1967).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from semcom_core.errors import check_range
from semcom_core.frame import HEADER_FIELDS
from semcom_core.units import capacity_bits, db_to_linear

#: Grid of the surprisal, bits.
GRID = 0.25
#: A receiver takes both roundings of a surprisal that is this close to a boundary, bits.
AMBIGUITY = 0.002
#: Symbols a bit at rate index 0, of a first transmission and of an increment, and indices that
#: double them.
_SLOWEST = 0.1525
_SLOWEST_INCREMENT = 0.03
_STEPS_PER_OCTAVE = 12
RATES = 2 ** HEADER_FIELDS["params"]
_FIXED_POINT = 16


def round_half_up(value: float) -> int:
    """The nearest whole number."""
    return math.floor(value + 0.5)


def surprisal_units(log2_prob: float) -> int:
    """Grid units of a surprisal, rounded to the nearest."""
    return round_half_up(-log2_prob / GRID)


def end_position(units, fixed_rate):
    """Symbols spent after `units` grid units, at a rate in 16-bit fixed point; integers or integer
    arrays.
    """
    return (units * fixed_rate + 2**_FIXED_POINT - 1) >> _FIXED_POINT


def symbols_per_bit(index: int, round: int = 0) -> float:
    """Alpha of a rate index: channel symbols for each bit of budget."""
    return (_SLOWEST if round == 0 else _SLOWEST_INCREMENT) * 2 ** (index / _STEPS_PER_OCTAVE)


def rate_index(alpha: float, round: int = 0) -> int:
    """The rate index that spends as nearly as possible `alpha` symbols a bit."""
    exact = _STEPS_PER_OCTAVE * math.log2(alpha / symbols_per_bit(0, round))
    return min(max(round_half_up(exact), 0), RATES - 1)


@dataclass(frozen=True)
class Budget:
    """Symbol budget of one round of a fragment.

    Args:
        index: rate index, 0 to 63; it travels in the header.
        delta_bits: budget added to each token, bits, 0 to 4; part of what both ends agree on.
        tail_bits: budget of the tail, bits, 0 to 64.
        round: 0 for a first transmission, 1 to 3 for an increment.
    """

    index: int
    delta_bits: float
    tail_bits: float
    round: int = 0

    def __post_init__(self):
        check_range("rate index", self.index, 0, RATES - 1)
        check_range("delta_bits", self.delta_bits, 0, 4)
        check_range("tail_bits", self.tail_bits, 0, 64)

    @property
    def delta_units(self) -> int:
        """Grid units added to each token."""
        return round_half_up(self.delta_bits / GRID)

    @property
    def fixed_rate(self) -> int:
        """Symbols a grid unit in 16-bit fixed point."""
        return round_half_up(symbols_per_bit(self.index, self.round) * GRID * 2**_FIXED_POINT)

    @property
    def tail(self) -> int:
        """Symbols of the tail."""
        return self.position(round_half_up(self.tail_bits / GRID))

    def position(self, units):
        """Symbols spent after `units` grid units; integer or integer array."""
        return end_position(units, self.fixed_rate)


#: Bits of a message up to which the margin is that of the efficiency, and its growth beyond
#: (decoding of 464 bits, measured).
SHORT = 100.0
GROWTH = 0.15


def alpha_for(snr_db: float, efficiency: float, bits: float) -> float:
    """Symbols a bit that a search of given effort can decode at an SNR.

    Args:
        efficiency: information bits a symbol over capacity, tail not counted, at 0 dB for a message
            of up to SHORT bits.
        bits: information of the message.
    """
    snr = float(db_to_linear(snr_db))
    capacity = float(capacity_bits(snr_db))
    spread = 2 * snr / (1 + snr) / capacity
    margin = 1 / efficiency - 1 + GROWTH * math.log(max(bits / SHORT, 1.0))
    return (1 + margin * spread) / capacity
