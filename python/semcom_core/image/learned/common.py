# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers, array conversions and weights that the learned image codecs share.

A position is a block of 8 x 8 pixels: 192 numbers of the picture, and up to 12 complex symbols that
carry them.

Arrays: B pictures (B, 3, H, W), -0.5 to 0.5; h = ceil(H/8) and w = ceil(W/8) positions; blocks (B,
192, h, w); values of n symbols (B, 2 n, h, w), n real parts and then n imaginary parts; noise
variances (B, n, h, w), inf where a symbol is lost.
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
from semcom_core.models.device import find_device, place_network, to_host

#: Pixels a side of a position.
STRIDE = 8
#: Numbers of a position in the picture.
BLOCK_VALUES = 3 * 8 * 8
#: Complex symbols of a position at a CBR of 1/16.
SYMBOLS = 12
#: Real values of a position's latent: symbol i has value i as its real part and value i + 12 as its
#: imaginary part.
VALUES = 2 * SYMBOLS


def blocks_of(pictures: Tensor) -> Tensor:
    """Blocks, float (B, 192, h, w), of pictures (B, 3, H, W) whose sides are multiples of 8."""
    return pixel_unshuffle(pictures, STRIDE)


def position_importance(importance: Tensor) -> Tensor:
    """Importance of positions, float (B, 1, h, w), of that of pixels (B, 1, H, W): the mean over
    each position and its neighbours.
    """
    mean = avg_pool2d(importance, STRIDE)
    return avg_pool2d(mean, 3, stride=1, padding=1, count_include_pad=False)


class Film(nn.Module):
    """Feature-wise linear modulation: a factor and a shift for each feature.

    Args:
        conditions: numbers known of the whole message.
        width: features.

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
    """Residual block: 3 x 3 convolution, FiLM, GELU, 1 x 1 convolution."""

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
    """A convolution whose output is 0 before it is trained.

    Args:
        inputs, outputs: features.
        kernel: side of its kernel, odd; the size of the picture stays.
    """
    layer = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def add_noise(symbols: Tensor, noise_var: Tensor) -> Tensor:
    """Values after a channel with additive Gaussian noise, 0 where symbols are erased.

    Args:
        symbols: values, float (B, 2 n, h, w).
        noise_var: of each complex symbol, float (B, n, h, w), half of it on each axis (see units);
            inf where it is erased.
    """
    sigma = (noise_var / 2).sqrt().repeat(1, 2, 1, 1)
    arrived = torch.isfinite(sigma)
    received = symbols + torch.randn_like(symbols) * torch.where(arrived, sigma, 0.0)
    return torch.where(arrived, received, 0.0)


def positions_of(height: int, width: int) -> tuple[int, int]:
    """h and w: rows and columns of positions that cover a picture."""
    return -(-height // STRIDE), -(-width // STRIDE)


def to_tensor(pixels: np.ndarray) -> Tensor:
    """Input of the networks, float (1, 3, 8 h, 8 w), of a picture, mirrored at its edges."""
    return torch.from_numpy(_padded(pixels).transpose(2, 0, 1)[None].astype(np.float32)) / 255 - 0.5


def to_pixels(picture: Tensor, height: int, width: int) -> np.ndarray:
    """The picture, uint8 (height, width, 3), of a network's output.

    Args:
        picture: float (1, 3, 8 h, 8 w), -0.5 to 0.5.
        height, width: of the picture, pixels.
    """
    values = ((picture[0, :, :height, :width] + 0.5) * 255).round().clamp(0, 255)
    return np.ascontiguousarray(to_host(values.to(torch.uint8)).permute(1, 2, 0).numpy())


def importance_tensor(importance: np.ndarray | None, height: int, width: int) -> Tensor:
    """Importance of pixels as float (1, 1, 8 h, 8 w), mirrored at the picture's edges.

    Args:
        importance: float (H, W), 0 to 1; None for 0 everywhere.
        height, width: of the picture, pixels.
    """
    if importance is None:
        rows, columns = positions_of(height, width)
        return torch.zeros(1, 1, STRIDE * rows, STRIDE * columns)
    return torch.from_numpy(np.ascontiguousarray(_padded(importance)))[None, None].float()


def _padded(array: np.ndarray) -> np.ndarray:
    """An array (H, W, ...) as (8 h, 8 w, ...)."""
    height, width = array.shape[:2]
    rows, columns = positions_of(height, width)
    margins = [(0, STRIDE * rows - height), (0, STRIDE * columns - width)]
    margins += [(0, 0)] * (array.ndim - 2)
    return np.pad(array, margins, mode="symmetric")


def to_symbols(values: Tensor, sent: np.ndarray) -> np.ndarray:
    """Symbols in the order they travel, complex64 (m,): the first symbol of every position, then
    the second of those that send it, and so on.

    Args:
        values: float (1, 2 n, h, w).
        sent: which symbols are sent, bool (n, h, w), m of them.
    """
    real, imaginary = np.split(to_host(values[0]).numpy(), 2)
    return (real + 1j * imaginary)[sent].astype(np.complex64)


def from_symbols(
    symbols: np.ndarray, noise_var: np.ndarray, sent: np.ndarray
) -> tuple[Tensor, Tensor]:
    """Values, float (1, 2 n, h, w), and noise variances, float (1, n, h, w), of received symbols.

    Args:
        symbols: complex (m,).
        noise_var: of each, float (m,), inf where lost.
        sent: which symbols are sent, bool (n, h, w); where they are more than m, the last are lost.
    """
    latent = np.zeros(sent.shape, np.complex128)
    noise = np.full(sent.shape, np.inf)
    places = np.flatnonzero(sent)[: len(symbols)]
    latent.flat[places] = symbols[: len(places)]
    noise.flat[places] = noise_var[: len(places)]
    values = np.concatenate([latent.real, latent.imag])
    return torch.from_numpy(values[None]).float(), torch.from_numpy(noise[None]).float()


@dataclass(frozen=True)
class JsccModel:
    """A network in evaluation mode.

    Args:
        network: the network.
        fingerprint: first 16 hexadecimal digits of the SHA-256 of its file.
        device: what it computes on.
    """

    network: Any
    fingerprint: str
    device: str = "cpu"

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


def load_model(path: Path, kind: Callable, shape: type, device: str = "cpu") -> JsccModel:
    """Read a network.

    Args:
        path: file that save_model wrote.
        kind: class of the network, made from a `shape`.
        shape: dataclass of its shape.
        device: what it computes on, one of models.device.DEVICES.

    Raises:
        ConfigError: there is no such device.
        ModelError: the file is not there, or holds no weights of such a network.
    """
    return _load(path, kind, shape, find_device(device))


@file_cache(maxsize=8)
def _load(path: Path, kind: Callable, shape: type, device: str) -> JsccModel:
    """Read a network; the file's stamp is part of the cache's key."""
    network, checkpoint = load_checkpoint(
        path, shape, kind, "a file written by `semcom train image`"
    )
    return JsccModel(place_network(network, device), checkpoint.fingerprint, device)
