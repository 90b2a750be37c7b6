# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Base graphs of the 5G NR LDPC codes and their lifting.

Source: 3GPP TS 38.212 §5.3.2 (tables 5.3.2-1 to 5.3.2-3) and §5.2.2 (choice of the lifting size).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np
import scipy.sparse

from semcom_core.errors import ConfigError, check_choice

#: Rows and columns of each base graph, and how many of the columns are information.
SHAPES = {1: (46, 68, 22), 2: (42, 52, 10)}
#: The first columns are never sent.
PUNCTURED_COLUMNS = 2
#: The rows whose parity columns form the dual diagonal.
CORE_ROWS = 4
#: Largest code block in bits, its CRC included.
MAX_BLOCK_BITS = {1: 8448, 2: 3840}
_SET_STARTS = (2, 3, 5, 7, 9, 11, 13, 15)
_MAX_LIFTING = 384


def lifting_sizes() -> list[int]:
    """All lifting sizes, ascending (51 of them, 2 to 384)."""
    return sorted(a << j for a in _SET_STARTS for j in range(8) if a << j <= _MAX_LIFTING)


def lifting_set(z: int) -> int:
    """Index of the set of circulant shifts that a lifting size uses."""
    if z not in lifting_sizes():
        raise ConfigError(f"lifting size is {z}; allowed is one of {lifting_sizes()}")
    odd = z // (z & -z)
    return _SET_STARTS.index(2 if odd == 1 else odd)


def choose_graph(info_bits: int, rate: float) -> int:
    """Base graph for a message of `info_bits` bits without CRC at a code rate (TS 38.212 §7.2.2)."""
    return 2 if info_bits <= 292 or (info_bits <= 3824 and rate <= 0.67) or rate <= 0.25 else 1


def choose_lifting(graph: int, block_bits: int) -> int:
    """Smallest lifting size whose information columns hold `block_bits` bits (TS 38.212 §5.2.2).

    Raises:
        ConfigError: the block is empty or too long for the base graph.
    """
    if not 1 <= block_bits <= MAX_BLOCK_BITS[graph]:
        raise ConfigError(f"code block of {block_bits} bits; base graph {graph} takes 1 to {MAX_BLOCK_BITS[graph]}")
    columns = SHAPES[graph][2]
    if graph == 2 and block_bits <= 640:
        columns = 9 if block_bits > 560 else 8 if block_bits > 192 else 6
    return next(z for z in lifting_sizes() if columns * z >= block_bits)


@dataclass(frozen=True)
class BaseGraph:
    """One base graph with the shifts of one lifting size.

    Args:
        number: 1 or 2.
        z: lifting size.
        rows, columns, shifts: int arrays (edges,), sorted by row; shifts are modulo z.
    """

    number: int
    z: int
    rows: np.ndarray
    columns: np.ndarray
    shifts: np.ndarray

    @property
    def info_columns(self) -> int:
        """How many columns hold information (and filler) bits."""
        return SHAPES[self.number][2]

    @property
    def buffer_bits(self) -> int:
        """Length of the circular buffer: every column except the punctured ones."""
        return (SHAPES[self.number][1] - PUNCTURED_COLUMNS) * self.z

    def gather(self, rows: range) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Bit indices that meet in each check of the given base rows, with their base columns.

        Returns:
            int array (edges, z) of bit indices, int array (edges,) of base rows and one of base columns.
        """
        chosen = (self.rows >= rows.start) & (self.rows < rows.stop)
        row, column, shift = self.rows[chosen], self.columns[chosen], self.shifts[chosen]
        return column[:, None] * self.z + (np.arange(self.z) + shift[:, None]) % self.z, row, column

    def parity_check(self, rows: int) -> scipy.sparse.csr_matrix:
        """Parity-check matrix of the first `rows` base rows and the columns they reach, uint8, (rows z, columns z)."""
        bits, row, _ = self.gather(range(rows))
        checks = row[:, None] * self.z + np.arange(self.z)
        shape = (rows * self.z, (self.info_columns + rows) * self.z)
        return scipy.sparse.csr_matrix((np.ones(bits.size, np.uint8), (checks.ravel(), bits.ravel())), shape=shape)


@lru_cache(maxsize=64)
def base_graph(number: int, z: int) -> BaseGraph:
    """The base graph `number` (1 or 2) with the shifts of lifting size z."""
    check_choice("base graph", str(number), ("1", "2"))
    table = _table(number)
    return BaseGraph(number, z, table[:, 0], table[:, 1], table[:, 2 + lifting_set(z)] % z)


@lru_cache(maxsize=2)
def _table(number: int) -> np.ndarray:
    """int array (edges, 10): row, column, shift for each lifting set."""
    source = files("semcom_core.fec") / "data" / f"nr_ldpc_bg{number}.csv"
    return np.loadtxt(source.read_text(encoding="utf-8").splitlines(), dtype=np.int64, delimiter=",", comments="#")
