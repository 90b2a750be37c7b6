# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gray-mapped BPSK and square QAM, with exact soft demapping to log-likelihood ratios.

The constellations are those of 3GPP TS 38.211 §5.1 (unit mean power), except that BPSK is real: 1 -
2b. A square QAM is one amplitude modulation on each axis: the even bits of a symbol choose I, the
odd bits Q. A log-likelihood ratio is ln p(b=0|y) - ln p(b=1|y): positive means 0.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from semcom_core.errors import ConfigError, check_choice

#: Bits per symbol of each modulation.
BITS_PER_SYMBOL = {"bpsk": 1, "qpsk": 2, "16qam": 4, "64qam": 6, "256qam": 8}
#: Log-likelihood ratios are clipped to this magnitude.
MAX_LLR = 60.0


@lru_cache(maxsize=8)
def axis_levels(modulation: str) -> tuple[np.ndarray, np.ndarray]:
    """Amplitudes of one axis and the bits that choose them.

    Returns:
        Amplitudes, float64 (2^k,), and their bits, uint8 (2^k, k), k bits on the axis.

    Raises:
        ConfigError: the modulation is unknown.
    """
    check_choice("modulation", modulation, BITS_PER_SYMBOL)
    k = max(1, BITS_PER_SYMBOL[modulation] // 2)
    bits = np.arange(2**k)[:, None] >> np.arange(k - 1, -1, -1) & 1
    signs = 1 - 2 * bits
    level = np.ones(2**k)
    for i in range(k - 1, 0, -1):
        level = 2 ** (k - i) - signs[:, i] * level
    level = level * signs[:, 0]
    axes = 1 if modulation == "bpsk" else 2
    return level / np.sqrt(axes * np.mean(level**2)), bits.astype(np.uint8)


def modulate(bits: np.ndarray, modulation: str) -> np.ndarray:
    """Symbols of a bit sequence.

    Args:
        bits: uint8 (n,), n a multiple of the bits per symbol.
        modulation: one of BITS_PER_SYMBOL.

    Returns:
        complex64 (n / bits per symbol,).

    Raises:
        ConfigError: the modulation is unknown or the last symbol is not full.
    """
    levels, axis_bits = axis_levels(modulation)
    m = BITS_PER_SYMBOL[modulation]
    k = axis_bits.shape[1]
    if bits.size % m:
        raise ConfigError(
            f"{bits.size} bits do not fill symbols of {m} bits; allowed is a multiple"
        )
    weights = 1 << np.arange(k - 1, -1, -1)
    groups = bits.reshape(-1, m).astype(np.int64)
    if modulation == "bpsk":
        return levels[groups[:, 0]].astype(np.complex64)
    in_phase = levels[groups[:, 0::2] @ weights]
    quadrature = levels[groups[:, 1::2] @ weights]
    return (in_phase + 1j * quadrature).astype(np.complex64)


def demodulate(symbols: np.ndarray, noise_var: np.ndarray, modulation: str) -> np.ndarray:
    """Exact (log-MAP) log-likelihood ratios of the bits of received symbols y = x + n.

    Args:
        symbols: complex (n,).
        noise_var: E|n|^2 of each symbol, float (n,) or a scalar; inf gives a ratio of exactly 0.
        modulation: one of BITS_PER_SYMBOL.

    Returns:
        float64 (n bits per symbol,), clipped to +-MAX_LLR.

    Raises:
        ConfigError: the modulation is unknown or a noise variance is negative or NaN.
    """
    variance = np.broadcast_to(np.asarray(noise_var, float), symbols.shape)
    if not (variance >= 0).all():
        raise ConfigError("noise variance is negative or NaN; allowed is 0 to inf")
    inverse = np.where(np.isinf(variance), 0.0, 1.0 / np.maximum(variance, 1e-12))
    in_phase = _axis_llrs(symbols.real, inverse, modulation)
    if modulation == "bpsk":
        return in_phase.ravel()
    quadrature = _axis_llrs(symbols.imag, inverse, modulation)
    return np.stack([in_phase, quadrature], axis=-1).ravel()


def _axis_llrs(values: np.ndarray, inverse: np.ndarray, modulation: str) -> np.ndarray:
    """Ratios of the bits of one axis, float64 (n, k)."""
    levels, bits = axis_levels(modulation)
    metric = -((values[:, None] - levels) ** 2) * inverse[:, None]
    metric = metric - metric.max(axis=1, keepdims=True)
    likelihood = np.exp(metric)
    llrs = np.empty((values.size, bits.shape[1]))
    for j in range(bits.shape[1]):
        zero = bits[:, j] == 0
        one = bits[:, j] == 1
        of_zero = likelihood[:, zero].sum(axis=1)
        of_one = likelihood[:, one].sum(axis=1)
        with np.errstate(divide="ignore"):
            exact = np.log(of_zero) - np.log(of_one)
        # Where one sum underflows, its largest term alone decides.
        coarse = metric[:, zero].max(axis=1) - metric[:, one].max(axis=1)
        llrs[:, j] = np.where(np.isfinite(exact), exact, coarse)
    return np.clip(llrs, -MAX_LLR, MAX_LLR)
