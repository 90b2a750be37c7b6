# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How wrong predicted masks are: focal and dice loss for the mask, squared error for the predicted quality."""

from __future__ import annotations

import torch
from torch.nn.functional import binary_cross_entropy_with_logits

#: Weight of the focal loss beside the dice loss (Kirillov et al., 2023).
FOCAL = 20.0
#: What the outputs that fit an object less well than the best one count; without it, some outputs are never learned.
OTHERS = 0.1


def mask_losses(logits: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Focal loss and dice loss of each output.

    Args:
        logits: (n, outputs, h, w).
        wanted: (n, h, w), the share of each cell that the object covers, 0 to 1.

    Returns:
        (n, outputs).

    Source: Lin et al., Focal loss for dense object detection, ICCV 2017, with shares for labels as in Li et al., Generalized focal loss,
    NeurIPS 2020; Milletari et al., V-Net, 3DV 2016.
    """
    target = wanted[:, None].expand_as(logits)
    chance = logits.sigmoid()
    focal = (binary_cross_entropy_with_logits(logits, target, reduction="none") * (chance - target).square()).mean((2, 3))
    dice = 1 - (2 * (chance * target).sum((2, 3)) + 1) / (chance.square().sum((2, 3)) + target.square().sum((2, 3)) + 1)
    return FOCAL * focal + dice


@torch.no_grad()
def overlap(logits: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Intersection over union of each output with the object, (n, outputs)."""
    inside, target = logits > 0, (wanted > 0.5)[:, None]
    return (inside & target).sum((2, 3)) / (inside | target).sum((2, 3)).clamp(min=1)


def prompt_loss(logits: torch.Tensor, quality: torch.Tensor, wanted: torch.Tensor, several: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """Loss of n prompts, and the mean IoU of the output that a user gets.

    Args:
        logits: (n, 4, h, w): one output for a clear prompt, then three of which the best counts.
        quality: (n, 4), predicted IoU.
        several: whether the prompt leaves open what is meant, as a point does.
    """
    reached = overlap(logits, wanted)
    losses = mask_losses(logits if several else logits[:, :1], wanted)
    errors = (quality - reached).square()
    if not several:
        return (losses[:, 0] + errors[:, 0]).mean(), reached[:, 0].mean()
    choice = losses[:, 1:]
    chosen = reached[:, 1:].gather(1, quality[:, 1:].argmax(1, keepdim=True))
    loss = (1 - OTHERS) * choice.min(1).values + OTHERS * choice.mean(1) + OTHERS * losses[:, 0] + errors.mean(1)
    return loss.mean(), chosen.mean()
