# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Outlined objects for segmentation: generated scenes, labelled photographs, and prompts.

- generate_scene: shapes of known outline over a background.
- labelled_scenes: photographs in which people have outlined the objects, from a folder with
  images/, instances/ and meta.jsonl.
- bounding_box, inner_point: the prompts that ask a network for an object.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from semcom_core.errors import ConfigError, check_choice, check_range

#: Number of the pixels of a group of objects, in which no single one is outlined.
CROWD = 255
#: Parts of a folder of labelled photographs.
PARTS = ("train", "test", "all")
#: What the folder's meta.jsonl calls the parts.
_SPLITS = {"train": ("train",), "test": ("val",), "all": ("train", "val")}


@dataclass(frozen=True)
class Scene:
    """A picture, uint8 (H, W, 3), and the number of the shape at each pixel, uint8 (H, W), 0 for
    the background.
    """

    pixels: np.ndarray
    labels: np.ndarray


def generate_scene(
    height: int, width: int, rng: np.random.Generator, shapes: int | None = None
) -> Scene:
    """A random scene; later shapes hide earlier ones.

    Args:
        height, width: 8 to 4096 pixels.
        rng: draws shapes and surfaces.
        shapes: 0 to 100; None draws 2 to 8.
    """
    check_range("height", height, 8, 4096)
    check_range("width", width, 8, 4096)
    count = int(rng.integers(2, 9)) if shapes is None else shapes
    check_range("shapes", count, 0, 100)
    y, x = np.mgrid[:height, :width].astype(np.float32) / max(height, width)
    labels = np.zeros((height, width), np.uint8)
    pixels = _surface(y, x, rng)
    for number in range(1, count + 1):
        inside = _outline(y, x, (height, width), rng)
        labels[inside] = number
        pixels[inside] = _surface(y[inside], x[inside], rng)
    pixels += rng.normal(0, rng.uniform(0, 8), pixels.shape).astype(np.float32)
    return Scene(np.clip(pixels, 0, 255).astype(np.uint8), labels)


def _outline(
    y: np.ndarray, x: np.ndarray, size: tuple[int, int], rng: np.random.Generator
) -> np.ndarray:
    """Pixels inside a random star-shaped outline: smooth, or with corners."""
    centre = rng.uniform(0.05, 0.95, 2) * np.array(size) / max(size)
    radius = np.exp(rng.uniform(np.log(0.05), np.log(0.35)))
    stretch = np.exp(rng.normal(0, 0.4))
    turn = rng.uniform(0, np.pi)
    down = y - np.float32(centre[0])
    right = x - np.float32(centre[1])
    along = (np.cos(turn) * right + np.sin(turn) * down) * np.float32(stretch)
    across = (np.cos(turn) * down - np.sin(turn) * right) / np.float32(stretch)
    angle = np.arctan2(across, along)
    distance = np.hypot(across, along)
    if rng.random() < 0.4:  # a polygon: the distance of its edge from the middle, by angle
        step = 2 * np.pi / rng.integers(3, 8)
        return distance * np.cos((angle % step) - step / 2) < radius * np.cos(step / 2)
    waves = range(2, int(rng.integers(2, 7)))
    bend = sum(
        (rng.normal(0, 0.35 / wave) * np.cos(wave * angle + rng.uniform(0, 6.3)) for wave in waves),
        np.zeros_like(angle),
    )
    return distance < radius * np.exp(bend)


