# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Captioned pictures: photographs with sentences about them and the objects that they show.

The folder cocoseg/ states the part of each of its pictures, their captions and outlined objects;
photos/coco_extra/ has further pictures of the training part; text/coco_captions.tsv has captions by
file name. Of the training part, captions that belong to the test part of texts are left out.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from semcom_core.datasets.corpus import is_test
from semcom_core.datasets.scenes import PARTS
from semcom_core.errors import ConfigError, check_choice

#: Folders and files below the data folder.
_LABELLED = "cocoseg"
_FURTHER = Path("photos") / "coco_extra"
_CAPTIONS = Path("text") / "coco_captions.tsv"


@dataclass(frozen=True)
class CaptionedPicture:
    """A picture and what is said of it.

    Args:
        path: file of the picture.
        captions: sentences; none of a picture of which only the objects are known.
        objects: (name, left, top, width, height in pixels) of each outlined object, the largest
            first.
    """

    path: Path
    captions: tuple[str, ...]
    objects: tuple[tuple[str, int, int, int, int], ...] = ()

    def pixels(self) -> np.ndarray:
        """The picture, uint8 (H, W, 3).

        Raises:
            ConfigError: the file cannot be read.
        """
        from PIL import Image

        try:
            with Image.open(self.path) as picture:
                return np.asarray(picture.convert("RGB"))
        except OSError as error:
            raise ConfigError(
                f"picture {self.path} cannot be read: {error}; allowed is a picture file"
            ) from error


def captioned_pictures(data: Path, part: str) -> list[CaptionedPicture]:
    """The pictures of a part; of the test part those with captions.

    Args:
        data: folder with cocoseg/, photos/coco_extra/ and text/coco_captions.tsv.
        part: "train" or "test".

    Raises:
        ConfigError: a file is not there or cannot be read.
    """
    check_choice("part", part, PARTS[:2])
    by_name = _captions(data / _CAPTIONS)
    found = []
    for entry in _entries(data / _LABELLED / "meta.jsonl"):
        if (entry["split"] == "val") != (part == "test"):
            continue
        said = entry["captions"] or by_name.get(entry["file"], [])
        largest = sorted(entry["objects"], key=lambda one: -one["visible_area"])
        objects = tuple((one["category"], *map(int, one["bbox"])) for one in largest)
        path = data / _LABELLED / "images" / entry["file"]
        found.append(CaptionedPicture(path, _kept(said, part), objects))
    if part == "test":
        return [picture for picture in found if picture.captions]
    further = sorted((data / _FURTHER).glob("*.jpg"))
    found += [CaptionedPicture(path, _kept(by_name[path.name], part)) for path in further]
    return [picture for picture in found if picture.captions or picture.objects]


def _kept(captions: list[str], part: str) -> tuple[str, ...]:
    """Captions that may be used for a part."""
    texts = [caption.strip() for caption in captions]
    return tuple(text for text in texts if text and (part == "test" or not is_test(text)))


def _entries(path: Path) -> list[dict]:
    try:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{path} cannot be read: {error}; allowed is a folder like cocoseg/"
        ) from error


def _captions(path: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    try:
        for line in path.read_text(encoding="utf-8").splitlines():
            name, _, caption = line.partition("\t")
            found[name].append(caption)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{path} cannot be read: {error}; allowed is a file name, a tab and a caption a line"
        ) from error
    return found
