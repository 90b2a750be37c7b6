# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""LDPC codes of 5G NR: base graphs, encoder, and layered sum-product decoder.

The encoder solves the four core rows by back substitution along their dual diagonal; each further
row has a parity bit of its own.

The decoder is vectorised over the lifting size and over code blocks. One layer is one base row: its
z checks touch disjoint bits, so they are updated at once, and the next layer works with the result.
Measured with 800 bits at rate 1/2 over QPSK at 1.25 dB: 40 iterations lose 2.0 % of the blocks; 80
flooding sum-product iterations of the package `ldpc` lose 2.5 % in 2.7 times the time; its min-sum,
at its best scaling (0.7), loses 8 % in the same time.

Log-likelihood ratios are positive for 0. Sizes: z is the lifting size, edges are the ones of the
base graph's matrix.

Sources: 3GPP TS 38.212 §5.2.2 (choice of the lifting size) and §5.3.2 with its tables 5.3.2-1 to
5.3.2-3; D. E. Hocevar, "A reduced complexity decoder architecture via layered decoding of LDPC
codes", SiPS 2004.
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
#: Magnitude of the prior ratio given to filler bits, which are known to be 0.
KNOWN_ZERO_LLR = 40.0
#: Lifting sizes are these times powers of 2; each is a set with shifts of its own.
_SET_STARTS = (2, 3, 5, 7, 9, 11, 13, 15)
_MAX_LIFTING = 384
#: Code blocks decoded together: enough to hide call overhead, few enough to stay in cache.
_BATCH = 8
#: Takes the place of a ratio's tanh that is 0, so that it can be divided by.
_TINY = np.float32(1e-12)
#: Keeps a product of tanh below 1 in spite of rounding; bounds one message to ln(2e6) = 14.5.
_BELOW_ONE = np.float32(1 - 1e-6)


def lifting_sizes() -> list[int]:
    """All lifting sizes, ascending (51 of them, 2 to 384)."""
    return sorted(a << j for a in _SET_STARTS for j in range(8) if a << j <= _MAX_LIFTING)


def lifting_set(z: int) -> int:
    """Index of the set of circulant shifts that a lifting size uses.

    Raises:
        ConfigError: there is no such lifting size.
    """
    if z not in lifting_sizes():
        raise ConfigError(f"lifting size is {z}; allowed is one of {lifting_sizes()}")
    odd = z // (z & -z)
    return _SET_STARTS.index(2 if odd == 1 else odd)


def choose_graph(info_bits: int, rate: float) -> int:
    """Base graph for a message of `info_bits` bits without CRC at a code rate (TS 38.212
    §7.2.2).
    """
    return 2 if info_bits <= 292 or (info_bits <= 3824 and rate <= 0.67) or rate <= 0.25 else 1


def choose_lifting(graph: int, block_bits: int) -> int:
    """Smallest lifting size whose information columns hold `block_bits` bits (TS 38.212 §5.2.2).

    Raises:
        ConfigError: the block is empty or too long for the base graph.
    """
    if not 1 <= block_bits <= MAX_BLOCK_BITS[graph]:
        raise ConfigError(
            f"code block of {block_bits} bits; base graph {graph} takes 1 to "
            f"{MAX_BLOCK_BITS[graph]}"
        )
    columns = SHAPES[graph][2]
    if graph == 2 and block_bits <= 640:
        columns = 6
        if block_bits > 192:
            columns = 8
        if block_bits > 560:
            columns = 9
    return next(z for z in lifting_sizes() if columns * z >= block_bits)


