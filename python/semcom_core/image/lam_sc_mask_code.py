# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mask of a picture to bytes and back, in whole numbers, so that both ends agree on every machine.

    levels of the positions | which of them are important, where some are

Adaptive arithmetic coding, line by line: how often each level was seen is counted for each pair of levels on the left and above. Before
anything was seen, a level counts as likely as it is close to the mean of the two.
"""

from __future__ import annotations

import numpy as np

from semcom_core.image.lam_sc_mask import LEVEL_SYMBOLS
from semcom_core.text.arithmetic import ArithmeticDecoder, ArithmeticEncoder

_LEVELS = len(LEVEL_SYMBOLS)
#: What a level that was seen adds to its count, and the sum of counts at which all are halved.
_STEP, _MOST = 24, 4096
#: Positions that are coded in one piece; the coder's numbers grow with them.
_PIECE = 8192
_LENGTH_BYTES = 2


class LevelModel:
    """Counts of levels for each pair of neighbours."""

    def __init__(self, levels: int):
        level, left, above = np.ogrid[:levels, :levels, :levels]
        start = 1 + (64 >> np.abs(2 * level - left - above))
        self._counts = [[start[:, i, j].tolist() for j in range(levels)] for i in range(levels)]

    def counts(self, left: int, above: int) -> list[int]:
        """Counts of the levels after these neighbours."""
        return self._counts[left][above]

    def saw(self, level: int, left: int, above: int) -> None:
        """Count a level."""
        counts = self._counts[left][above]
        counts[level] += _STEP
        if sum(counts) > _MOST:
            self._counts[left][above] = [(count + 1) // 2 for count in counts]


def mask_to_bytes(levels: np.ndarray, important: np.ndarray) -> bytes:
    """Bytes of the levels, int (h, w), and of which positions are important, bool (h, w)."""
    return _coded(levels, _LEVELS) + (_coded(important.astype(int), 2) if important.any() else b"")


def mask_from_bytes(data: bytes, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Levels, int64 (h, w), and which positions are important, bool (h, w), of their bytes; zeros after them are left aside."""
    levels, data = _decoded(data, shape, _LEVELS)
    important, _ = _decoded(data, shape, 2) if any(data) else (np.zeros(shape, bool), data)
    return levels, important.astype(bool)


def _coded(levels: np.ndarray, count: int) -> bytes:
    model, parts = LevelModel(count), []
    for rows in _pieces(levels.shape):
        coder = ArithmeticEncoder()
        for level, left, above in _neighbours(levels, rows):
            counts = model.counts(left, above)
            coder.add(sum(counts[:level]), counts[level], sum(counts))
            model.saw(level, left, above)
        data = np.packbits(coder.finish()).tobytes()
        parts += [len(data).to_bytes(_LENGTH_BYTES, "big"), data]
    return b"".join(parts)


def _decoded(data: bytes, shape: tuple[int, int], count: int) -> tuple[np.ndarray, bytes]:
    """Levels, int64 (h, w), of which there are `count`, and the bytes after them."""
    levels, model = np.zeros(shape, np.int64), LevelModel(count)
    for rows in _pieces(shape):
        size = int.from_bytes(data[:_LENGTH_BYTES], "big")
        piece, data = data[_LENGTH_BYTES : _LENGTH_BYTES + size], data[_LENGTH_BYTES + size :]
        _decode_rows(levels, rows, ArithmeticDecoder(np.unpackbits(np.frombuffer(piece, np.uint8))), model)
    return levels, data


def _decode_rows(levels: np.ndarray, rows: slice, coder: ArithmeticDecoder, model: LevelModel) -> None:
    for row in range(rows.start, rows.stop):
        left, above = 0, (levels[row - 1] if row else np.zeros(levels.shape[1], int)).tolist()
        for column, up in enumerate(above):
            counts = model.counts(left, up)
            target, start, level = coder.target(sum(counts)), 0, 0
            while start + counts[level] <= target:
                start += counts[level]
                level += 1
            coder.take(start, counts[level], sum(counts))
            model.saw(level, left, up)
            levels[row, column] = left = level


def _pieces(shape: tuple[int, int]) -> list[slice]:
    """Rows that are coded together."""
    height, width = shape
    step = max(1, _PIECE // width)
    return [slice(start, min(start + step, height)) for start in range(0, height, step)]


def _neighbours(levels: np.ndarray, rows: slice):
    """(level, left, above) of the positions of some rows; 0 outside the picture."""
    left = np.pad(levels, ((0, 0), (1, 0)))[rows, :-1]
    above = np.pad(levels, ((1, 0), (0, 0)))[:-1][rows]
    return zip(levels[rows].ravel().tolist(), left.ravel().tolist(), above.ravel().tolist(), strict=True)
