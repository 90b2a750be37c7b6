# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a distiller may do to a draft: leave words out, or write a word more plainly. Locked words stay."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from semcom_core.text.protected import protected_items
from semcom_core.text.short_forms import long_form, plain_form

#: Words in a row that one edit leaves out at the most, unless they are a whole clause.
_MOST_WORDS = 3
_CLOSING = re.compile(r"([.!?…]+)[\"'”’)\]]*$")
_CLAUSE_END = re.compile(r"[.!?…,;:][\"'”’)\]]*$")
_MARKS = re.compile(r"([.!?,])[.!?,]*\1$")


class Draft(NamedTuple):
    """A text on its way to a shorter one.

    Args:
        words: its words.
        locked: for each, whether it is protected.
    """

    words: tuple[str, ...]
    locked: tuple[bool, ...]

    @property
    def text(self) -> str:
        """The words, joined by spaces."""
        return " ".join(self.words)


class Edit(NamedTuple):
    """Words `first` to `stop` - 1 become `form`; an empty form leaves them out."""

    first: int
    stop: int
    form: str = ""


def first_draft(text: str) -> Draft:
    """The words of a text, the protected ones locked."""
    words = tuple(text.split())
    locked = {item.index for item in protected_items(text)}
    return Draft(words, tuple(i in locked for i in range(len(words))))


def omissions(draft: Draft) -> Iterator[Edit]:
    """Edits that leave out a few words in a row, or a clause, without a locked word; never all words."""
    n = len(draft.words)
    spans = {(i, j) for i in range(n) for j in range(i + 1, min(i + _MOST_WORDS, n) + 1)} | set(_clauses(draft))
    for first, stop in sorted(spans):
        if stop - first < n and not any(draft.locked[first:stop]):
            yield Edit(first, stop)


def plainer(draft: Draft) -> Iterator[Edit]:
    """Edits that write one word more plainly; of a locked word only the punctuation after it."""
    for i, (word, locked) in enumerate(zip(draft.words, draft.locked)):
        forms = {_MARKS.sub(r"\1", word)} if locked else {plain_form(word), long_form(word)}
        for form in sorted(forms - {word}):
            yield Edit(i, i + 1, form)


def apply(draft: Draft, edits: Iterable[Edit]) -> Draft:
    """A draft after some edits of different words; capital and closing mark of words left out go to their neighbours."""
    words, locked = list(draft.words), list(draft.locked)
    for first, stop, form in sorted(edits, reverse=True):
        closing = _CLOSING.search(words[stop - 1])
        if not form and closing and first and not _CLOSING.search(words[first - 1]):
            words[first - 1] = words[first - 1].rstrip(",;:") + closing[1]
        begins = not first or bool(_CLOSING.search(words[first - 1]))
        if not form and begins and words[first][0].isupper() and stop < len(words) and not locked[stop]:
            words[stop] = words[stop][0].upper() + words[stop][1:]
        words[first:stop] = [form] if form else []
        locked[first:stop] = [locked[first]] if form else []
    return Draft(tuple(words), tuple(locked))


def apart(edits: Iterable[Edit], most: int) -> list[Edit]:
    """The first edits, at most so many, with a word or more between any two."""
    chosen: list[Edit] = []
    for edit in edits:
        if len(chosen) < most and all(edit.first > other.stop or edit.stop < other.first for other in chosen):
            chosen.append(edit)
    return chosen


def _clauses(draft: Draft) -> Iterator[tuple[int, int]]:
    """First word and word after the last of each clause, and of each sentence."""
    for pattern in (_CLAUSE_END, _CLOSING):
        start = 0
        for i, word in enumerate(draft.words):
            if pattern.search(word) or i + 1 == len(draft.words):
                yield start, i + 1
                start = i + 1
