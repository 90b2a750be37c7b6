# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Extractive distillation: greedy deletion of words by self-information saved per meaning lost.

    repeat: of all edits that leave the text similar enough to the original, make those that save
            the most bits for the similarity they cost; stop when none saves anything

An edit leaves words out, or writes a word more plainly; protected words stay. What the language
model predicts costs no symbols, so leaving it out saves none: each step is judged by the bits it
really saves.

Source: self-information as the measure of what to leave out as in Y. Li et al., "Compressing
context to enhance inference efficiency of large language models" (Selective Context), EMNLP 2023;
here against similarity.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from semcom_core.models.sentence import Embedder
from semcom_core.text.distillation.cost import CostMeter
from semcom_core.text.distillation.lexicon import long_form, plain_form
from semcom_core.text.distillation.protected import protected_items

#: Words in a row that one edit leaves out at the most, unless they are a whole clause.
_MOST_WORDS = 3
#: Ends of a sentence and of a clause, with the quotes and brackets after them; repeated marks.
_CLOSING = re.compile(r"([.!?…]+)[\"'”’)\]]*$")
_CLAUSE_END = re.compile(r"[.!?…,;:][\"'”’)\]]*$")
_MARKS = re.compile(r"([.!?,])[.!?,]*\1$")


#: Losses of similarity that are added to each edit's, so that one that loses nothing does not
#: outweigh all savings. A small one takes many small steps, a large one the big savings first; each
#: is tried, and the cheapest text counts.
_SOFTENINGS = (0.01, 0.2)
#: About what an edit makes the words after it cost more, bits; words that cost less are the last to
#: be tried.
_SEAM_BITS = 2.0
#: A step must save this much, bits.
_LEAST_SAVING = 0.5
#: Words for each edit that is made in the same step.
_WORDS_AN_EDIT = 7


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


class State(NamedTuple):
    """A draft of a shortened text.

    Args:
        draft: its words.
        bits: its cost, bits.
        near: its similarity to the original, -1 to 1.
    """

    draft: Draft
    bits: float
    near: float


class Extractor:
    """Shortens texts by edits that save bits.

    Args:
        meter: cost of a text.
        embedder: sentence embedding.
        least_similarity: to the original, 0 to 1.
        looks: edits whose saving is measured before a step is given up, 1 and more.
    """

    def __init__(
        self, meter: CostMeter, embedder: Embedder, least_similarity: float, looks: int
    ) -> None:
        self._meter = meter
        self._embedder = embedder
        self._least = least_similarity
        self._looks = looks

    def shorten(self, text: str, leave_out: bool = True) -> str:
        """A shorter text that costs at most as many bits.

        Args:
            text: any text; its white space becomes single spaces.
            leave_out: whether words may be left out; else they are only written more plainly.
        """
        goal = self._embedder.embed([text])[0]
        draft = first_draft(text)
        start = State(draft, self._meter.bits(draft.text), 1.0)
        ends = [self._descend(start, goal, softening, leave_out) for softening in _SOFTENINGS]
        return min(ends, key=lambda state: state.bits).draft.text

    def _descend(self, start: State, goal: np.ndarray, softening: float, leave_out: bool) -> State:
        """The last of the states that are each cheaper than the one before."""
        state: State | None = start
        while state is not None:
            last = state
            state = self._step(state, goal, softening, leave_out)
        return last

    def _step(
        self, state: State, goal: np.ndarray, softening: float, leave_out: bool
    ) -> State | None:
        """A cheaper state, a few edits away; None where there is none."""
        order = self._ranked(state, goal, softening, leave_out)
        together = apart(order, max(1, len(state.draft.words) // _WORDS_AN_EDIT))
        if len(together) > 1:
            found = self._after(state.draft, together, goal)
            if found.near >= self._least and state.bits - found.bits >= _LEAST_SAVING * len(
                together
            ):
                return found
        for edit in order[: self._looks]:
            found = self._after(state.draft, [edit], goal)
            if state.bits - found.bits >= _LEAST_SAVING:
                return found
        return None

    def _ranked(
        self, state: State, goal: np.ndarray, softening: float, leave_out: bool
    ) -> list[Edit]:
        """Edits that leave the draft similar enough, those first whose words have the most bits for
        the similarity they cost.
        """
        edits = [*plainer(state.draft), *(omissions(state.draft) if leave_out else ())]
        if not edits:
            return []
        near = self._embedder.embed([apply(state.draft, [edit]).text for edit in edits]) @ goal
        words = self._meter.word_bits(state.draft.words)
        bits = np.array([words[edit.first : edit.stop].sum() for edit in edits]) - _SEAM_BITS
        worth = bits / (np.maximum(state.near - near, 0) + softening)
        return [edits[k] for k in np.argsort(-worth, kind="stable") if near[k] >= self._least]

    def _after(self, draft: Draft, edits: list[Edit], goal: np.ndarray) -> State:
        """The state after some edits."""
        changed = apply(draft, edits)
        return State(
            changed,
            self._meter.bits(changed.text),
            float(self._embedder.embed([changed.text])[0] @ goal),
        )


def first_draft(text: str) -> Draft:
    """The words of a text, the protected ones locked."""
    words = tuple(text.split())
    locked = {item.index for item in protected_items(text)}
    return Draft(words, tuple(i in locked for i in range(len(words))))


def omissions(draft: Draft) -> Iterator[Edit]:
    """Edits that leave out a few words in a row, or a clause, without a locked word; never all
    words.
    """
    n = len(draft.words)
    spans = {(i, j) for i in range(n) for j in range(i + 1, min(i + _MOST_WORDS, n) + 1)} | set(
        _clauses(draft)
    )
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
    """A draft after some edits of different words; capital and closing mark of words left out go to
    their neighbours.
    """
    words = list(draft.words)
    locked = list(draft.locked)
    for first, stop, form in sorted(edits, reverse=True):
        closing = _CLOSING.search(words[stop - 1])
        if not form and closing and first and not _CLOSING.search(words[first - 1]):
            words[first - 1] = words[first - 1].rstrip(",;:") + closing[1]
        begins = not first or bool(_CLOSING.search(words[first - 1]))
        if (
            not form
            and begins
            and words[first][0].isupper()
            and stop < len(words)
            and not locked[stop]
        ):
            words[stop] = words[stop][0].upper() + words[stop][1:]
        words[first:stop] = [form] if form else []
        locked[first:stop] = [locked[first]] if form else []
    return Draft(tuple(words), tuple(locked))


def apart(edits: Iterable[Edit], most: int) -> list[Edit]:
    """The first edits, at most so many, with a word or more between any two."""
    chosen: list[Edit] = []
    for edit in edits:
        if len(chosen) < most and all(
            edit.first > other.stop or edit.stop < other.first for other in chosen
        ):
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