@dataclass(frozen=True)
class BaseGraph:
    """One base graph with the shifts of one lifting size.

    Args:
        number: 1 or 2.
        z: lifting size.
        rows, columns, shifts: int (edges,), sorted by row; shifts are modulo z.
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
            Bit indices, int (edges, z), their base rows, int (edges,), and base columns, int
            (edges,).
        """
        chosen = (self.rows >= rows.start) & (self.rows < rows.stop)
        row = self.rows[chosen]
        column = self.columns[chosen]
        shifted = (np.arange(self.z) + self.shifts[chosen][:, None]) % self.z
        return column[:, None] * self.z + shifted, row, column

    def parity_check(self, rows: int) -> scipy.sparse.csr_matrix:
        """Parity-check matrix of the first `rows` base rows and the columns they reach, uint8,
        (rows z, columns z).
        """
        bits, row, _ = self.gather(range(rows))
        checks = row[:, None] * self.z + np.arange(self.z)
        shape = (rows * self.z, (self.info_columns + rows) * self.z)
        ones = np.ones(bits.size, np.uint8)
        return scipy.sparse.csr_matrix((ones, (checks.ravel(), bits.ravel())), shape=shape)


@lru_cache(maxsize=64)
def base_graph(number: int, z: int) -> BaseGraph:
    """The base graph `number` (1 or 2) with the shifts of lifting size z.

    Raises:
        ConfigError: there is no such base graph or lifting size.
    """
    check_choice("base graph", str(number), ("1", "2"))
    table = _table(number)
    return BaseGraph(number, z, table[:, 0], table[:, 1], table[:, 2 + lifting_set(z)] % z)


@lru_cache(maxsize=2)
def _table(number: int) -> np.ndarray:
    """Row, column, and shift for each lifting set, int (edges, 10)."""
    source = files("semcom_core.fec") / "data" / f"nr_ldpc_bg{number}.csv"
    lines = source.read_text(encoding="utf-8").splitlines()
    return np.loadtxt(lines, dtype=np.int64, delimiter=",", comments="#")


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
        self._extension = _systematic_part(
            self.graph, extension, self.graph.info_columns + CORE_ROWS
        )
        self._first_shift = _surviving_shift(self.graph)
        self._core_shifts = _core_shifts(self.graph)

    def encode(self, info: np.ndarray) -> np.ndarray:
        """Code words of blocks of information bits (filler bits are 0).

        Args:
            info: uint8 (..., info_columns z).

        Returns:
            uint8 (..., columns z), punctured columns included.

        Raises:
            ConfigError: the last dimension is not info_columns z.
        """
        bits = self.graph.info_columns * self.graph.z
        if info.shape[-1] != bits:
            raise ConfigError(f"information block has {info.shape[-1]} bits; allowed is {bits}")
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
    """Bit indices (edges, z) of the edges left of `columns` in the given rows, and where each row
    starts.
    """
    bits, row, column = graph.gather(rows)
    keep = column < columns
    starts = np.searchsorted(row[keep], np.arange(rows.start, rows.stop))
    return bits[keep], starts


