# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Message bits to QAM symbols and back: a channel code, scrambling and a modulation."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from semcom_core.errors import ConfigError, check_choice
from semcom_core.fec.code import ChannelCode
from semcom_core.fec.polar import PolarCode
from semcom_core.fec.qam import BITS_PER_SYMBOL, demodulate, modulate
from semcom_core.fec.scramble import gold_sequence


@dataclass(frozen=True)
class FecLink:
    """A message of `info_bits` bits sent in `uses` channel uses.

    >>> link = FecLink(info_bits=800, uses=816, modulation="qpsk")
    >>> symbols = link.encode(bits)                   # complex64 (816,)
    >>> decoded, ok = link.decode(received, noise_var)

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

    def __post_init__(self):
        check_choice("modulation", self.modulation, BITS_PER_SYMBOL)
        order = BITS_PER_SYMBOL[self.modulation]
        object.__setattr__(self, "code", ChannelCode(self.info_bits, self.uses * order, order, self.crc))

    def encode(self, bits: np.ndarray, version: int = 0) -> np.ndarray:
        """Symbols of a message, complex64 (uses,); see ChannelCode.encode."""
        return modulate(self.code.encode(bits, version) ^ gold_sequence(self.code.coded_bits), self.modulation)

    def decode(self, symbols: np.ndarray, noise_var: np.ndarray, version: int = 0) -> tuple[np.ndarray, bool]:
        """Message bits from received symbols, and whether the CRC holds.

        Args:
            symbols: complex array (uses,), y = x + n.
            noise_var: E|n|^2 of each symbol, a scalar or an array (uses,); inf marks an erased symbol.
            version: redundancy version that was sent.
        """
        return self.code.decode(self.llrs(symbols, noise_var), version)

    def combine(self, received: list[tuple[np.ndarray, np.ndarray, int]]) -> tuple[np.ndarray, bool]:
        """Message bits from several transmissions of the same message.

        Args:
            received: for each transmission its symbols, its noise variances and its redundancy version.
        """
        if not received:
            raise ConfigError("received holds 0 transmissions; allowed is 1 and more")
        return self.code.decode_buffer(sum(self.code.buffer(self.llrs(y, v), version) for y, v, version in received))

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
        ConfigError: a value is out of range, the code rate exceeds 1, or the message is too long for a polar code.
    """

    info_bits: int
    uses: int
    modulation: str
    crc: str = "11"
    code: PolarCode = field(init=False, repr=False, compare=False)

    def __post_init__(self):
        check_choice("modulation", self.modulation, BITS_PER_SYMBOL)
        object.__setattr__(self, "code", PolarCode(self.info_bits, self.uses * BITS_PER_SYMBOL[self.modulation], self.crc))

    def encode(self, bits: np.ndarray) -> np.ndarray:
        """Symbols of a message, complex64 (uses,)."""
        return modulate(self.code.encode(bits) ^ gold_sequence(self.code.coded_bits), self.modulation)

    def decode(self, symbols: np.ndarray, noise_var: np.ndarray) -> tuple[np.ndarray, bool]:
        """Message bits from received symbols, and whether the CRC holds; arguments as FecLink.decode takes them."""
        return self.code.decode(_descrambled(symbols, noise_var, self.uses, self.modulation))


def _descrambled(symbols: np.ndarray, noise_var: np.ndarray, uses: int, modulation: str) -> np.ndarray:
    """Log-likelihood ratios of the coded bits before scrambling, float64 (coded bits,)."""
    if symbols.shape != (uses,):
        raise ConfigError(f"received symbols have shape {symbols.shape}; this link takes ({uses},)")
    signs = 1 - 2 * gold_sequence(uses * BITS_PER_SYMBOL[modulation]).astype(np.int8)
    return demodulate(symbols, noise_var, modulation) * signs
