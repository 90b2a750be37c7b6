# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Photographs in which people have outlined the objects: a folder with images/, instances/ and meta.jsonl."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from semcom_core.errors import ConfigError, check_choice
from semcom_core.image.scenes import Scene

PARTS = ("train", "test", "all")
#: What the folder's meta.jsonl calls the parts.
_SPLITS = {"train": ("train",), "test": ("val",), "all": ("train", "val")}


def labelled_scenes(
    folder: Path, part: str, side: int | None = None, limit: int | None = None, rng: np.random.Generator | None = None
) -> Iterator[Scene]:
    """The pictures of one part with the numbers of their objects: 0 background, 255 several at once.

    Args:
        part: "train", "test" or "all".
        side: pictures are made smaller until their longer side is this, pixels; None leaves them.
        limit: at most so many pictures, drawn with `rng`; None takes all.

    Raises:
        ConfigError: a file is not there or cannot be read, or a picture and its mask differ in size.
    """
    from PIL import Image

    check_choice("part", part, PARTS)
    for name in sampled(_names(folder, part), limit, rng):
        paths = folder / "images" / f"{name}.jpg", folder / "instances" / f"{name}.png"
        try:
            with Image.open(paths[0]) as picture, Image.open(paths[1]) as numbers:
                if picture.size != numbers.size:
                    raise ConfigError(f"{paths[1]} has {numbers.size} pixels; allowed is {picture.size}, as its picture")
                scale = 1.0 if side is None else min(1.0, side / max(picture.size))
                size = tuple(max(1, round(n * scale)) for n in picture.size)
                pixels = np.asarray(picture.convert("RGB").resize(size, Image.BILINEAR, reducing_gap=2.0))
                yield Scene(pixels, np.asarray(numbers.resize(size, Image.NEAREST)).astype(np.uint8))
        except OSError as error:
            needed = "allowed is images/ID.jpg with instances/ID.png"
            raise ConfigError(f"labelled picture {name} in {folder} cannot be read: {error}; {needed}") from error


def _names(folder: Path, part: str) -> list[str]:
    """Names of the pictures of a part, without endings, in the order of meta.jsonl."""
    try:
        found = [json.loads(line) for line in (folder / "meta.jsonl").read_text(encoding="utf-8").splitlines()]
        return [Path(entry["file"]).stem for entry in found if entry["split"] in _SPLITS[part]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{folder / 'meta.jsonl'} cannot be read: {error}; allowed is a folder like cocoseg/") from error


def sampled(items: list, limit: int | None, rng: np.random.Generator | None) -> list:
    """At most so many of the items, drawn at random, in their own order."""
    if limit is None or limit >= len(items):
        return items
    return [items[i] for i in sorted(rng.permutation(len(items))[:limit])]
