# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Batches of stories for the training of scenario question answering, and what they go through.

Stories are bAbI's training part and, most of them, drawn anew in its wording and in the project's
own, with more questions a statement. A story has an SNR of its own, some of them block fading of
each message, a mask, or a memory that statements leave; some messages are lost.

Arrays: B stories, S statements, Q questions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from semcom_core.datasets.stories import (
    BABI_WORDING,
    OWN_WORDING,
    TASKS,
    UNKNOWN,
    Question,
    Story,
    Wording,
    add_unknown,
    generate_story,
)
from semcom_core.tasks.scenario.network import (
    ANSWER_WORDS,
    SYMBOLS,
    Vocabulary,
    is_question,
    padded,
    words_of,
)
from semcom_core.train.settings import ScenarioTraining

#: Tasks whose answer follows from a chain of statements; that of the others from a sum.
CHAINS = (1, 2, 6)
#: Shares of the tasks among the generated stories: what is harder comes more often.
_TASK_SHARES = {1: 0.08, 2: 0.25, 6: 0.1, 7: 0.37, 8: 0.2}
#: Share of the generated stories in the wording of bAbI.
_BABI = 0.7
#: Share of the stories that are of the training part of bAbI; they have fewer questions.
_READ = 0.5
#: Questions of a generated story, how many after one another, and the share of unknown ones.
_QUESTIONS = 15
_AT_ONCE = 3
_UNKNOWN = 0.12
#: Shares of the stories with a last question of the other wording, about a word of none, and of
#: such words alone; these stand for all words outside the vocabulary.
_OTHER_WORDING = 0.25
_NO_WORDING = 0.1
_NONSENSE = 0.03
_NO_WORDS = replace(BABI_WORDING, names=("xx",), objects=("xx",))
#: Statements of a story at the most; few have more.
_MOST_STATEMENTS = 40
#: Stories that are kept at hand, and batches that are cut from one draw by their lengths.
_POOL = 12_000
_DRAWN_BATCHES = 8
#: Shares of stories over block Rayleigh fading, with a mask, and with a memory that statements
#: leave; share of messages that are lost.
_FADING = 0.3
_MASKED = 0.6
_FORGETFUL = 0.5
_LOST = 0.01
#: Shares of the forgetful memories that statements leave when they are replaced, and that they
#: leave at no other time.
_TIDY = 0.8
_LASTING = 0.5
#: Slots that a statement stays, where none leaves.
FOREVER = 1 << 30
#: Fewest symbols that a mask leaves.
FEWEST = 3
#: Power gain below which a message counts as erased.
_DEEPEST_FADE = 1e-4


@dataclass(frozen=True)
class CodedStory:
    """A story as indices.

    Args:
        task: key of TASKS.
        statements: places in the table of sentences, int (S,).
        questions: the same, int (Q,).
        asked: slots of the questions, int (Q,).
        answers: indices of words, int (Q, ANSWER_WORDS).
        support: statements that each answer follows from, bool (Q, S).
        chain: the one or two statements of tasks 1, 2 and 6, in their order, int (Q, 2); -1 for
            none.
        replaced: slot of the next statement on the same topic, int (S,); FOREVER for none.
    """

    task: int
    statements: np.ndarray
    questions: np.ndarray
    asked: np.ndarray
    answers: np.ndarray
    support: np.ndarray
    chain: np.ndarray
    replaced: np.ndarray


