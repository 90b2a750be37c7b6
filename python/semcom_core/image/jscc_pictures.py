# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of any size to what the networks take and back, and latents to the order in which their symbols travel."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from semcom_core.image.jscc_layers import STRIDE


def positions_of(height: int, width: int) -> tuple[int, int]:
    """Rows and columns of positions that cover a picture."""
    return -(-height // STRIDE), -(-width // STRIDE)


def to_tensor(pixels: np.ndarray) -> Tensor:
    """A picture as networks take it, float (1, 3, H', W'), -0.5 to 0.5; mirrored at its edges up to multiples of 8."""
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
    margins = [(0, STRIDE * rows - height), (0, STRIDE * columns - width)] + [(0, 0)] * (array.ndim - 2)
    return np.pad(array, margins, mode="symmetric")


def to_symbols(values: Tensor, sent: np.ndarray) -> np.ndarray:
    """Symbols in the order they travel, complex64 (n,): first the first symbol of every position, then the second of those that send it.

    Args:
        values: float (1, 2 n, h, w), real parts and then imaginary ones.
        sent: which symbols are sent, bool (n, h, w).
    """
    real, imaginary = np.split(values[0].numpy(), 2)
    return (real + 1j * imaginary)[sent].astype(np.complex64)


def from_symbols(symbols: np.ndarray, noise_var: np.ndarray, sent: np.ndarray) -> tuple[Tensor, Tensor]:
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
