# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a mask begins: the losses make the network say how likely a place is inside, and the best mask begins below one half."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from segment_anything.modeling import Sam

from semcom_core.train.sam_batches import Batch
from semcom_core.train.sam_losses import overlap

#: Shifts of the logits that are tried.
_SHIFTS = torch.linspace(-1, 3, 17)


@torch.no_grad()
def best_offsets(network: Sam, batches: Iterable[Batch]) -> torch.Tensor:
    """The decoder's offsets, (4,), with which masks overlap most with what was wanted: one shift for boxes, one for the outputs for points.

    Source: Lipton et al., Optimal thresholding of classifiers to maximize F1 measure, ECML 2014.
    """
    reached = torch.zeros(2, len(_SHIFTS))
    for batch in batches:
        for kind, logits in enumerate(_answers(network, batch)):
            reached[kind] += torch.stack([overlap(logits + shift, batch.wanted).sum() for shift in _SHIFTS])
    by_box, by_point = _SHIFTS[reached.argmax(1)]
    return network.mask_decoder.offset + torch.stack([by_box, by_point, by_point, by_point])


def _answers(network: Sam, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits (n, 1, h, w) for the boxes of a batch, and for its points those of the output that is expected to be best."""
    embedding = network.image_encoder((batch.pixels - network.pixel_mean) / network.pixel_std)
    place, prompts = network.prompt_encoder.get_dense_pe(), network.prompt_encoder
    points = batch.points[:, None], torch.ones(len(batch.points), 1)
    by_box, _ = network.mask_decoder.predict_masks(embedding, place, *prompts(None, batch.boxes, None))
    by_point, quality = network.mask_decoder.predict_masks(embedding, place, *prompts(points, None, None))
    best = quality[:, 1:].argmax(1)
    return by_box[:, :1], by_point[torch.arange(len(best)), 1 + best][:, None]
