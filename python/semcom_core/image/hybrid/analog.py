# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Analog layers of the hybrid image codec: DCT coefficients as real and imaginary parts of symbols.

    refinement  8 x 8 block DCT of the residual of the digital layers, largest variances first
    thumbnail   lowest frequencies of the DCT of the whole picture

A coefficient c of variance v is sent as a c with the amplitude a ~ v^(-1/4), which minimises the
sum of the squared errors for a given power. From y = a c + n, where n is real and of variance s,
the receiver estimates it by linear least squares:

    c_hat = a v / (a^2 v + s) y,    s = noise_var / 2

Both ends know the variances without being told. For the refinement they classify each coefficient
by the energy of the picture decoded so far around it, and by what the last digital layer added
there, and look the class up in a table measured on photographs (semcom_core.train.refinement). For
the thumbnail the receiver knows the picture's size alone, and the variances are those of the power
spectrum of photographs, which falls with the square of the frequency.

Arrays: picture (H, W, 3); blocks (rows, columns, 3, 8, 8) with rows = ceil(H/8), columns =
ceil(W/8), then colour, vertical and horizontal frequency; symbols (uses,), two coefficients each.

Source: S. Jakubczak and D. Katabi, "SoftCast: one-size-fits-all wireless video", SIGCOMM 2010
(amplitudes); D. L. Ruderman, "The statistics of natural images", Network 5, 1994 (spectrum). The
classes of the refinement are this project's own.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from scipy.fft import dctn, idctn
from scipy.ndimage import uniform_filter

from semcom_core import models
from semcom_core.models.checkpoint import read_checkpoint

#: Side of a block, pixels.
SIDE = 8
#: Opponent colours, orthonormal rows: brightness, red against blue, green against the two.
_COLOURS = np.array([[1, 1, 1], [1, 0, -1], [1, -2, 1]], float)
_COLOURS /= np.linalg.norm(_COLOURS, axis=1, keepdims=True)
#: Classes of the energy around a coefficient, each 1.5 octaves wide.
_ENERGIES = 10
#: Classes of the energy that the last digital layer added there, each one octave wide.
_ADDED = 8
#: Shape of the table of variances: opponent colour, frequency, and the two classes.
TABLE_SHAPE = (3, SIDE, _ENERGIES, _ADDED)
#: File of the table that comes with the package.
SHIPPED = Path(models.__file__).parent / "weights" / "hybrid" / "variances.safetensors"
#: Values of the scale, by which the sender says how far the residual differs from the table.
SCALES = 16
#: Steps of the scale an octave of variance, and the scale that stands for the table as it is.
_SCALE_STEPS = 2
_SCALE_ZERO = 8
#: Seed of the permutation of the refinement's coefficients; both ends need the same.
_PERMUTATION_SEED = 0x5EC0
#: Variance of a coefficient of the whole picture at frequency 1 (half a period over the larger
#: side) over the number of pixels, for each opponent colour.
_SPECTRUM = (800.0, 110.0, 45.0)
#: Grey of a thumbnail whose symbols are all erased.
_MID_GREY = 128.0
#: Number of the lowest coefficients of the thumbnail that are repeated, and how often each is sent:
#: the others show little without them, and a fragment may be lost.
_LOWEST = 12
_COPIES = 3
#: Floor of a noise variance, so that a symbol without noise has a finite weight.
_LEAST_NOISE = 1e-9


def to_opponent(picture: np.ndarray) -> np.ndarray:
    """Opponent colours of a picture (H, W, 3) of red, green and blue."""
    return picture @ _COLOURS.T


def from_opponent(picture: np.ndarray) -> np.ndarray:
    """Red, green and blue of a picture (H, W, 3) in opponent colours."""
    return picture @ _COLOURS


