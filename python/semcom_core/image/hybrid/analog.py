# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures as 8 x 8 blocks of cosine coefficients in opponent colours: an orthonormal transform, so
errors keep their size.

What the digital layers leave of a picture, sent as analog symbols: the coefficients that are
expected to hold the most.

Both ends have the picture decoded so far, and estimate from it how much each coefficient of the
residual varies. The largest get a symbol's real or imaginary part each, with an amplitude by the
fourth root of the variance; the receiver estimates them by least squares, so that the picture gets
better with every dB.

Source: S. Jakubczak and D. Katabi, "SoftCast: one-size-fits-all wireless video", SIGCOMM 2010
(amplitudes); the classes are our own.

The lowest frequencies of a whole picture as analog symbols: what is left to show when nothing
digital arrives.

The receiver knows the picture's size alone, so amplitudes follow a fixed law, the power spectrum of
photographs.

Source: D. L. Ruderman, "The statistics of natural images", Network 5, 1994 (power falls with the
square of the frequency); S. Jakubczak and D. Katabi, "SoftCast: one-size-fits-all wireless video",
SIGCOMM 2010 (amplitudes by the fourth root of the variance).
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from scipy.fft import dctn, idctn
from scipy.ndimage import uniform_filter

from semcom_core import models
from semcom_core.models.checkpoint import read_checkpoint

#: File of the variances that come with the package.
SHIPPED = Path(models.__file__).parent / "weights" / "hybrid" / "variances.safetensors"

#: Side of a block.
SIDE = 8
#: Rows: brightness, red against blue, green against the two; orthonormal.
_COLOURS = np.array([[1, 1, 1], [1, 0, -1], [1, -2, 1]], float)
_COLOURS /= np.linalg.norm(_COLOURS, axis=1, keepdims=True)


def to_opponent(picture: np.ndarray) -> np.ndarray:
    """Opponent colours of a picture (H, W, 3) of red, green and blue."""
    return picture @ _COLOURS.T


def from_opponent(picture: np.ndarray) -> np.ndarray:
    """Red, green and blue of a picture (H, W, 3) in opponent colours."""
    return picture @ _COLOURS


def coefficients(picture: np.ndarray) -> np.ndarray:
    """Coefficients (rows, columns, 3, 8, 8) of a picture (H, W, 3), which is continued by its edge
    to whole blocks.
    """
    height, width = picture.shape[:2]
    padded = np.pad(
        to_opponent(picture.astype(float)),
        ((0, -height % SIDE), (0, -width % SIDE), (0, 0)),
        mode="edge",
    )
    rows, columns = padded.shape[0] // SIDE, padded.shape[1] // SIDE
    blocks = padded.reshape(rows, SIDE, columns, SIDE, 3).transpose(0, 2, 4, 1, 3)
    return dctn(blocks, axes=(3, 4), norm="ortho")


def picture_of(blocks: np.ndarray, height: int, width: int) -> np.ndarray:
    """The picture (height, width, 3), float, of coefficients."""
    padded = idctn(blocks, axes=(3, 4), norm="ortho").transpose(0, 3, 1, 4, 2)
    rows, columns = blocks.shape[:2]
    return from_opponent(padded.reshape(rows * SIDE, columns * SIDE, 3))[:height, :width]


#: Classes of the energy around a coefficient (1.5 octaves wide) and of what the last layer added
#: there (one octave wide).
_ENERGIES = 10
_ADDED = 8
#: Shape of the table of variances: opponent colour, frequency, and the two classes.
TABLE_SHAPE = (3, SIDE, _ENERGIES, _ADDED)
#: The sender says by what power of 2 the picture's residual differs from the table: this many steps
#: an octave, this many steps.
SCALES = 16
_SCALE_STEPS = 2
_SCALE_ZERO = 8


def classes(decoded: np.ndarray, before: np.ndarray) -> tuple[np.ndarray, ...]:
    """Indices into the table for each coefficient of a picture's residual, four arrays (rows,
    columns, 3, 8, 8).

    Args:
        decoded: the picture as decoded so far, float (H, W, 3).
        before: the same without its last layer.
    """
    around = uniform_filter(coefficients(decoded) ** 2, size=(3, 3, 1, 3, 3))
    added = uniform_filter(
        (coefficients(decoded - before) ** 2).mean(axis=(2, 3, 4), keepdims=True),
        size=(3, 3, 1, 1, 1),
    )
    energy = np.clip(np.log2(around + 1) / 1.5, 0, _ENERGIES - 1).astype(int)
    extra = np.broadcast_to(np.clip(np.log2(added + 1), 0, _ADDED - 1).astype(int), energy.shape)
    colour, row, column = np.indices(energy.shape[2:])
    return (
        np.broadcast_to(colour, energy.shape),
        np.broadcast_to(np.maximum(row, column), energy.shape),
        energy,
        extra,
    )


