# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many channel symbols a bit of budget gets, at a sender that knows the SNR.

    alpha C = 1 + (1 / efficiency - 1 + GROWTH ln(B / SHORT)) (V / C) / (V0 / C0),       V = 2 snr / (1 + snr) log2(e)^2

The evidence of a symbol is C on average with the variance V. What leads a search astray is a run of symbols that takes the right
path below the wrong ones; how often it goes how deep depends on the drift of the path, the budget beyond capacity, over V. So the
margin grows with V / C (at 12 dB it is half of what it is at 0 dB, V0 / C0), and with the logarithm of the length of the message, in
which such a run can be anywhere.

Source: V is the variance of the information density of a Gaussian codebook (Polyanskiy, Poor, Verdu 2010); the depth of the dips as
in sequential decoding (Jacobs and Berlekamp, A lower bound to the distribution of computation for sequential decoding, 1967).
"""

from __future__ import annotations

import math

from semcom_core.units import capacity_bits, db_to_linear

#: Bits of a message up to which the margin is that of the efficiency, and its growth beyond (decoding of 464 bits, measured).
SHORT, GROWTH = 100.0, 0.15


def alpha_for(snr_db: float, efficiency: float, bits: float) -> float:
    """Symbols a bit that a search of given effort can decode at an SNR.

    Args:
        efficiency: information bits a symbol over capacity, tail not counted, at 0 dB for a message of up to SHORT bits.
        bits: information of the message.
    """
    snr, capacity = float(db_to_linear(snr_db)), float(capacity_bits(snr_db))
    spread = 2 * snr / (1 + snr) / capacity
    margin = 1 / efficiency - 1 + GROWTH * math.log(max(bits / SHORT, 1.0))
    return (1 + margin * spread) / capacity
