# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Adaptive semantic compression (ASC): how many of its symbols each position sends.

The symbols of a position are nested: level l sends the first LEVEL_SYMBOLS[l]. Scores fall from group to group within a position; of all
groups of a message those with the highest scores are sent, so the share that is kept is what was asked for, whatever the scores.

    scores u ─► threshold t(share) ─► mask = [u > t]          while learning also: mask = sigmoid((u - t) / SOFTNESS)

Scores learn from soft masks, by which symbols are sent with a part of their amplitude. A hard mask with a straight-through gradient teaches
them nothing: what is not sent has no gradient, and what is sent has that of a slightly larger amplitude, not that of being sent or not.
The threshold moves with the scores so that the soft share stays; its part of the gradient is that of the implicit function.

Source: the continuous relaxation of Maddison, Mnih, Teh, 2017, and Jang, Gu, Poole, 2017, without its noise and at a given rate.
"""

from __future__ import annotations

import torch
from torch import Tensor

from semcom_core.image.jscc_layers import SYMBOLS

#: Complex symbols that a position sends at each level.
LEVEL_SYMBOLS = (1, 2, 3, 5, 8, 12)
#: Groups beyond the first, which is always sent: the symbols that each level adds.
GROUP_SIZES = tuple(b - a for a, b in zip(LEVEL_SYMBOLS, LEVEL_SYMBOLS[1:], strict=False))
SOFTNESS = 0.5
#: Least share of the symbols that can be kept: the first group everywhere.
LEAST_SHARE = LEVEL_SYMBOLS[0] / SYMBOLS


def group_energies(latent: Tensor, weights: Tensor) -> Tensor:
    """Mean weighted power of a value in each group beyond the first, float (B, G, h, w), of latents (B, 24, h, w) and weights (24,)."""
    power = latent.square() * weights[:, None, None]
    power = power[:, :SYMBOLS] + power[:, SYMBOLS:]
    return torch.stack([part.mean(1) for part in power.split([LEVEL_SYMBOLS[0], *GROUP_SIZES], 1)[1:]], 1) / 2


def nested(scores: Tensor) -> Tensor:
    """Scores (B, G, h, w) that fall from group to group: a group is worth what it and all after it are."""
    return scores.flip(1).logcumsumexp(1).flip(1)


def threshold(scores: Tensor, share: float) -> Tensor:
    """The score above which groups are sent so that at most `share` of all symbols is; the share of the first group is in it."""
    cost = torch.tensor(GROUP_SIZES, dtype=torch.float64, device=scores.device)[None, :, None, None].expand(scores.shape).reshape(-1)
    order = scores.reshape(-1).argsort(descending=True, stable=True)
    positions = scores.numel() // len(GROUP_SIZES)
    budget = (share * SYMBOLS - LEVEL_SYMBOLS[0]) * positions
    sent = int((cost[order].cumsum(0) <= budget + 1e-6).sum())
    if sent == len(order):
        return scores.min() - 1
    return scores.reshape(-1)[order[sent]]


def chosen(scores: Tensor, share: float) -> Tensor:
    """Which groups are sent, 0 or 1, float (B, G, h, w).

    Args:
        scores: nested, float (B, G, h, w); the message is all of them.
        share: of the symbols to keep, LEAST_SHARE to 1.
    """
    return (scores > threshold(scores, share)).to(scores.dtype)


def softly_chosen(scores: Tensor, share: float) -> Tensor:
    """Part of its amplitude with which each group is sent, 0 to 1, differentiable; arguments as `chosen` takes them."""
    limit = threshold(scores.detach(), share)
    soft = torch.sigmoid((scores.detach() - limit) / SOFTNESS)
    weight = soft * (1 - soft) * torch.tensor(GROUP_SIZES, device=scores.device)[None, :, None, None]
    mean = (weight * scores).sum() / weight.sum().clamp_min(1e-9)
    return torch.sigmoid((scores - mean + mean.detach() - limit) / SOFTNESS)


def value_mask(groups: Tensor) -> Tensor:
    """Which values are sent, or with which part of their amplitude, float (B, 24, h, w), of what `chosen` says of groups (B, G, h, w)."""
    first = torch.ones_like(groups[:, :1]).expand(-1, LEVEL_SYMBOLS[0], -1, -1)
    rest = groups.repeat_interleave(torch.tensor(GROUP_SIZES, device=groups.device), dim=1, output_size=sum(GROUP_SIZES))
    return torch.cat([first, rest], 1).repeat(1, 2, 1, 1)


def groups_of(levels: Tensor) -> Tensor:
    """Which groups are sent, float (B, G, h, w), of levels int (B, h, w)."""
    return (levels[:, None] > torch.arange(len(GROUP_SIZES), device=levels.device)[None, :, None, None]).float()


def levels_of(groups: Tensor) -> Tensor:
    """Levels, int64 (B, h, w), of which groups are sent, or are for the most part."""
    return groups.detach().round().long().sum(1)


def kept_share(levels: Tensor) -> float:
    """Share of the symbols that levels keep."""
    return torch.tensor(LEVEL_SYMBOLS)[levels].double().mean().item() / SYMBOLS


