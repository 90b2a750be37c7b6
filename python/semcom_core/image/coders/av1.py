# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""AV1 still pictures of a given size, as AVIF files or without their container.

The finest quantiser whose file fits is found by bisection at a fast speed; at the speed asked for,
files differ in size by a ratio that hardly changes from one quantiser to the next. Measured on
Kodak pictures at 0.25 to 0.4 bits a pixel: chroma at full size gains 0.2 dB over half size, tuning
for PSNR 0.5 dB, and speed 3 0.5 dB over speed 6 (4: 0.05 dB less than 3 in half its time).

An AVIF file is some 275 bytes of boxes around one AV1 picture. `compress` leaves them out: the
receiver codes a grey picture of the same size, takes its boxes and puts the received data into
them.

Source: AV1 Image File Format 1.1; ISO/IEC 14496-12 §8.11.3 (item location box).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import numpy as np

from semcom_core.errors import FrameError
from semcom_core.image.coders.jpeg_webp import encode_to_size, read_file, to_file
from semcom_core.image.picture import downscaled_sizes

#: Coarsest quantiser as libavif counts them, 0 the finest; a quality of 0 to 100 stands for one.
_QUANTISERS = 63
#: Speed of the encoder in the search.
_FAST = 9
#: Encodings at the slow speed: the first shows the ratio of the sizes, the others use it.
_SLOW_TRIES = 3
#: A fixed number, since one thread and several make files that differ a little.
_THREADS = 2
#: Place of the size in an image extent box.
_SIZE_PLACE = 4
#: Place of the data's length in an item location box (version 0, one item of one extent).
_LENGTH_PLACE = 18


def avif_file(image: Any, budget: int, fast: bool, speed: int) -> bytes | None:
    """An AVIF file tuned for PSNR, chroma at full size.

    Args:
        image: PIL image.
        budget: most bytes.
        fast: whether the speed of the search will do.
        speed: of libavif, 0 (the slowest) to 10.

    Returns:
        The file, or None where none fits.
    """
    fast_file = lru_cache(maxsize=None)(lambda quantiser: _encoded(image, quantiser, _FAST))

    def scaled_size(ratio: float, quantiser: int) -> float:
        return len(fast_file(quantiser)) * ratio

    first = _finest(partial(scaled_size, 1.0), budget)
    if fast or speed >= _FAST:
        return None if first is None else fast_file(first)
    slow: dict[int, bytes] = {}
    ratio = 1.0
    for _ in range(_SLOW_TRIES):
        quantiser = _finest(partial(scaled_size, ratio), budget)
        if quantiser is None or quantiser in slow:
            break
        slow[quantiser] = _encoded(image, quantiser, speed)
        ratio = len(slow[quantiser]) / len(fast_file(quantiser))
    fitting = [q for q, data in slow.items() if len(data) <= budget]
    if fitting:
        return slow[min(fitting)]
    return None if first is None else fast_file(first)


def _finest(size: Callable[[int], float], budget: int) -> int | None:
    """The finest quantiser at which a file has at most `budget` bytes, or None."""
    low, high = -1, _QUANTISERS
    if size(high) > budget:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        if size(middle) <= budget:
            high = middle
        else:
            low = middle
    return high


def _encoded(image: Any, quantiser: int, speed: int) -> bytes:
    """An AVIF file of a PIL image at a quantiser of 0 (finest) to 63 and libavif's speed, 0 (the
    slowest) to 10.
    """
    quality = 100 - round(quantiser * 100 / _QUANTISERS)
    return to_file(
        image,
        "AVIF",
        quality=quality,
        speed=speed,
        subsampling="4:4:4",
        max_threads=_THREADS,
        advanced={"tune": "psnr"},
    )


def compress(pixels: np.ndarray, most: int, speed: int) -> tuple[bytes, int]:
    """AV1 data of a picture in at most `most` bytes.

    Args:
        pixels: uint8 (H, W, 3) RGB.
        most: bytes.
        speed: of the encoder, 0 (slow and small) to 10.

    Returns:
        The data, and by how many steps the picture was downscaled before (see picture.downscale).

    Raises:
        FrameError: the picture fits no file of that size.
    """
    height, width = pixels.shape[:2]
    file = encode_to_size(
        pixels, most + len(_boxes(height, width)), partial(avif_file, speed=speed)
    )
    start = file.index(b"mdat") + 4
    place = file.index(b"ispe") + 4 + _SIZE_PLACE
    coded = struct.unpack(">II", file[place : place + 8])
    return file[start:], downscaled_sizes(height, width).index(coded)


def expand(data: bytes, steps: int, height: int, width: int) -> np.ndarray:
    """Decode a picture, uint8 (height, width, 3).

    Args:
        data: what compress made; more bytes may follow.
        steps: of downscaling before it was coded.
        height, width: of the picture, pixels.

    Raises:
        FrameError: the data are no AV1 picture of that size.
    """
    coded_width, coded_height = downscaled_sizes(height, width)[steps]
    boxes = _boxes(coded_height, coded_width)
    place = boxes.index(b"iloc") + 4 + _LENGTH_PLACE
    head = (
        boxes[:place]
        + struct.pack(">I", len(data))
        + boxes[place + 4 : -8]
        + struct.pack(">I", len(data) + 8)
        + b"mdat"
    )
    try:
        return read_file(head + data, height, width)
    except RuntimeError as error:
        raise FrameError(
            f"{len(data)} bytes are no AV1 picture of {coded_width}x{coded_height} pixels: {error}"
        ) from error


@lru_cache(maxsize=8)
def _boxes(height: int, width: int) -> bytes:
    """What comes before the data in the file of a picture of this size."""
    from PIL import Image

    grey = Image.fromarray(np.full((height, width, 3), 128, np.uint8))
    file = avif_file(grey, 1 << 30, fast=True, speed=10)
    assert file is not None  # any file fits
    return file[: file.index(b"mdat") + 4]
