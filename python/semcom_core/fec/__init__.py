# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Channel coding of every digital path: 5G NR LDPC, polar codes for short messages, QAM with soft
demapping, rate choice.
"""

from semcom_core.fec.crc import attach_crc, check_crc, crc_bits, crc_length
from semcom_core.fec.ldpc_rate_matching import ChannelCode
from semcom_core.fec.modulation_coding import (
    MAX_RATE,
    MIN_RATE,
    FecLink,
    Mode,
    PolarLink,
    choose_mode,
    mode_for_rate,
)
from semcom_core.fec.polar import PolarCode
from semcom_core.fec.qam import BITS_PER_SYMBOL, demodulate, modulate

__all__ = [
    "BITS_PER_SYMBOL",
    "MAX_RATE",
    "MIN_RATE",
    "ChannelCode",
    "FecLink",
    "Mode",
    "PolarCode",
    "PolarLink",
    "attach_crc",
    "check_crc",
    "choose_mode",
    "crc_bits",
    "crc_length",
    "demodulate",
    "mode_for_rate",
    "modulate",
]
