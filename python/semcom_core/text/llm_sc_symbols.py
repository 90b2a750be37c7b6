# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The symbols of the codec "llm-sc": the number of a token in binary, three bits a symbol of star-shaped 8QAM.

    ±1±j and ±(1 + √3), ±j(1 + √3), scaled to unit mean power

Symbols beyond the fewest that hold the number repeat its first ones. A public sequence turns each label into another, so that small
numbers do not use the inner points only.

Source: the constellation and the binary labels are those published with LLM-SC (see llm_sc); the sequence is the project's own.
"""

from __future__ import annotations

import math

import numpy as np

from semcom_core.fec.scramble import gold_sequence

BITS = 3
_OUTER = 1 + math.sqrt(3)
_STAR = np.array([1 + 1j, -1 + 1j, -1 - 1j, 1 - 1j, _OUTER, 1j * _OUTER, -1j * _OUTER, -_OUTER])
#: Point of each label, complex64 (8,).
POINTS = (_STAR / np.sqrt(np.mean(np.abs(_STAR) ** 2))).astype(np.complex64)
#: Floor of a noise variance, so that a noise-free symbol has a finite weight.
_LEAST_NOISE = 1e-9


def fewest_symbols(alphabet: int) -> int:
    """Symbols that hold the number of one of `alphabet` tokens."""
    return -(-math.ceil(math.log2(alphabet)) // BITS)


def token_labels(alphabet: int, count: int) -> np.ndarray:
    """Labels of the symbols of each token before scrambling, uint8 (count, alphabet)."""
    fewest = fewest_symbols(alphabet)
    places = BITS * (fewest - 1 - np.arange(count) % fewest)
    return (np.arange(alphabet) >> places[:, None] & (1 << BITS) - 1).astype(np.uint8)


def masks(count: int, fragment: int) -> np.ndarray:
    """What the label of each symbol of a fragment is combined with by exclusive or, uint8 (count,)."""
    return gold_sequence(BITS * count, seed=1 + fragment).reshape(count, BITS) @ np.array([4, 2, 1], np.uint8)


def evidence(symbols: np.ndarray, noise_var: np.ndarray) -> np.ndarray:
    """Evidence in bits of each received symbol for each label: log2 p(y|label) - log2 p(y).

    Args:
        symbols: complex (n,), received as y = x + n.
        noise_var: float (n,), E|n|^2 of each; inf marks an erasure.

    Returns:
        float32 (n, 8); exactly 0 for erased symbols.
    """
    erased = ~np.isfinite(noise_var)
    variance = np.where(erased, 1.0, np.maximum(noise_var, _LEAST_NOISE)).astype(float)
    exponent = -np.abs(symbols.astype(complex)[:, None] - POINTS) ** 2 / variance[:, None]
    peak = exponent.max(axis=1, keepdims=True)
    bits = (exponent - peak - np.log(np.mean(np.exp(exponent - peak), axis=1, keepdims=True))) / np.log(2)
    bits[erased] = 0.0
    return bits.astype(np.float32)
