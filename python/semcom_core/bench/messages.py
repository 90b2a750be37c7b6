# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages of three kinds for the benches: text messages of people, turns of dialogues, sentences of debates."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from semcom_core.errors import ConfigError, check_choice, check_range
from semcom_core.text.labelled import data_text, in_part

#: Words of the Europarl sentences, as in the text bench.
_EUROPARL_WORDS = range(5, 31)


def _sms(data: Path, part: str) -> list[str]:
    chosen = in_part(part)
    return [line for line in data_text(data, Path("text/sms_ham.txt")).splitlines() if line.strip() and chosen(line)]


def _dialogue(data: Path, part: str) -> list[str]:
    """Utterances; a dialogue belongs to one part as a whole."""
    chosen = in_part(part)
    dialogues = [json.loads(line)["utterances"] for line in data_text(data, Path("text/dailydialog.jsonl")).splitlines()]
    return [text for dialogue in dialogues if chosen(" ".join(dialogue)) for text in dialogue if text.strip()]


def _europarl(data: Path, part: str) -> list[str]:
    chosen = in_part(part)
    lines = data_text(data, Path("text/europarl_en.txt")).splitlines()
    return [line for line in lines if len(line.split()) in _EUROPARL_WORDS and chosen(line)]


#: Name → how to read its texts.
CORPORA = {"sms": _sms, "dialogue": _dialogue, "europarl": _europarl}


def corpora(data: Path, names: Iterable[str] = tuple(CORPORA), split: str = "test", limit: int = 100, *, rng: np.random.Generator) -> dict:
    """Distinct texts of each corpus, a random sample in a random order.

    Args:
        data: the data folder.
        names: of CORPORA.
        split: train, test or all.
        limit: most texts of each.

    Raises:
        ConfigError: no such corpus or split, a file is not there, or no text is left.
    """
    check_range("limit", limit, 1, math.inf)
    found = {}
    for name in names:
        check_choice("corpus", name, CORPORA)
        texts = list(dict.fromkeys(text.strip() for text in CORPORA[name](data, split)))
        if not texts:
            raise ConfigError(f"corpus {name!r} has no text in its {split} part")
        found[name] = [texts[i] for i in rng.permutation(len(texts))[:limit]]
    return found
