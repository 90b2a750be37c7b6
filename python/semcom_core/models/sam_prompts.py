# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Points and boxes drawn for "sam-tiny", which has too little to learn from to find out what their coordinates mean."""

from __future__ import annotations

import torch
from segment_anything.modeling import PromptEncoder
from torch.nn.functional import pixel_unshuffle


class DrawnPrompts(PromptEncoder):
    """Encoder of prompts that also draws them on the grid of the masks: how far inside the box a place is, how near to the point.

    A mask that is given is taken instead of the drawing. The decoder starts from the drawing: it comes with the dense embedding, its 4 × 4
    places of each position folded into 16 more channels.

    Source: Sofiiuk et al., Reviving iterative training with mask guidance for interactive segmentation, ICIP 2022 (drawn points).
    """

    def forward(self, points, boxes, masks):
        """Tokens (n, tokens, channels) and dense embedding (n, channels + 16, h, w) of n prompts.

        Args:
            points: coordinates (n, k, 2) and labels (n, k), 1 for a point of the object; or None.
            boxes: (n, 4), left, top, right, bottom; or None.
            masks: (n, 1, 4h, 4w) logits; or None.
        """
        drawn = [self._near(*points)] if points is not None else []
        drawn += [self._inside(boxes.reshape(-1, 4))] if boxes is not None else []
        if masks is None and drawn:
            masks = torch.stack(drawn).mean(0)[:, None].float()  # the mask generator gives points in double precision
        tokens, dense = super().forward(points, boxes, masks)
        shown = dense.new_zeros(len(dense), 1, *self.mask_input_size) if masks is None else masks.to(dense.dtype)
        return tokens, torch.cat([dense, pixel_unshuffle(shown, 4)], 1)

    def _grid(self) -> tuple[torch.Tensor, torch.Tensor, float]:
        """Rows (4h, 1) and columns (4w) of the places, and the distance from a point at which its drawing is 0, all in pixels."""
        device = self.no_mask_embed.weight.device
        rows, columns = ((torch.arange(n, device=device) + 0.5) * size / n for n, size in zip(self.mask_input_size, self.input_image_size))
        return rows[:, None], columns, self.input_image_size[0] / 8

    def _near(self, places: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """1 at a point of the object to -1 far from it, (n, 4h, 4w)."""
        rows, columns, reach = self._grid()
        x, y = places[..., 0, None, None], places[..., 1, None, None]
        distance = torch.hypot(columns - x, rows - y) + 1e6 * (labels != 1)[..., None, None]
        return 1 - (distance.amin(1) / reach).clamp(max=2)

    def _inside(self, boxes: torch.Tensor) -> torch.Tensor:
        """1 in the middle of a box, 0 at its edges, -1 far outside it, (n, 4h, 4w)."""
        rows, columns, _ = self._grid()
        left, top, right, bottom = boxes[:, :, None, None].unbind(1)
        across = (2 * columns - left - right).abs() / (right - left)
        down = (2 * rows - top - bottom).abs() / (bottom - top)
        return 1 - torch.maximum(across, down).clamp(max=2)
