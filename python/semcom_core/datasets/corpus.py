# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text corpora: lines, captions or dialogues, split into a training and a test part by hash.

A file of lines (.txt) is one conversation, in the order of its lines, and each line has its own
part. In a file of dialogues (.jsonl, an object with "utterances" a line) a dialogue belongs to one
part as a whole. A .tsv file has a name, a tab and a caption a line.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

import numpy as np

from semcom_core.errors import ConfigError, check_choice, check_range

#: Environment variable that names the data folder.
DATA_VARIABLE = "SEMCOM_DATA"
#: Corpora by name: their files in the folder `text` of the data folder.
CORPORA = {
    "europarl": "europarl_en.txt",
    "sms": "sms_ham.txt",
    "dialogue": "dailydialog.jsonl",
    "tatoeba": "tatoeba_en.txt",
    "captions": "coco_captions.tsv",
}
#: Parts of a corpus.
SPLITS = ("train", "test", "all")


@dataclass(frozen=True)
class Message:
    """A text to send, and the texts that came before it in its conversation, the oldest first."""

    text: str
    context: tuple[str, ...] = ()

    def after(self, count: int) -> Message:
        """The same text after only the last `count` texts before it."""
        if count >= len(self.context):
            return self
        return replace(self, context=self.context[len(self.context) - count :])


def word_range(text: str) -> tuple[int, int]:
    """Smallest and largest number of words of a range such as 5:30.

    Raises:
        ConfigError: it is not two numbers in order.
    """
    match = re.fullmatch(r"(\d+):(\d+)", text)
    if not match or int(match[1]) > int(match[2]):
        raise ConfigError(f"words is {text!r}; allowed is SMALLEST:LARGEST, such as 5:30")
    return int(match[1]), int(match[2])


def data_folder(given: str | None, what: str) -> Path:
    """The folder of --data, else of $SEMCOM_DATA.

    Args:
        given: the folder that was named; None where none was.
        what: what is looked for in it, for the error.

    Raises:
        ConfigError: neither names a folder.
    """
    place = given or os.environ.get(DATA_VARIABLE)
    if not place or not Path(place).is_dir():
        raise ConfigError(
            f"data is {place!r}; allowed is a folder with {what}, by --data or ${DATA_VARIABLE}"
        )
    return Path(place)


def data_file(data: str | None, corpus: str = "europarl") -> Path:
    """The file of a corpus: itself, where `corpus` is a path; else in the folder of --data or of
    $SEMCOM_DATA.

    Raises:
        ConfigError: they name no file that exists.
    """
    if Path(corpus).is_file():
        return Path(corpus)
    if corpus not in CORPORA:
        raise ConfigError(
            f"corpus is {corpus!r}; allowed is one of {', '.join(sorted(CORPORA))}, or a file"
        )
    name = Path("text") / CORPORA[corpus]
    place = data or os.environ.get(DATA_VARIABLE)
    if not place:
        raise ConfigError(
            f"no data: name a file of one sentence a line with --data, or a folder with {name} in "
            f"${DATA_VARIABLE}"
        )
    for path in (Path(place), Path(place) / name, Path(place) / name.name):
        if path.is_file():
            return path
    raise ConfigError(
        f"data is {place!r}; allowed is a file of one sentence a line, or a folder with {name}"
    )


def messages(
    path: Path,
    split: str,
    words: tuple[int, int],
    limit: int,
    rng: np.random.Generator,
    context: int = 0,
) -> list[Message]:
    """Messages of distinct text, a random sample in a random order.

    Args:
        path: file, UTF-8, of a kind that its ending tells (see the module).
        split: train, test or all.
        words: smallest and largest number of words.
        limit: most messages to return.
        rng: draws the sample.
        context: texts before each that come with it, as far as there are so many.

    Raises:
        ConfigError: the file cannot be read, or no message is left.
    """
    check_choice("split", split, SPLITS)
    check_range("limit", limit, 1, math.inf)
    check_range("context", context, 0, 64)
    found: dict[str, Message] = {}
    for key, turns, number in _turns(path):
        text = turns[number]
        fits = words[0] <= len(text.split()) <= words[1] and (
            split == "all" or is_test(key) == (split == "test")
        )
        if fits and text not in found:
            found[text] = Message(text, tuple(turns[max(0, number - context) : number]))
    if not found:
        raise ConfigError(
            f"{path} has no sentence of {words[0]} to {words[1]} words in its {split} part"
        )
    kept = list(found.values())
    return [kept[i] for i in rng.permutation(len(kept))[:limit]]


def sentences(
    path: Path, split: str, words: tuple[int, int], limit: int, rng: np.random.Generator
) -> list[str]:
    """Texts of `messages`.

    Args:
        path, split, words, limit, rng: as messages takes them.
    """
    return [message.text for message in messages(path, split, words, limit, rng)]


def is_test(sentence: str) -> bool:
    """Whether a sentence belongs to the test part: one in ten, by the hash of its lower-case
    letters.
    """
    letters = re.sub("[^a-z]", "", sentence.lower())
    return int(hashlib.sha256(letters.encode()).hexdigest()[:8], 16) % 10 == 0


def _turns(path: Path) -> Iterator[tuple[str, list[str], int]]:
    """Of each text in a file: the text that decides its part, the conversation, and its place in
    that.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        if path.suffix == ".jsonl":
            conversations = [
                [turn.strip() for turn in json.loads(line)["utterances"]] for line in lines
            ]
        else:
            texts = [line.partition("\t")[2] if path.suffix == ".tsv" else line for line in lines]
            conversations = [[text.strip() for text in texts if text.strip()]]
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}; allowed is UTF-8 text") from error
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f'{path} cannot be read; allowed is an object with a list of texts, "utterances", a '
            "line"
        ) from error
    for turns in conversations:
        whole = "".join(turns) if path.suffix == ".jsonl" else None
        for number, text in enumerate(turns):
            yield (text if whole is None else whole), turns, number


def shipped_sentences() -> list[str]:
    """The project's own sentences: some languages, numbers, symbols."""
    text = (
        resources.files("semcom_core.datasets")
        .joinpath("sentences.txt")
        .read_text(encoding="utf-8")
    )
    return text.splitlines()
