# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Still picture coder of a given size: VVC, or AV1 for pictures or files that VVC does not suit.

The coded bytes tell which of the two it is.
"""

from __future__ import annotations

import numpy as np

from semcom_core.errors import check_choice
from semcom_core.image.coders import av1, vvc
from semcom_core.image.picture import downscaled_sizes, resize

#: Coders, the best first.
CODERS = ("vvc", "av1")
#: A VVC stream begins with some 90 bytes of parameters: smaller files, and those of pictures of a
#: shorter side, are better as AV1.
_LEAST_BYTES = 450
_LEAST_SIDE = 64
#: Most bytes a pixel for VVC: chroma at half size then limits what it can reach, and FFmpeg has no
#: room for a stream of more than one.
_MOST_BYTES_A_PIXEL = 0.6
#: Highest speed, 0 to 10 → preset of VVenC, and how many pairs of encodings by it aim at the bytes
#: (see vvc.compress).
_PRESETS = {
    0: ("slower", 2),
    1: ("slow", 2),
    3: ("medium", 2),
    4: ("fast", 1),
    6: ("faster-split", 1),
    8: ("faster", 2),
    10: ("faster", 1),
}


def compress(pixels: np.ndarray, most: int, coder: str, speed: int) -> tuple[bytes, int]:
    """Code a picture in at most `most` bytes.

    Args:
        pixels: uint8 (H, W, 3) RGB.
        most: bytes.
        coder: one of CODERS.
        speed: of the encoder, 0 (slow and small) to 10.

    Returns:
        The bytes, and by how many steps the picture was downscaled before (see picture.downscale).

    Raises:
        FrameError: the picture fits no file of that size.
        ConfigError: there is no such coder, or it is not installed.
    """
    check_choice("coder", coder, CODERS)
    height, width = pixels.shape[:2]
    suits_vvc = (
        _LEAST_BYTES <= most <= _MOST_BYTES_A_PIXEL * height * width
        and min(height, width) >= _LEAST_SIDE
    )
    if coder == "av1" or not suits_vvc:
        return av1.compress(pixels, most, speed)
    preset, pairs = next(way for highest, way in _PRESETS.items() if speed <= highest)
    return vvc.compress(pixels, most, preset, pairs)


def expand(data: bytes, steps: int, height: int, width: int) -> np.ndarray:
    """Decode a picture, uint8 (height, width, 3).

    Args:
        data: what compress made; zeros may follow.
        steps: of downscaling before it was coded.
        height, width: of the picture, pixels.

    Raises:
        FrameError: the bytes are no picture of that size.
    """
    if not data.startswith(vvc.START):
        return av1.expand(data, steps, height, width)
    coded_width, coded_height = downscaled_sizes(height, width)[steps]
    return resize(vvc.decode(data, coded_height, coded_width), height, width)
