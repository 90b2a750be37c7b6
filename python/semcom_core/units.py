# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Units and conventions, stated once.

- A channel use is one complex symbol; payload power is E|x|^2 = 1 over a message.
- SNR (dB) = 10 log10(E|x|^2 / N0). N0 is the noise power of one complex symbol, N0/2 per real
  dimension.
- Capacity is that of the complex AWGN channel, log2(1 + SNR) bits a use (Shannon 1948).
- Frequencies are in Hz, times in s, gains and ratios in dB, and the unit is part of the name.
"""

from __future__ import annotations

import numpy as np


def db_to_linear(value_db):
    """Power ratio of a value in dB; array in, array out."""
    return 10.0 ** (np.asarray(value_db, dtype=float) / 10.0)


def linear_to_db(ratio):
    """Value in dB of a power ratio; 0 gives -inf without a warning."""
    with np.errstate(divide="ignore"):
        return 10.0 * np.log10(np.asarray(ratio, dtype=float))


def capacity_bits(snr_db):
    """Capacity of the complex AWGN channel in bits a use."""
    return np.log2(1.0 + db_to_linear(snr_db))


def complex_noise(shape, noise_power, rng: np.random.Generator) -> np.ndarray:
    """Circular complex Gaussian noise with E|n|^2 = noise_power (a scalar or an array that
    broadcasts), complex64.
    """
    pair = rng.standard_normal((*np.atleast_1d(shape), 2), dtype=np.float32)
    scale = np.sqrt(np.asarray(noise_power, dtype=np.float32) / 2)
    return (scale * (pair[..., 0] + 1j * pair[..., 1])).astype(np.complex64)
