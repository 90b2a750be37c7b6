# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Adaptive modulation and coding: coded QAM links, and the choice of modulation and rate.

A link is a channel code, public scrambling and a modulation. The rate matcher sends any number of
coded bits, so the rate is a real number; the modulation follows from it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from semcom_core.errors import ConfigError, check_choice, check_number, check_range
from semcom_core.fec.ldpc_rate_matching import ChannelCode
from semcom_core.fec.polar import PolarCode
from semcom_core.fec.qam import BITS_PER_SYMBOL, demodulate, modulate
from semcom_core.fec.scrambling import gold_sequence
from semcom_core.units import capacity_bits

#: Highest rate, in bits a use (CRC included), at which each modulation needs the lowest SNR for
#: code blocks of 700 bits.
_HIGHEST_RATES = {"qpsk": 1.4, "16qam": 3.0, "64qam": 5.0, "256qam": 7.2}
#: Least and highest rate, bits a use.
MIN_RATE = 0.05
MAX_RATE = _HIGHEST_RATES["256qam"]


@dataclass(frozen=True)
class FecLink:
    """A message of `info_bits` bits sent in `uses` channel uses.

    >>> link = FecLink(info_bits=800, uses=816, modulation="qpsk")
    >>> symbols = link.encode(np.zeros(800, np.uint8))
    >>> decoded, ok = link.decode(symbols, np.full(816, 0.1))
    >>> symbols.shape, ok
    ((816,), True)

    Args:
        info_bits: message bits, the CRC not counted.
        uses: complex symbols sent.
        modulation: one of qam.BITS_PER_SYMBOL.
        crc: the message's CRC.

    Raises:
        ConfigError: a value is out of range, or the code rate exceeds 1.
    """

    info_bits: int
    uses: int
    modulation: str
    crc: str = "16"
    code: ChannelCode = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_choice("modulation", self.modulation, BITS_PER_SYMBOL)
        order = BITS_PER_SYMBOL[self.modulation]
        code = ChannelCode(self.info_bits, self.uses * order, order, self.crc)
        object.__setattr__(self, "code", code)

    def encode(self, bits: np.ndarray, version: int = 0) -> np.ndarray:
        """Symbols of a message, complex64 (uses,); see ChannelCode.encode."""
        coded = self.code.encode(bits, version) ^ gold_sequence(self.code.coded_bits)
        return modulate(coded, self.modulation)

    def decode(
        self, symbols: np.ndarray, noise_var: np.ndarray, version: int = 0
    ) -> tuple[np.ndarray, bool]:
        """Message bits from received symbols, and whether the CRC holds.

        Args:
            symbols: complex (uses,), y = x + n.
            noise_var: E|n|^2 of each symbol, float (uses,) or a scalar; inf marks an erased symbol.
            version: redundancy version that was sent.

        Raises:
            ConfigError: there is another number of symbols.
        """
        return self.code.decode(self.llrs(symbols, noise_var), version)

    def combine(
        self, received: list[tuple[np.ndarray, np.ndarray, int]]
    ) -> tuple[np.ndarray, bool]:
        """Message bits from several transmissions of the same message, and whether the CRC holds.

        Args:
            received: for each transmission its symbols, its noise variances and its redundancy
                version.

        Raises:
            ConfigError: there is no transmission, or one of another length.
        """
        if not received:
            raise ConfigError("received holds 0 transmissions; allowed is 1 and more")
        buffers = [self.code.buffer(self.llrs(y, v), version) for y, v, version in received]
        return self.code.decode_buffer(np.sum(buffers, axis=0))

    def llrs(self, symbols: np.ndarray, noise_var: np.ndarray) -> np.ndarray:
        """Log-likelihood ratios of the coded bits, float64 (coded bits,)."""
        return _descrambled(symbols, noise_var, self.uses, self.modulation)


@dataclass(frozen=True)
class PolarLink:
    """A short message of `info_bits` bits sent in `uses` channel uses by a polar code.

    Args:
        info_bits: message bits, the CRC not counted.
        uses: complex symbols sent.
        modulation: one of qam.BITS_PER_SYMBOL.
        crc: the message's CRC.

    Raises:
        ConfigError: a value is out of range, the code rate exceeds 1, or the message is too long
            for a polar code.
    """

    info_bits: int
    uses: int
    modulation: str
    crc: str = "11"
    code: PolarCode = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_choice("modulation", self.modulation, BITS_PER_SYMBOL)
        coded_bits = self.uses * BITS_PER_SYMBOL[self.modulation]
        object.__setattr__(self, "code", PolarCode(self.info_bits, coded_bits, self.crc))

    def encode(self, bits: np.ndarray) -> np.ndarray:
        """Symbols of a message, complex64 (uses,)."""
        coded = self.code.encode(bits) ^ gold_sequence(self.code.coded_bits)
        return modulate(coded, self.modulation)

    def decode(self, symbols: np.ndarray, noise_var: np.ndarray) -> tuple[np.ndarray, bool]:
        """Message bits from received symbols, and whether the CRC holds; arguments as
        FecLink.decode takes them.
        """
        return self.code.decode(_descrambled(symbols, noise_var, self.uses, self.modulation))


def _descrambled(
    symbols: np.ndarray, noise_var: np.ndarray, uses: int, modulation: str
) -> np.ndarray:
    """Log-likelihood ratios of the coded bits before scrambling, float64 (coded bits,)."""
    if symbols.shape != (uses,):
        raise ConfigError(f"received symbols have shape {symbols.shape}; this link takes ({uses},)")
    signs = 1 - 2 * gold_sequence(uses * BITS_PER_SYMBOL[modulation]).astype(np.int8)
    return demodulate(symbols, noise_var, modulation) * signs


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
        efficiency: rate over capacity, 0.05 to 1; 0.75 suits messages of 800 bits, short ones need
            less.
        margin_db: how far below `snr_db` the channel may fall, dB.

    Returns:
        The mode; its rate is kept within MIN_RATE to MAX_RATE.

    Raises:
        ConfigError: efficiency is outside 0.05 to 1, or snr_db is no number.
    """
    check_range("efficiency", efficiency, 0.05, 1.0)
    check_number("snr_db", snr_db)
    wanted = efficiency * float(capacity_bits(min(snr_db, 100.0) - margin_db))
    return mode_for_rate(min(max(wanted, MIN_RATE), MAX_RATE))
