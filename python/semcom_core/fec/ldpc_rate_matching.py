# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""LDPC channel code of a message: CRC, segmentation, rate matching and bit interleaving.

    bits ─► CRC ─► code blocks ─► LDPC ─► circular buffer ─► interleaver ─► coded bits

Several code blocks have a CRC 24B each. The circular buffer gives any number of coded bits, from a
start that depends on the redundancy version, so that retransmissions add parity bits.

Source: 3GPP TS 38.212 §5.1, §5.2.2, §5.3.2, §5.4.2.1 (bit selection, table 5.4.2.1-2, without
buffer limitation), §5.4.2.2 (bit interleaving) and §5.5. Different from it: any number of message
and coded bits is taken (block sizes may differ by one bit), and the message's CRC is a choice.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from semcom_core.errors import ConfigError, check_range
from semcom_core.fec.crc import attach_crc, check_crc, crc_length
from semcom_core.fec.ldpc import (
    CORE_ROWS,
    KNOWN_ZERO_LLR,
    MAX_BLOCK_BITS,
    PUNCTURED_COLUMNS,
    SHAPES,
    BaseGraph,
    base_graph,
    choose_graph,
    choose_lifting,
    ldpc_decoder,
    ldpc_encoder,
)

#: Numerators of the starting positions of redundancy versions 0 to 3; the denominator is the
#: buffer's length in columns.
_STARTS = {1: (0, 17, 33, 56), 2: (0, 13, 25, 43)}
#: CRC of each code block, where there are several.
_BLOCK_CRC = "24B"


