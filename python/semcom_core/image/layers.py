# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A picture as coded layers: the first is the picture, each further one what those before it leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from semcom_core.errors import FrameError
from semcom_core.image import still

_MIDDLE = 128


@dataclass(frozen=True)
class Layers:
    """Coded layers.

    Args:
        data: of each, as `still` codes them; empty where the layer's bytes were too few for anything.
        steps: how often each was shrunk before it was coded.
        pictures: the picture decoded from the first 1, 2, ... layers, float (H, W, 3), 0 to 255.
    """

    data: list[bytes]
    steps: list[int]
    pictures: list[np.ndarray]


def compress_layers(pixels: np.ndarray, sizes: Sequence[int], coder: str, speed: int) -> Layers:
    """Layers of a picture of at most so many bytes each.

    Args:
        pixels: uint8 (H, W, 3).
        coder, speed: as `still` takes them.

    Raises:
        FrameError: the first layer has too few bytes for any picture.
    """
    layers = Layers([], [], [])
    for size in sizes:
        try:
            data, steps = still.compress(left(pixels, layers.pictures), size, coder, speed)
        except FrameError:
            if not layers.data:
                raise
            data, steps = b"", 0
        layers.data.append(data)
        layers.steps.append(steps)
        layers.pictures.append(add_layer(layers.pictures, data, steps, *pixels.shape[:2]))
    return layers


def left(pixels: np.ndarray, pictures: Sequence[np.ndarray]) -> np.ndarray:
    """What the next layer codes, uint8 (H, W, 3): the picture, or about mid-grey what the layers so far leave of it."""
    return pixels if not pictures else np.clip(np.rint(pixels - pictures[-1]) + _MIDDLE, 0, 255).astype(np.uint8)


def add_layer(pictures: Sequence[np.ndarray], data: bytes, steps: int, height: int, width: int) -> np.ndarray:
    """The picture with one more layer, float (height, width, 3).

    Raises:
        FrameError: the data are damaged.
    """
    if pictures and not data.strip(b"\0"):
        return pictures[-1]
    layer = still.expand(data, steps, height, width).astype(float)
    return np.clip(pictures[-1] + layer - _MIDDLE, 0, 255) if pictures else layer
