# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Polar code with a CRC and list decoding: the channel code for messages of a few hundred bits, where LDPC codes lose a decibel.

    bits ─► CRC ─► inputs of the polar transform ─► code word ─► rate matching ─► triangular interleaver ─► coded bits

The receiver takes the most probable path of its list whose CRC holds. Measured with 100 bits in 142 uses of QPSK at 0 dB, 1.10 times the
finite-blocklength limit: 0.9 % of the messages are lost; by the LDPC code with the same CRC 17 %.

Source: 3GPP TS 38.212 §5.3.1 and §5.4.1 (see polar_match). Different from it: a CRC of 11 bits over the message with ones before it (the
standard does so for downlink control), so that the all-zero word is no code word of a message; no distributed CRC, no segmentation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from semcom_core.errors import ConfigError, check_range
from semcom_core.fec.crc import crc_bits, crc_length
from semcom_core.fec.polar_list import list_decode, polar_transform
from semcom_core.fec.polar_match import PolarMatch, polar_match, triangle

#: Ratio of an output that is known to be 0.
_KNOWN_ZERO_LLR = 100.0


@dataclass(frozen=True)
class PolarCode:
    """Code of a message of `info_bits` bits into `coded_bits` bits.

    >>> code = PolarCode(info_bits=80, coded_bits=200)
    >>> bits, ok = code.decode(8.0 - 16.0 * code.encode(np.zeros(80, np.uint8)))
    >>> ok
    True

    Args:
        info_bits: message bits, the CRC not counted.
        coded_bits: bits sent.
        crc: the message's CRC (see crc.POLYNOMIALS).
        paths: size of the decoder's list, 1 to 1024.

    Raises:
        ConfigError: a value is out of range, or the code rate exceeds 1.
    """

    info_bits: int
    coded_bits: int
    crc: str = "11"
    paths: int = 128

    def __post_init__(self):
        check_range("info_bits", self.info_bits, 1, float("inf"))
        check_range("paths", self.paths, 1, 1024)
        polar_match(self.total_bits, self.coded_bits)

    @property
    def total_bits(self) -> int:
        """Message bits with the message's CRC."""
        return self.info_bits + crc_length(self.crc)

    @property
    def match(self) -> PolarMatch:
        """How the code is cut to length."""
        return polar_match(self.total_bits, self.coded_bits)

    def encode(self, bits: np.ndarray) -> np.ndarray:
        """Coded bits of a message: uint8 (info_bits,) of 0 and 1 -> uint8 (coded_bits,).

        Raises:
            ConfigError: the message has another length.
        """
        if bits.shape != (self.info_bits,):
            raise ConfigError(f"message has shape {bits.shape}; this code takes ({self.info_bits},)")
        inputs = np.zeros(self.match.size, np.uint8)
        inputs[self.match.message] = np.concatenate([bits, self._crc(bits)])
        return polar_transform(inputs)[self.match.sent][triangle(self.coded_bits)]

    def decode(self, llrs: np.ndarray) -> tuple[np.ndarray, bool]:
        """Message bits from log-likelihood ratios.

        Args:
            llrs: float (coded_bits,), positive for 0; 0 for bits that were not received.

        Returns:
            uint8 (info_bits,), the best guess, and whether its CRC holds and something was received.

        Raises:
            ConfigError: the array has another length.
        """
        if llrs.shape != (self.coded_bits,):
            raise ConfigError(f"ratios have shape {llrs.shape}; this code takes ({self.coded_bits},)")
        matched = np.empty(self.coded_bits)
        matched[triangle(self.coded_bits)] = llrs
        received = np.bincount(self.match.sent, weights=matched, minlength=self.match.size)
        received[self.match.known] = _KNOWN_ZERO_LLR
        inputs, costs = list_decode(received.astype(np.float32), self.match.message, self.paths)
        messages = inputs[np.argsort(costs, kind="stable")][:, self.match.message]
        for message in messages:
            bits = message[: self.info_bits]
            if llrs.any() and np.array_equal(message[self.info_bits :], self._crc(bits)):
                return bits, True
        return messages[0, : self.info_bits], False

    def _crc(self, bits: np.ndarray) -> np.ndarray:
        return crc_bits(np.concatenate([np.ones(crc_length(self.crc), np.uint8), bits]), self.crc)
