# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Training of the segmenting network "sam-tiny": losses, mask thresholds, and loop.

Each picture is encoded once and prompted for several objects, by points and by boxes. The loss of a
mask is focal and dice loss, that of the predicted quality the squared error. These losses make the
logits those of a probability, and the mask of the best overlap begins below one half; offsets of
the logits are fitted for that after training.

Arrays: B pictures with n prompts in all; outputs of a prompt; masks of h x w cells.

Source: Kirillov et al., Segment Anything, ICCV 2023.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from segment_anything.modeling import Sam
from torch.nn.functional import binary_cross_entropy_with_logits

from semcom_core.datasets.scenes import Scene
from semcom_core.models.checkpoint import read_checkpoint, save_checkpoint
from semcom_core.models.sam.loader import WEIGHTS, save_tiny
from semcom_core.models.sam.tiny import TinyConfig, build_tiny
from semcom_core.train.checkpoint import load_state, save_state
from semcom_core.train.sam_data import Pictures, PromptBatch, draw_batch
from semcom_core.train.settings import SamTraining

#: Weight of the focal loss beside the dice loss (Kirillov et al., 2023).
FOCAL = 20.0
#: Weight of the outputs that fit an object less well than the best one; without it, some outputs
#: are never learned.
OTHERS = 0.1
#: Candidates for the offset of the logits.
_SHIFTS = torch.linspace(-1, 3, 17)
#: The weights are averaged over this share of the steps so far, at most this many, which lowers
#: their noise.
_MEAN_SHARE = 0.1
_MEAN_STEPS = 2000
#: File of the averaged weights.
_MEAN = "mean.safetensors"
#: Weights without a gradient here: of points outside the object, and of prompts without a drawing.
_UNUSED = ("prompt_encoder.point_embeddings.0", "prompt_encoder.no_mask_embed")
#: Steps in which the learning rate rises.
_WARM_UP = 20
#: Batches on which the offsets are fitted.
_CALIBRATING = 6