def _checks(word: np.ndarray, part: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Sums modulo 2 over the edges of each row, uint8 (..., rows, z)."""
    bits, starts = part
    return np.bitwise_xor.reduceat(word[..., bits], starts, axis=-2)


def _surviving_shift(graph: BaseGraph) -> int:
    """Shift of the first parity column in the sum of the core rows: the other two circulants
    cancel.
    """
    in_column = (graph.rows < CORE_ROWS) & (graph.columns == graph.info_columns)
    shifts, counts = np.unique(graph.shifts[in_column], return_counts=True)
    return int(shifts[counts % 2 == 1][0])


def _core_shifts(graph: BaseGraph) -> list[list[tuple[int, int]]]:
    """For core row i, the (parity column, shift) pairs known before parity column i + 1 is
    solved.
    """
    found = []
    first = graph.info_columns
    for row in range(CORE_ROWS - 1):
        in_row = (graph.rows == row) & (graph.columns >= first) & (graph.columns <= first + row)
        edges = zip(graph.columns[in_row], graph.shifts[in_row], strict=True)
        found.append([(int(column) - first, int(shift)) for column, shift in edges])
    return found


class LdpcDecoder:
    """Decoder of one base graph and lifting size, cut to its first base rows.

    Args:
        graph: base graph number, 1 or 2.
        z: lifting size.
        rows: base rows used; parity columns beyond them were not sent.
    """

    def __init__(self, graph: int, z: int, rows: int):
        self.graph = base_graph(graph, z)
        self.bits = (self.graph.info_columns + rows) * z
        self._layers = [self.graph.gather(range(row, row + 1))[0] for row in range(rows)]

    def decode(self, llrs: np.ndarray, iterations: int = 40) -> tuple[np.ndarray, np.ndarray]:
        """Most likely bits of each block.

        Args:
            llrs: log-likelihood ratios, float (blocks, bits); 0 for bits never sent.
            iterations: at most this many; a block stops as soon as all its checks hold.

        Returns:
            uint8 (blocks, bits), and whether all checks of a block hold, bool (blocks,).

        Raises:
            ConfigError: the array has another shape.
        """
        if llrs.ndim != 2 or llrs.shape[1] != self.bits:
            raise ConfigError(
                f"decoder input has shape {llrs.shape}; allowed is (blocks, {self.bits})"
            )
        hard = np.zeros(llrs.shape, np.uint8)
        done = np.zeros(len(llrs), bool)
        for first in range(0, len(llrs), _BATCH):
            part = slice(first, first + _BATCH)
            hard[part], done[part] = self._decode_batch(llrs[part].astype(np.float32), iterations)
        return hard, done

    def _decode_batch(self, total: np.ndarray, iterations: int) -> tuple[np.ndarray, np.ndarray]:
        """`decode` for a few blocks; blocks whose checks hold leave the batch."""
        hard = (total < 0).astype(np.uint8)
        done = self._holds(hard)
        active = np.flatnonzero(~done)
        total = total[active]
        messages = [
            np.zeros((len(layer), active.size, self.graph.z), np.float32) for layer in self._layers
        ]
        for _ in range(iterations):
            if active.size == 0:
                break
            self._iterate(total.reshape(-1), messages)
            hard[active] = total < 0
            holds = self._holds(hard[active])
            done[active] = holds
            if holds.any():
                active = active[~holds]
                total = total[~holds]
                messages = [message[:, ~holds] for message in messages]
        return hard, done

    def _iterate(self, total: np.ndarray, messages: list[np.ndarray]) -> None:
        """One pass over all layers; updates `total` (blocks bits,) and the messages (edges, blocks,
        z) in place.
        """
        offsets = np.arange(messages[0].shape[1])[:, None] * self.bits
        for layer, message in zip(self._layers, messages, strict=True):
            where = layer[:, None, :] + offsets if len(offsets) > 1 else layer[:, None, :]
            extrinsic = total.take(where)
            extrinsic -= message
            soft = np.tanh(extrinsic * np.float32(0.5))
            np.copyto(soft, _TINY, where=soft == 0)
            product = np.multiply.reduce(soft, axis=0)
            product *= _BELOW_ONE
            np.divide(product, soft, out=soft)
            np.arctanh(soft, out=message)
            message *= np.float32(2)
            extrinsic += message
            total[where] = extrinsic

    def _holds(self, hard: np.ndarray) -> np.ndarray:
        """Whether every check of each block holds, bool (blocks,)."""
        holds = np.ones(len(hard), bool)
        for layer in self._layers:
            holds &= ~np.bitwise_xor.reduce(hard.take(layer, axis=1), axis=1).any(axis=1)
            if not holds.any():  # mostly after the first layer
                break
        return holds


@lru_cache(maxsize=128)
def ldpc_decoder(graph: int, z: int, rows: int) -> LdpcDecoder:
    """The decoder of a base graph, lifting size and row count, made once.

    Args:
        graph, z, rows: see LdpcDecoder.
    """
    return LdpcDecoder(graph, z, rows)
