# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers of the learned image codecs.

A position is a block of 8x8 pixels: 192 numbers of the picture, and up to 12 complex symbols that
tell about them.

Pictures of any size to what the networks take and back, and latents to the order in which their
symbols travel.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, gelu, pixel_unshuffle

from semcom_core.models.checkpoint import file_cache, load_checkpoint, save_checkpoint

#: Pixels a side of a position, its numbers in the picture, and its complex symbols at a CBR of
#: 1/16.
STRIDE = 8
BLOCK_VALUES = 3 * 8 * 8
SYMBOLS = 12
#: Real values of a position's latent: symbol i has value i as its real part and value i + 12 as its
#: imaginary part.
VALUES = 2 * SYMBOLS


def blocks_of(pictures: Tensor) -> Tensor:
    """Numbers of each position, float (B, 192, H/8, W/8), of pictures (B, 3, H, W) whose sides are
    multiples of 8.
    """
    return pixel_unshuffle(pictures, STRIDE)


def position_importance(importance: Tensor) -> Tensor:
    """Importance of positions (B, 1, H/8, W/8): the mean over each and a little of its neighbours,
    of pixels (B, 1, H, W).
    """
    mean = avg_pool2d(importance, STRIDE)
    return avg_pool2d(mean, 3, stride=1, padding=1, count_include_pad=False)


class Film(nn.Module):
    """A factor and a shift for each feature, from what is known of the whole message.

    Source: Perez et al., FiLM: Visual reasoning with a general conditioning layer, AAAI 2018.
    """

    def __init__(self, conditions: int, width: int):
        super().__init__()
        self.inner = nn.Linear(conditions, 32)
        self.outer = nn.Linear(32, 2 * width)
        nn.init.zeros_(self.outer.weight)
        nn.init.zeros_(self.outer.bias)

    def forward(self, features: Tensor, conditions: Tensor) -> Tensor:
        """Features (B, width, h, w) under conditions (B, n)."""
        factor, shift = self.outer(gelu(self.inner(conditions)))[:, :, None, None].chunk(2, 1)
        return features * (1 + factor) + shift


class FilmBlock(nn.Module):
    """Residual block: what is around a position, bent by the conditions, and mixed."""

    def __init__(self, width: int, conditions: int):
        super().__init__()
        self.around = nn.Conv2d(width, width, 3, padding=1)
        self.mixed = nn.Conv2d(width, width, 1)
        self.film = Film(conditions, width)
        nn.init.normal_(self.mixed.weight, std=0.2 * width**-0.5)

    def forward(self, features: Tensor, conditions: Tensor) -> Tensor:
        """New features (B, width, h, w) under conditions (B, n)."""
        return features + self.mixed(gelu(self.film(self.around(features), conditions)))


class Trunk(nn.Module):
    """An entry convolution and residual blocks in a row.

    Args:
        inputs: features that enter.
        width: features inside.
        blocks: how many blocks.
        conditions: numbers known of the whole message.
    """

    def __init__(self, inputs: int, width: int, blocks: int, conditions: int):
        super().__init__()
        self.entry = nn.Conv2d(inputs, width, 3, padding=1)
        self.blocks = nn.ModuleList(FilmBlock(width, conditions) for _ in range(blocks))

    def forward(self, features: Tensor, conditions: Tensor) -> Tensor:
        """Features (B, width, h, w) of entering ones (B, inputs, h, w)."""
        features = self.entry(features)
        for block in self.blocks:
            features = block(features, conditions)
        return features


def zero_conv(inputs: int, outputs: int, kernel: int) -> nn.Conv2d:
    """A convolution that adds nothing before it is trained."""
    layer = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def noisy(symbols: Tensor, noise_var: Tensor) -> Tensor:
    """Values (B, 2 n, h, w) after a channel of noise variances (B, n, h, w) for each complex
    symbol; erased ones are 0.

    Half of the variance is on each axis (see units).
    """
    sigma = (noise_var / 2).sqrt().repeat(1, 2, 1, 1)
    heard = torch.isfinite(sigma)
    return torch.where(
        heard, symbols + torch.randn_like(symbols) * torch.where(heard, sigma, 0.0), 0.0
    )


