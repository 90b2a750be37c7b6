# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Encoder of the 5G NR LDPC codes, by back substitution along the dual diagonal.

Source: 3GPP TS 38.212 §5.3.2; the structure of the four core rows is that of tables 5.3.2-2 and 5.3.2-3.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from semcom_core.errors import ConfigError
from semcom_core.fec.basegraph import CORE_ROWS, SHAPES, BaseGraph, base_graph


class LdpcEncoder:
    """Encoder of one base graph and lifting size.

    Args:
        graph: base graph number, 1 or 2.
        z: lifting size.
    """

    def __init__(self, graph: int, z: int):
        self.graph = base_graph(graph, z)
        self._core = _systematic_part(self.graph, range(CORE_ROWS), self.graph.info_columns)
        extension = range(CORE_ROWS, SHAPES[graph][0])
        self._extension = _systematic_part(self.graph, extension, self.graph.info_columns + CORE_ROWS)
        self._first_shift = _surviving_shift(self.graph)
        self._core_shifts = _core_shifts(self.graph)

    def encode(self, info: np.ndarray) -> np.ndarray:
        """Code words of blocks of information bits (filler bits are 0).

        Args:
            info: uint8 array (..., info_columns z).

        Returns:
            uint8 array (..., columns z), punctured columns included.

        Raises:
            ConfigError: the last dimension is not info_columns z.
        """
        graph, z = self.graph, self.graph.z
        if info.shape[-1] != graph.info_columns * z:
            raise ConfigError(f"information block has {info.shape[-1]} bits; allowed is {graph.info_columns * z}")
        core = _checks(info, self._core)
        parity = [np.roll(np.bitwise_xor.reduce(core, axis=-2), self._first_shift, axis=-1)]
        for row in range(CORE_ROWS - 1):
            total = core[..., row, :]
            for column, shift in self._core_shifts[row]:
                total = total ^ np.roll(parity[column], -shift, axis=-1)
            parity.append(total)
        word = np.concatenate([info, *parity], axis=-1)
        rest = _checks(word, self._extension)
        return np.concatenate([word, rest.reshape(*rest.shape[:-2], -1)], axis=-1)


@lru_cache(maxsize=64)
def ldpc_encoder(graph: int, z: int) -> LdpcEncoder:
    """The encoder of a base graph and lifting size, made once."""
    return LdpcEncoder(graph, z)


def _systematic_part(graph: BaseGraph, rows: range, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Bit indices (edges, z) of the edges left of `columns` in the given rows, and where each row starts."""
    bits, row, column = graph.gather(rows)
    keep = column < columns
    starts = np.searchsorted(row[keep], np.arange(rows.start, rows.stop))
    return bits[keep], starts


def _checks(word: np.ndarray, part: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Sums modulo 2 over the edges of each row, uint8 (..., rows, z)."""
    bits, starts = part
    return np.bitwise_xor.reduceat(word[..., bits], starts, axis=-2)


def _surviving_shift(graph: BaseGraph) -> int:
    """Shift of the first parity column in the sum of the core rows: the other two circulants cancel."""
    in_column = (graph.rows < CORE_ROWS) & (graph.columns == graph.info_columns)
    shifts, counts = np.unique(graph.shifts[in_column], return_counts=True)
    return int(shifts[counts % 2 == 1][0])


def _core_shifts(graph: BaseGraph) -> list[list[tuple[int, int]]]:
    """For core row i, the (parity column, shift) pairs known before parity column i + 1 is solved."""
    found = []
    for row in range(CORE_ROWS - 1):
        known = (graph.rows == row) & (graph.columns >= graph.info_columns) & (graph.columns <= graph.info_columns + row)
        found.append([(int(c) - graph.info_columns, int(s)) for c, s in zip(graph.columns[known], graph.shifts[known], strict=True)])
    return found