def block_dct(picture: np.ndarray) -> np.ndarray:
    """Orthonormal DCT of the 8 x 8 blocks of a picture (H, W, 3) in opponent colours.

    Returns:
        float64 (rows, columns, 3, 8, 8); the picture is continued by its edge to whole blocks.
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


def inverse_block_dct(blocks: np.ndarray, height: int, width: int) -> np.ndarray:
    """The picture, float64 (height, width, 3), of its block DCT.

    Args:
        blocks: float (rows, columns, 3, 8, 8).
        height, width: of the picture, pixels.
    """
    padded = idctn(blocks, axes=(3, 4), norm="ortho").transpose(0, 3, 1, 4, 2)
    rows, columns = blocks.shape[:2]
    return from_opponent(padded.reshape(rows * SIDE, columns * SIDE, 3))[:height, :width]


class Refinement:
    """Analog symbols of what the digital layers leave of a picture.

    Args:
        uses: channel uses, each two coefficients.
        decoded: the picture decoded from all digital layers, float (H, W, 3), 0 to 255.
        before: the same without the last layer.
    """

    def __init__(self, uses: int, decoded: np.ndarray, before: np.ndarray):
        self.uses = uses
        self._decoded = decoded
        variances = _table()[variance_classes(decoded, before)]
        self._shape = variances.shape
        order = np.argsort(-variances.ravel(), kind="stable")[: 2 * uses]
        self._indices = order[_permutation(order.size)]
        self._variances = variances.ravel()[self._indices]

    def encode(self, pixels: np.ndarray) -> tuple[np.ndarray, int]:
        """Symbols of the residual, complex128 (uses,) of mean power about 1, and their scale.

        Args:
            pixels: the picture itself, uint8 (H, W, 3).

        Returns:
            The symbols, and the scale, 0 to SCALES - 1, which decode needs.
        """
        values = block_dct(pixels - self._decoded).ravel()[self._indices]
        octaves = (
            np.log2(max(float(np.mean(values**2 / self._variances)), 1e-9)) if values.size else 0.0
        )
        scale = int(np.clip(round(octaves * _SCALE_STEPS) + _SCALE_ZERO, 0, SCALES - 1))
        return _to_symbols(values * self._amplitudes(scale), self.uses), scale

    def decode(self, symbols: np.ndarray, noise_var: np.ndarray, scale: int) -> np.ndarray:
        """The refined picture, float64 (H, W, 3).

        Args:
            symbols: complex (uses,), y = x + n.
            noise_var: E|n|^2 of each, float (uses,); inf where a symbol is erased.
            scale: what encode returned.
        """
        values, noise = _from_symbols(symbols, noise_var, self._indices.size)
        a = self._amplitudes(scale)
        v = self._variances * _scale_factor(scale)
        blocks = np.zeros(self._shape)
        blocks.reshape(-1)[self._indices] = a * v / (a**2 * v + noise) * values
        return self._decoded + inverse_block_dct(blocks, *self._decoded.shape[:2])

    def _amplitudes(self, scale: int) -> np.ndarray:
        """Amplitude of each coefficient; symbols have mean power 1 if the variances are right."""
        v = self._variances * _scale_factor(scale)
        return v**-0.25 / np.sqrt(2 * np.mean(np.sqrt(v))) if v.size else v


def variance_classes(decoded: np.ndarray, before: np.ndarray) -> tuple[np.ndarray, ...]:
    """Indices into the table of variances for each coefficient of a residual.

    Args:
        decoded: the picture decoded so far, float (H, W, 3), 0 to 255.
        before: the same without its last layer.

    Returns:
        Four int arrays (rows, columns, 3, 8, 8): opponent colour, frequency, and the classes of the
        energy around the coefficient and of what the last layer added.
    """
    around = uniform_filter(block_dct(decoded) ** 2, size=(3, 3, 1, 3, 3))
    added = uniform_filter(
        (block_dct(decoded - before) ** 2).mean(axis=(2, 3, 4), keepdims=True),
        size=(3, 3, 1, 1, 1),
    )
    energy = np.clip(np.log2(around + 1) / 1.5, 0, _ENERGIES - 1).astype(int)
    extra = np.clip(np.log2(added + 1), 0, _ADDED - 1).astype(int)
    colour, row, column = np.indices(energy.shape[2:])
    return (
        np.broadcast_to(colour, energy.shape),
        np.broadcast_to(np.maximum(row, column), energy.shape),
        energy,
        np.broadcast_to(extra, energy.shape),
    )


def _scale_factor(scale: int) -> float:
    """Factor on the variances of the table."""
    return 2.0 ** ((scale - _SCALE_ZERO) / _SCALE_STEPS)


@lru_cache(maxsize=8)
def _permutation(count: int) -> np.ndarray:
    """A fixed permutation, so that every run of symbols has the same mean power."""
    return np.random.Generator(np.random.PCG64(_PERMUTATION_SEED)).permutation(count)


@lru_cache(maxsize=1)
def _table() -> np.ndarray:
    """Variance of each class of coefficient, float64 (TABLE_SHAPE)."""
    checkpoint = read_checkpoint(SHIPPED, framework="numpy")
    checkpoint.check_shapes({"variances": TABLE_SHAPE})
    return checkpoint.tensors["variances"].astype(float)


class Thumbnail:
    """Analog symbols of the lowest frequencies of pictures of one size.

    What is left to show when no digital layer arrives.

    Args:
        uses: channel uses, each two coefficients.
        height, width: of the picture, pixels.
    """

    def __init__(self, uses: int, height: int, width: int):
        self.uses = uses
        self._size = (height, width)
        self._indices, self._variances = _lowest_frequencies(2 * uses, height, width)
        amplitudes = self._variances**-0.25
        mean_power = 2 * float(np.mean(amplitudes**2 * self._variances))
        self._amplitudes = amplitudes / np.sqrt(mean_power)

    def encode(self, pixels: np.ndarray) -> np.ndarray:
        """Symbols of a picture (H, W, 3), complex128 (uses,); their mean power is 1 over many
        photographs.
        """
        picture = to_opponent(pixels.astype(float) - _MID_GREY)
        spectrum = dctn(picture, axes=(0, 1), norm="ortho").ravel()
        return _to_symbols(spectrum[self._indices] * self._amplitudes, self.uses)

    def decode(self, symbols: np.ndarray, noise_var: np.ndarray) -> np.ndarray:
        """The picture, float64 (H, W, 3), the copies of a coefficient combined.

        With the sums over copies k of u = Σ a_k y_k / s_k and w = Σ a_k^2 / s_k the estimate is
        v u / (1 + v w).

        Args:
            symbols: complex (uses,), y = x + n.
            noise_var: E|n|^2 of each, float (uses,); inf where a symbol is erased.
        """
        values, noise = _from_symbols(symbols, noise_var, self._indices.size)
        weight = self._amplitudes / np.maximum(noise, _LEAST_NOISE)
        weighted = np.zeros(self._size[0] * self._size[1] * 3)
        precision = np.zeros(weighted.size)
        np.add.at(weighted, self._indices, weight * values)
        np.add.at(precision, self._indices, weight * self._amplitudes)
        spectrum = np.zeros(weighted.size)
        spectrum[self._indices] = (
            self._variances
            * weighted[self._indices]
            / (1 + self._variances * precision[self._indices])
        )
        picture = idctn(spectrum.reshape(*self._size, 3), axes=(0, 1), norm="ortho")
        return from_opponent(picture) + _MID_GREY


@lru_cache(maxsize=8)
def _lowest_frequencies(count: int, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients of a whole picture of the largest expected variance.

    Args:
        count: how many, the copies of the lowest among them; fewer where the picture has no more.
        height, width: of the picture, pixels.

    Returns:
        Indices into a flattened spectrum (H, W, 3), and the variances there.
    """
    side = max(height, width)
    rows, columns = np.arange(height) * (side / height), np.arange(width) * (side / width)
    frequency2 = np.maximum(rows[:, None] ** 2 + columns[None, :] ** 2, 0.25)
    variances = (np.array(_SPECTRUM) * height * width / frequency2[..., None]).ravel()
    order = np.argsort(-variances, kind="stable")
    copies = np.tile(order[:_LOWEST], _COPIES - 1) if count > _COPIES * _LOWEST else order[:0]
    indices = np.concatenate([order[: count - copies.size], copies])
    return indices, variances[indices]


def _to_symbols(values: np.ndarray, uses: int) -> np.ndarray:
    """Two values a symbol, complex128 (uses,); the last symbols are 0 where there are too few."""
    padded = np.pad(values, (0, 2 * uses - values.size))
    return padded[0::2] + 1j * padded[1::2]


def _from_symbols(
    symbols: np.ndarray, noise_var: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """The first values of symbols, float (count,), and the noise variance of each."""
    values = np.stack([symbols.real, symbols.imag], axis=1).ravel()[:count]
    return values, np.repeat(noise_var / 2, 2)[:count]
