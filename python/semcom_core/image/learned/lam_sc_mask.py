# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Adaptive semantic compression (ASC): the mask of symbols that a position sends, and its coding.

The 12 symbols of a position are nested: level l sends the first LEVEL_SYMBOLS[l]. Scores fall from
group to group within a position; of all groups of a message those with the highest scores u are
sent, so the share that is kept is what was asked for, whatever the scores.

    mask = [u > t(share)]                        when sending
    mask = sigmoid((u - t(share)) / SOFTNESS)    while learning

Scores learn from soft masks, by which symbols are sent with a part of their amplitude. A hard mask
with a straight-through gradient teaches them nothing: what is not sent has no gradient, and what is
sent has that of a slightly larger amplitude, not that of being sent or not. The threshold t moves
with the scores so that the soft share stays; its part of the gradient is that of the implicit
function.

The mask is coded in whole numbers, so that both ends agree on every machine: the levels of the
positions, then which of them are important where some are, by adaptive arithmetic coding line by
line with counts for each pair of levels on the left and above. Before anything is counted, a level
is the likelier the closer it is to the mean of the two.

Arrays: B pictures; h x w positions; G groups beyond the first; 24 values, 12 real parts and then 12
imaginary parts.

Source: the continuous relaxation of Maddison, Mnih, Teh, ICLR 2017, and Jang, Gu, Poole, ICLR 2017,
without its noise and at a given rate.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from semcom_core.entropy.arithmetic import ArithmeticDecoder, ArithmeticEncoder
from semcom_core.image.learned.common import SYMBOLS

#: Complex symbols that a position sends at each level.
LEVEL_SYMBOLS = (1, 2, 3, 5, 8, 12)
#: Groups beyond the first, which is always sent: the symbols that each level adds.
GROUP_SIZES = tuple(b - a for a, b in zip(LEVEL_SYMBOLS, LEVEL_SYMBOLS[1:], strict=False))
#: Width of the soft mask, in units of the scores.
SOFTNESS = 0.5
#: Least share of the symbols that can be kept: the first group everywhere.
LEAST_SHARE = LEVEL_SYMBOLS[0] / SYMBOLS
#: Number of levels.
_LEVELS = len(LEVEL_SYMBOLS)
#: Increment of a level's count, and the sum of counts at which all are halved.
_INCREMENT = 24
_MOST = 4096
#: Positions that are coded in one piece, which bounds the coder's numbers.
_PIECE = 8192
#: Bytes of a piece's length.
_LENGTH_BYTES = 2


def group_energies(latent: Tensor, weights: Tensor) -> Tensor:
    """Mean weighted power of a value in each group beyond the first, float (B, G, h, w).

    Args:
        latent: float (B, 24, h, w).
        weights: of the power of each value, float (24,).
    """
    power = latent.square() * weights[:, None, None]
    power = power[:, :SYMBOLS] + power[:, SYMBOLS:]
    groups = power.split([LEVEL_SYMBOLS[0], *GROUP_SIZES], 1)[1:]
    return torch.stack([group.mean(1) for group in groups], 1) / 2


def nested(scores: Tensor) -> Tensor:
    """Scores (B, G, h, w) that fall from group to group: log-sum-exp over a group and those after
    it.
    """
    return scores.flip(1).logcumsumexp(1).flip(1)


def threshold(scores: Tensor, share: float) -> Tensor:
    """Score above which groups are sent, float ().

    Args:
        scores: nested, float (B, G, h, w).
        share: of all symbols that is kept at most, the first group included.
    """
    cost = (
        torch.tensor(GROUP_SIZES, dtype=torch.float64, device=scores.device)[None, :, None, None]
        .expand(scores.shape)
        .reshape(-1)
    )
    order = scores.reshape(-1).argsort(descending=True, stable=True)
    positions = scores.numel() // len(GROUP_SIZES)
    budget = (share * SYMBOLS - LEVEL_SYMBOLS[0]) * positions
    sent = int((cost[order].cumsum(0) <= budget + 1e-6).sum())
    if sent == len(order):
        return scores.min() - 1
    return scores.reshape(-1)[order[sent]]


def chosen(scores: Tensor, share: float) -> Tensor:
    """Hard mask of groups, 0 or 1, float (B, G, h, w).

    Args:
        scores: nested, float (B, G, h, w); the message is all of them.
        share: of the symbols to keep, LEAST_SHARE to 1.
    """
    return (scores > threshold(scores, share)).to(scores.dtype)


def softly_chosen(scores: Tensor, share: float) -> Tensor:
    """Soft mask of groups, 0 to 1, float (B, G, h, w), differentiable; arguments as of `chosen`."""
    limit = threshold(scores.detach(), share)
    soft = torch.sigmoid((scores.detach() - limit) / SOFTNESS)
    weight = (
        soft * (1 - soft) * torch.tensor(GROUP_SIZES, device=scores.device)[None, :, None, None]
    )
    mean = (weight * scores).sum() / weight.sum().clamp_min(1e-9)
    return torch.sigmoid((scores - mean + mean.detach() - limit) / SOFTNESS)


