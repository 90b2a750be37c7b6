# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sentences for the benches: from a file of one sentence a line, split into a training and a test part by hash."""

from __future__ import annotations

import math
import os
import re
from importlib import resources
from pathlib import Path

import numpy as np

from semcom_core.errors import ConfigError, check_choice, check_range
from semcom_core.text.split import is_test

#: Environment variable that names the data folder, and the file a text bench reads in a folder.
DATA_VARIABLE = "SEMCOM_DATA"
DEFAULT_FILE = Path("text") / "europarl_en.txt"
SPLITS = ("train", "test", "all")


def word_range(text: str) -> tuple[int, int]:
    """Smallest and largest number of words of a range such as 5:30.

    Raises:
        ConfigError: it is not two numbers in order.
    """
    match = re.fullmatch(r"(\d+):(\d+)", text)
    if not match or int(match[1]) > int(match[2]):
        raise ConfigError(f"words is {text!r}; allowed is SMALLEST:LARGEST, such as 5:30")
    return int(match[1]), int(match[2])


def data_file(data: str | None) -> Path:
    """The sentence file of --data, else of the folder in $SEMCOM_DATA.

    Raises:
        ConfigError: neither names a file that exists.
    """
    place = data or os.environ.get(DATA_VARIABLE)
    if not place:
        raise ConfigError(f"no data: name a file of one sentence a line with --data, or a folder with {DEFAULT_FILE} in ${DATA_VARIABLE}")
    candidates = [Path(place), Path(place) / DEFAULT_FILE, Path(place) / DEFAULT_FILE.name]
    for path in candidates:
        if path.is_file():
            return path
    raise ConfigError(f"data is {place!r}; allowed is a file of one sentence a line, or a folder with {DEFAULT_FILE}")


def sentences(path: Path, split: str, words: tuple[int, int], limit: int, rng: np.random.Generator) -> list[str]:
    """Distinct sentences of a file, a random sample in a random order.

    Args:
        path: text file, UTF-8, one sentence a line.
        split: train, test or all.
        words: smallest and largest number of words.
        limit: most sentences to return.

    Raises:
        ConfigError: the file is no text, or no sentence is left.
    """
    check_choice("split", split, SPLITS)
    check_range("limit", limit, 1, math.inf)
    try:
        lines = dict.fromkeys(line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}; allowed is UTF-8 text") from error
    kept = [s for s in lines if words[0] <= len(s.split()) <= words[1] and (split == "all" or is_test(s) == (split == "test"))]
    if not kept:
        raise ConfigError(f"{path} has no sentence of {words[0]} to {words[1]} words in its {split} part")
    return [kept[i] for i in rng.permutation(len(kept))[:limit]]


def shipped_sentences() -> list[str]:
    """The project's own sentences: some languages, numbers, symbols."""
    text = resources.files("semcom_core.bench").joinpath("sentences.txt").read_text(encoding="utf-8")
    return text.splitlines()
