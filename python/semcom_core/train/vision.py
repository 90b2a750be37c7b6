# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Training of the detector of toys on generated scenes, clean and coded with loss.

A scene is used once. Most are coded first, by AVIF, WebP or JPEG at a random quality and sometimes
at a smaller size, so that the detector has seen what is left of a picture after a link of low SNR.

    loss = focal loss of the middles + offsets, radii (L1) + shapes, colours (cross entropy)

The last four are taken at the cells near a middle, each by its weight there.

Arrays: B pictures, h x w cells.

Source: X. Zhou et al., Objects as points, 2019; T.-Y. Lin et al., Focal loss for dense object
detection, ICCV 2017.
"""

from __future__ import annotations

import io
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy, logsigmoid

from semcom_core.datasets.toys import COLOURS, SHAPES, SceneObject, generate_toys
from semcom_core.image.picture import downscale, resize
from semcom_core.models.checkpoint import read_checkpoint, save_checkpoint
from semcom_core.tasks.vision import CELL, PARTS, VisionConfig, VisionNetwork, radius_code
from semcom_core.train.checkpoint import load_state, save_state
from semcom_core.train.settings import VisionTraining

#: File of the trained network.
WEIGHTS = "vision.safetensors"
#: Codings of scenes: format, its options, least and highest quality, share.
_CODINGS: tuple[tuple[str, dict[str, Any], tuple[int, int], float], ...] = (
    ("AVIF", {"speed": 9, "max_threads": 1}, (2, 60), 0.6),
    ("AVIF", {"speed": 9, "max_threads": 1, "subsampling": "4:4:4"}, (2, 45), 0.2),
    ("WEBP", {"method": 2}, (2, 60), 0.12),
    ("JPEG", {}, (12, 60), 0.08),
)
#: Share of the coded scenes that are downscaled first, by one or two steps.
_SMALLER = 0.25
#: Weight of a cell near a middle from which on it learns attributes.
_NEAR = 0.4
#: Exponents of the focal loss (Zhou et al. 2019).
_HARD, _SOFT = 2, 4
#: Steps in which the learning rate rises.
_WARM_UP = 50


def code_with_loss(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A picture after coding at a random quality.

    Args:
        pixels: uint8 (H, W, 3).
        rng: draws format, quality and size.
    """
    from PIL import Image

    picked = int(rng.choice(len(_CODINGS), p=[coding[3] for coding in _CODINGS]))
    kind, options, quality, _ = _CODINGS[picked]
    steps = int(rng.integers(1, 3)) if rng.random() < _SMALLER else 0
    file = io.BytesIO()
    chosen = int(rng.integers(quality[0], quality[1] + 1))
    Image.fromarray(downscale(pixels, steps)).save(file, kind, quality=chosen, **options)
    with Image.open(file) as coded:
        return resize(np.array(coded.convert("RGB")), *pixels.shape[:2])


@dataclass(frozen=True)
class VisionBatch:
    """Scenes and what the maps should hold.

    Args:
        pixels: uint8 (B, 3, S, S).
        middle: float (B, h, w), 1 at the middle of a toy, less near it.
        near: float (B, h, w), weight of the attributes.
        place: float (B, 3, h, w), offset (2) and radius code.
        shape, colour: int (B, h, w).
    """

    pixels: torch.Tensor
    middle: torch.Tensor
    near: torch.Tensor
    place: torch.Tensor
    shape: torch.Tensor
    colour: torch.Tensor


def wanted_maps(objects: Sequence[SceneObject], cells: int) -> tuple[np.ndarray, ...]:
    """Maps of one scene: middle, near, place, shape, colour (see VisionBatch).

    Args:
        objects: in the scene.
        cells: of each side of the maps.
    """
    rows, columns = np.mgrid[:cells, :cells]
    place = np.zeros((3, cells, cells), np.float32)
    if not objects:
        empty = np.zeros((cells, cells), np.float32)
        names = np.zeros((cells, cells), np.int64)
        return empty, empty, place, names, names
    spots = np.zeros((len(objects), cells, cells), np.float32)
    for k, toy in enumerate(objects):
        spread = max(0.8, toy.radius * cells / 3.2)
        square = (columns + 0.5 - toy.x * cells) ** 2 + (rows + 0.5 - toy.y * cells) ** 2
        spots[k] = np.exp(-square / (2 * spread**2))
        row, column = (min(cells - 1, int(c * cells)) for c in (toy.y, toy.x))
        spots[k, row, column] = 1.0
    owner = spots.argmax(0)
    middle = spots.max(0)
    place[0] = np.array([toy.x for toy in objects])[owner] * cells - columns
    place[1] = np.array([toy.y for toy in objects])[owner] * cells - rows
    place[2] = radius_code(np.array([toy.radius for toy in objects]))[owner]
    shape = np.array([SHAPES.index(toy.shape) for toy in objects])[owner]
    colour = np.array([list(COLOURS).index(toy.colour) for toy in objects])[owner]
    return middle, np.where(middle > _NEAR, middle, 0), place, shape, colour