def value_mask(groups: Tensor) -> Tensor:
    """Mask of values, float (B, 24, h, w), of a mask of groups (B, G, h, w)."""
    first = torch.ones_like(groups[:, :1]).expand(-1, LEVEL_SYMBOLS[0], -1, -1)
    rest = groups.repeat_interleave(
        torch.tensor(GROUP_SIZES, device=groups.device), dim=1, output_size=sum(GROUP_SIZES)
    )
    return torch.cat([first, rest], 1).repeat(1, 2, 1, 1)


def groups_of(levels: Tensor) -> Tensor:
    """Mask of groups, float (B, G, h, w), of levels, int (B, h, w)."""
    return (
        levels[:, None] > torch.arange(len(GROUP_SIZES), device=levels.device)[None, :, None, None]
    ).float()


def levels_of(groups: Tensor) -> Tensor:
    """Levels, int64 (B, h, w), of a mask of groups; soft ones are rounded."""
    return groups.detach().round().long().sum(1)


def kept_share(levels: Tensor) -> float:
    """Share of the symbols that levels, int64 (B, h, w), keep."""
    return torch.tensor(LEVEL_SYMBOLS)[levels].double().mean().item() / SYMBOLS


class LevelModel:
    """Adaptive context model of the arithmetic coder: counts of levels for each pair of
    neighbours.

    Args:
        levels: number of levels.
    """

    def __init__(self, levels: int):
        level, left, above = np.ogrid[:levels, :levels, :levels]
        start = 1 + (64 >> np.abs(2 * level - left - above))
        self._counts = [[start[:, i, j].tolist() for j in range(levels)] for i in range(levels)]

    def counts(self, left: int, above: int) -> list[int]:
        """Counts of the levels beside these neighbours."""
        return self._counts[left][above]

    def update(self, level: int, left: int, above: int) -> None:
        """Count a level beside its neighbours, halving the counts where they grow large.

        Args:
            level: of the position, 0 to levels - 1.
            left, above: levels of its neighbours.
        """
        counts = self._counts[left][above]
        counts[level] += _INCREMENT
        if sum(counts) > _MOST:
            self._counts[left][above] = [(count + 1) // 2 for count in counts]


def mask_to_bytes(levels: np.ndarray, important: np.ndarray) -> bytes:
    """Code levels, int (h, w), and which positions are important, bool (h, w)."""
    data = _encode(levels, _LEVELS)
    return data + _encode(important.astype(int), 2) if important.any() else data


def mask_from_bytes(data: bytes, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Decode levels, int64 (h, w), and which positions are important, bool (h, w).

    Args:
        data: what mask_to_bytes made; zeros may follow.
        shape: h and w.
    """
    levels, data = _decode(data, shape, _LEVELS)
    if not any(data):
        return levels, np.zeros(shape, bool)
    important, _ = _decode(data, shape, 2)
    return levels, important.astype(bool)


def _encode(levels: np.ndarray, count: int) -> bytes:
    """Code levels, int (h, w), of which there are `count`."""
    model = LevelModel(count)
    parts = []
    for rows in _pieces(levels.shape):
        coder = ArithmeticEncoder()
        for level, left, above in _neighbours(levels, rows):
            counts = model.counts(left, above)
            coder.add(sum(counts[:level]), counts[level], sum(counts))
            model.update(level, left, above)
        data = np.packbits(coder.finish()).tobytes()
        parts += [len(data).to_bytes(_LENGTH_BYTES, "big"), data]
    return b"".join(parts)


def _decode(data: bytes, shape: tuple[int, int], count: int) -> tuple[np.ndarray, bytes]:
    """Levels, int64 (h, w), of which there are `count`, and the bytes after them."""
    levels = np.zeros(shape, np.int64)
    model = LevelModel(count)
    for rows in _pieces(shape):
        size = int.from_bytes(data[:_LENGTH_BYTES], "big")
        piece = data[_LENGTH_BYTES : _LENGTH_BYTES + size]
        data = data[_LENGTH_BYTES + size :]
        coder = ArithmeticDecoder(np.unpackbits(np.frombuffer(piece, np.uint8)))
        _decode_rows(levels, rows, coder, model)
    return levels, data


def _decode_rows(
    levels: np.ndarray, rows: slice, coder: ArithmeticDecoder, model: LevelModel
) -> None:
    """Fill some rows of levels, int64 (h, w)."""
    for row in range(rows.start, rows.stop):
        left = 0
        above = (levels[row - 1] if row else np.zeros(levels.shape[1], int)).tolist()
        for column, up in enumerate(above):
            counts = model.counts(left, up)
            target = coder.target(sum(counts))
            start = 0
            level = 0
            while start + counts[level] <= target:
                start += counts[level]
                level += 1
            coder.take(start, counts[level], sum(counts))
            model.update(level, left, up)
            levels[row, column] = left = level


def _pieces(shape: tuple[int, ...]) -> list[slice]:
    """Rows of h x w positions that are coded together."""
    height, width = shape
    step = max(1, _PIECE // width)
    return [slice(start, min(start + step, height)) for start in range(0, height, step)]


def _neighbours(levels: np.ndarray, rows: slice) -> Iterator[tuple[int, int, int]]:
    """(level, left, above) of the positions of some rows; 0 outside the picture."""
    left = np.pad(levels, ((0, 0), (1, 0)))[rows, :-1]
    above = np.pad(levels, ((1, 0), (0, 0)))[:-1][rows]
    return zip(
        levels[rows].ravel().tolist(), left.ravel().tolist(), above.ravel().tolist(), strict=True
    )
