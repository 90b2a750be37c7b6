# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finite-blocklength limits of the complex AWGN channel, by the normal approximation.

For n complex uses (2 n real ones) and the error probability e:

    k = n C - sqrt(n V) Qinv(e) + 1/2 log2(2 n)
    C = log2(1 + snr),   V = snr (snr + 2) / (snr + 1)^2 · log2(e)^2

A complex use is two real uses of the same SNR, so V is twice the V of one real use.

Source: Y. Polyanskiy, H. V. Poor, S. Verdu, "Channel coding rate in the finite blocklength regime",
IEEE Trans. Inf. Theory 56 (2010), section on the AWGN channel; the logarithmic term is proved by V.
Y. F. Tan, M. Tomamichel, "The third-order term in the normal approximation for the AWGN channel",
IEEE Trans. Inf. Theory 61 (2015).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from semcom_core.errors import ConfigError, check_range
from semcom_core.units import capacity_bits, db_to_linear


def dispersion_bits(snr_db: ArrayLike) -> np.ndarray:
    """Dispersion V of the complex AWGN channel, bits squared a use; array in, array out."""
    snr = db_to_linear(np.asarray(snr_db, dtype=float))
    return snr * (snr + 2) / (snr + 1) ** 2 * np.log2(np.e) ** 2


def bound_uses(bits: ArrayLike, snr_db: ArrayLike) -> np.ndarray:
    """Channel uses at capacity, bits / log2(1 + SNR): no code of any length needs fewer on
    average.
    """
    return np.asarray(bits, dtype=float) / _capacity(snr_db)


def limit_rate(uses: ArrayLike, snr_db: ArrayLike, error_rate: float) -> np.ndarray:
    """Bits that channel uses carry at an error probability, never below 0; array in, array out.

    Args:
        uses: channel uses, above 0; broadcasts with snr_db.
        snr_db: SNR, dB (see units).
        error_rate: allowed probability of a wrong message, 1e-12 to 0.5.

    Raises:
        ConfigError: error_rate is outside 1e-12 to 0.5, or a count of uses is not positive.
    """
    check_range("error_rate", error_rate, 1e-12, 0.5)
    n = np.asarray(uses, dtype=float)
    if not (n > 0).all():
        raise ConfigError(f"uses is {n.min()}; allowed is above 0")
    spread = np.sqrt(n * dispersion_bits(snr_db)) * -ndtri(error_rate)
    return np.maximum(n * _capacity(snr_db) - spread + 0.5 * np.log2(2 * n), 0.0)


def limit_uses(bits: ArrayLike, snr_db: ArrayLike, error_rate: float) -> np.ndarray:
    """Channel uses (a real number) that a message needs at an error probability; array in, array
    out.

    Args:
        bits: message bits, at least 1; broadcasts with snr_db.
        snr_db: SNR, dB (see units).
        error_rate: allowed probability of a wrong message, 1e-12 to 0.5.

    Raises:
        ConfigError: error_rate or bits is out of range.
    """
    k, snr = np.broadcast_arrays(np.asarray(bits, dtype=float), np.asarray(snr_db, dtype=float))
    if not (k >= 1).all():
        raise ConfigError(f"bits is {k.min()}; allowed is 1 and more")
    low = np.full(k.shape, 1e-3)
    high = 64.0 + 100.0 * bound_uses(k, snr)
    for _ in range(100):
        middle = (low + high) / 2
        enough = limit_rate(middle, snr, error_rate) >= k
        low = np.where(enough, low, middle)
        high = np.where(enough, middle, high)
    return high


def normal_error_rate(bits: ArrayLike, uses: ArrayLike, snr_db: ArrayLike) -> np.ndarray:
    """Error probability of the best code by the normal approximation; array in, array out.

    Args:
        bits: message bits.
        uses: channel uses, above 0.
        snr_db: SNR, dB (see units); all three broadcast.
    """
    n = np.asarray(uses, dtype=float)
    excess = n * _capacity(snr_db) + 0.5 * np.log2(2 * n) - np.asarray(bits, dtype=float)
    return ndtr(-excess / np.sqrt(n * dispersion_bits(snr_db)))


def _capacity(snr_db: ArrayLike) -> np.ndarray:
    """capacity_bits of an array or a number."""
    return capacity_bits(np.asarray(snr_db, dtype=float))
