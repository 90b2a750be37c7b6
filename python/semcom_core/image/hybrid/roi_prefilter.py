# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Region-of-interest prefilter for encoders that take no importance.

    candidate = importance x picture + (1 - importance) x simplified picture

So that more of a picture's bytes go to its region of interest, the rest is simplified before it is
coded: it is blurred, or replaced by a coarser coding of itself. Each candidate is coded at a fast
speed, and the one is kept with the largest gain: PSNR weighted by importance, less a price for the
PSNR of the whole picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from scipy.ndimage import gaussian_filter

from semcom_core.errors import FrameError
from semcom_core.image.coders import av1

#: Shares of the bytes at which the simplified picture is coded.
_SHARES = (0.88, 0.75, 0.6, 0.45)
#: Standard deviations of the blur, pixels.
_BLURS = (0.5, 0.8, 1.2)
#: Speed of the encoder for the candidates.
_SPEED = 9
#: Standard deviation by which the region of interest is widened, pixels.
_REACH = 4.0


def roi_prefilter(
    pixels: np.ndarray, importance: np.ndarray, size: int, price: float
) -> np.ndarray:
    """The picture to code instead of a picture, uint8 (H, W, 3).

    Args:
        pixels: uint8 (H, W, 3).
        importance: float (H, W), 0 to 1.
        size: bytes that the picture will be coded in.
        price: dB of the weighted PSNR that a dB of the whole picture must bring.

    Returns:
        The candidate of the largest gain; the picture itself where none gains.
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
    plain_db, plain_roi_db = _psnrs(pixels, plain, importance)
    best = pixels
    most = 0.0
    for simplified in _simplified(pixels, size):
        candidate = np.rint(weight * pixels + (1 - weight) * simplified).astype(np.uint8)
        whole_db, roi_db = _psnrs(pixels, code(candidate), importance)
        gain = (roi_db - plain_roi_db) - price * (plain_db - whole_db)
        if gain > most:
            best = candidate
            most = gain
    return best


def _coded(pixels: np.ndarray, size: int) -> np.ndarray:
    """A picture after a fast coding in at most `size` bytes."""
    data, steps = av1.compress(pixels, size, _SPEED)
    return av1.expand(data, steps, *pixels.shape[:2])


def _simplified(pixels: np.ndarray, size: int) -> Iterator[np.ndarray]:
    """The whole picture simplified in several ways, float (H, W, 3) each."""
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
    return _psnr_db(squares.mean()), _psnr_db(np.average(squares, weights=importance))


def _psnr_db(mean_square: np.floating) -> float:
    return float(-10 * np.log10(mean_square / 255**2))
