# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Transformer blocks of the codec "deepsc".

Source: Vaswani et al., Attention is all you need, 2017, with the norm before each part; Raffel et al. 2020 for the position bias.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

#: Distances beyond this many tokens share a bias.
_REACH = 24


class Block(nn.Module):
    """Self-attention with a learned bias for each distance, then two dense layers.

    Args:
        width: features of a token.
        heads: attention heads; they divide the width.
    """

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.before_attention, self.before_dense = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query_key_value, self.mixed = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.wide, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.distance = nn.Parameter(torch.zeros(heads, 2 * _REACH + 1))

    def forward(self, states: Tensor, hidden: Tensor) -> Tensor:
        """New states.

        Args:
            states: float (B, T, width).
            hidden: 0 for tokens, -inf for padding, float (B, 1, 1, T).
        """
        states = states + self._attention(self.before_attention(states), hidden)
        return states + self.narrow(self.wide(self.before_dense(states)).relu())

    def _attention(self, states: Tensor, hidden: Tensor) -> Tensor:
        size, length, width = states.shape
        parts = self.query_key_value(states).view(size, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        query, key, value = parts[0], parts[1], parts[2]
        places = torch.arange(length)
        bias = self.distance[:, (places - places[:, None]).clamp(-_REACH, _REACH) + _REACH]
        weights = (query @ key.transpose(2, 3)) * (width // self.heads) ** -0.5 + bias + hidden
        return self.mixed((weights.softmax(3) @ value).transpose(1, 2).reshape(size, length, width))


def blocks(count: int, width: int, heads: int) -> nn.ModuleList:
    """Blocks in a row."""
    return nn.ModuleList(Block(width, heads) for _ in range(count))


def through(layers: nn.ModuleList, states: Tensor, hidden: Tensor) -> Tensor:
    """States after all blocks."""
    for layer in layers:
        states = layer(states, hidden)
    return states
