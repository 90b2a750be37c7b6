# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lowest frequencies of a whole picture as analog symbols: what is left to show when nothing digital arrives.

The receiver knows the picture's size alone, so amplitudes follow a fixed law, the power spectrum of photographs.

Source: D. L. Ruderman, "The statistics of natural images", Network 5, 1994 (power falls with the square of the frequency); S. Jakubczak and
D. Katabi, "SoftCast: one-size-fits-all wireless video", SIGCOMM 2010 (amplitudes by the fourth root of the variance).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.fft import dctn, idctn

from semcom_core.image.opponent import from_opponent, to_opponent

#: Variance of a coefficient at frequency 1 (half a period over the larger side) over the number of pixels, for each opponent colour.
_VARIANCES = (800.0, 110.0, 45.0)
_MEAN = 128.0
#: The lowest coefficients are sent this many times: without them nothing else shows, and a fragment may be lost.
_LOWEST, _COPIES = 12, 3
_LEAST_NOISE = 1e-9


class Thumbnail:
    """The lowest frequencies of pictures of one size in `uses` channel uses.

    Args:
        uses: complex symbols, each two coefficients.
        height, width: of the picture, pixels.
    """

    def __init__(self, uses: int, height: int, width: int):
        self.uses, self._size = uses, (height, width)
        self._places, self._variances = _lowest(2 * uses, height, width)
        amplitudes = self._variances**-0.25
        mean_power = 2 * float(np.mean(amplitudes**2 * self._variances))
        self._amplitudes = amplitudes / np.sqrt(mean_power)

    def encode(self, pixels: np.ndarray) -> np.ndarray:
        """Symbols of a picture, complex (uses,); their mean power is 1 over many photographs."""
        values = dctn(to_opponent(pixels.astype(float) - _MEAN), axes=(0, 1), norm="ortho").ravel()[self._places] * self._amplitudes
        values = np.pad(values, (0, 2 * self.uses - values.size))
        return values[0::2] + 1j * values[1::2]

    def decode(self, symbols: np.ndarray, noise_var: np.ndarray) -> np.ndarray:
        """The picture, float (H, W, 3), by least squares: coefficients that are noisier are trusted less."""
        values = np.stack([symbols.real, symbols.imag], axis=1).ravel()[: self._places.size]
        weight = self._amplitudes / np.maximum(np.repeat(noise_var / 2, 2)[: self._places.size], _LEAST_NOISE)
        evidence, certainty = (np.zeros(self._size[0] * self._size[1] * 3) for _ in range(2))
        np.add.at(evidence, self._places, weight * values)
        np.add.at(certainty, self._places, weight * self._amplitudes)
        spectrum = np.zeros(evidence.size)
        spectrum[self._places] = self._variances * evidence[self._places] / (1 + self._variances * certainty[self._places])
        return from_opponent(idctn(spectrum.reshape(*self._size, 3), axes=(0, 1), norm="ortho")) + _MEAN


@lru_cache(maxsize=8)
def _lowest(count: int, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Places, in a flattened spectrum (H, W, 3), of the coefficients of the largest expected variance, and those variances.

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