def mask_losses(logits: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Focal loss and dice loss of each output.

    Args:
        logits: (n, outputs, h, w).
        wanted: (n, h, w), the share of each cell that the object covers, 0 to 1.

    Returns:
        float (n, outputs).

    Source: Lin et al., Focal loss for dense object detection, ICCV 2017, with shares for labels as
    in Li et al., Generalized focal loss, NeurIPS 2020; Milletari et al., V-Net, 3DV 2016.
    """
    target = wanted[:, None].expand_as(logits)
    chance = logits.sigmoid()
    focal = (
        binary_cross_entropy_with_logits(logits, target, reduction="none")
        * (chance - target).square()
    ).mean((2, 3))
    dice = 1 - (2 * (chance * target).sum((2, 3)) + 1) / (
        chance.square().sum((2, 3)) + target.square().sum((2, 3)) + 1
    )
    return FOCAL * focal + dice


@torch.no_grad()
def overlap(logits: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Intersection over union of each output with the object, float (n, outputs).

    Args:
        logits: float (n, outputs, h, w).
        wanted: float (n, h, w), the share of each cell that the object covers.
    """
    inside = logits > 0
    target = (wanted > 0.5)[:, None]
    return (inside & target).sum((2, 3)) / (inside | target).sum((2, 3)).clamp(min=1)


def prompt_loss(
    logits: torch.Tensor, quality: torch.Tensor, wanted: torch.Tensor, several: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    """Loss of n prompts, and the mean IoU of the output that a user gets.

    Args:
        logits: float (n, 4, h, w): an output for an unambiguous prompt, then three of which the
            best counts.
        quality: float (n, 4), predicted IoU.
        wanted: float (n, h, w), the share of each cell that the object covers.
        several: whether the prompt is ambiguous, as a point is.
    """
    reached = overlap(logits, wanted)
    losses = mask_losses(logits if several else logits[:, :1], wanted)
    errors = (quality - reached).square()
    if not several:
        return (losses[:, 0] + errors[:, 0]).mean(), reached[:, 0].mean()
    choice = losses[:, 1:]
    chosen = reached[:, 1:].gather(1, quality[:, 1:].argmax(1, keepdim=True))
    loss = (
        (1 - OTHERS) * choice.min(1).values
        + OTHERS * choice.mean(1)
        + OTHERS * losses[:, 0]
        + errors.mean(1)
    )
    return loss.mean(), chosen.mean()


@torch.no_grad()
def best_offsets(network: Sam, batches: Iterable[PromptBatch]) -> torch.Tensor:
    """Offsets of the decoder's logits, float (4,), for the largest mean IoU: one for boxes, one for
    the outputs for points.

    Source: Lipton et al., Optimal thresholding of classifiers to maximize F1 measure, ECML 2014.
    """
    reached = torch.zeros(2, len(_SHIFTS))
    for batch in batches:
        for kind, logits in enumerate(_answers(network, batch)):
            reached[kind] += torch.stack(
                [overlap(logits + shift, batch.wanted).sum() for shift in _SHIFTS]
            )
    by_box, by_point = _SHIFTS[reached.argmax(1)]
    return network.mask_decoder.offset + torch.stack([by_box, by_point, by_point, by_point])


def _answers(network: Sam, batch: PromptBatch) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits (n, 1, h, w) for the boxes of a batch, and for its points those of the output with the
    best predicted quality.
    """
    embedding = network.image_encoder((batch.pixels - network.pixel_mean) / network.pixel_std)
    place = network.prompt_encoder.get_dense_pe()
    prompts = network.prompt_encoder
    points = batch.points[:, None], torch.ones(len(batch.points), 1)
    by_box, _ = network.mask_decoder.predict_masks(
        embedding, place, *prompts(None, batch.boxes, None)
    )
    by_point, quality = network.mask_decoder.predict_masks(
        embedding, place, *prompts(points, None, None)
    )
    best = quality[:, 1:].argmax(1)
    return by_box[:, :1], by_point[torch.arange(len(best)), 1 + best][:, None]


@dataclass(frozen=True)
class SamProgress:
    """Progress of the training of "sam-tiny".

    Args:
        step: steps done.
        steps: steps in all.
        loss: mean over the last 50 steps.
        point_iou: mean IoU of masks prompted by points, over the last 50 steps.
        box_iou: the same by boxes.
        elapsed_s: time since the start, s.
    """

    step: int
    steps: int
    loss: float
    point_iou: float
    box_iou: float
    elapsed_s: float


def batch_loss(network: Sam, batch: PromptBatch) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Loss of a batch, and the mean IoU of points and of boxes."""
    pixels = (batch.pixels - network.pixel_mean) / network.pixel_std
    prompts = network.prompt_encoder
    with torch.autocast("cpu", torch.bfloat16):
        embedding = network.image_encoder(pixels.contiguous(memory_format=torch.channels_last))
        by_point = prompts((batch.points[:, None], torch.ones(len(batch.points), 1)), None, None)
        asked = zip(by_point, prompts(None, batch.boxes, None))
        # the prompts of a picture together, its points before its boxes
        sparse, dense = (
            torch.cat([part.unflatten(0, (len(embedding), -1)) for part in parts], 1).flatten(0, 1)
            for parts in asked
        )
        logits, quality = network.mask_decoder.predict_masks(
            embedding, prompts.get_dense_pe(), sparse, dense
        )
    logits, quality = (
        tensor.float().unflatten(0, (len(embedding), 2, -1)) for tensor in (logits, quality)
    )
    point_loss, point_iou = prompt_loss(
        logits[:, 0].flatten(0, 1), quality[:, 0].flatten(0, 1), batch.wanted, several=True
    )
    box_loss, box_iou = prompt_loss(
        logits[:, 1].flatten(0, 1), quality[:, 1].flatten(0, 1), batch.wanted, several=False
    )
    return point_loss + box_loss, point_iou, box_iou


class SamTrainer:
    """Trains the network and keeps the state of the training and the weights so far in a folder.

    Args:
        scenes: pictures with their objects; without any, all pictures are generated scenes.
        config: settings.
        folder: for state and weights; made where it is not there.
        shape: of the network; None for the default.
    """

    def __init__(
        self,
        scenes: list[Scene],
        config: SamTraining,
        folder: Path,
        shape: TinyConfig | None = None,
    ):
        torch.manual_seed(config.seed)
        self._config = config
        self._shape = shape or TinyConfig()
        self._folder = folder
        self.network = build_tiny(self._shape)
        self.network.image_encoder.to(memory_format=torch.channels_last)
        self._pictures = Pictures(scenes, self._shape.size, config)
        self._weights = {
            name: weight
            for name, weight in self.network.named_parameters()
            if not name.startswith(_UNUSED)
        }
        self._optimizer = torch.optim.AdamW(
            self._weights.values(), betas=(0.9, 0.99), weight_decay=0.02, fused=True
        )
        folder.mkdir(parents=True, exist_ok=True)
        self._done = load_state(folder, self._weights, self._optimizer)
        state = self.network.state_dict()
        self.mean = {
            name: tensor.clone(memory_format=torch.contiguous_format)
            for name, tensor in state.items()
        }
        if self._done:
            self.mean = dict(read_checkpoint(folder / _MEAN).tensors)

    def run(self) -> Iterator[SamProgress]:
        """Train to the end, a SamProgress after every step."""
        config = self._config
        started = time.monotonic()
        recent: list[tuple[float, float, float]] = []
        self.network.train()
        for step in range(self._done, config.steps):
            recent = [*recent[-49:], self._step(step)]
            if (step + 1) % config.save_steps == 0 or step + 1 == config.steps:
                self._save(step + 1)
            loss, point_iou, box_iou = np.mean(recent, axis=0).tolist()
            elapsed_s = time.monotonic() - started
            yield SamProgress(step + 1, config.steps, loss, point_iou, box_iou, elapsed_s)

    def _step(self, step: int) -> tuple[float, float, float]:
        """One step of AdamW on one batch; returns its loss and both IoU."""
        batch = draw_batch(self._pictures, np.random.default_rng([self._config.seed, step]))
        for group in self._optimizer.param_groups:
            group["lr"] = self._config.learning_rate * self._pace(step)
        loss, point_iou, box_iou = batch_loss(self.network, batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._weights.values(), 1.0)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        share = 1 / max(1.0, min(_MEAN_SHARE * step, _MEAN_STEPS))
        for name, weight in self._weights.items():
            self.mean[name].lerp_(weight.detach(), share)
        return loss.item(), point_iou.item(), box_iou.item()

    def _pace(self, step: int) -> float:
        """Share of the highest learning rate: it rises, stays, and falls to 0 at the end."""
        left = self._config.steps - step
        return min(
            1.0, (step + 1) / _WARM_UP, left / max(1.0, self._config.cooldown * self._config.steps)
        )

    def _save(self, done: int) -> None:
        """Write the state, and the averaged weights with fitted offsets as a network."""
        save_state(self._folder, done, self._weights, self._optimizer)
        save_checkpoint(self._folder / _MEAN, self.mean)
        network = build_tiny(self._shape)
        network.load_state_dict(self.mean)
        rng = np.random.default_rng(self._config.seed)
        offsets = best_offsets(
            network, (draw_batch(self._pictures, rng) for _ in range(_CALIBRATING))
        )
        weights = {**self.mean, "mask_decoder.offset": offsets}
        save_tiny(
            self._folder / WEIGHTS, weights, self._shape, {**asdict(self._config), "done": done}
        )
