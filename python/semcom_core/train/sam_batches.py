# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one step of the training of "sam-tiny" asks for: pictures, points, boxes and the masks that are wanted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from semcom_core.image.scenes_objects import bounding_box, inner_point
from semcom_core.train.sam_pictures import Pictures, objects_of


@dataclass(frozen=True)
class Batch:
    """B pictures with n objects each.

    Args:
        pixels: float (B, 3, size, size), 0 to 255.
        points: (B·n, 2), x and y of a pixel of the object.
        boxes: (B·n, 4), left, top, right, bottom.
        wanted: (B·n, size/4, size/4), the share of each cell that the object covers.
    """

    pixels: torch.Tensor
    points: torch.Tensor
    boxes: torch.Tensor
    wanted: torch.Tensor


def draw_batch(pictures: Pictures, rng: np.random.Generator) -> Batch:
    """Pictures with objects, chosen at random and again where a picture has too few."""
    scenes = [pictures.draw(rng) for _ in range(pictures.config.pictures)]
    points, boxes, wanted = [], [], []
    for scene in scenes:
        found = objects_of(scene.labels)
        for number in rng.choice(found, pictures.config.prompts, replace=len(found) < pictures.config.prompts):
            mask = scene.labels == number
            points.append(inner_point(mask) if rng.random() < 0.6 else any_point(mask, rng))
            boxes.append(shaken(bounding_box(mask), rng))
            wanted.append(mask.reshape(len(mask) // 4, 4, -1, 4).mean((1, 3), dtype=np.float32))
    pixels = torch.from_numpy(np.stack([scene.pixels for scene in scenes])).permute(0, 3, 1, 2).float()
    return Batch(pixels, *(torch.from_numpy(np.array(values, np.float32)) for values in (points, boxes, wanted)))


def any_point(mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(x, y) of a random pixel of a mask."""
    found = np.flatnonzero(mask)
    y, x = np.unravel_index(found[rng.integers(found.size)], mask.shape)
    return np.array([x, y])


def shaken(box: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Half of the boxes with edges moved a little, as a person or a detector draws them."""
    if rng.random() < 0.5:
        return box.astype(float)
    return box + rng.normal(0, 0.04, 4) * np.tile(box[2:] - box[:2], 2)
