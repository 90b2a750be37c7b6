# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many channel symbols a message gets, at a sender that knows the SNR.

    n C - m sqrt(n V) = B,      V = 2 snr / (1 + snr) log2(e)^2

The evidence of n symbols is C a symbol on average with the variance V, so each message gets the same margin of m standard
deviations: long ones spend less above capacity than short ones, and a high SNR less than a low one. What leads a search astray
is the spread of the evidence against its mean, V / C; so a long message is never sent faster than

    n >= B / C (1 + (1 / SUSTAINED - 1) (V / C) / (V0 / C0)),      V0, C0 at 0 dB

Source: V is the variance of the information density of a Gaussian codebook (Polyanskiy, Poor, Verdu 2010).
"""

from __future__ import annotations

import math

from semcom_core.units import capacity_bits, db_to_linear

#: Bits a symbol over capacity at 0 dB that the search can follow for long; a message of any length has at least this margin.
SUSTAINED = 0.75
#: Message for which an efficiency is stated: bits, at 0 dB.
REFERENCE_BITS = 100.0


def margin_for(efficiency: float) -> float:
    """Margin in standard deviations with which a message of REFERENCE_BITS at 0 dB takes REFERENCE_BITS / efficiency symbols."""
    uses = REFERENCE_BITS / efficiency
    return (uses - REFERENCE_BITS) / math.sqrt(uses * _dispersion(0.0))


def symbols_for(bits: float, snr_db: float, efficiency: float) -> float:
    """Channel symbols (a real number) of a message.

    Args:
        bits: information of the message, above 0.
        snr_db: SNR, dB.
        efficiency: information bits a symbol over capacity, for REFERENCE_BITS at 0 dB.
    """
    capacity, dispersion = float(capacity_bits(snr_db)), _dispersion(snr_db)
    spread = margin_for(efficiency) * math.sqrt(dispersion)
    short = ((spread + math.sqrt(spread**2 + 4 * capacity * bits)) / (2 * capacity)) ** 2
    long = bits / capacity * (1 + (1 / max(SUSTAINED, efficiency) - 1) * dispersion / capacity / _dispersion(0.0))
    return max(short, long)


def _dispersion(snr_db: float) -> float:
    snr = float(db_to_linear(snr_db))
    return 2 * snr / (1 + snr) * math.log2(math.e) ** 2
