# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Message bits to QAM symbols whose amplitudes are distributed nearly as a Gaussian, and back.

Of each axis the amplitude is chosen by shaped bits and the sign by uniform ones. The code is systematic, so shaped information bits stay
shaped; the parity bits, which nothing can shape, become signs:

    data ─┬─► matcher ─► amplitudes ─► their Gray labels ─┐
          ├───────────────────────────► some of the signs ├─► LDPC ─► parity ─► the other signs
          └───► the code's two columns that are not sent ─┘

Uniform QAM of many levels loses up to 1.53 dB against the Gaussian distribution that capacity asks for; this takes nearly all of it back.

Source: G. Böcherer, F. Steiner, P. Schulte, "Bandwidth efficient and rate-matched low-density parity-check coded modulation", IEEE Trans.
Commun. 63 (2015).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.optimize import brentq

from semcom_core.errors import ConfigError, check_range
from semcom_core.fec.basegraph import CORE_ROWS, MAX_BLOCK_BITS, SHAPES, choose_lifting
from semcom_core.fec.crc import attach_crc, check_crc, crc_length
from semcom_core.fec.decoder import ldpc_decoder
from semcom_core.fec.scramble import gold_sequence
from semcom_core.fec.shaped_block import GRAPH, ShapedBlock

_CRC = "24A"
_ITERATIONS = 40


@dataclass(frozen=True)
class ShapedLink:
    """A message of `info_bits` bits, which follow from the arguments, sent in `uses` channel uses.

    >>> link = ShapedLink(uses=24576, axis_bits=3, code_rate=0.8, rate=3.0)
    >>> symbols = link.encode(bits)                    # uint8 (link.info_bits,)
    >>> decoded, ok = link.decode(received, noise_var)

    Args:
        uses: complex symbols sent.
        axis_bits: bits that label a level of one axis, 2 to 5: 16 to 1,024 points.
        code_rate: of the LDPC code, its columns that are not sent counted as information; so high that the parity bits fit the signs.
        rate: bits a use, to which the distribution is made; the CRC and what the matcher loses come off it.

    Raises:
        ConfigError: a value is out of range, or they do not go together.
    """

    uses: int
    axis_bits: int
    code_rate: float
    rate: float

    def __post_init__(self):
        check_range("axis_bits", self.axis_bits, 2, 5)
        check_range("uses", self.uses, 256, float("inf"))
        check_range("code_rate", self.code_rate, 0.5, 0.95)
        label_bits, wanted = self.axis_bits - 1, self._amplitude_entropy
        if not 0.05 <= wanted <= label_bits:
            raise ConfigError(f"rate is {self.rate:g}; it takes {wanted:.3f} bits an amplitude, and allowed is 0.05 to {label_bits}")
        if any(block.data_signs < 0 for block in self._blocks):
            raise ConfigError(f"code_rate is {self.code_rate:g}; allowed is one whose parity bits fit the signs")

    @cached_property
    def info_bits(self) -> int:
        """Message bits, the CRC not counted."""
        return sum(block.data_bits for block in self._blocks) - crc_length(_CRC)

    def encode(self, bits: np.ndarray) -> np.ndarray:
        """Symbols of a message, complex64 (uses,), mean power 1.

        Raises:
            ConfigError: the message has another length.
        """
        if bits.shape != (self.info_bits,):
            raise ConfigError(f"message has shape {bits.shape}; this link takes ({self.info_bits},)")
        data = attach_crc(bits, _CRC)
        data = data ^ gold_sequence(data.size)
        ends = np.cumsum([block.data_bits for block in self._blocks])[:-1]
        values = [block.encode(part) for block, part in zip(self._blocks, np.split(data, ends), strict=True)]
        return np.concatenate(values).view(np.complex128).astype(np.complex64)

    def decode(self, symbols: np.ndarray, noise_var: np.ndarray) -> tuple[np.ndarray, bool]:
        """Message bits from received symbols, the best guess, and whether the CRC holds.

        Args:
            symbols: complex array (uses,), y = x + n.
            noise_var: E|n|^2 of each symbol, a scalar or an array (uses,); inf marks an erased symbol.

        Raises:
            ConfigError: there is another number of symbols, or a noise variance is negative or NaN.
        """
        if symbols.shape != (self.uses,):
            raise ConfigError(f"received symbols have shape {symbols.shape}; this link takes ({self.uses},)")
        variance = np.repeat(np.broadcast_to(np.asarray(noise_var, float), self.uses), 2)
        if not (variance >= 0).all():
            raise ConfigError("noise variance is negative or NaN; allowed is 0 to inf")
        ends = np.cumsum([block.length for block in self._blocks])[:-1]
        parts = zip(self._blocks, np.split(symbols.astype(np.complex128).view(float), ends), np.split(variance, ends), strict=True)
        decoder = ldpc_decoder(GRAPH, self._blocks[0].z, self._rows)
        words, _ = decoder.decode(np.stack([block.ratios(values, noise, decoder.bits) for block, values, noise in parts]), _ITERATIONS)
        data = np.concatenate([block.data(word) for block, word in zip(self._blocks, words, strict=True)])
        data ^= gold_sequence(data.size)
        return data[: self.info_bits], check_crc(data, _CRC)

    @property
    def _amplitude_entropy(self) -> float:
        """Bits that an amplitude has to carry."""
        return self.rate / 2 - 1 + self.axis_bits * (1 - self.code_rate)

    @cached_property
    def _blocks(self) -> list[ShapedBlock]:
        """The code blocks, as equal as they can be, the longest first."""
        values = 2 * self.uses
        count = -(-int(values * self.axis_bits * self.code_rate) // MAX_BLOCK_BITS[GRAPH])
        shares = distribution(self.axis_bits, self._amplitude_entropy)
        lengths = [values // count + (i < values % count) for i in range(count)]
        infos = [int(length * self.axis_bits * self.code_rate) for length in lengths]
        z = choose_lifting(GRAPH, max(infos))
        return [ShapedBlock(_counts(shares, length), info, z) for length, info in zip(lengths, infos, strict=True)]

    @property
    def _rows(self) -> int:
        """Rows of the base graph whose parity bits are sent."""
        needed = -(-max(block.parity_bits for block in self._blocks) // self._blocks[0].z)
        return int(np.clip(needed, CORE_ROWS, SHAPES[GRAPH][0]))


def distribution(axis_bits: int, entropy_bits: float) -> np.ndarray:
    """Probabilities of the amplitudes 1, 3, … of an axis, float64 (2^(axis_bits - 1),): exp(-v a²) with the v that gives the entropy.

    That distribution has the largest entropy for its power (Maxwell, Boltzmann).
    """
    squares = (2.0 * np.arange(2 ** (axis_bits - 1)) + 1) ** 2 - 1

    def shares(slope: float) -> np.ndarray:
        weights = np.exp(-slope * squares)
        return weights / weights.sum()

    def excess(slope: float) -> float:
        p = shares(slope)
        return float(-(p * np.log2(np.maximum(p, 1e-300))).sum()) - entropy_bits

    return shares(brentq(excess, 0.0, 2.0) if excess(0.0) > 1e-9 else 0.0)


def _counts(shares: np.ndarray, length: int) -> tuple[int, ...]:
    """Whole numbers as near to the shares of `length` as they can be."""
    exact = shares * length
    counts = np.floor(exact).astype(int)
    short = length - counts.sum()
    counts[np.argsort(counts - exact, kind="stable")[:short]] += 1
    return tuple(counts.tolist())
