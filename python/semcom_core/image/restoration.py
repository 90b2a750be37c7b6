# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restoring a decoded picture: a small network takes away what coarse quantisation did to it.

    picture ─► 2 x 2 pixels to channels ─┐
    bits a pixel ────────────────────────┴─► convolution ─► residual blocks ─► convolution ─► channels to pixels ─► + picture

Source: residual learning as in K. Zhang et al., "Beyond a Gaussian denoiser", IEEE Trans. Image Process. 26, 2017; the unshuffled input and
the noise level as a further channel as in K. Zhang et al., "FFDNet", IEEE Trans. Image Process. 27, 2018.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.nn import functional

#: Channels of the network and residual blocks.
WIDTH, DEPTH = 48, 6
#: Pixels of a tile that is restored at once, and how far tiles see into their neighbours.
_TILE, _BORDER = 512, 32


class RestorationNetwork(nn.Module):
    """Network of the module: picture (N, 3, H, W) in 0 to 1 with even sides, and log2 of bits a pixel (N,), to the restored picture."""

    def __init__(self, width: int = WIDTH, depth: int = DEPTH):
        super().__init__()
        self.head = nn.Conv2d(13, width, 3, padding=1)
        self.blocks = nn.ModuleList(_Block(width) for _ in range(depth))
        self.tail = nn.Conv2d(width, 12, 3, padding=1)
        nn.init.zeros_(self.tail.weight)
        nn.init.zeros_(self.tail.bias)

    def forward(self, picture: torch.Tensor, log2_bits: torch.Tensor) -> torch.Tensor:
        small = functional.pixel_unshuffle(picture, 2)
        level = log2_bits[:, None, None, None].expand(-1, 1, *small.shape[2:])
        hidden = self.head(torch.cat([small, level], dim=1))
        for block in self.blocks:
            hidden = block(hidden)
        return picture + functional.pixel_shuffle(self.tail(hidden), 2)


class _Block(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.first, self.second = nn.Conv2d(width, width, 3, padding=1), nn.Conv2d(width, width, 3, padding=1)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        return hidden + self.second(functional.gelu(self.first(hidden)))


@torch.inference_mode()
def restore(picture: np.ndarray, bits: int, network: RestorationNetwork) -> np.ndarray:
    """A decoded picture with less of its coding's marks.

    Args:
        picture: float or uint8 (H, W, 3), 0 to 255.
        bits: that the picture was coded in.
        network: trained by `semcom train restoration`, in evaluation mode.

    Returns:
        float32 (H, W, 3).
    """
    height, width = picture.shape[:2]
    level = torch.tensor([np.log2(max(bits, 1) / (height * width))], dtype=torch.float32)
    margins = [(_BORDER, _BORDER + side % 2) for side in (height, width)]
    padded = np.pad(picture.astype(np.float32) / 255, (*margins, (0, 0)), mode="edge")
    whole = torch.from_numpy(padded).permute(2, 0, 1)[None]
    result = torch.empty(3, height + height % 2, width + width % 2)
    for top in range(0, result.shape[1], _TILE):
        for left in range(0, result.shape[2], _TILE):
            tile = whole[:, :, top : top + _TILE + 2 * _BORDER, left : left + _TILE + 2 * _BORDER]
            with torch.autocast("cpu", torch.bfloat16):
                done = network(tile.contiguous(memory_format=torch.channels_last), level)[0, :, _BORDER:-_BORDER, _BORDER:-_BORDER]
            result[:, top : top + _TILE, left : left + _TILE] = done
    return 255 * result[:, :height, :width].permute(1, 2, 0).numpy()
