# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters on a stream, fixed or slowly changing, and the windowed sinc for fractional delays.

The taps of a changing filter go along a straight line within a block of outputs, which is exact
enough where blocks are short against the change. With n the block's first output and start the
input sample that belongs to it, for 0 <= j < block,

    y[n + j] = sum over k of (first[k] + j / block (last[k] - first[k])) x[start + j + ahead - k]

Array axes: G blocks.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from semcom_core.channel.base import Processor

#: Blocks worked on at once: few enough to stay in the processor's cache.
BLOCKS_AT_ONCE = 64


def windowed_sinc(at: np.ndarray, half: int, beta: float) -> np.ndarray:
    """Kaiser-windowed sinc.

    Args:
        at: times in samples, float (any shape).
        half: half its length in samples; it is 0 from half + 1 samples on.
        beta: of the Kaiser window.

    Source: J. F. Kaiser, "Nonrecursive digital filter design using the I0-sinh window function",
    IEEE ISCAS 1974.
    """
    window = np.i0(beta * np.sqrt(np.maximum(1 - (at / (half + 1)) ** 2, 0))) / np.i0(beta)
    return np.sinc(at) * np.where(np.abs(at) < half + 1, window, 0.0)


class Fir(Processor):
    """A filter with taps that do not change.

    Args:
        taps: complex or float (K,), at least one.
        ahead: how many of them come before time 0; that many samples are held back.
    """

    def __init__(self, taps: np.ndarray, ahead: int = 0):
        kind = np.complex64 if np.iscomplexobj(taps) else np.float32
        self._taps: np.ndarray = np.asarray(taps, kind)
        self._skip = ahead
        self._memory = np.zeros(len(taps) - 1, np.complex64)
        self._given = 0
        self._taken = 0
        self.tail = len(taps) - 1 - ahead
        self.latency = ahead

    @property
    def held(self) -> int:
        return self._taken - self._given

    def __call__(self, samples: np.ndarray) -> np.ndarray:
        self._taken += len(samples)
        if not len(samples):
            return samples
        work: np.ndarray = np.concatenate([self._memory, samples])
        self._memory = work[len(work) - len(self._memory) :]
        out = np.convolve(work, self._taps, "valid")
        skip = min(self._skip, len(out))
        self._skip -= skip
        self._given += len(out) - skip
        return out[skip:].astype(np.complex64)


class Varying(Processor):
    """A slowly changing filter. Gives out whole blocks, the last of a stream at its end.

    Args:
        block: outputs of a block.
        ahead, behind: taps before and after time 0; ahead + behind + 1 in all.
    """

    def __init__(self, block: int, ahead: int, behind: int):
        self.block = block
        self.ahead = ahead
        self.behind = behind
        self.tail = behind
        self.latency = 2 * block + ahead
        self._ramp = (np.arange(block) / block).astype(np.float32)
        # inputs still needed, and the index of the first of them
        self._line = np.zeros(behind, np.complex64)
        self._begin = -behind
        self._taken = 0
        self._next = 0

    def starts(self, blocks: np.ndarray) -> np.ndarray:
        """Input samples that belong to the first outputs of blocks, int64 (G,)."""
        return blocks * self.block

    def taps(self, blocks: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Taps at the begin and at the end of each block, both (G, ahead + behind + 1)."""
        raise NotImplementedError

    def due(self, taken: int) -> int:
        """Outputs that belong to the first `taken` inputs."""
        return taken

    @property
    def held(self) -> int:
        return max(self.due(self._taken) - self._next * self.block, 0)

    def __call__(self, samples: np.ndarray) -> np.ndarray:
        self._line = np.concatenate([self._line, samples])
        self._taken += len(samples)
        out = []
        while True:
            blocks = np.arange(self._next, self._next + BLOCKS_AT_ONCE)
            starts = self.starts(blocks)
            ready = int(np.count_nonzero(starts + self.block + self.ahead <= self._taken))
            if not ready:
                break
            out.append(self._filter(blocks[:ready], starts[:ready]))
            self._next += ready
        keep = int(self.starts(np.array([self._next]))[0]) - self.behind - self._begin
        self._line = self._line[keep:]
        self._begin = self._begin + keep
        return np.concatenate(out) if out else np.zeros(0, np.complex64)

    def _filter(self, blocks: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """Outputs of some blocks, complex64 (G * block,)."""
        first, last = self.taps(blocks, starts)
        count = self.ahead + self.behind + 1
        rows = sliding_window_view(self._line, self.block + count - 1)[
            starts - self.behind - self._begin
        ]
        # axes: blocks, taps, outputs of a block
        shifted = np.ascontiguousarray(sliding_window_view(rows, self.block, axis=1)[:, ::-1])
        line = np.stack([first, last - first], axis=1)
        if np.iscomplexobj(line):
            parts = line.astype(np.complex64) @ shifted
        else:  # half the work
            parts = (line.astype(np.float32) @ shifted.view(np.float32)).view(np.complex64)
        return (parts[:, 0] + self._ramp * parts[:, 1]).ravel()
