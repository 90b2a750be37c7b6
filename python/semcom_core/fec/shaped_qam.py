# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probabilistic shaping: QAM with nearly Gaussian amplitudes over an LDPC code.

Of each axis the amplitude is chosen by shaped bits and the sign by uniform ones. The code is
systematic, so shaped information bits stay shaped; the parity bits, which nothing can shape, become
signs:

    data ─┬─► distribution matcher ─► amplitudes ─► labels ─┐
          ├───────────────────────────► some of the signs ──┼─► LDPC ─► parity ─► other signs
          └───► the code's two columns that are not sent ───┘

Uniform QAM of many levels loses up to 1.53 dB against the Gaussian distribution that capacity asks
for; this takes nearly all of it back.

The distribution matcher takes uniform bits to sequences in which each amplitude comes a given
number of times, and back. All sequences of one composition are numbered in lexicographic order, and
the bits are the number of the sequence. With integers of any size that is exact: of the
n! / (n1! n2! …) sequences as many are used as there are bits for.

Sources: G. Böcherer, F. Steiner, P. Schulte, "Bandwidth efficient and rate-matched low-density
parity-check coded modulation", IEEE Trans. Commun. 63 (2015); P. Schulte, G. Böcherer, "Constant
composition distribution matching", IEEE Trans. Inf. Theory 62 (2016), here with exact enumeration
(T. M. Cover, "Enumerative source encoding", IEEE Trans. Inf. Theory 19, 1973) in place of
arithmetic coding.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.optimize import brentq

from semcom_core.errors import ConfigError, check_range
from semcom_core.fec.crc import attach_crc, check_crc, crc_length
from semcom_core.fec.ldpc import (
    CORE_ROWS,
    KNOWN_ZERO_LLR,
    MAX_BLOCK_BITS,
    PUNCTURED_COLUMNS,
    SHAPES,
    choose_lifting,
    ldpc_decoder,
    ldpc_encoder,
)
from semcom_core.fec.qam import MAX_LLR
from semcom_core.fec.scrambling import gold_sequence

#: The base graph: that of high rates.
GRAPH = 1
#: CRC of a message, and most iterations of the decoder.
_CRC = "24A"
_ITERATIONS = 40