def draw_batch(
    config: VisionTraining, rng: np.random.Generator, side: int
) -> tuple[VisionBatch, list[tuple[SceneObject, ...]]]:
    """Scenes with their maps, and the objects of each.

    Args:
        config: settings.
        rng: draws scenes and codings.
        side: of the scenes, pixels.
    """
    pictures = []
    maps = []
    truths = []
    for _ in range(config.pictures):
        scene = generate_toys(rng, side=side)
        pixels = code_with_loss(scene.pixels, rng) if rng.random() < config.coded else scene.pixels
        pictures.append(torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1))))
        maps.append(wanted_maps(scene.objects, side // CELL))
        truths.append(scene.objects)
    tensors = (torch.from_numpy(np.stack(part)) for part in zip(*maps))
    return VisionBatch(torch.stack(pictures), *tensors), truths


def vision_loss(maps: torch.Tensor, batch: VisionBatch) -> torch.Tensor:
    """Loss of a batch (see the module).

    Args:
        maps: float (B, channels of PARTS, h, w), the network's.
        batch: what they should hold.
    """
    middle, offset, radius, shape, colour = maps.split(list(PARTS.values()), 1)
    logit = middle[:, 0]
    chance = logit.sigmoid()
    is_middle = batch.middle == 1
    hit = (1 - chance) ** _HARD * logsigmoid(logit)
    miss = (1 - batch.middle) ** _SOFT * chance**_HARD * logsigmoid(-logit)
    toys = is_middle.sum().clamp(min=1)
    focal = -(torch.where(is_middle, hit, miss)).sum() / toys
    weight = batch.near / batch.near.sum().clamp(min=1)
    placed = (torch.cat([offset, radius], 1) - batch.place).abs().sum(1)
    named = cross_entropy(shape, batch.shape, reduction="none") + cross_entropy(
        colour, batch.colour, reduction="none"
    )
    return focal + (weight * (0.5 * placed + named)).sum()


@dataclass(frozen=True)
class VisionProgress:
    """Progress of the training of the detector.

    Args:
        step: steps done.
        steps: steps in all.
        loss: mean over the last 50 steps.
        elapsed_s: time since the start, s.
    """

    step: int
    steps: int
    loss: float
    elapsed_s: float


class VisionTrainer:
    """Trains the detector; one that was interrupted goes on.

    Args:
        config: settings.
        folder: for state and weights; made where it is not there.
        shape: of the network; None for the default.
    """

    def __init__(
        self, config: VisionTraining, folder: Path, shape: VisionConfig | None = None
    ) -> None:
        self._config = config
        self._folder = folder
        self._shape = shape or VisionConfig()
        torch.manual_seed(config.seed)
        self.network = VisionNetwork(self._shape).to(memory_format=torch.channels_last)
        self._weights = dict(self.network.named_parameters())
        self._optimizer = torch.optim.AdamW(
            self._weights.values(), betas=(0.9, 0.99), weight_decay=0.02, fused=True
        )
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / WEIGHTS).exists():  # means and variances of the normalisation are no weights
            read_checkpoint(folder / WEIGHTS).load_into(self.network)
        self._done = load_state(folder, self._weights, self._optimizer)

    def run(self) -> Iterator[VisionProgress]:
        """Train to the end, a VisionProgress after every step."""
        config = self._config
        started = time.monotonic()
        recent: list[float] = []
        self.network.train()
        for step in range(self._done, config.steps):
            recent = [*recent[-49:], self._step(step)]
            if (step + 1) % config.save_steps == 0 or step + 1 == config.steps:
                self._save(step + 1)
            elapsed_s = time.monotonic() - started
            yield VisionProgress(step + 1, config.steps, float(np.mean(recent)), elapsed_s)

    def _step(self, step: int) -> float:
        """One step of AdamW on scenes that were never seen; returns its loss."""
        config = self._config
        rng = np.random.default_rng([config.seed, step])
        batch, _ = draw_batch(config, rng, self._shape.side)
        pace = min(1.0, (step + 1) / _WARM_UP) * (1 + math.cos(math.pi * step / config.steps)) / 2
        for group in self._optimizer.param_groups:
            group["lr"] = config.learning_rate * pace
        pixels = batch.pixels.contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            maps = self.network(pixels)
        loss = vision_loss(maps.float(), batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._weights.values(), 5.0)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        return loss.item()

    def _save(self, done: int) -> None:
        """Write the network, then the state that goes on from it."""
        training = {**asdict(self._config), "done": done}
        save_checkpoint(
            self._folder / WEIGHTS, self.network, self._shape, {"training": training}, half=True
        )
        save_state(self._folder, done, self._weights, self._optimizer)
