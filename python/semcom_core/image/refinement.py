# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the digital layers leave of a picture, sent as analog symbols: the coefficients that are expected to hold the most.

Both ends have the picture decoded so far, and estimate from it how much each coefficient of the residual varies. The largest get a symbol's
real or imaginary part each, with an amplitude by the fourth root of the variance; the receiver estimates them by least squares, so that the
picture gets better with every dB.

Source: S. Jakubczak and D. Katabi, "SoftCast: one-size-fits-all wireless video", SIGCOMM 2010 (amplitudes); the classes are our own.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

import numpy as np
from scipy.ndimage import uniform_filter

from semcom_core.image.opponent import SIDE, coefficients, picture_of

#: Classes of the energy around a coefficient (1.5 octaves wide) and of what the last layer added there (one octave wide).
_ENERGIES, _ADDED = 10, 8
#: Shape of the table of variances: opponent colour, frequency, and the two classes.
TABLE_SHAPE = (3, SIDE, _ENERGIES, _ADDED)
#: The sender says by what power of 2 the picture's residual differs from the table: this many steps an octave, this many steps.
SCALES, _SCALE_STEPS, _SCALE_ZERO = 16, 2, 8


def classes(decoded: np.ndarray, before: np.ndarray) -> tuple[np.ndarray, ...]:
    """Indices into the table for each coefficient of a picture's residual, four arrays (rows, columns, 3, 8, 8).

    Args:
        decoded: the picture as decoded so far, float (H, W, 3).
        before: the same without its last layer.
    """
    around = uniform_filter(coefficients(decoded) ** 2, size=(3, 3, 1, 3, 3))
    added = uniform_filter((coefficients(decoded - before) ** 2).mean(axis=(2, 3, 4), keepdims=True), size=(3, 3, 1, 1, 1))
    energy = np.clip(np.log2(around + 1) / 1.5, 0, _ENERGIES - 1).astype(int)
    extra = np.broadcast_to(np.clip(np.log2(added + 1), 0, _ADDED - 1).astype(int), energy.shape)
    colour, row, column = np.indices(energy.shape[2:])
    return np.broadcast_to(colour, energy.shape), np.broadcast_to(np.maximum(row, column), energy.shape), energy, extra


class Refinement:
    """Analog symbols of a residual.

    Args:
        uses: channel uses, each two coefficients.
        decoded, before: as `classes` takes them.
    """

    def __init__(self, uses: int, decoded: np.ndarray, before: np.ndarray):
        self.uses, self._decoded = uses, decoded
        variances = _table()[classes(decoded, before)]
        self._shape = variances.shape
        order = np.argsort(-variances.ravel(), kind="stable")[: 2 * uses]
        self._places = order[_spread(order.size)]
        self._variances = variances.ravel()[self._places]

    def encode(self, pixels: np.ndarray) -> tuple[np.ndarray, int]:
        """Symbols, complex (uses,) of mean power about 1, and the scale that decode needs.

        Args:
            pixels: the picture itself, (H, W, 3).
        """
        values = coefficients(pixels - self._decoded).ravel()[self._places]
        octaves = np.log2(max(float(np.mean(values**2 / self._variances)), 1e-9)) if values.size else 0.0
        scale = int(np.clip(round(octaves * _SCALE_STEPS) + _SCALE_ZERO, 0, SCALES - 1))
        sent = np.pad(values * self._amplitudes(scale), (0, 2 * self.uses - values.size))
        return sent[0::2] + 1j * sent[1::2], scale

    def decode(self, symbols: np.ndarray, noise_var: np.ndarray, scale: int) -> np.ndarray:
        """The refined picture, float (H, W, 3).

        Args:
            symbols: complex (uses,), y = x + n.
            noise_var: E|n|^2 of each; inf where nothing arrived.
            scale: what encode returned.
        """
        received = np.stack([symbols.real, symbols.imag], axis=1).ravel()[: self._places.size]
        noise = np.repeat(noise_var / 2, 2)[: self._places.size]
        g, v = self._amplitudes(scale), self._variances * _factor(scale)
        blocks = np.zeros(self._shape)
        blocks.reshape(-1)[self._places] = g * v / (g**2 * v + noise) * received
        return self._decoded + picture_of(blocks, *self._decoded.shape[:2])

    def _amplitudes(self, scale: int) -> np.ndarray:
        """Factor from each coefficient to its part of a symbol: the mean power of a symbol is 1 if the variances are right."""
        v = self._variances * _factor(scale)
        return v**-0.25 / np.sqrt(2 * np.mean(np.sqrt(v))) if v.size else v


def _factor(scale: int) -> float:
    return 2.0 ** ((scale - _SCALE_ZERO) / _SCALE_STEPS)


@lru_cache(maxsize=8)
def _spread(count: int) -> np.ndarray:
    """A fixed shuffle, so that every run of symbols has the same mean power."""
    return np.random.Generator(np.random.PCG64(0x5EC0)).permutation(count)


@lru_cache(maxsize=1)
def _table() -> np.ndarray:
    """Variance of each class of coefficient, float (TABLE_SHAPE)."""
    from safetensors.numpy import load

    return load((files("semcom_core") / "models" / "hybrid" / "variances.safetensors").read_bytes())["variances"].astype(float)
