# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""JPEG and WebP files of a given size, encoded by Pillow for the highest PSNR.

A file of at most so many bytes is found by bisection over the quantiser, at the picture's own size
and at smaller ones, of which the one with the least squared error is taken.

Source: ITU-T T.81 (JPEG).
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from semcom_core.errors import FrameError
from semcom_core.image.picture import next_size

#: Makes a file of a PIL image that has at most so many bytes, or None where that is impossible; the
#: third argument asks for a fast encoding.
FileEncoder = Callable[[Any, int, bool], bytes | None]
#: Luma table of ITU-T T.81 annex K; raised to a power it gives the shape of ours. Measured on Kodak
#: at 0.2 to 0.8 bits a pixel, 0.3 and chroma steps of 1.2 times the luma ones gain 0.1 to 0.75 dB
#: over annex K: even steps suit the mean squared error.
_ANNEX_K = np.array(
    [16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55]
    + [14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62]
    + [18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92]
    + [49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99],
    float,
)
_POWER = 0.3
_CHROMA = 1.2
#: log2 of the finest and the coarsest factor on that shape.
_JPEG_STEPS = (-2.0, 7.0)
#: Halvings of a range of steps: down to a file size within about 1 %.
_HALVINGS = 9


def encode_to_size(pixels: np.ndarray, budget: int, encoder: FileEncoder) -> bytes:
    """The best file of a picture in `budget` bytes: at its own size, or smaller where that brings a
    higher PSNR or nothing else fits.

    Args:
        pixels: uint8 (H, W, 3) RGB.
        budget: most bytes.
        encoder: makes the files.

    Raises:
        FrameError: no size fits.
    """
    from PIL import Image

    original = Image.fromarray(pixels)
    image = original
    best = None
    chosen = original
    least = math.inf
    while True:
        data = encoder(image, budget, True)
        error = _squared_error(pixels, data) if data else math.inf
        if best and error >= least:
            break
        if data:
            best = data
            chosen = image
            least = error
        if min(image.size) == 1:
            break
        image = original.resize(next_size(image.size), Image.Resampling.LANCZOS)
    if best is None:
        size = f"{original.width}x{original.height}"
        raise FrameError(
            f"picture of {size} pixels fits no file of {budget} bytes; more channel uses are "
            "needed: raise cbr"
        )
    return encoder(chosen, budget, False) or best


def read_file(data: bytes, height: int, width: int) -> np.ndarray:
    """The picture in a file at a size, uint8 (height, width, 3) RGB.

    Args:
        data: a JPEG, WebP or AVIF file.
        height, width: of the picture, pixels.

    Raises:
        FrameError: the file cannot be read, or holds a larger picture.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "WEBP", "AVIF")) as image:
            if image.width > width or image.height > height:
                raise FrameError(
                    f"file holds {image.width}x{image.height} pixels; allowed is up to "
                    f"{width}x{height}"
                )
            return np.array(image.convert("RGB").resize((width, height), Image.Resampling.LANCZOS))
    except UnidentifiedImageError as error:
        raise FrameError(
            f"{len(data)} bytes are no picture file; allowed is JPEG, WebP or AVIF"
        ) from error
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        raise FrameError(
            f"picture file of {len(data)} bytes cannot be read: {error}; allowed is a whole file"
        ) from error


def jpeg_file(image: Any, budget: int, fast: bool) -> bytes | None:
    """A progressive JPEG file with quantisation tables made for PSNR.

    Args:
        image: PIL image.
        budget: most bytes.
        fast: whether chroma is at half size without trying full size as well.

    Returns:
        The file of the least squared error, or None where none fits.
    """
    samplings = ("4:2:0",) if fast else ("4:2:0", "4:4:4")
    low, high = _JPEG_STEPS
    found = [finest(partial(_jpeg, image, sampling), low, high, budget) for sampling in samplings]
    pixels = np.array(image)
    return min(
        (data for data in found if data),
        key=lambda data: _squared_error(pixels, data),
        default=None,
    )


def webp_file(image: Any, budget: int, fast: bool) -> bytes | None:
    """A lossy WebP file.

    Args:
        image: PIL image.
        budget: most bytes.
        fast: whether a faster method than the slowest will do.

    Returns:
        The file, or None where none fits.
    """
    method = 2 if fast else 6
    return finest(
        lambda step: to_file(image, "WEBP", quality=100 - step, method=method), 0.0, 100.0, budget
    )


def finest(encode: Callable[[float], bytes], low: float, high: float, budget: int) -> bytes | None:
    """The file of the finest quantiser that fits, by bisection.

    Args:
        encode: makes a file of a step; larger steps make smaller files.
        low, high: range of the step.
        budget: most bytes.

    Returns:
        The file, or None where none fits.
    """
    best = encode(high)
    if len(best) > budget:
        return None
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        data = encode(middle)
        if len(data) <= budget:
            best = data
            high = middle
        else:
            low = middle
    return best


def to_file(image: Any, kind: str, **settings: Any) -> bytes:
    """Bytes of a file of a PIL image."""
    stream = io.BytesIO()
    image.save(stream, kind, **settings)
    return stream.getvalue()


def _jpeg(image: Any, sampling: str, step: float) -> bytes:
    shape = _ANNEX_K**_POWER * 2**step
    tables = [
        np.clip(np.round(shape * factor), 1, 255).astype(int).tolist() for factor in (1.0, _CHROMA)
    ]
    return to_file(
        image, "JPEG", qtables=tables, subsampling=sampling, optimize=True, progressive=True
    )


def _squared_error(pixels: np.ndarray, data: bytes) -> float:
    """Mean squared error of what a receiver makes of a file."""
    height, width = pixels.shape[:2]
    return float(np.mean((read_file(data, height, width).astype(np.float32) - pixels) ** 2))