def _surface(y: np.ndarray, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Colours (..., 3) of a surface: plain, shaded, striped or blotched."""
    colour = rng.uniform(0, 255, 3)
    shade = rng.normal(0, 80) * x + rng.normal(0, 80) * y
    if rng.random() < 0.6:
        pitch = np.exp(rng.uniform(np.log(4), np.log(60)))
        turn = rng.uniform(0, np.pi)
        pattern = np.sin(2 * np.pi * pitch * (np.cos(turn) * x + np.sin(turn) * y))
        if rng.random() < 0.5:
            pattern = pattern * np.sin(2 * np.pi * pitch * (np.cos(turn) * y - np.sin(turn) * x))
        shade = shade + rng.uniform(5, 50) * pattern
    return (colour + shade[..., None] * rng.uniform(0.5, 1.0, 3)).astype(np.float32)


def labelled_scenes(
    folder: Path,
    part: str,
    side: int | None = None,
    limit: int | None = None,
    rng: np.random.Generator | None = None,
) -> Iterator[Scene]:
    """The pictures of one part with the numbers of their objects: 0 background, 255 several at
    once.

    Args:
        folder: with images/, instances/ and meta.jsonl.
        part: "train", "test" or "all".
        side: pictures are made smaller until their longer side is this, pixels; None leaves them.
        limit: at most so many pictures, drawn with `rng`; None takes all.
        rng: draws the sample; needed where there is a limit.

    Raises:
        ConfigError: a file is not there or cannot be read, or a picture and its mask differ in
            size.
    """
    from PIL import Image

    check_choice("part", part, PARTS)
    for name in sampled(_names(folder, part), limit, rng):
        photograph = folder / "images" / f"{name}.jpg"
        instances = folder / "instances" / f"{name}.png"
        try:
            with Image.open(photograph) as picture, Image.open(instances) as numbers:
                if picture.size != numbers.size:
                    raise ConfigError(
                        f"{instances} has {numbers.size} pixels; allowed is {picture.size}, as its "
                        "picture"
                    )
                scale = 1.0 if side is None else min(1.0, side / max(picture.size))
                size = tuple(max(1, round(n * scale)) for n in picture.size)
                pixels = np.asarray(
                    picture.convert("RGB").resize(size, Image.BILINEAR, reducing_gap=2.0)
                )
                yield Scene(
                    pixels, np.asarray(numbers.resize(size, Image.NEAREST)).astype(np.uint8)
                )
        except OSError as error:
            needed = "allowed is images/ID.jpg with instances/ID.png"
            raise ConfigError(
                f"labelled picture {name} in {folder} cannot be read: {error}; {needed}"
            ) from error


def _names(folder: Path, part: str) -> list[str]:
    """Names of the pictures of a part, without endings, in the order of meta.jsonl."""
    try:
        found = [
            json.loads(line)
            for line in (folder / "meta.jsonl").read_text(encoding="utf-8").splitlines()
        ]
        return [Path(entry["file"]).stem for entry in found if entry["split"] in _SPLITS[part]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{folder / 'meta.jsonl'} cannot be read: {error}; allowed is a folder like cocoseg/"
        ) from error


def sampled(items: list, limit: int | None, rng: np.random.Generator | None) -> list:
    """Some of the items, drawn at random, in their own order.

    Args:
        items: to draw from.
        limit: most to return; None for all.
        rng: draws them; needed where there are more.
    """
    if limit is None or limit >= len(items):
        return items
    if rng is None:
        raise ConfigError(f"limit is {limit} without a random generator; allowed is None")
    return [items[i] for i in sorted(rng.permutation(len(items))[:limit])]


def bounding_box(mask: np.ndarray) -> np.ndarray:
    """Left, top, right and bottom edge of a mask, bool (H, W), that is not empty; right and bottom
    lie just outside it.
    """
    rows = np.flatnonzero(mask.any(1))
    columns = np.flatnonzero(mask.any(0))
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1])


def inner_point(mask: np.ndarray) -> np.ndarray:
    """x and y of the pixel of a mask, bool (H, W), that lies farthest from everything outside
    it: the maximum of the distance transform.

    A mask that fills the picture has nothing outside it, and gets the middle.
    """
    from scipy.ndimage import distance_transform_edt

    if mask.all():
        return np.array(mask.shape[::-1]) // 2
    left, top, right, bottom = bounding_box(mask)
    left = max(0, left - 1)
    top = max(0, top - 1)
    distances = distance_transform_edt(mask[top : bottom + 1, left : right + 1])
    y, x = np.unravel_index(distances.argmax(), distances.shape)
    return np.array([x + left, y + top])
