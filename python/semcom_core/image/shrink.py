# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sizes to which a picture is shrunk before it is coded, where its bytes are few: each has half the pixels of the one before."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

#: How often a picture may be shrunk.
MAX_STEPS = 15
_SHRINK = math.sqrt(0.5)


def smaller_size(size: tuple[int, int]) -> tuple[int, int]:
    """The size after a size, width and height."""
    return tuple(max(1, round(side * _SHRINK)) for side in size)


@lru_cache(maxsize=8)
def sizes(height: int, width: int) -> list[tuple[int, int]]:
    """Width and height of a picture shrunk 0 to MAX_STEPS times."""
    found = [(width, height)]
    while len(found) <= MAX_STEPS:
        found.append(smaller_size(found[-1]))
    return found


def shrunk(pixels: np.ndarray, steps: int) -> np.ndarray:
    """A picture, uint8 (H, W, 3), shrunk so often."""
    return _resized(pixels, *sizes(*pixels.shape[:2])[steps])


def grown(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """A picture, uint8 (h, w, 3), brought back to its size."""
    return _resized(pixels, width, height)


def _resized(pixels: np.ndarray, width: int, height: int) -> np.ndarray:
    from PIL import Image

    if pixels.shape[:2] == (height, width):
        return pixels
    return np.array(Image.fromarray(pixels).resize((width, height), Image.Resampling.LANCZOS))
