# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Picture data sets: a folder of pictures, or one with images/ and numbered objects in instances/.

Pictures and object numbers have the same names.
"""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from semcom_core.datasets.corpus import DATA_VARIABLE, SPLITS
from semcom_core.datasets.scenes import CROWD
from semcom_core.errors import ConfigError, FrameError, check_choice, check_range
from semcom_core.image.picture import pictures_in, read_picture

#: Folder of the data folder that is used where none is named.
DEFAULT_FOLDER = "kodak"
#: What a folder's meta.jsonl may call its test part.
_TEST_NAMES = ("test", "val")


@dataclass(frozen=True)
class BenchPicture:
    """A picture to send.

    Args:
        path: its file.
        labels: file that numbers its objects, 0 background and CROWD left out; None where there is
            none.
    """

    path: Path
    labels: Path | None = None

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return self.path.stem

    def pixels(self) -> np.ndarray:
        """uint8 (H, W, 3) RGB."""
        return read_picture(self.path)

    def objects(self) -> np.ndarray | None:
        """Mask of all objects, bool (H, W); None where there are no labels or no objects.

        Raises:
            FrameError: the file cannot be read.
        """
        from PIL import Image

        if self.labels is None:
            return None
        try:
            with Image.open(self.labels) as image:
                numbers = np.asarray(image)
        except OSError as error:
            raise FrameError(
                f"objects {self.labels} cannot be read: {error}; allowed is a picture of object "
                "numbers"
            ) from error
        inside = (numbers > 0) & (numbers != CROWD)
        return inside if inside.any() else None


def image_folder(data: str | None) -> Path:
    """The folder of --data, else the folder kodak of $SEMCOM_DATA.

    Raises:
        ConfigError: neither is there.
    """
    variable = os.environ.get(DATA_VARIABLE)
    place = None
    if data:
        place = Path(data)
    elif variable:
        place = Path(variable) / DEFAULT_FOLDER
    if place is None or not place.is_dir():
        where = f"data is {str(place)!r}" if place else "no data"
        raise ConfigError(
            f"{where}; allowed is a folder of pictures by --data, or one with {DEFAULT_FOLDER}/ in "
            f"${DATA_VARIABLE}"
        )
    return place


def bench_pictures(
    folder: Path, split: str, limit: int, rng: np.random.Generator
) -> tuple[list[BenchPicture], list[str]]:
    """Pictures to send in the order of their names, a random sample where there are more than
    `limit`.

    A folder without a meta.jsonl that says otherwise belongs to the test part as a whole.

    Args:
        folder: of pictures, or with images/ and instances/.
        split: train, test or all.
        limit: most pictures to return.
        rng: draws the sample.

    Returns:
        The pictures, and a line on each file that is no picture.

    Raises:
        ConfigError: no picture is left.
    """
    check_choice("split", split, SPLITS)
    check_range("limit", limit, 1, math.inf)
    labelled = (folder / "images").is_dir()
    paths = pictures_in(folder / "images" if labelled else folder)
    parts = _parts(folder)
    kept = [path for path in paths if split == "all" or parts.get(path.name, "test") == split]
    if not kept:
        raise ConfigError(
            f"folder {folder} has no picture in its {split} part; allowed is another --split"
        )
    chosen = [kept[i] for i in sorted(rng.permutation(len(kept))[:limit])]
    found = []
    refused = []
    for path in chosen:
        labels = folder / "instances" / f"{path.stem}.png"
        picture = BenchPicture(path, labels if labelled and labels.is_file() else None)
        try:
            picture.pixels()
            found.append(picture)
        except FrameError as error:
            refused.append(str(error))
    if not found:
        raise ConfigError(f"folder {folder} has no readable picture: {refused[0]}")
    return found, refused


def _parts(folder: Path) -> dict[str, str]:
    """File name → train or test, as the folder's meta.jsonl says.

    Raises:
        ConfigError: the file is there and cannot be read.
    """
    path = folder / "meta.jsonl"
    if not path.is_file():
        return {}
    try:
        entries = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        return {
            entry["file"]: "test" if entry["split"] in _TEST_NAMES else "train" for entry in entries
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{path} cannot be read: {error}; allowed is an object with file and split a line"
        ) from error
