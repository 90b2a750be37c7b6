# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labelled texts by their part: toxic or not, hate or not, chosen or rejected answers.

Parts are those of corpus.is_test.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

from semcom_core.datasets.corpus import is_test
from semcom_core.errors import ConfigError, check_choice

#: Parts of a data set.
PARTS = ("train", "test", "all")
#: Files in the data folder.
TOXICITY = Path("text") / "toxicity" / "surge_toxicity_en.csv"
HATE = Path("text") / "toxicity" / "vicomtech_hate_sentences.jsonl"
PREFERENCES = Path("text") / "hh_rlhf_harmless.jsonl"
#: What begins an answer and a request in a dialogue.
_ANSWER = "\n\nAssistant:"
_REQUEST = "\n\nHuman:"
#: A request is cut to its last characters: an embedding sees some 200 words.
_REQUEST_CHARACTERS = 600


def in_part(part: str) -> Callable[[str], bool]:
    """Whether a text belongs to a part."""
    check_choice("part", part, PARTS)
    return lambda text: part == "all" or is_test(text) == (part == "test")


def data_text(data: Path, name: Path) -> str:
    """Text of a file of the data folder.

    Raises:
        ConfigError: it is not there or no UTF-8 text.
    """
    try:
        return (data / name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"data is {str(data)!r}; allowed is a folder with {name}: {error}"
        ) from error


def toxicity_texts(data: Path, part: str) -> list[tuple[str, bool]]:
    """Comments and whether people call them toxic."""
    chosen = in_part(part)
    rows = csv.DictReader(data_text(data, TOXICITY).splitlines(keepends=True))
    return [(row["text"], row["is_toxic"] == "Toxic") for row in rows if chosen(row["text"])]


def hate_texts(data: Path, part: str) -> list[tuple[str, bool]]:
    """Sentences of a forum and whether they are hate speech; those that need their neighbours or
    were skipped are left out.
    """
    chosen = in_part(part)
    rows = [json.loads(line) for line in data_text(data, HATE).splitlines()]
    return [
        (row["text"], row["label"] == "hate")
        for row in rows
        if row["label"] in ("hate", "noHate") and chosen(row["text"])
    ]


def preference_pairs(data: Path, part: str) -> list[tuple[str, str, str]]:
    """Requests with the answer that people chose and the one they rejected; a dialogue belongs to
    the part of the chosen one.
    """
    chosen = in_part(part)
    found = []
    for row in map(json.loads, data_text(data, PREFERENCES).splitlines()):
        if chosen(row["chosen"]):
            request, better = _last_turn(row["chosen"])
            _, worse = _last_turn(row["rejected"])
            found.append((request, better, worse))
    return found


def _last_turn(dialogue: str) -> tuple[str, str]:
    """What comes before the last answer of a dialogue, and that answer."""
    before, _, answer = dialogue.rpartition(_ANSWER)
    request = before.replace(_REQUEST, "").replace(_ANSWER, "").strip()
    return request[-_REQUEST_CHARACTERS:], answer.strip() or "."