class SentenceTable:
    """Table of the sentences that have occurred.

    Args:
        vocabulary: of words and answers.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self._place: dict[str, int] = {}
        self._words: list[list[int]] = []
        self._questions: list[bool] = []
        self._groups: list[int] = []
        self._group: dict[str, int] = {}

    def place(self, text: str) -> int:
        """Place of a sentence in the table."""
        found = self._place.setdefault(text, len(self._words))
        if found == len(self._words):
            self._words.append(self.vocabulary.message(text))
            self._questions.append(is_question(text))
            self._groups.append(self._group.setdefault(_topic(text), len(self._group)))
        return found

    def coded(self, story: Story) -> CodedStory:
        """A story as indices."""
        statements = story.statements
        questions = story.questions
        support = np.zeros((len(questions), len(statements)), bool)
        chain = np.full((len(questions), 2), -1)
        for row, line in enumerate(questions):
            support[row, list(line.support)] = True
            if story.task in CHAINS:
                chain[row, : len(line.support)] = line.support
        topics = [_topic(line.text) for line in statements]
        replaced = [
            topics.index(topic, slot + 1) if topic in topics[slot + 1 :] else FOREVER
            for slot, topic in enumerate(topics)
        ]
        return CodedStory(
            story.task,
            np.array([self.place(line.text) for line in statements]),
            np.array([self.place(line.text) for line in questions]),
            np.array([line.slot for line in questions]),
            np.array([self.vocabulary.answer(line.answer) for line in questions]),
            support,
            chain,
            np.array(replaced),
        )

    def rows(self, places: Tensor) -> tuple[Tensor, Tensor]:
        """Words int (N, W) and kinds bool (N,) of sentences."""
        chosen = places.tolist()
        words = padded([self._words[i] for i in chosen])
        return words, torch.tensor([self._questions[i] for i in chosen])

    def topics(self, places: Tensor) -> Tensor:
        """Numbers of the topics of statements, int, in the shape of the places: of two on the same
        topic the newer replaces the older.
        """
        return torch.tensor(self._groups)[places]


def _topic(text: str) -> str:
    """What a statement is about: where somebody is, or an object."""
    words = words_of(text)
    items = {item for wording in (BABI_WORDING, OWN_WORDING) for item in wording.objects}
    return next((word for word in words if word in items), words[0])


def story_vocabulary() -> Vocabulary:
    """Words of all stories in the two wordings, and of their answers."""
    rng = np.random.default_rng(1)
    texts: set[str] = set()
    answers = {UNKNOWN, "three"}
    for wording in (BABI_WORDING, OWN_WORDING):
        for task in TASKS:
            for _ in range(200):
                story = generate_story(task, rng, wording=wording)
                texts |= {line.text for line in story.lines}
                answers |= {line.answer for line in story.questions}
    return Vocabulary.of(sorted(texts), sorted(answers))


class StoryPool:
    """Stories for the training: those that were read, and others that are drawn anew all the time.

    Args:
        table: of sentences.
        read: stories of the training part.
        rng: draws stories and batches.
        size: generated stories at hand; None for the default.
    """

    def __init__(
        self,
        table: SentenceTable,
        read: Sequence[Story],
        rng: np.random.Generator,
        size: int | None = None,
    ) -> None:
        self.table = table
        self._rng = rng
        self._read = [table.coded(self._with_unknown(s)) for s in read if _is_short(s)]
        self._drawn = [self._draw() for _ in range(_POOL if size is None else size)]
        self._next = 0

    def _draw(self) -> CodedStory:
        task = int(self._rng.choice(list(_TASK_SHARES), p=list(_TASK_SHARES.values())))
        wording = BABI_WORDING if self._rng.random() < _BABI else OWN_WORDING
        while True:
            story = generate_story(task, self._rng, _QUESTIONS, _UNKNOWN, wording, _AT_ONCE)
            if _is_short(story):
                return self.table.coded(self._with_unknown(story))

    def _with_unknown(self, story: Story) -> Story:
        """Some stories with one more question: about what the other wording has, or with words that
        are in none.
        """
        kind = self._rng.random()
        if kind < _OTHER_WORDING:
            return add_unknown(story, self._rng, _other_wording(story))
        if kind < _OTHER_WORDING + _NO_WORDING:
            return add_unknown(story, self._rng, _NO_WORDS)
        if kind < _OTHER_WORDING + _NO_WORDING + _NONSENSE:
            text = " ".join([_NO_WORDS.names[0]] * int(self._rng.integers(1, 8))) + "?"
            last = Question(len(story.statements), text, UNKNOWN)
            return Story(story.task, (*story.lines, last))
        return story

    def batches(
        self, stories: int, rng: np.random.Generator | None = None
    ) -> Iterator[list[CodedStory]]:
        """Batches without end, stories of similar length together.

        Args:
            stories: of a batch.
            rng: draws stories and batches from now on; None goes on with that of the pool.
        """
        self._rng = self._rng if rng is None else rng
        while True:
            count = stories * _DRAWN_BATCHES
            read = int(self._rng.binomial(count, _READ)) if self._read else 0
            found = [self._read[i] for i in self._rng.integers(len(self._read), size=read)]
            for _ in range(count - read):
                found.append(self._drawn[self._rng.integers(len(self._drawn))])
            for _ in range(count // 6):  # some give way to new ones
                self._drawn[self._next] = self._draw()
                self._next = (self._next + 1) % len(self._drawn)
            found.sort(key=lambda story: len(story.statements))
            for i in self._rng.permutation(_DRAWN_BATCHES):
                yield found[i * stories : (i + 1) * stories]


def _is_short(story: Story) -> bool:
    return len(story.statements) <= _MOST_STATEMENTS


def _other_wording(story: Story) -> Wording:
    own = story.lines[0].text.split()[0] in OWN_WORDING.names
    return BABI_WORDING if own else OWN_WORDING


class StoryBatch(NamedTuple):
    """Stories as tensors, with padding.

    Args:
        tasks: int (B,).
        statements, questions: places of the sentences, int (B, S) and (B, Q).
        real_statements, real_questions: which are no padding, bool.
        asked: slots of the questions, int (B, Q).
        answers: int (B, Q, ANSWER_WORDS).
        support: bool (B, Q, S).
        chain: int (B, Q, 2).
        replaced: int (B, S).
    """

    tasks: Tensor
    statements: Tensor
    questions: Tensor
    real_statements: Tensor
    real_questions: Tensor
    asked: Tensor
    answers: Tensor
    support: Tensor
    chain: Tensor
    replaced: Tensor

    @property
    def slots(self) -> Tensor:
        """Slots of the statements, int (B, S)."""
        return torch.arange(self.statements.shape[1]).expand(self.statements.shape)


def batch_of(stories: Sequence[CodedStory]) -> StoryBatch:
    """Stories as tensors."""
    size = len(stories)
    most = max(len(story.statements) for story in stories)
    asks = max(len(story.questions) for story in stories)
    statements = np.zeros((size, most), np.int64)
    questions = np.zeros((size, asks), np.int64)
    asked = np.zeros((size, asks), np.int64)
    answers = np.zeros((size, asks, ANSWER_WORDS), np.int64)
    support = np.zeros((size, asks, most), bool)
    chain = np.full((size, asks, 2), -1)
    replaced = np.full((size, most), FOREVER)
    for row, story in enumerate(stories):
        support[row, : len(story.questions), : len(story.statements)] = story.support
        chain[row, : len(story.questions)] = story.chain
        statements[row, : len(story.statements)] = story.statements
        replaced[row, : len(story.statements)] = story.replaced
        questions[row, : len(story.questions)] = story.questions
        asked[row, : len(story.questions)] = story.asked
        answers[row, : len(story.questions)] = story.answers
    lengths = np.array([[len(story.statements), len(story.questions)] for story in stories])
    return StoryBatch(
        torch.tensor([story.task for story in stories]),
        torch.from_numpy(statements),
        torch.from_numpy(questions),
        torch.from_numpy(np.arange(most) < lengths[:, :1]),
        torch.from_numpy(np.arange(asks) < lengths[:, 1:]),
        torch.from_numpy(asked),
        torch.from_numpy(answers),
        torch.from_numpy(support),
        torch.from_numpy(chain),
        torch.from_numpy(replaced),
    )


class Conditions(NamedTuple):
    """What the stories of a batch go through.

    Args:
        snr_db: of each story, float (B,).
        noise_var: of each message, float (B, S + Q), inf where it is lost.
        symbols: sent of each message, int (B,); None where the scores decide.
        until: slot in which each statement leaves the memory, int (B, S).
    """

    snr_db: Tensor
    noise_var: Tensor
    symbols: Tensor | None
    until: Tensor


def drawn_conditions(
    batch: StoryBatch, config: ScenarioTraining, rng: np.random.Generator
) -> Conditions:
    """Channel, mask and memory of each story of a batch."""
    size, most = batch.statements.shape
    messages = most + batch.questions.shape[1]
    snr_db = rng.uniform(config.lowest_snr_db, config.highest_snr_db, size)
    gains = rng.exponential(size=(size, messages))
    gains[rng.random(size) >= _FADING] = 1.0
    gains[rng.random((size, messages)) < _LOST] = 0.0
    with np.errstate(divide="ignore"):
        noise_var = np.where(gains > _DEEPEST_FADE, 10 ** (-snr_db[:, None] / 10) / gains, np.inf)
    masked = rng.random(size) < _MASKED
    symbols = np.where(masked, rng.integers(FEWEST, SYMBOLS, size), SYMBOLS)
    until = rng.exponential(rng.uniform(1, most + 1, (size, 1)), (size, most)).astype(np.int64)
    until += np.arange(most)
    until[rng.random(size) < _LASTING] = FOREVER
    tidy = rng.random(size) < _TIDY
    until[tidy] = np.minimum(until, batch.replaced.numpy())[tidy]
    until[rng.random(size) >= _FORGETFUL] = FOREVER
    return Conditions(
        torch.tensor(snr_db, dtype=torch.float32),
        torch.tensor(noise_var, dtype=torch.float32),
        torch.from_numpy(symbols),
        torch.from_numpy(until),
    )
