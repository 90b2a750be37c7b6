# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Units and conventions, stated once, and the conversions that follow from them.

- A channel use is one complex symbol; payload power is E|x|^2 = 1 over a message.
- SNR (dB) = 10 log10(E|x|^2 / N0). N0 is the noise power of one complex symbol, N0/2 per real
  dimension.
- Capacity is that of the complex AWGN channel, log2(1 + SNR) bits a use (Shannon 1948).
- Frequencies are in Hz, times in s, gains and ratios in dB, and the unit is part of the name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike


@overload
def db_to_linear(value_db: float | np.floating) -> float: ...


@overload
def db_to_linear(value_db: np.ndarray | Sequence[float]) -> np.ndarray: ...


def db_to_linear(value_db: ArrayLike) -> Any:
    """Power ratio of a value in dB; array in, array out."""
    return 10.0 ** (np.asarray(value_db, dtype=float) / 10.0)


@overload
def linear_to_db(ratio: float | np.floating) -> float: ...


@overload
def linear_to_db(ratio: np.ndarray | Sequence[float]) -> np.ndarray: ...


def linear_to_db(ratio: ArrayLike) -> Any:
    """Value in dB of a power ratio; 0 gives -inf without a warning."""
    with np.errstate(divide="ignore"):
        return 10.0 * np.log10(np.asarray(ratio, dtype=float))


@overload
def capacity_bits(snr_db: float | np.floating) -> float: ...


@overload
def capacity_bits(snr_db: np.ndarray | Sequence[float]) -> np.ndarray: ...


def capacity_bits(snr_db: Any) -> Any:
    """Capacity of the complex AWGN channel in bits a use; array in, array out."""
    return np.log2(1.0 + db_to_linear(snr_db))


def complex_noise(
    shape: int | tuple[int, ...], noise_power: ArrayLike, rng: np.random.Generator
) -> np.ndarray:
    """Circular complex Gaussian noise with E|n|^2 = noise_power, complex64 of a shape.

    Args:
        shape: of the noise.
        noise_power: a scalar or an array that broadcasts to the shape.
        rng: draws it.
    """
    pair = rng.standard_normal((*np.atleast_1d(shape), 2), dtype=np.float32)
    scale = np.sqrt(np.asarray(noise_power, dtype=np.float32) / 2)
    return (scale * (pair[..., 0] + 1j * pair[..., 1])).astype(np.complex64)
