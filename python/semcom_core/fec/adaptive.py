# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Choice of modulation and rate for a signal-to-noise ratio.

The rate matcher sends any number of coded bits, so the rate is a real number; the modulation follows from it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from semcom_core.errors import ConfigError, check_range
from semcom_core.units import capacity_bits

#: Highest rate, in bits a use (CRC included), at which each modulation needs the lowest SNR for code blocks of 700 bits.
_HIGHEST_RATES = {"qpsk": 1.4, "16qam": 3.0, "64qam": 5.0, "256qam": 7.2}
MIN_RATE, MAX_RATE = 0.05, _HIGHEST_RATES["256qam"]


@dataclass(frozen=True)
class Mode:
    """A modulation and a rate.

    Args:
        modulation: name in qam.BITS_PER_SYMBOL.
        rate: bits a use, the message's CRC included.
    """

    modulation: str
    rate: float

    def uses(self, bits: int) -> int:
        """Channel uses for a message of `bits` bits, its CRC included."""
        return math.ceil(bits / self.rate)


def mode_for_rate(rate: float) -> Mode:
    """The mode of a rate in bits a use.

    Raises:
        ConfigError: the rate is outside MIN_RATE to MAX_RATE.
    """
    check_range("rate", rate, MIN_RATE, MAX_RATE)
    return Mode(next(name for name, highest in _HIGHEST_RATES.items() if rate <= highest), rate)


def choose_mode(snr_db: float, efficiency: float = 0.75, margin_db: float = 0.0) -> Mode:
    """The mode for a channel of known SNR.

    Args:
        snr_db: SNR, dB (see units).
        efficiency: rate over capacity; 0.75 suits messages of 800 bits, short ones need less.
        margin_db: how far below `snr_db` the channel may fall.

    Returns:
        The mode; its rate is kept within MIN_RATE to MAX_RATE.

    Raises:
        ConfigError: efficiency is outside 0.05 to 1, or snr_db is NaN.
    """
    check_range("efficiency", efficiency, 0.05, 1.0)
    if math.isnan(snr_db):
        raise ConfigError("snr_db is nan; allowed is a number")
    wanted = efficiency * float(capacity_bits(min(snr_db, 100.0) - margin_db))
    return mode_for_rate(min(max(wanted, MIN_RATE), MAX_RATE))
