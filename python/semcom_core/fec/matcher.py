# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Distribution matching: uniform bits to sequences in which each amplitude comes a given number of times, and back.

All sequences of one composition are numbered in lexicographic order, and the bits are the number of the sequence. With integers of any size
that is exact: of the n! / (n1! n2! …) sequences as many are used as there are bits for.

Source: P. Schulte, G. Böcherer, "Constant composition distribution matching", IEEE Trans. Inf. Theory 62 (2016); here with exact
enumeration (T. M. Cover, "Enumerative source encoding", IEEE Trans. Inf. Theory 19, 1973) in place of arithmetic coding.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from semcom_core.errors import ConfigError


@dataclass(frozen=True)
class Matcher:
    """Bits to amplitudes of a composition.

    >>> matcher = Matcher((5, 3))
    >>> matcher.bits
    5
    >>> matcher.match(np.array([1, 0, 0, 1, 1], np.uint8))
    array([0, 0, 1, 1, 0, 1, 0, 0])

    Args:
        counts: how often each amplitude comes, the smallest amplitude first.

    Raises:
        ConfigError: a count is negative, or all are 0.
    """

    counts: tuple[int, ...]

    def __post_init__(self):
        if min(self.counts, default=-1) < 0 or sum(self.counts) < 1:
            raise ConfigError(f"composition is {self.counts}; allowed is counts of 0 and more, not all 0")

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
        number, left, total, counts = _number(bits), self.length, self._sequences, list(self.counts)
        found = np.empty(left, np.int64)
        for place in range(self.length):
            index, share = 0, total * counts[0] // left
            while number >= share:
                number -= share
                index += 1
                share = total * counts[index] // left
            found[place], total = index, share
            counts[index] -= 1
            left -= 1
        return found

    def unmatch(self, amplitudes: np.ndarray) -> np.ndarray | None:
        """Bits, uint8 (self.bits,), of indices of amplitudes (length,); None where no bits become this sequence."""
        if not np.array_equal(np.bincount(amplitudes, minlength=len(self.counts)), self.counts):
            return None
        number, left, total, counts = 0, self.length, self._sequences, list(self.counts)
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
        found, left = 1, self.length
        for count in self.counts:
            found *= math.comb(left, count)
            left -= count
        return found


def _number(bits: np.ndarray) -> int:
    """The number that bits spell, first bit highest."""
    padded = np.concatenate([np.zeros(-bits.size % 8, np.uint8), bits])
    return int.from_bytes(np.packbits(padded).tobytes(), "big")
