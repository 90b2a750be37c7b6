# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arithmetic coder in integers, as a range coder.

The interval is [low, low + width) / 2^digits. Each symbol takes its share of the width; then both
are doubled until the width has PRECISION bits again. The lower end is an integer of any size, so
that no carry is lost.

>>> encoder = ArithmeticEncoder()
>>> encoder.add(start=3, count=5, total=8)
>>> decoder = ArithmeticDecoder(encoder.finish())
>>> 3 <= decoder.target(total=8) < 8
True

Source: J. Rissanen, G. G. Langdon, "Arithmetic coding", IBM J. Res. Dev. 23 (1979); as a range
coder: G. N. N. Martin, 1979.
"""

from __future__ import annotations

import numpy as np

#: Bits of the interval's width; the sum of a step's frequencies must stay well below 2^PRECISION.
PRECISION = 64
#: A stream is at most this many bits shorter than the information in it.
SLACK = 16


class ArithmeticEncoder:
    """Encodes symbols, as shares of a total, into bits."""

    def __init__(self) -> None:
        self._low = 0
        self._width = 1 << PRECISION
        self._digits = PRECISION

    @property
    def information(self) -> int:
        """Information of the symbols so far, whole bits, rounded down."""
        return self._digits - self._width.bit_length() + 1

    def add(self, start: int, count: int, total: int) -> None:
        """Add a symbol that takes [start, start + count) of [0, total).

        Args:
            start: sum of the frequencies of the symbols before it.
            count: its own frequency, at least 1.
            total: sum of all frequencies.
        """
        unit = self._width // total
        self._low += unit * start
        self._width = unit * count
        shift = PRECISION + 1 - self._width.bit_length()
        if shift > 0:
            self._low <<= shift
            self._width <<= shift
            self._digits += shift

    def finish(self) -> np.ndarray:
        """The shortest bits that name the interval when zeros follow them, uint8 (n,)."""
        least = max(0, self.information - SLACK)
        for bits in range(least, self._digits + 1):
            step = 1 << (self._digits - bits)
            value = -(-self._low // step)
            if value * step < self._low + self._width:
                break
        return np.array([value >> i & 1 for i in range(bits - 1, -1, -1)], np.uint8)


class ArithmeticDecoder:
    """Decodes bits into symbols, in the order in which they were encoded.

    Args:
        bits: uint8 (n,); zeros follow them.
    """

    def __init__(self, bits: np.ndarray):
        self._bits = iter(bits.tolist())
        self._width = 1 << PRECISION
        self._offset = 0
        self._shift(PRECISION)

    def target(self, total: int) -> int:
        """A number in [0, total) that lies in the share of the next symbol."""
        return min(self._offset // (self._width // total), total - 1)

    def take(self, start: int, count: int, total: int) -> None:
        """Continue after the symbol that takes [start, start + count) of [0, total).

        Args:
            start, count, total: see ArithmeticEncoder.add.
        """
        unit = self._width // total
        self._offset -= unit * start
        self._width = unit * count
        shift = PRECISION + 1 - self._width.bit_length()
        if shift > 0:
            self._width <<= shift
            self._shift(shift)

    def _shift(self, count: int) -> None:
        for _ in range(count):
            self._offset = self._offset << 1 | next(self._bits, 0)