def positions_of(height: int, width: int) -> tuple[int, int]:
    """Rows and columns of positions that cover a picture."""
    return -(-height // STRIDE), -(-width // STRIDE)


def to_tensor(pixels: np.ndarray) -> Tensor:
    """A picture as networks take it, float (1, 3, H', W'), -0.5 to 0.5; mirrored at its edges up to
    multiples of 8.
    """
    return torch.from_numpy(_padded(pixels).transpose(2, 0, 1)[None].astype(np.float32)) / 255 - 0.5


def to_pixels(picture: Tensor, height: int, width: int) -> np.ndarray:
    """The picture, uint8 (height, width, 3), of a network's output (1, 3, H', W')."""
    values = ((picture[0, :, :height, :width] + 0.5) * 255).round().clamp(0, 255)
    return np.ascontiguousarray(values.to(torch.uint8).permute(1, 2, 0).numpy())


def importance_tensor(importance: np.ndarray | None, height: int, width: int) -> Tensor:
    """Importance of pixels as float (1, 1, H', W'); 0 everywhere for None."""
    if importance is None:
        rows, columns = positions_of(height, width)
        return torch.zeros(1, 1, STRIDE * rows, STRIDE * columns)
    return torch.from_numpy(np.ascontiguousarray(_padded(importance)))[None, None].float()


def _padded(array: np.ndarray) -> np.ndarray:
    height, width = array.shape[:2]
    rows, columns = positions_of(height, width)
    margins = [(0, STRIDE * rows - height), (0, STRIDE * columns - width)] + [(0, 0)] * (
        array.ndim - 2
    )
    return np.pad(array, margins, mode="symmetric")


def to_symbols(values: Tensor, sent: np.ndarray) -> np.ndarray:
    """Symbols in the order they travel, complex64 (n,): first the first symbol of every position,
    then the second of those that send it.

    Args:
        values: float (1, 2 n, h, w), real parts and then imaginary ones.
        sent: which symbols are sent, bool (n, h, w).
    """
    real, imaginary = np.split(values[0].numpy(), 2)
    return (real + 1j * imaginary)[sent].astype(np.complex64)


def from_symbols(
    symbols: np.ndarray, noise_var: np.ndarray, sent: np.ndarray
) -> tuple[Tensor, Tensor]:
    """Values, float (1, 2 n, h, w), and noise variances, float (1, n, h, w), of received symbols.

    Args:
        symbols: complex (m,), and the noise variance of each, inf for lost ones.
        sent: as to_symbols takes it; the last symbols are lost where m is less than what it counts.
    """
    latent = np.zeros(sent.shape, np.complex128)
    noise = np.full(sent.shape, np.inf)
    places = np.flatnonzero(sent)[: len(symbols)]
    latent.flat[places], noise.flat[places] = symbols[: len(places)], noise_var[: len(places)]
    values = np.concatenate([latent.real, latent.imag])
    return torch.from_numpy(values[None]).float(), torch.from_numpy(noise[None]).float()


@dataclass(frozen=True)
class JsccModel:
    """A network in evaluation mode.

    Args:
        network: the network.
        fingerprint: first 16 hexadecimal digits of the SHA-256 of its file.
    """

    network: Any
    fingerprint: str

    @property
    def number(self) -> int:
        """The first 8 bits of the fingerprint, which each message carries."""
        return int(self.fingerprint[:2], 16)


def save_model(network: nn.Module, shape: Any, training: list[dict], path: Path) -> None:
    """Write a network in half precision.

    Args:
        network: the network.
        shape: the dataclass from which the network is made.
        training: the settings of each stage of its training.
        path: file to write.
    """
    save_checkpoint(path, network, shape, {"training": training}, half=True)


@file_cache(maxsize=8)
def load_model(path: Path, kind: Callable, shape: type) -> JsccModel:
    """Read a network.

    Args:
        path: file that save_model wrote.
        kind: class of the network, made from a `shape`.
        shape: dataclass of its shape.

    Raises:
        ModelError: the file is not there, or holds no weights of such a network.
    """
    network, checkpoint = load_checkpoint(
        path, shape, kind, "a file written by `semcom train image`"
    )
    return JsccModel(network, checkpoint.fingerprint)
