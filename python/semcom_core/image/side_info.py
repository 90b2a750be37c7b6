# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Side information of a picture: a few numbers, such as its width and height, polar coded.

They take the first channel uses of the picture and are protected far better than the rest of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from semcom_core.fec import PolarLink

#: The side part takes a 64th of the uses, within these limits: 40 uses hold two widths safely above
#: 3 dB, 256 above -6 dB.
_SHARE = 64
_LEAST_USES = 40
_MOST_USES = 256


@dataclass(frozen=True)
class SidePart:
    """Numbers of given widths in the first of a picture's channel uses: polar code, CRC-11, QPSK.

    Args:
        picture_uses: channel uses of the whole picture, the side part among them.
        widths: bits of each number.
    """

    picture_uses: int
    widths: tuple[int, ...]

    @property
    def uses(self) -> int:
        """Channel uses of the side part."""
        return min(max(self.picture_uses // _SHARE, _LEAST_USES), _MOST_USES)

    def encode(self, *values: int) -> np.ndarray:
        """Symbols of the numbers, complex64 (uses,); each value fits its width."""
        text = "".join(
            format(value, f"0{width}b") for value, width in zip(values, self.widths, strict=True)
        )
        return self._link.encode(np.array(list(text), np.uint8))

    def decode(self, symbols: np.ndarray, noise_var: np.ndarray) -> tuple[int, ...] | None:
        """The numbers in the first symbols of a picture, or None where their CRC does not hold.

        Args:
            symbols: complex (uses or more,), y = x + n.
            noise_var: E|n|^2 of each, float; inf where a symbol is erased.
        """
        bits, ok = self._link.decode(symbols[: self.uses], noise_var[: self.uses])
        if not ok:
            return None
        ends = np.cumsum(self.widths)
        return tuple(
            int("".join(map(str, bits[end - width : end])), 2)
            for end, width in zip(ends, self.widths, strict=True)
        )

    @property
    def _link(self) -> PolarLink:
        return PolarLink(sum(self.widths), self.uses, "qpsk")
