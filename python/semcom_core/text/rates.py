# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From message bits to channel uses and back, for codecs that compress first and protect then.

Sender and receiver know the same function from (bits, params) to channel uses, so the receiver finds the number of bits, the code and the
modulation from the number of symbols: no length is sent.
"""

from __future__ import annotations

import bisect
import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from semcom_core.fec import MAX_RATE, FecLink, PolarLink, choose_mode, crc_length, mode_for_rate
from semcom_core.metrics import limit_rate
from semcom_core.phy.frame import MAX_FRAGMENTS, MAX_LENGTH

#: Bits a use that each value of `params` stands for, 0.2 to 6.3 in steps of 5.6 %.
RATES = tuple(round(0.2 * 31.5 ** (i / 63), 4) for i in range(64))
_REFERENCE_BITS = 800
_LONG_CRC, _SHORT_CRC = "16", "11"
#: Short blocks need more uses a bit: the cost of n bits grows as n + _SHORT_COST sqrt(n).
_SHORT_COST = 3.0
#: Error probability for which ShortRule counts on the finite-blocklength limit.
_LIMIT_ERROR = 0.01
#: Messages up to this long are polar coded by ShortRule.
_MOST_POLAR_BITS = 600


class Rule(Protocol):
    """What a separate code makes of a number of bits."""

    grain: int

    def uses_of(self, bits: int, params: int) -> int:
        """Channel uses of a message of `bits` bits, a multiple of grain; rising with it."""

    def bits_of(self, uses: int, params: int) -> int:
        """Most message bits, a multiple of grain, whose uses_of is at most `uses`; 0 where there are none."""

    def link(self, uses: int, params: int) -> FecLink | PolarLink:
        """Channel code and modulation of a message of `uses` symbols; it carries bits_of(uses, params) bits."""


def params_for(snr_db: float, efficiency: float, margin_db: float) -> int:
    """Index of the highest rate that does not exceed `efficiency` times the capacity (of the lowest rate, if all do).

    Args:
        snr_db, margin_db: SNR, and how far below it the channel may fall, dB.
    """
    rate = choose_mode(snr_db, efficiency, margin_db).rate
    return max(0, bisect.bisect_right(RATES, rate) - 1)


@dataclass(frozen=True)
class LongRule:
    """LDPC code and CRC-16; RATES is the rate of a message of 800 bits.

    Args:
        grain: messages come in multiples of this many bits.
    """

    grain: int

    def uses_of(self, bits: int, params: int) -> int:
        overhead = crc_length(_LONG_CRC)
        cost = _cost(bits + overhead) / _cost(_REFERENCE_BITS + overhead) * _REFERENCE_BITS
        return math.ceil(cost / RATES[params])

    def bits_of(self, uses: int, params: int) -> int:
        sizes = range(self.grain, (uses * math.ceil(MAX_RATE) // self.grain + 2) * self.grain, self.grain)
        return self.grain * bisect.bisect_right(sizes, uses, key=lambda bits: self.uses_of(bits, params))

    def link(self, uses: int, params: int) -> FecLink:
        bits = self.bits_of(uses, params)
        return FecLink(bits, uses, mode_for_rate((bits + crc_length(_LONG_CRC)) / uses).modulation, _LONG_CRC)


class ShortRule:
    """Polar code and CRC-11; a message of n symbols carries what the finite-blocklength limit allows at the SNR of capacity RATES.

    Measured: list decoding needs 1.10 to 1.16 times the uses of the limit, the CRC included, whatever the length, so one efficiency
    suits messages of 40 and of 400 bits. Long messages get the LDPC code at the same rates.
    """

    grain = 1

    def uses_of(self, bits: int, params: int) -> int:
        uses = range(1, MAX_FRAGMENTS * MAX_LENGTH + 2)
        return uses[min(bisect.bisect_left(uses, bits, key=lambda n: self.bits_of(n, params)), len(uses) - 1)]

    def bits_of(self, uses: int, params: int) -> int:
        snr_db = 10 * math.log10(2 ** RATES[params] - 1)
        limit = float(limit_rate(np.float64(uses), snr_db, _LIMIT_ERROR)) if uses else 0.0
        return max(0, math.floor(min(limit, MAX_RATE * uses - crc_length(_LONG_CRC))))

    def link(self, uses: int, params: int) -> FecLink | PolarLink:
        bits = self.bits_of(uses, params)
        kind, crc = (PolarLink, _SHORT_CRC) if bits <= _MOST_POLAR_BITS else (FecLink, _LONG_CRC)
        return kind(bits, uses, mode_for_rate((bits + crc_length(crc)) / uses).modulation, crc)


def _cost(bits: int) -> float:
    return bits + _SHORT_COST * math.sqrt(bits)
