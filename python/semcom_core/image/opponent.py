# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures as 8 x 8 blocks of cosine coefficients in opponent colours: an orthonormal transform, so errors keep their size."""

from __future__ import annotations

import numpy as np
from scipy.fft import dctn, idctn

#: Side of a block.
SIDE = 8
#: Rows: brightness, red against blue, green against the two; orthonormal.
_COLOURS = np.array([[1, 1, 1], [1, 0, -1], [1, -2, 1]], float)
_COLOURS /= np.linalg.norm(_COLOURS, axis=1, keepdims=True)


def to_opponent(picture: np.ndarray) -> np.ndarray:
    """Opponent colours of a picture (H, W, 3) of red, green and blue."""
    return picture @ _COLOURS.T


def from_opponent(picture: np.ndarray) -> np.ndarray:
    """Red, green and blue of a picture (H, W, 3) in opponent colours."""
    return picture @ _COLOURS


def coefficients(picture: np.ndarray) -> np.ndarray:
    """Coefficients (rows, columns, 3, 8, 8) of a picture (H, W, 3), which is continued by its edge to whole blocks."""
    height, width = picture.shape[:2]
    padded = np.pad(to_opponent(picture.astype(float)), ((0, -height % SIDE), (0, -width % SIDE), (0, 0)), mode="edge")
    rows, columns = padded.shape[0] // SIDE, padded.shape[1] // SIDE
    blocks = padded.reshape(rows, SIDE, columns, SIDE, 3).transpose(0, 2, 4, 1, 3)
    return dctn(blocks, axes=(3, 4), norm="ortho")


def picture_of(blocks: np.ndarray, height: int, width: int) -> np.ndarray:
    """The picture (height, width, 3), float, of coefficients."""
    padded = idctn(blocks, axes=(3, 4), norm="ortho").transpose(0, 3, 1, 4, 2)
    rows, columns = blocks.shape[:2]
    return from_opponent(padded.reshape(rows * SIDE, columns * SIDE, 3))[:height, :width]
