# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Training batches of "sam-tiny": augmented pictures with outlined objects, and prompts for them.

Pictures are cut, scaled, mirrored and recoloured at random, and objects of others pasted into them;
some are generated scenes. An object is prompted by a point and by a box.

Source: Ghiasi et al., Simple copy-paste is a strong data augmentation method for instance
segmentation, CVPR 2021.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image, ImageFilter

from semcom_core.datasets.scenes import CROWD, Scene, bounding_box, generate_scene, inner_point
from semcom_core.train.settings import SamTraining

#: Least share of the picture of an object that is prompted for.
LEAST = 0.01
#: Label of the padding beside the picture.
PADDING = 254
#: Colour of the padding, that of the network.
_GREY = (124, 116, 104)


@dataclass(frozen=True)
class Pictures:
    """Draws pictures to train on, each of size × size pixels.

    Args:
        scenes: pictures with their objects' numbers (0 background, 255 crowd).
        size: pixels of each side.
        config: settings.
    """

    scenes: list[Scene]
    size: int
    config: SamTraining

    def draw(self, rng: np.random.Generator) -> Scene:
        """A picture with one object or more that is large enough to prompt for."""
        while True:
            if not self.scenes or rng.random() < self.config.scenes:
                scene = generate_scene(self.size, self.size, rng)
            else:
                scene = self._photograph(rng)
            if objects_of(scene.labels).size:
                pixels = recolour(scene.pixels, rng)
                pixels[scene.labels == PADDING] = _GREY
                return Scene(pixels, scene.labels)

    def _photograph(self, rng: np.random.Generator) -> Scene:
        scene = view(self.scenes[rng.integers(len(self.scenes))], self.size, rng)
        if rng.random() < self.config.paste:
            for _ in range(rng.integers(1, 3)):
                other = view(self.scenes[rng.integers(len(self.scenes))], self.size, rng)
                scene = paste(scene, other, rng)
        return scene


def objects_of(labels: np.ndarray) -> np.ndarray:
    """Labels of the objects that are large enough to prompt for, int (n,)."""
    counts = np.bincount(labels.reshape(-1), minlength=256)
    counts[[0, PADDING, CROWD]] = 0
    return np.flatnonzero(counts >= LEAST * labels.size)


def view(scene: Scene, size: int, rng: np.random.Generator) -> Scene:
    """A part of a picture, resized and half of the time mirrored, with padding right and below.

    Half of the views show the whole picture.

    Args:
        scene: the picture.
        size: of the result, pixels each side.
        rng: draws part, scale and mirroring.
    """
    height, width = scene.labels.shape
    span = np.array([height, width], float)
    if rng.random() < 0.5:
        shown = span
        scale = size / max(span)
    else:
        scale = size / max(span) * np.exp(rng.uniform(-0.1, 0.9))
        shown = np.minimum(span, size / scale * np.exp(rng.normal(0, 0.1, 2)))
    top, left = rng.uniform(0, 1, 2) * (span - shown)
    rows, columns = np.clip(np.round(shown * scale), 8, size).astype(int)
    box = (left, top, left + shown[1], top + shown[0])
    pixels = np.zeros((size, size, 3), np.uint8)
    labels = np.full((size, size), PADDING, np.uint8)
    step = -1 if rng.random() < 0.5 else 1
    pixels[:rows, :columns] = np.asarray(
        Image.fromarray(scene.pixels).resize((columns, rows), Image.BILINEAR, box)
    )[:, ::step]
    labels[:rows, :columns] = np.asarray(
        Image.fromarray(scene.labels).resize((columns, rows), Image.NEAREST, box)
    )[:, ::step]
    return Scene(pixels, labels)


def paste(scene: Scene, other: Scene, rng: np.random.Generator) -> Scene:
    """A scene with an object of another one over it at a random place.

    Args:
        scene: keeps its objects.
        other: an object of it is drawn; both have one size.
        rng: draws object and place.
    """
    found = objects_of(other.labels)
    free = np.setdiff1d(np.arange(1, PADDING), scene.labels)
    if not found.size or not free.size:
        return scene
    mask = other.labels == rng.choice(found)
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    shift = [
        int(rng.integers(-found[0] - len(found) // 3, len(mask) - found[0] - 2 * len(found) // 3))
        for found in (rows, columns)
    ]
    mask = _moved(mask, shift) & (scene.labels != PADDING)
    moved = _moved(other.pixels, shift)
    edge = (
        np.asarray(
            Image.fromarray(mask.astype(np.uint8) * 255).filter(ImageFilter.BoxBlur(1)), np.float32
        )[..., None]
        / 255
    )
    pixels = (scene.pixels * (1 - edge) + moved * edge).astype(np.uint8)
    return Scene(pixels, np.where(mask, np.uint8(free[0]), scene.labels))


def _moved(array: np.ndarray, shift: list[int]) -> np.ndarray:
    """An array moved down and right by `shift`, filled with zeros."""
    result = np.zeros_like(array)
    target = tuple(slice(max(0, by), min(n, n + by)) for by, n in zip(shift, array.shape))
    source = tuple(slice(max(0, -by), min(n, n - by)) for by, n in zip(shift, array.shape))
    result[target] = array[source]
    return result


def recolour(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Random saturation, contrast, brightness, colour cast and noise, uint8 (H, W, 3)."""
    changed = pixels.astype(np.float32)
    if rng.random() < 0.8:
        grey = changed.mean(2, keepdims=True)
        saturation = 0.0 if rng.random() < 0.08 else np.exp(rng.normal(0, 0.3))
        changed = grey + (changed - grey) * np.float32(saturation)
        changed = (changed - 110) * np.float32(np.exp(rng.normal(0, 0.25))) + np.float32(
            110 + rng.normal(0, 20)
        )
        changed *= np.exp(rng.normal(0, 0.08, 3)).astype(np.float32)
    if rng.random() < 0.2:
        changed += rng.normal(0, rng.uniform(2, 12), changed.shape).astype(np.float32)
    return np.clip(changed, 0, 255).astype(np.uint8)


@dataclass(frozen=True)
class PromptBatch:
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


def draw_batch(pictures: Pictures, rng: np.random.Generator) -> PromptBatch:
    """Random pictures and objects of them, objects repeated where a picture has too few."""
    scenes = [pictures.draw(rng) for _ in range(pictures.config.pictures)]
    points = []
    boxes = []
    wanted = []
    for scene in scenes:
        found = objects_of(scene.labels)
        for number in rng.choice(
            found, pictures.config.prompts, replace=len(found) < pictures.config.prompts
        ):
            mask = scene.labels == number
            points.append(inner_point(mask) if rng.random() < 0.6 else any_point(mask, rng))
            boxes.append(shaken(bounding_box(mask), rng))
            wanted.append(mask.reshape(len(mask) // 4, 4, -1, 4).mean((1, 3), dtype=np.float32))
    pixels = (
        torch.from_numpy(np.stack([scene.pixels for scene in scenes])).permute(0, 3, 1, 2).float()
    )
    return PromptBatch(
        pixels,
        *(torch.from_numpy(np.array(values, np.float32)) for values in (points, boxes, wanted)),
    )


def any_point(mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(x, y) of a random pixel of a mask."""
    found = np.flatnonzero(mask)
    y, x = np.unravel_index(found[rng.integers(found.size)], mask.shape)
    return np.array([x, y])


def shaken(box: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A box, float (4,); half of the time its edges are moved a little, as people draw them."""
    if rng.random() < 0.5:
        return box.astype(float)
    return box + rng.normal(0, 0.04, 4) * np.tile(box[2:] - box[:2], 2)
