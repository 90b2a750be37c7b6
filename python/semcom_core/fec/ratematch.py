# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rate matching of 5G NR LDPC code blocks: circular buffer, redundancy versions and bit interleaving.

Source: 3GPP TS 38.212 §5.4.2.1 (bit selection, table 5.4.2.1-2) and §5.4.2.2 (bit interleaving), without buffer limitation.
"""

from __future__ import annotations

import numpy as np

from semcom_core.errors import ConfigError
from semcom_core.fec.basegraph import PUNCTURED_COLUMNS, BaseGraph

#: Numerators of the starting positions of redundancy versions 0 to 3; the denominator is the buffer's length in columns.
_STARTS = {1: (0, 17, 33, 56), 2: (0, 13, 25, 43)}


def selected_positions(graph: BaseGraph, block_bits: int, coded_bits: int, version: int = 0) -> np.ndarray:
    """Positions in the circular buffer of the coded bits, in the order of selection; filler bits are skipped.

    Args:
        graph: the lifted base graph.
        block_bits: bits of the code block without filler.
        coded_bits: how many bits are sent; more than the buffer holds means repetition.
        version: redundancy version 0 to 3.

    Returns:
        int array (coded_bits,); position 0 is bit 2 z of the code word.

    Raises:
        ConfigError: the redundancy version or a count is out of range.
    """
    if version not in range(4):
        raise ConfigError(f"redundancy version is {version}; allowed is 0 to 3")
    info = graph.info_columns * graph.z
    if not 1 <= block_bits <= info:
        raise ConfigError(f"code block of {block_bits} bits; lifting size {graph.z} takes 1 to {info}")
    if coded_bits < 1:
        raise ConfigError(f"coded bits is {coded_bits}; allowed is 1 and more")
    punctured = PUNCTURED_COLUMNS * graph.z
    positions = np.arange(graph.buffer_bits)
    filler = (positions >= block_bits - punctured) & (positions < info - punctured)
    start = _STARTS[graph.number][version] * graph.z
    order = np.roll(positions, -start)
    order = order[~np.roll(filler, -start)]
    return np.resize(order, coded_bits)


def interleave(bits: np.ndarray, bits_per_symbol: int) -> np.ndarray:
    """Row-column interleaver: the first coded bits (mostly information) go to the best bit levels of each symbol.

    Args:
        bits: array (n,), n a multiple of bits_per_symbol.

    Raises:
        ConfigError: n is not a multiple.
    """
    _check_multiple(bits, bits_per_symbol)
    return bits.reshape(bits_per_symbol, -1).T.ravel()


def deinterleave(values: np.ndarray, bits_per_symbol: int) -> np.ndarray:
    """Inverse of `interleave`, for log-likelihood ratios or bits."""
    _check_multiple(values, bits_per_symbol)
    return values.reshape(-1, bits_per_symbol).T.ravel()


def _check_multiple(values: np.ndarray, bits_per_symbol: int) -> None:
    if values.size % bits_per_symbol:
        raise ConfigError(f"{values.size} coded bits do not fill symbols of {bits_per_symbol} bits; allowed is a multiple")


def buffer_llrs(graph: BaseGraph, positions: np.ndarray, llrs: np.ndarray) -> np.ndarray:
    """Put log-likelihood ratios back at their positions; repeated bits add up, bits never sent stay 0.

    Args:
        positions: int array (n,) from `selected_positions`.
        llrs: float array (n,).

    Returns:
        float64 array (buffer_bits,); several transmissions of one block combine by adding their buffers.
    """
    return np.bincount(positions, weights=llrs, minlength=graph.buffer_bits)