class Refinement:
    """Analog symbols of a residual.

    Args:
        uses: channel uses, each two coefficients.
        decoded, before: as `classes` takes them.
    """

    def __init__(self, uses: int, decoded: np.ndarray, before: np.ndarray):
        self.uses = uses
        self._decoded = decoded
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
        octaves = (
            np.log2(max(float(np.mean(values**2 / self._variances)), 1e-9)) if values.size else 0.0
        )
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
        g = self._amplitudes(scale)
        v = self._variances * _factor(scale)
        blocks = np.zeros(self._shape)
        blocks.reshape(-1)[self._places] = g * v / (g**2 * v + noise) * received
        return self._decoded + picture_of(blocks, *self._decoded.shape[:2])

    def _amplitudes(self, scale: int) -> np.ndarray:
        """Factor from each coefficient to its part of a symbol: the mean power of a symbol is 1 if
        the variances are right.
        """
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
    checkpoint = read_checkpoint(SHIPPED, framework="numpy")
    checkpoint.check_shapes({"variances": TABLE_SHAPE})
    return checkpoint.tensors["variances"].astype(float)


#: Variance of a coefficient at frequency 1 (half a period over the larger side) over the number of
#: pixels, for each opponent colour.
_VARIANCES = (800.0, 110.0, 45.0)
_MEAN = 128.0
#: The lowest coefficients are sent this many times: without them nothing else shows, and a fragment
#: may be lost.
_LOWEST = 12
_COPIES = 3
_LEAST_NOISE = 1e-9


class Thumbnail:
    """The lowest frequencies of pictures of one size in `uses` channel uses.

    Args:
        uses: complex symbols, each two coefficients.
        height, width: of the picture, pixels.
    """

    def __init__(self, uses: int, height: int, width: int):
        self.uses = uses
        self._size = (height, width)
        self._places, self._variances = _lowest(2 * uses, height, width)
        amplitudes = self._variances**-0.25
        mean_power = 2 * float(np.mean(amplitudes**2 * self._variances))
        self._amplitudes = amplitudes / np.sqrt(mean_power)

    def encode(self, pixels: np.ndarray) -> np.ndarray:
        """Symbols of a picture, complex (uses,); their mean power is 1 over many photographs."""
        values = (
            dctn(to_opponent(pixels.astype(float) - _MEAN), axes=(0, 1), norm="ortho").ravel()[
                self._places
            ]
            * self._amplitudes
        )
        values = np.pad(values, (0, 2 * self.uses - values.size))
        return values[0::2] + 1j * values[1::2]

    def decode(self, symbols: np.ndarray, noise_var: np.ndarray) -> np.ndarray:
        """The picture, float (H, W, 3), by least squares: coefficients that are noisier are trusted
        less.
        """
        values = np.stack([symbols.real, symbols.imag], axis=1).ravel()[: self._places.size]
        weight = self._amplitudes / np.maximum(
            np.repeat(noise_var / 2, 2)[: self._places.size], _LEAST_NOISE
        )
        evidence, certainty = (np.zeros(self._size[0] * self._size[1] * 3) for _ in range(2))
        np.add.at(evidence, self._places, weight * values)
        np.add.at(certainty, self._places, weight * self._amplitudes)
        spectrum = np.zeros(evidence.size)
        spectrum[self._places] = (
            self._variances
            * evidence[self._places]
            / (1 + self._variances * certainty[self._places])
        )
        return (
            from_opponent(idctn(spectrum.reshape(*self._size, 3), axes=(0, 1), norm="ortho"))
            + _MEAN
        )


@lru_cache(maxsize=8)
def _lowest(count: int, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Places, in a flattened spectrum (H, W, 3), of the coefficients of the largest expected
    variance, and those variances.

    They are `count`, with the copies of the lowest, or all where there are fewer.
    """
    side = max(height, width)
    rows, columns = np.arange(height) * (side / height), np.arange(width) * (side / width)
    frequency2 = np.maximum(rows[:, None] ** 2 + columns[None, :] ** 2, 0.25)
    variances = (np.array(_VARIANCES) * height * width / frequency2[..., None]).ravel()
    order = np.argsort(-variances, kind="stable")
    copies = np.tile(order[:_LOWEST], _COPIES - 1) if count > _COPIES * _LOWEST else order[:0]
    places = np.concatenate([order[: count - copies.size], copies])
    return places, variances[places]
