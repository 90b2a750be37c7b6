# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Still pictures in so many bytes: VVC, or AV1 for the smallest and for those of very many bytes;
what arrives tells which it is.
"""

from __future__ import annotations

import numpy as np

from semcom_core.errors import check_choice
from semcom_core.image.coders import av1, vvc
from semcom_core.image.coders import vvc as vvc_fit
from semcom_core.image.picture import grown, sizes

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
#: (see vvc_fit).
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
    """A coded picture of at most `most` bytes.

    Args:
        pixels: uint8 (H, W, 3) RGB.
        coder: one of CODERS.
        speed: of the encoder, 0 (slow and small) to 10.

    Returns:
        The bytes, and how often the picture was shrunk before (see shrink).

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
    return vvc_fit.compress(
        pixels, most, *next(way for highest, way in _PRESETS.items() if speed <= highest)
    )


def expand(data: bytes, steps: int, height: int, width: int) -> np.ndarray:
    """The picture of such bytes, uint8 (height, width, 3); zeros after them do no harm.

    Args:
        steps: how often the picture was shrunk before it was coded.

    Raises:
        FrameError: the bytes are no picture of that size.
    """
    if not data.startswith(vvc.START):
        return av1.expand(data, steps, height, width)
    coded_width, coded_height = sizes(height, width)[steps]
    return grown(vvc.decode(data, coded_height, coded_width), height, width)
