# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Spending a picture's bytes where they matter, with an encoder that knows of no such thing.

What does not matter is made easier to code before the picture is coded: it is blurred, or replaced
by what is left of it after a coarser coding. Several ways are tried at a fast speed, and the one is
kept that brings most where it matters for what it costs the whole picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from scipy.ndimage import gaussian_filter

from semcom_core.errors import FrameError
from semcom_core.image.coders import av1

#: Shares of the bytes at which what does not matter is coded coarsely, and widths of the blur,
#: pixels.
_SHARES = (0.88, 0.75, 0.6, 0.45)
_BLURS = (0.5, 0.8, 1.2)
#: Speed of the encoder while ways are tried, and how far what matters reaches into what does not,
#: pixels.
_SPEED = 9
_REACH = 4.0


def emphasise(pixels: np.ndarray, importance: np.ndarray, size: int, price: float) -> np.ndarray:
    """The picture to code instead of a picture, uint8 (H, W, 3): the picture itself where nothing
    is gained.

    Args:
        pixels: uint8 (H, W, 3).
        importance: float (H, W), 0 to 1.
        size: bytes that the picture will be coded in.
        price: dB where it matters that a dB of the whole picture must bring.
    """
    if not importance.any() or importance.min() == importance.max():
        return pixels
    code = partial(_coded, size=size)
    try:
        plain = code(pixels)
    except FrameError:
        return pixels
    weight = np.maximum(
        importance, np.clip(1.5 * gaussian_filter(importance.astype(float), _REACH), 0, 1)
    )[..., None]
    whole_db, there_db = _psnrs(pixels, plain, importance)
    best = pixels
    most = 0.0
    for easier in _easier(pixels, size):
        mixed = np.rint(weight * pixels + (1 - weight) * easier).astype(np.uint8)
        whole, there = _psnrs(pixels, code(mixed), importance)
        gain = (there - there_db) - price * (whole_db - whole)
        best, most = (mixed, gain) if gain > most else (best, most)
    return best


def _coded(pixels: np.ndarray, size: int) -> np.ndarray:
    """A picture after a fast coding in so many bytes."""
    data, steps = av1.compress(pixels, size, _SPEED)
    return av1.expand(data, steps, *pixels.shape[:2])


def _easier(pixels: np.ndarray, size: int) -> Iterator[np.ndarray]:
    """The whole picture, made easier to code in several ways."""
    for width in _BLURS:
        yield gaussian_filter(pixels.astype(float), (width, width, 0))
    for share in _SHARES:
        try:
            yield _coded(pixels, int(share * size)).astype(float)
        except FrameError:
            return


def _psnrs(pixels: np.ndarray, coded: np.ndarray, importance: np.ndarray) -> tuple[float, float]:
    """PSNR of the whole picture, and weighted by importance, dB."""
    squares = np.square(pixels.astype(float) - coded).mean(axis=2) + 1e-3
    return tuple(
        float(-10 * np.log10(mean / 255**2))
        for mean in (squares.mean(), np.average(squares, weights=importance))
    )