@dataclass(frozen=True)
class ShapedLink:
    """A message of `info_bits` bits, which follow from the arguments, sent in `uses` channel uses.

    >>> link = ShapedLink(uses=4096, axis_bits=3, code_rate=0.8, rate=3.0)
    >>> symbols = link.encode(np.zeros(link.info_bits, np.uint8))
    >>> decoded, ok = link.decode(symbols, np.full(4096, 0.01))
    >>> symbols.shape, ok
    ((4096,), True)

    Args:
        uses: complex symbols sent.
        axis_bits: bits that label a level of one axis, 2 to 5: 16 to 1,024 points.
        code_rate: of the LDPC code, its columns that are not sent counted as information; so high
            that the parity bits fit the signs.
        rate: bits a use, to which the distribution is made; the CRC and what the matcher loses come
            off it.

    Raises:
        ConfigError: a value is out of range, or they do not go together.
    """

    uses: int
    axis_bits: int
    code_rate: float
    rate: float

    def __post_init__(self) -> None:
        check_range("axis_bits", self.axis_bits, 2, 5)
        check_range("uses", self.uses, 256, float("inf"))
        check_range("code_rate", self.code_rate, 0.5, 0.95)
        label_bits = self.axis_bits - 1
        wanted = self._amplitude_entropy
        if not 0.05 <= wanted <= label_bits:
            raise ConfigError(
                f"rate is {self.rate:g}; it takes {wanted:.3f} bits an amplitude, and allowed is "
                f"0.05 to {label_bits}"
            )
        if any(block.data_signs < 0 for block in self._blocks):
            raise ConfigError(
                f"code_rate is {self.code_rate:g}; allowed is one whose parity bits fit the signs"
            )

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
            raise ConfigError(
                f"message has shape {bits.shape}; this link takes ({self.info_bits},)"
            )
        data = attach_crc(bits, _CRC)
        data = data ^ gold_sequence(data.size)
        ends = np.cumsum([block.data_bits for block in self._blocks])[:-1]
        values = [
            block.encode(part)
            for block, part in zip(self._blocks, np.split(data, ends), strict=True)
        ]
        return np.concatenate(values).view(np.complex128).astype(np.complex64)

    def decode(self, symbols: np.ndarray, noise_var: np.ndarray) -> tuple[np.ndarray, bool]:
        """Message bits from received symbols, the best guess, and whether the CRC holds.

        Args:
            symbols: complex (uses,), y = x + n.
            noise_var: E|n|^2 of each symbol, float (uses,) or a scalar; inf marks an erased symbol.

        Raises:
            ConfigError: there is another number of symbols, or a noise variance is negative or NaN.
        """
        if symbols.shape != (self.uses,):
            raise ConfigError(
                f"received symbols have shape {symbols.shape}; this link takes ({self.uses},)"
            )
        variance = np.repeat(np.broadcast_to(np.asarray(noise_var, float), self.uses), 2)
        if not (variance >= 0).all():
            raise ConfigError("noise variance is negative or NaN; allowed is 0 to inf")
        ends = np.cumsum([block.length for block in self._blocks])[:-1]
        parts = zip(
            self._blocks,
            np.split(symbols.astype(np.complex128).view(float), ends),
            np.split(variance, ends),
            strict=True,
        )
        decoder = ldpc_decoder(GRAPH, self._blocks[0].z, self._rows)
        llrs = [block.ratios(values, noise, decoder.bits) for block, values, noise in parts]
        words, _ = decoder.decode(np.stack(llrs), _ITERATIONS)
        data = np.concatenate(
            [block.data(word) for block, word in zip(self._blocks, words, strict=True)]
        )
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
        return [
            ShapedBlock(_counts(shares, length), info, z)
            for length, info in zip(lengths, infos, strict=True)
        ]

    @property
    def _rows(self) -> int:
        """Rows of the base graph whose parity bits are sent."""
        needed = -(-max(block.parity_bits for block in self._blocks) // self._blocks[0].z)
        return int(np.clip(needed, CORE_ROWS, SHAPES[GRAPH][0]))


@dataclass(frozen=True)
class ShapedBlock:
    """One code block: amplitudes of one composition, signs of data and parity.

    Args:
        counts: how often each amplitude comes, the smallest first; 2^k of them.
        info_bits: of the code, without filler.
        z: lifting size of the code.
    """

    counts: tuple[int, ...]
    info_bits: int
    z: int

    @property
    def length(self) -> int:
        """Values on axes, each with an amplitude and a sign."""
        return sum(self.counts)

    @property
    def label_bits(self) -> int:
        """Bits that label an amplitude."""
        return len(self.counts).bit_length() - 1

    @property
    def hidden_bits(self) -> int:
        """Information bits of the code that are not sent."""
        return PUNCTURED_COLUMNS * self.z

    @property
    def data_signs(self) -> int:
        """Signs that carry data; the others are parity bits."""
        return self.info_bits - self.hidden_bits - self.label_bits * self.length

    @property
    def parity_bits(self) -> int:
        """Parity bits that are sent."""
        return self.length - self.data_signs

    @cached_property
    def matcher(self) -> ConstantCompositionMatcher:
        """Distribution matcher of the amplitudes."""
        return ConstantCompositionMatcher(self.counts)

    @property
    def data_bits(self) -> int:
        """Bits that the block carries."""
        return self.hidden_bits + self.matcher.bits + self.data_signs

    @cached_property
    def levels(self) -> np.ndarray:
        """Amplitudes, float64, of which the block has mean power 1/2."""
        odd = 2.0 * np.arange(len(self.counts)) + 1
        return odd / np.sqrt(2 * np.average(odd**2, weights=self.counts))

    def encode(self, data: np.ndarray) -> np.ndarray:
        """Values (length,) of data bits, uint8 (data_bits,)."""
        hidden, amplitude_bits, signs = np.split(
            data, [self.hidden_bits, self.hidden_bits + self.matcher.bits]
        )
        amplitudes = self.matcher.match(amplitude_bits)
        info = np.zeros(SHAPES[GRAPH][2] * self.z, np.uint8)
        labels = _labels(self.label_bits)[amplitudes].ravel()
        info[: self.info_bits] = np.concatenate([hidden, labels, signs])
        parity = ldpc_encoder(GRAPH, self.z).encode(info)[info.size : info.size + self.parity_bits]
        return self.levels[amplitudes] * (1.0 - 2.0 * np.concatenate([signs, parity]))

    def ratios(self, values: np.ndarray, noise_var: np.ndarray, bits: int) -> np.ndarray:
        """Log-likelihood ratios of the code word, float64 (bits,), as the decoder takes them.

        Args:
            values: received values, float (length,).
            noise_var: E|n|^2 of the symbol that each belongs to, float (length,); where it is inf,
                the ratios are those of the prior distribution.
            bits: of the code word, as far as it was sent.
        """
        levels = np.concatenate([-self.levels[::-1], self.levels])
        prior = np.log(np.maximum([*self.counts[::-1], *self.counts], 1e-3))
        with np.errstate(divide="ignore"):
            inverse = 1 / np.maximum(noise_var, 1e-12)
        metric = prior - (values[:, None] - levels) ** 2 * inverse[:, None]
        negative = np.arange(levels.size) < self.levels.size
        sign = _ratio(metric, ~negative)
        labels = _labels(self.label_bits)
        both = np.concatenate([labels[::-1], labels])
        amplitudes = np.stack(
            [_ratio(metric, both[:, i] == 0) for i in range(self.label_bits)], axis=1
        )
        found = np.zeros(bits)
        info = SHAPES[GRAPH][2] * self.z
        sent = np.concatenate([amplitudes.ravel(), sign[: self.data_signs]])
        found[self.hidden_bits : self.info_bits] = sent
        found[self.info_bits : info] = KNOWN_ZERO_LLR
        found[info : info + self.parity_bits] = sign[self.data_signs :]
        return found

    def data(self, word: np.ndarray) -> np.ndarray:
        """Data bits, uint8 (data_bits,), of a decoded code word; zeros for amplitudes that no data
        become.
        """
        first_sign = self.info_bits - self.data_signs
        labels = word[self.hidden_bits : first_sign].reshape(self.length, -1)
        numbers = labels @ (1 << np.arange(self.label_bits - 1, -1, -1))
        matched = self.matcher.unmatch(_indices(self.label_bits)[numbers])
        if matched is None:
            matched = np.zeros(self.matcher.bits, np.uint8)
        signs = word[first_sign : self.info_bits]
        return np.concatenate([word[: self.hidden_bits], matched, signs])


@dataclass(frozen=True)
class ConstantCompositionMatcher:
    """Distribution matcher: bits to sequences of amplitudes of one composition, and back.

    >>> matcher = ConstantCompositionMatcher((5, 3))
    >>> matcher.bits
    5
    >>> matcher.match(np.array([1, 0, 0, 1, 1], np.uint8))
    array([0, 0, 1, 1, 1, 0, 0, 0])

    Args:
        counts: how often each amplitude comes, the smallest amplitude first.

    Raises:
        ConfigError: a count is negative, or all are 0.
    """

    counts: tuple[int, ...]

    def __post_init__(self) -> None:
        if min(self.counts, default=-1) < 0 or sum(self.counts) < 1:
            raise ConfigError(
                f"composition is {self.counts}; allowed is counts of 0 and more, not all 0"
            )

    @property
    def length(self) -> int:
        """Amplitudes of a sequence."""
        return sum(self.counts)

    @cached_property
    def bits(self) -> int:
        """Bits that a sequence carries."""
        return self._sequences.bit_length() - 1

    def match(self, bits: np.ndarray) -> np.ndarray:
        """Indices of amplitudes, int (length,), of bits, uint8 (self.bits,)."""
        number = _number(bits)
        left = self.length
        total = self._sequences
        counts = list(self.counts)
        found = np.empty(left, np.int64)
        for place in range(self.length):
            index = 0
            share = total * counts[0] // left
            while number >= share:
                number -= share
                index += 1
                share = total * counts[index] // left
            found[place] = index
            total = share
            counts[index] -= 1
            left -= 1
        return found

    def unmatch(self, amplitudes: np.ndarray) -> np.ndarray | None:
        """Bits, uint8 (self.bits,), of indices of amplitudes (length,); None where no bits become
        this sequence.
        """
        if not np.array_equal(np.bincount(amplitudes, minlength=len(self.counts)), self.counts):
            return None
        number = 0
        left = self.length
        total = self._sequences
        counts = list(self.counts)
        for index in amplitudes.tolist():
            number += sum(total * count // left for count in counts[:index])
            total = total * counts[index] // left
            counts[index] -= 1
            left -= 1
        if number >> self.bits:
            return None
        octets = number.to_bytes(-(-self.bits // 8), "big")
        return np.unpackbits(np.frombuffer(octets, np.uint8))[8 * len(octets) - self.bits :]

    @cached_property
    def _sequences(self) -> int:
        """How many sequences have the composition."""
        found = 1
        left = self.length
        for count in self.counts:
            found *= math.comb(left, count)
            left -= count
        return found


def distribution(axis_bits: int, entropy_bits: float) -> np.ndarray:
    """Maxwell-Boltzmann distribution of the amplitudes 1, 3, … of an axis, which has the largest
    entropy for its power: exp(-v a²) with the v that gives the entropy.

    Args:
        axis_bits: bits that label a level of the axis.
        entropy_bits: wanted entropy, bits an amplitude.

    Returns:
        float64 (2^(axis_bits - 1),).
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


def _labels(bits: int) -> np.ndarray:
    """Gray labels of the amplitudes, uint8 (2^bits, bits)."""
    index = np.arange(2**bits)
    return ((index ^ index >> 1)[:, None] >> np.arange(bits - 1, -1, -1) & 1).astype(np.uint8)


def _indices(bits: int) -> np.ndarray:
    """Amplitude of each label read as a number, int (2^bits,)."""
    index = np.arange(2**bits)
    return np.argsort(index ^ index >> 1)


def _ratio(metric: np.ndarray, zero: np.ndarray) -> np.ndarray:
    """Log-likelihood ratios of a bit, float (n,), from metrics of the levels (n, levels), in `zero`
    of which it is 0.
    """
    of_zero = np.logaddexp.reduce(metric[:, zero], axis=1)
    of_one = np.logaddexp.reduce(metric[:, ~zero], axis=1)
    return np.clip(of_zero - of_one, -MAX_LLR, MAX_LLR)


def _number(bits: np.ndarray) -> int:
    """The number that bits spell, first bit highest."""
    padded = np.concatenate([np.zeros(-bits.size % 8, np.uint8), bits])
    return int.from_bytes(np.packbits(padded).tobytes(), "big")
