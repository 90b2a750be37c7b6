# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Crops of pictures and of what people labelled in them, for the trainings of the learned image codecs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from semcom_core.errors import ConfigError
from semcom_core.image.jscc_layers import position_importance
from semcom_core.image.picture import pictures_in, read_picture


@dataclass(frozen=True)
class Example:
    """A picture, uint8 (H, W, 3), and where it has an object, bool (H, W); all False where nobody labelled it."""

    pixels: np.ndarray
    objects: np.ndarray


@dataclass(frozen=True)
class Crops:
    """Crops as the networks take them: pictures float (B, 3, S, S), -0.5 to 0.5, and importance float (B, 1, S/8, S/8), 0 to 1."""

    pictures: Tensor
    importance: Tensor


def training_examples(data: Path, least_side: int) -> list[Example]:
    """The training part of the labelled COCO pictures, and those without labels, at whole and at half size.

    Args:
        data: folder of the training data, with cocoseg/ and photos/coco_extra/.
        least_side: smaller pictures are left out, pixels.

    Raises:
        ConfigError: there are none.
    """
    found = [*_labelled(data / "cocoseg"), *_plain(data / "photos" / "coco_extra")]
    found += [half(example) for example in found]
    found = [example for example in found if min(example.objects.shape) >= least_side]
    if not found:
        raise ConfigError(f"folder {data} has no training pictures; allowed is one with cocoseg/ or photos/coco_extra/")
    return found


def half(example: Example) -> Example:
    """An example at half its size."""
    height, width = (side // 2 * 2 for side in example.objects.shape)
    pixels = example.pixels[:height, :width].astype(np.uint16)
    mean = (pixels[::2, ::2] + pixels[1::2, ::2] + pixels[::2, 1::2] + pixels[1::2, 1::2] + 2) // 4
    return Example(mean.astype(np.uint8), example.objects[:height:2, :width:2])


def draw(examples: list[Example], count: int, side: int, rng: np.random.Generator) -> Crops:
    """Random crops of random examples, half of them mirrored."""
    pictures, objects = [], []
    for index in rng.integers(len(examples), size=count):
        example = examples[index]
        top, left = (int(rng.integers(size - side + 1)) for size in example.objects.shape)
        step = 1 if rng.random() < 0.5 else -1
        place = (slice(top, top + side), slice(left, left + side))
        pictures.append(example.pixels[place][:, ::step].transpose(2, 0, 1))
        objects.append(example.objects[place][:, ::step][None])
    pixels = torch.from_numpy(np.stack(pictures)).float() / 255 - 0.5
    return Crops(pixels, position_importance(torch.from_numpy(np.stack(objects)).float()))


def _labelled(folder: Path) -> list[Example]:
    try:
        lines = (folder / "meta.jsonl").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    files = [entry["file"] for entry in map(json.loads, lines) if entry["split"] == "train"]
    return [_example(folder / "images" / name, folder / "instances" / f"{Path(name).stem}.png") for name in files]


def _plain(folder: Path) -> list[Example]:
    if not folder.is_dir():
        return []
    pixels = [read_picture(path) for path in pictures_in(folder)]
    return [Example(one, np.zeros(one.shape[:2], bool)) for one in pixels]


def _example(picture: Path, instances: Path) -> Example:
    from PIL import Image

    with Image.open(instances) as labels:
        return Example(read_picture(picture), np.asarray(labels) > 0)
