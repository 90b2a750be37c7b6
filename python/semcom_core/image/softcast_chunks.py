# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A picture as chunks of DCT coefficients of like variance, and the description of them that the receiver needs."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.fft import dctn, idctn

from semcom_core.errors import FrameError

#: Chunks along each side of a colour plane: one for so many pixels, and at most so many. Measured on Kodak at CBR 1/16, where there are 32:
#: with 16 the pictures are 0.7 dB worse.
_CHUNK_SIDE, _MOST_CHUNKS = 16, 32
#: What one level of a chunk's variance stands for, dB, and the variance of level 1. Level 0 is a chunk that is not sent.
_STEP_DB, _FIRST_DB = 1.0, -20.0
_LEVELS = 255
_PLANES = 3


def transformed(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Orthonormal DCT over height, width and colours of a picture less its means.

    Args:
        pixels: uint8 (H, W, 3).

    Returns:
        float64 (H W 3,) of coefficients, and uint8 (3,), the means of the colours.
    """
    means = np.round(pixels.mean(axis=(0, 1))).astype(np.uint8)
    return dctn(pixels - means.astype(float), norm="ortho").ravel(), means


def restored(coefficients: np.ndarray, means: np.ndarray, height: int, width: int) -> np.ndarray:
    """The picture uint8 (H, W, 3) of coefficients (H W 3,) and means."""
    values = idctn(coefficients.reshape(height, width, _PLANES), norm="ortho") + means
    return np.clip(np.round(values), 0, 255).astype(np.uint8)


@lru_cache(maxsize=4)
def chunk_of(height: int, width: int) -> np.ndarray:
    """Number of the chunk that each coefficient belongs to, int (H W 3,)."""
    rows, columns = (min(max(side // _CHUNK_SIDE, 1), _MOST_CHUNKS) for side in (height, width))
    row, column = np.arange(height) * rows // height, np.arange(width) * columns // width
    chunk = (row[:, None, None] * columns + column[:, None]) * _PLANES + np.arange(_PLANES)
    return chunk.ravel()


@dataclass(frozen=True)
class Chunks:
    """Which chunks of a picture are sent, with which variances.

    Args:
        height, width: of the picture.
        means: uint8 (3,), taken off the colours.
        levels: uint8 (chunks,), 0 where a chunk is not sent, else its variance in steps.
    """

    height: int
    width: int
    means: np.ndarray
    levels: np.ndarray

    @property
    def variances(self) -> np.ndarray:
        """Variance of each chunk's coefficients, float64 (chunks,); 0 where it is not sent."""
        return np.where(self.levels > 0, 10 ** ((_FIRST_DB + _STEP_DB * (self.levels - 1.0)) / 10), 0.0)

    @property
    def sent(self) -> np.ndarray:
        """Places of the coefficients that are sent, chunk after chunk, those of the largest variance first, int (count,)."""
        chunk = chunk_of(self.height, self.width)
        places = np.flatnonzero(self.levels[chunk])
        return places[np.lexsort((chunk[places], -self.levels[chunk[places]].astype(int)))]

    def packed(self) -> bytes:
        """Means and levels as bytes, compressed; zeros may follow."""
        return zlib.compress(self.means.tobytes() + self.levels.tobytes(), 9)

    @staticmethod
    def unpacked(data: bytes, height: int, width: int) -> Chunks:
        """The chunks of a picture from what `packed` made.

        Raises:
            FrameError: the bytes do not describe a picture of this size.
        """
        count = int(chunk_of(height, width)[-1]) + 1
        try:
            plain = zlib.decompressobj().decompress(data, _PLANES + count + 1)
        except zlib.error as error:
            raise FrameError(f"description of the chunks cannot be read: {error}") from error
        if len(plain) != _PLANES + count:
            raise FrameError(f"description of the chunks has {len(plain)} bytes; a picture of {width}x{height} takes {_PLANES + count}")
        values = np.frombuffer(plain, np.uint8)
        return Chunks(height, width, values[:_PLANES], values[_PLANES:])


def strongest(coefficients: np.ndarray, means: np.ndarray, height: int, width: int, most: int) -> Chunks:
    """The chunks of the largest variances that have at most `most` coefficients together.

    Args:
        coefficients: float64 (H W 3,).
    """
    chunk = chunk_of(height, width)
    sizes = np.bincount(chunk)
    variances = np.bincount(chunk, weights=coefficients**2) / sizes
    levels = np.round((10 * np.log10(np.maximum(variances, 1e-9)) - _FIRST_DB) / _STEP_DB) + 1
    levels = np.clip(levels, 0, _LEVELS).astype(np.uint8)
    order = np.argsort(-variances, kind="stable")
    levels[order[np.cumsum(sizes[order] * (levels[order] > 0)) > most]] = 0
    return Chunks(height, width, means, levels)
