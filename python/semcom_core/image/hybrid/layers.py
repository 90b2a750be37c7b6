# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Superposition coding of digital picture layers and an analog layer in the same channel uses.

    x = sqrt(p_1) d_1 + sqrt(p_2) d_2 + ... + sqrt(p_a) a,    p_1 + p_2 + ... + p_a = 1

The receiver decodes the strongest layer with the others counted as noise, subtracts it, and goes on
to the next (successive interference cancellation). Over a channel whose SNR is not known this
carries more than channel uses of its own for each layer.

The first digital layer codes the picture, each further one the residual of those before it; the
analog layer is made of what the last leaves (see analog).

Source: T. Cover, "Broadcast channels", IEEE Trans. Inf. Theory 18, 1972.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from semcom_core.errors import ConfigError, FrameError
from semcom_core.image.coders import still_coder
from semcom_core.image.digital import DigitalLink

#: Powers that differ by less than this are the same.
_ROUNDING = 1e-6
#: Value of a pixel that stands for a residual of 0.
_MID_GREY = 128


@dataclass(frozen=True)
class DecodedLayers:
    """Layers of a received superposition.

    Args:
        data: bytes of the digital layers whose CRC holds, the strongest first.
        symbols: the analog layer at power 1, complex128 (uses,); None unless all digital layers are
            decoded and there is an analog one.
        noise_var: of those symbols, float (uses,).
    """

    data: list[bytes]
    symbols: np.ndarray | None = None
    noise_var: np.ndarray | None = None


@dataclass(frozen=True)
class Superposition:
    """Layers in the same channel uses.

    Args:
        links: digital links, the strongest first; all of the same uses.
        powers: share of each, above 0; what is left of 1 is the analog layer's.

    Raises:
        ConfigError: the shares are not above 0, exceed 1, or are not as many as the links.
    """

    links: tuple[DigitalLink, ...]
    powers: tuple[float, ...]

    def __post_init__(self) -> None:
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
        if analog is None:
            return np.asarray(total)
        return (total + np.sqrt(self.analog_power) * analog).astype(np.complex64)

    def demodulate(self, symbols: np.ndarray, noise_var: np.ndarray) -> DecodedLayers:
        """Decode layers until one fails.

        Args:
            symbols: complex (uses,), y = x + n; 0 where erased.
            noise_var: E|n|^2 of each, float (uses,); inf where erased.
        """
        symbols = symbols.astype(np.complex128)
        interference = 1.0
        data: list[bytes] = []
        for link, power in zip(self.links, self.powers, strict=True):
            interference -= power
            one, ok = link.decode(
                symbols / np.sqrt(power), (noise_var + max(interference, 0.0)) / power
            )
            if not ok:
                return DecodedLayers(data)
            data.append(one)
            symbols = np.where(
                np.isfinite(noise_var), symbols - np.sqrt(power) * link.encode(one), 0.0
            )
        if not self.analog_power:
            return DecodedLayers(data)
        return DecodedLayers(
            data, symbols / np.sqrt(self.analog_power), noise_var / self.analog_power
        )


@dataclass(frozen=True)
class CodedLayers:
    """Digital layers of a picture.

    Args:
        data: bytes of each, as still_coder makes them; empty where there are too few for any.
        steps: how often each was downscaled before it was coded.
        pictures: the picture decoded from the first 1, 2, ... layers, float (H, W, 3), 0 to 255.
    """

    data: list[bytes]
    steps: list[int]
    pictures: list[np.ndarray]


def compress_layers(
    pixels: np.ndarray, sizes: Sequence[int], coder: str, speed: int
) -> CodedLayers:
    """Digital layers of a picture.

    Args:
        pixels: uint8 (H, W, 3).
        sizes: most bytes of each layer.
        coder: one of still_coder.CODERS.
        speed: of the encoder, 0 (slow and small) to 10.

    Raises:
        FrameError: the first layer has too few bytes for any picture.
    """
    layers = CodedLayers([], [], [])
    for size in sizes:
        source = pixels if not layers.pictures else _residual(pixels, layers.pictures[-1])
        try:
            data, steps = still_coder.compress(source, size, coder, speed)
        except FrameError:
            if not layers.data:
                raise
            data = b""
            steps = 0
        layers.data.append(data)
        layers.steps.append(steps)
        layers.pictures.append(add_layer(layers.pictures, data, steps, *pixels.shape[:2]))
    return layers


def _residual(pixels: np.ndarray, decoded: np.ndarray) -> np.ndarray:
    """Difference of a picture and what is decoded of it, about mid-grey, uint8 (H, W, 3)."""
    return np.clip(np.rint(pixels - decoded) + _MID_GREY, 0, 255).astype(np.uint8)


def add_layer(
    pictures: Sequence[np.ndarray], data: bytes, steps: int, height: int, width: int
) -> np.ndarray:
    """The picture with one more layer, float (height, width, 3).

    Args:
        pictures: decoded from the layers before, the last of them counts; none for the first layer.
        data: bytes of the layer; zeros alone add nothing.
        steps: how often the layer was downscaled before it was coded.
        height, width: of the picture, pixels.

    Raises:
        FrameError: the data are damaged.
    """
    if pictures and not data.strip(b"\0"):
        return pictures[-1]
    layer = still_coder.expand(data, steps, height, width).astype(float)
    return np.clip(pictures[-1] + layer - _MID_GREY, 0, 255) if pictures else layer