@dataclass(frozen=True)
class ChannelCode:
    """Code of a message of `info_bits` bits into `coded_bits` bits.

    >>> code = ChannelCode(info_bits=800, coded_bits=1600, bits_per_symbol=2)
    >>> bits, ok = code.decode(8.0 - 16.0 * code.encode(np.zeros(800, np.uint8)))
    >>> ok
    True

    Args:
        info_bits: message bits, the CRC not counted.
        coded_bits: bits sent, a multiple of bits_per_symbol; more than the mother code holds means
            repetition.
        bits_per_symbol: of the modulation, for the bit interleaver.
        crc: the message's CRC (see crc.POLYNOMIALS).
        iterations: most decoder iterations.

    Raises:
        ConfigError: a value is out of range, or the code rate exceeds 1.
    """

    info_bits: int
    coded_bits: int
    bits_per_symbol: int = 1
    crc: str = "16"
    iterations: int = 40

    def __post_init__(self) -> None:
        check_range("info_bits", self.info_bits, 1, float("inf"))
        check_range("bits_per_symbol", self.bits_per_symbol, 1, 8)
        check_range("iterations", self.iterations, 1, 1000)
        if self.coded_bits < self.total_bits or self.coded_bits % self.bits_per_symbol:
            raise ConfigError(
                f"coded_bits is {self.coded_bits}; allowed is a multiple of {self.bits_per_symbol} "
                f"from {self.total_bits} (information, CRC) on"
            )

    @property
    def total_bits(self) -> int:
        """Message bits with the message's CRC."""
        return self.info_bits + crc_length(self.crc)

    @cached_property
    def graph_number(self) -> int:
        """Base graph of all code blocks."""
        return choose_graph(self.info_bits, self.info_bits / self.coded_bits)

    @cached_property
    def block_bits(self) -> list[int]:
        """Bits of each code block, its CRC included, without filler."""
        largest = MAX_BLOCK_BITS[self.graph_number]
        if self.total_bits <= largest:
            return [self.total_bits]
        overhead = crc_length(_BLOCK_CRC)
        count = -(-self.total_bits // (largest - overhead))
        return [size + overhead for size in _share(self.total_bits, count)]

    @cached_property
    def block_coded_bits(self) -> list[int]:
        """Coded bits of each code block."""
        symbols = self.coded_bits // self.bits_per_symbol
        return [share * self.bits_per_symbol for share in _share(symbols, len(self.block_bits))]

    @cached_property
    def graph(self) -> BaseGraph:
        """The lifted base graph."""
        return base_graph(
            self.graph_number, choose_lifting(self.graph_number, max(self.block_bits))
        )

    def encode(self, bits: np.ndarray, version: int = 0) -> np.ndarray:
        """Coded bits of a message.

        Args:
            bits: uint8 (info_bits,) of 0 and 1.
            version: redundancy version 0 to 3; others than 0 are for retransmissions.

        Returns:
            uint8 (coded_bits,).

        Raises:
            ConfigError: the message has another length.
        """
        if bits.shape != (self.info_bits,):
            raise ConfigError(
                f"message has shape {bits.shape}; this code takes ({self.info_bits},)"
            )
        blocks = self._blocks(attach_crc(bits, self.crc))
        words = ldpc_encoder(self.graph.number, self.graph.z).encode(blocks)
        buffers = words[:, PUNCTURED_COLUMNS * self.graph.z :]
        coded = [
            interleave(buffers[i][p], self.bits_per_symbol)
            for i, p in enumerate(self._positions(version))
        ]
        return np.concatenate(coded)

    def buffer(self, llrs: np.ndarray, version: int = 0) -> np.ndarray:
        """Circular buffers of received log-likelihood ratios; buffers of several transmissions
        combine by adding.

        Args:
            llrs: float (coded_bits,), positive for 0.
            version: redundancy version that was sent.

        Returns:
            float64 (blocks, buffer bits).

        Raises:
            ConfigError: the array has another length.
        """
        if llrs.shape != (self.coded_bits,):
            raise ConfigError(
                f"ratios have shape {llrs.shape}; this code takes ({self.coded_bits},)"
            )
        parts = np.split(llrs, np.cumsum(self.block_coded_bits)[:-1])
        pairs = zip(self._positions(version), parts, strict=True)
        buffers = [
            buffer_llrs(self.graph, p, deinterleave(part, self.bits_per_symbol))
            for p, part in pairs
        ]
        return np.stack(buffers)

    def decode(self, llrs: np.ndarray, version: int = 0) -> tuple[np.ndarray, bool]:
        """Message bits from the log-likelihood ratios of one transmission (see decode_buffer)."""
        return self.decode_buffer(self.buffer(llrs, version))

    def decode_buffer(self, buffer: np.ndarray) -> tuple[np.ndarray, bool]:
        """Message bits from circular buffers.

        Args:
            buffer: float (blocks, buffer bits) from `buffer`.

        Returns:
            uint8 (info_bits,), the best guess, and whether the message's CRC holds and something of
            each block was received (the CRC of zeros is zero, and a block of which nothing arrived
            decodes to zeros).
        """
        z = self.graph.z
        info = self.graph.info_columns * z
        llrs = np.concatenate([np.zeros((len(buffer), PUNCTURED_COLUMNS * z)), buffer], axis=1)
        sent = np.flatnonzero(llrs.any(axis=0))
        columns = -(-int(sent.max() + 1) // z) if sent.size else 0
        most_rows = SHAPES[self.graph.number][0]
        rows = int(np.clip(columns - self.graph.info_columns, CORE_ROWS, most_rows))
        for i, size in enumerate(self.block_bits):
            llrs[i, size:info] = KNOWN_ZERO_LLR
        decoder = ldpc_decoder(self.graph.number, z, rows)
        words, _ = decoder.decode(llrs[:, : decoder.bits], self.iterations)
        overhead = crc_length(_BLOCK_CRC) if len(words) > 1 else 0
        message = np.concatenate(
            [words[i, : size - overhead] for i, size in enumerate(self.block_bits)]
        )
        received = bool(buffer.any(axis=1).all())
        return message[: self.info_bits], received and check_crc(message, self.crc)

    def _blocks(self, bits: np.ndarray) -> np.ndarray:
        """Message with CRC cut into blocks, each filled with zeros, uint8 (blocks, information
        columns z).
        """
        blocks = np.zeros((len(self.block_bits), self.graph.info_columns * self.graph.z), np.uint8)
        if len(blocks) == 1:
            blocks[0, : bits.size] = bits
            return blocks
        sizes = [size - crc_length(_BLOCK_CRC) for size in self.block_bits]
        for i, part in enumerate(np.split(bits, np.cumsum(sizes)[:-1])):
            blocks[i, : self.block_bits[i]] = attach_crc(part, _BLOCK_CRC)
        return blocks

    def _positions(self, version: int) -> list[np.ndarray]:
        sizes = zip(self.block_bits, self.block_coded_bits, strict=True)
        return [selected_positions(self.graph, bits, coded, version) for bits, coded in sizes]


def selected_positions(
    graph: BaseGraph, block_bits: int, coded_bits: int, version: int = 0
) -> np.ndarray:
    """Positions in the circular buffer of the coded bits, in the order of selection; filler bits
    are skipped.

    Args:
        graph: the lifted base graph.
        block_bits: bits of the code block without filler.
        coded_bits: how many bits are sent; more than the buffer holds means repetition.
        version: redundancy version 0 to 3.

    Returns:
        int (coded_bits,); position 0 is bit 2 z of the code word.

    Raises:
        ConfigError: the redundancy version or a count is out of range.
    """
    if version not in range(4):
        raise ConfigError(f"redundancy version is {version}; allowed is 0 to 3")
    info = graph.info_columns * graph.z
    if not 1 <= block_bits <= info:
        raise ConfigError(
            f"code block of {block_bits} bits; lifting size {graph.z} takes 1 to {info}"
        )
    if coded_bits < 1:
        raise ConfigError(f"coded bits is {coded_bits}; allowed is 1 and more")
    punctured = PUNCTURED_COLUMNS * graph.z
    positions = np.arange(graph.buffer_bits)
    filler = (positions >= block_bits - punctured) & (positions < info - punctured)
    start = _STARTS[graph.number][version] * graph.z
    order = np.roll(positions, -start)
    order = order[~np.roll(filler, -start)]
    return np.resize(order, coded_bits)


def buffer_llrs(graph: BaseGraph, positions: np.ndarray, llrs: np.ndarray) -> np.ndarray:
    """Put log-likelihood ratios back at their positions; repeated bits add up, bits never sent stay
    0.

    Args:
        graph: the lifted base graph.
        positions: int (n,) from `selected_positions`.
        llrs: float (n,).

    Returns:
        float64 (buffer_bits,); several transmissions of one block combine by adding their
        buffers.
    """
    return np.bincount(positions, weights=llrs, minlength=graph.buffer_bits)


def interleave(bits: np.ndarray, bits_per_symbol: int) -> np.ndarray:
    """Row-column interleaver: the first coded bits (mostly information) go to the best bit levels
    of each symbol.

    Args:
        bits: (n,), n a multiple of bits_per_symbol.
        bits_per_symbol: of the modulation.

    Raises:
        ConfigError: n is not a multiple.
    """
    _check_multiple(bits, bits_per_symbol)
    return bits.reshape(bits_per_symbol, -1).T.ravel()


def deinterleave(values: np.ndarray, bits_per_symbol: int) -> np.ndarray:
    """Inverse of `interleave`, for log-likelihood ratios or bits (n,)."""
    _check_multiple(values, bits_per_symbol)
    return values.reshape(-1, bits_per_symbol).T.ravel()


def _check_multiple(values: np.ndarray, bits_per_symbol: int) -> None:
    if values.size % bits_per_symbol:
        raise ConfigError(
            f"{values.size} coded bits do not fill symbols of {bits_per_symbol} bits; allowed is a "
            "multiple"
        )


def _share(total: int, count: int) -> list[int]:
    """`total` split into `count` nearly equal parts."""
    return [total // count + (i < total % count) for i in range(count)]
