# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Training texts of the adapters, some with the messages before them as context."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from semcom_core.datasets.corpus import is_test
from semcom_core.errors import ConfigError, check_choice

#: Sources of texts, with their licences.
_EUROPARL = (
    "Europarl, English, January and February 2000 (no known restrictions; credit: European "
    "Parliament)"
)
_TATOEBA = "Tatoeba, English sentences (CC BY 2.0 FR)"
_SMS = "SMS messages, the ham part of the SMS Spam Collection (CC BY 4.0)"
_DIALOGUES = "HH-RLHF harmless, chosen dialogues (MIT)"
_CAPTIONS = "COCO 2017 captions (CC BY 4.0)"


@dataclass(frozen=True)
class TextExample:
    """A message and the messages before it, the oldest first."""

    text: str
    context: tuple[str, ...] = ()


def _lines(path: Path) -> Iterator[TextExample]:
    """Distinct lines of a file."""
    for line in dict.fromkeys(path.read_text(encoding="utf-8").splitlines()):
        if line.strip() and not is_test(line):
            yield TextExample(line.strip())


def _captions(path: Path) -> Iterator[TextExample]:
    """Captions, each after the tab of its line."""
    for line in path.read_text(encoding="utf-8").splitlines():
        caption = line.partition("\t")[2].strip()
        if caption and not is_test(caption):
            yield TextExample(caption)


def _dialogues(path: Path) -> Iterator[TextExample]:
    """Turns of the chosen dialogues, each of at most 60 words; a dialogue is in one part as a
    whole.
    """
    for line in path.read_text(encoding="utf-8").splitlines():
        dialogue = json.loads(line)["chosen"]
        if is_test(dialogue):
            continue
        turns = [turn.strip() for turn in re.split(r"\n\n(?:Human|Assistant):", dialogue)]
        turns = [turn for turn in turns if turn]
        for i, turn in enumerate(turns):
            if len(turn.split()) <= 60:
                yield TextExample(turn, tuple(turns[max(0, i - 4) : i]))


@dataclass(frozen=True)
class Source:
    """Source of training texts.

    Args:
        file: below the data folder.
        read: gives the training examples of the file.
        most: examples to take at the most.
        about: what it is, with its licence.
    """

    file: str
    read: Callable[[Path], Iterator[TextExample]]
    most: int
    about: str


#: Adapter → sources of its training texts.
MIXTURES = {
    "europarl": (Source("text/europarl_en.txt", _lines, 100_000, _EUROPARL),),
    "chat": (
        Source("text/sms_ham.txt", _lines, 100_000, _SMS),
        Source("text/hh_rlhf_harmless.jsonl", _dialogues, 100_000, _DIALOGUES),
        Source("text/tatoeba_en.txt", _lines, 12_000, _TATOEBA),
    ),
    "general": (
        Source("text/europarl_en.txt", _lines, 8_000, _EUROPARL),
        Source("text/coco_captions.tsv", _captions, 8_000, _CAPTIONS),
        Source("text/tatoeba_en.txt", _lines, 8_000, _TATOEBA),
        Source("text/sms_ham.txt", _lines, 100_000, _SMS),
        Source("text/hh_rlhf_harmless.jsonl", _dialogues, 4_000, _DIALOGUES),
    ),
}


def examples(mixture: str, data: Path, rng: np.random.Generator) -> list[TextExample]:
    """Training examples of an adapter, a seeded sample of each of its sources.

    Args:
        mixture: one of MIXTURES.
        data: folder of the training data.
        rng: draws the sample.

    Raises:
        ConfigError: no such mixture, or one of its files is not there.
    """
    check_choice("mixture", mixture, MIXTURES)
    found: list[TextExample] = []
    for source in MIXTURES[mixture]:
        if not (data / source.file).is_file():
            raise ConfigError(f"data is {str(data)!r}; allowed is a folder with {source.file}")
        texts = list(source.read(data / source.file))
        found += [texts[i] for i in rng.permutation(len(texts))[: source.most]]
    return found
