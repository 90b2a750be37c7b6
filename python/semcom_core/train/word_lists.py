# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Word lists of the distillation: common words and names, by how often they are capitalised.

    python -m semcom_core.train.word_lists DATA_FOLDER [OUT_FOLDER]

Words are counted inside sentences of the training part; the lists are common.txt and names.txt of
text/distillation/words.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from semcom_core.datasets.corpus import is_test

#: Files below the data folder, one text a line; of the captions the part after the tab.
SOURCES = (
    "text/europarl_en.txt",
    "text/tatoeba_en.txt",
    "text/sms_ham.txt",
    "text/coco_captions.tsv",
)
#: A word at the end of a token, without a possessive.
_WORD = re.compile(r"[A-Za-z]+(?=['’]s$)|[A-Za-z]+$")


def read(data: Path) -> Iterable[str]:
    """Texts of the training part."""
    for name in SOURCES:
        for line in (data / name).read_text(encoding="utf-8").splitlines():
            text = line.rpartition("\t")[2]
            if not is_test(text):
                yield text


def count(texts: Iterable[str]) -> tuple[Counter[str], Counter[str]]:
    """Counts of each word in lower case, and with a capital inside a sentence; texts in capitals
    do not count.
    """
    lower: Counter[str] = Counter()
    capital: Counter[str] = Counter()
    for text in texts:
        words = text.split()
        if sum(c.isupper() for c in text) > 0.3 * sum(c.isalpha() for c in text):
            continue
        for before, word in zip(["."] + words, words):
            match = _WORD.match(word.strip("\"'“”‘’()[].,;:!?-"))
            if match and match[0].islower():
                lower[match[0]] += 1
            elif match and match[0].istitle() and before[-1].isalnum() and word[0].isupper():
                capital[match[0].lower()] += 1
    return lower, capital


def common_words(lower: Counter[str], capital: Counter[str]) -> list[str]:
    """Words that are hardly ever written with a capital."""
    return sorted(word for word in lower if lower[word] >= 4 and capital[word] <= 0.1 * lower[word])


def name_words(lower: Counter[str], capital: Counter[str]) -> list[str]:
    """Words that hardly ever are written without one."""
    return sorted(
        word
        for word in capital
        if capital[word] >= 3 and lower[word] <= 0.02 * capital[word] and len(word) > 2
    )


def main(arguments: list[str]) -> int:
    """Count the words of a data folder and write both lists."""
    out = (
        Path(arguments[1])
        if len(arguments) > 1
        else Path(__file__).parents[1] / "text" / "distillation" / "words"
    )
    lower, capital = count(read(Path(arguments[0])))
    for name, words in {
        "common.txt": common_words(lower, capital),
        "names.txt": name_words(lower, capital),
    }.items():
        (out / name).write_text("\n".join(words) + "\n", encoding="utf-8")
        print(f"{out / name}: {len(words)} words")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
