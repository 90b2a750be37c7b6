# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""AV1 still pictures without their container: what an AVIF file holds besides the coded picture, both ends can make up.

An AVIF file is some 275 bytes of boxes around one AV1 picture. The receiver codes a grey picture of the same size, takes its boxes and puts
the received AV1 data into them.

Source: AV1 Image File Format 1.1; ISO/IEC 14496-12 §8.11.3 (item location box).
"""

from __future__ import annotations

import struct
from functools import lru_cache, partial

import numpy as np

from semcom_core.errors import FrameError
from semcom_core.image.separate_avif import avif_file
from semcom_core.image.separate_files import fitted, read_file
from semcom_core.image.shrink import sizes

#: Places of the size in an image extent box, and of the data's length in an item location box (version 0, one item of one extent).
_SIZE_PLACE, _LENGTH_PLACE = 4, 18


def compress(pixels: np.ndarray, most: int, speed: int) -> tuple[bytes, int]:
    """AV1 data of a picture in at most `most` bytes.

    Args:
        pixels: uint8 (H, W, 3) RGB.
        speed: of the encoder, 0 (slow and small) to 10.

    Returns:
        The data, and how often the picture was shrunk before (see shrink).

    Raises:
        FrameError: the picture fits no file of that size.
    """
    height, width = pixels.shape[:2]
    file = fitted(pixels, most + len(_boxes(height, width)), partial(avif_file, speed=speed))
    start = file.index(b"mdat") + 4
    place = file.index(b"ispe") + 4 + _SIZE_PLACE
    coded = struct.unpack(">II", file[place : place + 8])
    return file[start:], sizes(height, width).index(coded)


def expand(data: bytes, steps: int, height: int, width: int) -> np.ndarray:
    """The picture of AV1 data, uint8 (height, width, 3); bytes after the AV1 data do no harm.

    Args:
        steps: how often the picture was shrunk before it was coded.

    Raises:
        FrameError: the data are no AV1 picture of that size.
    """
    coded_width, coded_height = sizes(height, width)[steps]
    boxes = _boxes(coded_height, coded_width)
    place = boxes.index(b"iloc") + 4 + _LENGTH_PLACE
    head = boxes[:place] + struct.pack(">I", len(data)) + boxes[place + 4 : -8] + struct.pack(">I", len(data) + 8) + b"mdat"
    try:
        return read_file(head + data, height, width)
    except RuntimeError as error:
        raise FrameError(f"{len(data)} bytes are no AV1 picture of {coded_width}x{coded_height} pixels: {error}") from error


@lru_cache(maxsize=8)
def _boxes(height: int, width: int) -> bytes:
    """What comes before the data in the file of a picture of this size."""
    from PIL import Image

    file = avif_file(Image.fromarray(np.full((height, width, 3), 128, np.uint8)), 1 << 30, hasty=True, speed=10)
    return file[: file.index(b"mdat") + 4]
