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
        noise = np.repeat(noise_var / 2, 2)[: self._places.size]
        g, v = self._amplitudes, self._variances
        spectrum = np.zeros(self._size[0] * self._size[1] * 3)
        spectrum[self._places] = g * v / (g**2 * v + noise) * values
        return from_opponent(idctn(spectrum.reshape(*self._size, 3), axes=(0, 1), norm="ortho")) + _MEAN


@lru_cache(maxsize=8)
def _lowest(count: int, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Places, in a flattened spectrum (H, W, 3), of the `count` coefficients of the largest expected variance, and those variances."""
    side = max(height, width)
    rows, columns = np.arange(height) * (side / height), np.arange(width) * (side / width)
    frequency2 = np.maximum(rows[:, None] ** 2 + columns[None, :] ** 2, 0.25)
    variances = (np.array(_VARIANCES) * height * width / frequency2[..., None]).ravel()
    places = np.argsort(-variances, kind="stable")[:count]
    return places, variances[places]
