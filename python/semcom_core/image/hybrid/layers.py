# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Digital layers of different robustness and an analog one on top of each other in the same channel
uses.

    x = sqrt(p_1) d_1 + sqrt(p_2) d_2 + ... + sqrt(p_a) a        with p_1 + p_2 + ... + p_a = 1

The receiver decodes the strongest layer while it counts the others as noise, takes it away, and
goes on to the next. On a channel that may be good or bad this carries more than giving each layer
uses of its own.

Source: T. Cover, "Broadcast channels", IEEE Trans. Inf. Theory 18, 1972.

A picture as coded layers: the first is the picture, each further one what those before it leave.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from semcom_core.errors import ConfigError, FrameError
from semcom_core.image.coders import still
from semcom_core.image.digital import DigitalLink

_ROUNDING = 1e-6


@dataclass(frozen=True)
class Received:
    """What came out of the layers.

    Args:
        data: bytes of the digital layers that arrived whole, the strongest first.
        symbols: the analog layer of power 1, complex (uses,); None unless all digital layers
            arrived.
        noise_var: of those symbols, float (uses,).
    """

    data: list[bytes]
    symbols: np.ndarray | None
    noise_var: np.ndarray | None


@dataclass(frozen=True)
class Superposition:
    """Layers in the same uses.

    Args:
        links: digital links, the strongest first; all of the same uses.
        powers: share of each, above 0; what they leave of 1 is the analog layer's.

    Raises:
        ConfigError: the shares are not above 0, exceed 1, or are not as many as the links.
    """

    links: tuple[DigitalLink, ...]
    powers: tuple[float, ...]

    def __post_init__(self):
        if (
            len(self.links) != len(self.powers)
            or not all(p > 0 for p in self.powers)
            or sum(self.powers) > 1 + _ROUNDING
        ):
            raise ConfigError(
                f"powers of {len(self.links)} layers are {self.powers}; allowed is above 0 each, "
                "at most 1 together"
            )

    @property
    def analog_power(self) -> float:
        """Share of the analog layer; 0 where there is none."""
        left = 1 - sum(self.powers)
        return left if left > _ROUNDING else 0.0

    def modulate(self, data: list[bytes], analog: np.ndarray | None = None) -> np.ndarray:
        """Symbols of the layers, complex64 (uses,).

        Args:
            data: bytes of each digital layer.
            analog: complex array (uses,) of mean power 1, where there is an analog layer.
        """
        total = sum(
            np.sqrt(p) * link.encode(one)
            for p, link, one in zip(self.powers, self.links, data, strict=True)
        )
        return (
            total
            if analog is None
            else (total + np.sqrt(self.analog_power) * analog).astype(np.complex64)
        )

    def demodulate(self, symbols: np.ndarray, noise_var: np.ndarray) -> Received:
        """Layers of received symbols (uses,), y = x + n, with E|n|^2 = noise_var; erased symbols
        have inf.
        """
        symbols = symbols.astype(np.complex128)
        above = 1.0
        data = []
        for link, power in zip(self.links, self.powers, strict=True):
            above -= power
            one, ok = link.decode(symbols / np.sqrt(power), (noise_var + max(above, 0.0)) / power)
            if not ok:
                return Received(data, None, None)
            data.append(one)
            symbols = np.where(
                np.isfinite(noise_var), symbols - np.sqrt(power) * link.encode(one), 0.0
            )
        if not self.analog_power:
            return Received(data, None, None)
        return Received(data, symbols / np.sqrt(self.analog_power), noise_var / self.analog_power)


_MIDDLE = 128


@dataclass(frozen=True)
class Layers:
    """Coded layers.

    Args:
        data: of each, as `still` codes them; empty where the layer's bytes were too few for
            anything.
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
            data = b""
            steps = 0
        layers.data.append(data)
        layers.steps.append(steps)
        layers.pictures.append(add_layer(layers.pictures, data, steps, *pixels.shape[:2]))
    return layers


def left(pixels: np.ndarray, pictures: Sequence[np.ndarray]) -> np.ndarray:
    """What the next layer codes, uint8 (H, W, 3): the picture, or about mid-grey what the layers so
    far leave of it.
    """
    return (
        pixels
        if not pictures
        else np.clip(np.rint(pixels - pictures[-1]) + _MIDDLE, 0, 255).astype(np.uint8)
    )


def add_layer(
    pictures: Sequence[np.ndarray], data: bytes, steps: int, height: int, width: int
) -> np.ndarray:
    """The picture with one more layer, float (height, width, 3).

    Raises:
        FrameError: the data are damaged.
    """
    if pictures and not data.strip(b"\0"):
        return pictures[-1]
    layer = still.expand(data, steps, height, width).astype(float)
    return np.clip(pictures[-1] + layer - _MIDDLE, 0, 255) if pictures else layer
