# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stories with questions, bAbI tasks 1, 2, 6, 7 and 8: reader of the files, and a generator.

A story is a row of statements, one a time slot, with questions in between. The generator moves
people and objects about in a world and tells what happens, in the wording of bAbI or in the
project's own; a question has an answer that follows from the statements before it, or the answer
"unknown". A story belongs to one part as a whole, by the letters of all its lines.

Source: J. Weston et al., Towards AI-complete question answering: a set of prerequisite toy tasks,
ICLR 2016 (arXiv 1502.05698).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from semcom_core.datasets.corpus import SPLITS, is_test
from semcom_core.errors import ConfigError, check_choice, check_range

#: Tasks that are read and generated, and what they ask.
TASKS = {
    1: "where a person is",
    2: "where an object is",
    6: "whether a person is in a place",
    7: "how many objects a person carries",
    8: "which objects a person carries",
}
#: Answer to a question about what was never sent.
UNKNOWN = "unknown"
#: Folder of the files in the data folder.
BABI_FOLDER = Path("text") / "babi_en10k"
#: Numbers as answers of task 7.
COUNTS = ("none", "one", "two", "three", "four")
#: Answer of task 8 for a person who carries nothing.
NOTHING = "nothing"
#: Statements before a question is tried again, as in bAbI.
_BETWEEN = 2
#: Statements for each question at the most; a world in which less happens is drawn anew.
_MOST_STATEMENTS = 16
#: Share of the statements that are moves, where the person could do something else; where objects
#: are counted more happens to them.
_MOVES = 0.6
_MOVES_COUNTED = 0.35


@dataclass(frozen=True)
class Statement:
    """A sentence that is sent.

    Args:
        slot: place among the statements of the story, from 0.
        text: as it is sent.
    """

    slot: int
    text: str


@dataclass(frozen=True)
class Question:
    """A question, asked after all statements of a smaller slot.

    Args:
        slot: statements before it.
        text: as it is asked.
        answer: a word, words with commas between (task 8), or UNKNOWN.
        support: slots of the statements that the answer follows from; empty for UNKNOWN.
    """

    slot: int
    text: str
    answer: str
    support: tuple[int, ...] = ()


@dataclass(frozen=True)
class Story:
    """Statements and questions in their order.

    Args:
        task: key of TASKS.
        lines: statements and questions.
    """

    task: int
    lines: tuple[Statement | Question, ...]

    @property
    def statements(self) -> list[Statement]:
        """The statements, whose places are their slots."""
        return [line for line in self.lines if isinstance(line, Statement)]

    @property
    def questions(self) -> list[Question]:
        """The questions in their order."""
        return [line for line in self.lines if isinstance(line, Question)]


@dataclass(frozen=True)
class Wording:
    """Words that a generated story is told with.

    Args:
        names, places, objects: what it is about.
        moves, takes, drops, gives: verbs, such as "went to" and "picked up".
    """

    names: tuple[str, ...]
    places: tuple[str, ...]
    objects: tuple[str, ...]
    moves: tuple[str, ...]
    takes: tuple[str, ...]
    drops: tuple[str, ...]
    gives: tuple[str, ...]

    @property
    def subjects(self) -> tuple[str, ...]:
        """What a question can be about."""
        return self.names + self.objects


#: The project's own wording.
OWN_WORDING = Wording(
    names=("Anna", "Omar", "Lena", "Viktor", "Ines", "Paul"),
    places=("workshop", "library", "harbour", "station", "market", "tower"),
    objects=("radio", "lamp", "map", "key"),
    moves=("walked to", "drove to", "hurried to"),
    takes=("collected", "lifted"),
    drops=("set down", "unpacked"),
    gives=("lent", "offered"),
)
#: The wording of bAbI, for more training stories of its kind.
BABI_WORDING = Wording(
    names=("Mary", "John", "Sandra", "Daniel"),
    places=("bathroom", "bedroom", "kitchen", "garden", "office", "hallway"),
    objects=("football", "milk", "apple"),
    moves=("went to", "moved to", "journeyed to", "travelled to", "went back to"),
    takes=("took", "got", "grabbed", "picked up"),
    drops=("dropped", "discarded", "left", "put down"),
    gives=("gave", "handed", "passed"),
)


def read_stories(folder: Path, task: int, split: str = "test") -> list[Story]:
    """Stories of a bAbI file.

    Args:
        folder: with the file, such as qa1_single-supporting-fact_train.txt; the data folder, too.
        task: key of TASKS.
        split: train, test or all; by the hash of a story's letters, answers included.

    Returns:
        The stories in the order of the file.

    Raises:
        ConfigError: there is no such file, or a line of it is not understood.
    """
    check_choice("task", task, TASKS)
    check_choice("split", split, SPLITS)
    places = [path for at in (folder, folder / BABI_FOLDER) for path in at.glob(f"qa{task}_*.txt")]
    if not places:
        raise ConfigError(
            f"data is {str(folder)!r}; allowed is a folder with qa{task}_*.txt, or with "
            f"{BABI_FOLDER} in it"
        )
    try:
        rows = sorted(places)[0].read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{places[0]} cannot be read: {error}; allowed is UTF-8 text") from error
    return [
        parse_story(task, part)
        for part in _parts(rows)
        if split == "all" or is_test("".join(part)) == (split == "test")
    ]


def _parts(rows: list[str]) -> list[list[str]]:
    """Lines of each story: one begins where the numbers begin anew."""
    found: list[list[str]] = []
    for row in rows:
        if not found or row.startswith("1 "):
            found.append([])
        found[-1].append(row)
    return found


def parse_story(task: int, rows: list[str]) -> Story:
    """Story of the lines of a bAbI file: "1 Mary went to the garden.", and with tabs "2 Where is
    Mary?", the answer, and the numbers of the lines that support it.

    Args:
        task: key of TASKS.
        rows: lines, numbered from 1.

    Raises:
        ConfigError: a line has no number, or a question supports itself on no statement.
    """
    lines: list[Statement | Question] = []
    slots: dict[str, int] = {}
    for row in rows:
        number, _, rest = row.partition(" ")
        text, *told = (part.strip() for part in rest.split("\t"))
        try:
            if not number.isdecimal() or not text or len(told) not in (0, 2):
                raise KeyError(number)
            if told:
                support = dict.fromkeys(slots[part] for part in told[1].split())
                lines.append(Question(len(slots), text, told[0], tuple(support)))
            else:
                lines.append(Statement(len(slots), text))
                slots[number] = len(slots)
        except KeyError as error:
            raise ConfigError(
                f"line of a story is {row!r}; allowed is NUMBER STATEMENT, or NUMBER QUESTION, a "
                "tab, the answer, a tab and the numbers of statements before it"
            ) from error
    return Story(task, tuple(lines))


def generate_story(
    task: int,
    rng: np.random.Generator,
    questions: int = 5,
    unknown: float = 0.0,
    wording: Wording = OWN_WORDING,
    at_once: int = 1,
) -> Story:
    """Story of a world that is drawn, with two statements or more before questions.

    Args:
        task: key of TASKS.
        rng: draws the story.
        questions: how many, 1 to 100.
        unknown: share of the questions whose answer is UNKNOWN, 0 to 1, as far as there is
            something that was never sent.
        wording: words of the story.
        at_once: questions after one another at the most, 1 to 10.

    Returns:
        The story.

    Raises:
        ConfigError: an argument is outside what is allowed.
    """
    check_choice("task", task, TASKS)
    check_range("questions", questions, 1, 100)
    check_range("unknown", unknown, 0, 1)
    check_range("at_once", at_once, 1, 10)
    of_unknown = rng.random(questions) < unknown
    while True:
        world = _World(task, rng, wording)
        lines: list[Statement | Question] = []
        asked = 0
        while asked < questions and len(world.told) < _MOST_STATEMENTS * questions:
            for _ in range(_BETWEEN):
                lines.append(Statement(len(world.told), world.step()))
            for _ in range(min(at_once, questions - asked)):
                question = None
                if of_unknown[asked]:
                    question = unknown_question(task, world.told, rng, wording)
                question = question or world.question()
                if question is not None:
                    lines.append(question)
                    asked += 1
        if asked == questions:
            return Story(task, tuple(lines))


def unknown_question(
    task: int, statements: list[str], rng: np.random.Generator, wording: Wording = OWN_WORDING
) -> Question | None:
    """Question of the kind of a task about a person or object that no statement has named.

    Args:
        task: key of TASKS.
        statements: texts sent so far.
        rng: draws whom it is about.
        wording: words to choose from.

    Returns:
        The question; None where all have been named.
    """
    named = set(re.findall(r"\w+", " ".join(statements)))
    left = [subject for subject in _subjects(task, wording) if subject not in named]
    if not left:
        return None
    subject = str(rng.choice(left))
    place = str(rng.choice(wording.places))
    return Question(len(statements), _asked(task, subject, place), UNKNOWN)


def add_unknown(story: Story, rng: np.random.Generator, wording: Wording = OWN_WORDING) -> Story:
    """The same story with a question at the end whose answer is UNKNOWN.

    Args:
        story: as read or generated.
        rng: draws the question.
        wording: words to choose from; with those of another wording there is always one.

    Returns:
        The story; unchanged where all words of the wording have been named.
    """
    texts = [statement.text for statement in story.statements]
    question = unknown_question(story.task, texts, rng, wording)
    return story if question is None else Story(story.task, (*story.lines, question))


def _subjects(task: int, wording: Wording) -> tuple[str, ...]:
    return wording.objects if task == 2 else wording.names


def _asked(task: int, subject: str, place: str) -> str:
    """Text of a question."""
    return {
        1: f"Where is {subject}?",
        2: f"Where is the {subject}?",
        6: f"Is {subject} in the {place}?",
        7: f"How many objects is {subject} carrying?",
        8: f"What is {subject} carrying?",
    }[task]


class _World:
    """People who walk about and carry objects; what is told of them, and what follows from it.

    Args:
        task: key of TASKS; people carry objects in all but 1, and give them away in 7.
        rng: draws places and actions.
        wording: words to tell it with.
    """

    def __init__(self, task: int, rng: np.random.Generator, wording: Wording):
        self.told: list[str] = []
        self._task = task
        self._rng = rng
        self._wording = wording
        people = int(rng.integers(2, 5))
        self._people = self._drawn(wording.names, min(people, len(wording.names)))
        objects = int(rng.integers(1 if task != 2 else 2, 4))
        self._objects = self._drawn(wording.objects, min(objects, len(wording.objects)))
        # where everybody and everything is, told or not
        self._place = {person: self._one(wording.places) for person in self._people}
        # objects to be counted lie together more often, so that somebody carries several
        where = self._drawn(wording.places, 2 if task in (7, 8) else len(wording.places))
        self._lies: dict[str, str] = {item: self._one(where) for item in self._objects}
        self._carried: dict[str, list[str]] = {person: [] for person in self._people}
        # slots of what was told
        self._moved: dict[str, int] = {}
        self._handled: dict[str, list[int]] = {person: [] for person in self._people}
        self._item_support: dict[str, tuple[str, int, int | None]] = {}

    def _drawn(self, words: tuple[str, ...], count: int) -> list[str]:
        return [words[i] for i in self._rng.permutation(len(words))[:count]]

    def _one(self, words: tuple[str, ...] | list[str]) -> str:
        return words[int(self._rng.integers(len(words)))]

    def step(self) -> str:
        """Let something happen; the statement that tells it."""
        person = self._one(self._people)
        here = self._place[person]
        actions: list[Callable[[str], str]] = []
        if self._task != 1:
            if here in self._lies.values():
                actions.append(self._take)
            if self._carried[person]:
                actions.append(self._drop)
                if self._task == 7 and list(self._place.values()).count(here) > 1:
                    actions.append(self._give)
        moves = _MOVES_COUNTED if self._task in (7, 8) else _MOVES
        if not actions or self._rng.random() < moves:
            text = self._move(person)
        else:
            text = actions[int(self._rng.integers(len(actions)))](person)
        self.told.append(text)
        return text

    def _move(self, person: str) -> str:
        places = [place for place in self._wording.places if place != self._place[person]]
        self._place[person] = self._one(places)
        self._moved[person] = len(self.told)
        return f"{person} {self._one(self._wording.moves)} the {self._place[person]}."

    def _take(self, person: str) -> str:
        item = self._one([i for i, at in self._lies.items() if at == self._place[person]])
        del self._lies[item]
        self._carried[person].append(item)
        self._handle(item, person)
        return f"{person} {self._one(self._wording.takes)} the {item} there."

    def _drop(self, person: str) -> str:
        item = self._one(self._carried[person])
        self._carried[person].remove(item)
        self._lies[item] = self._place[person]
        self._handle(item, person)
        there = " there" if self._rng.random() < 0.2 else ""
        return f"{person} {self._one(self._wording.drops)} the {item}{there}."

    def _give(self, person: str) -> str:
        item = self._one(self._carried[person])
        here = self._place[person]
        others = [other for other in self._people if other != person]
        other = self._one([other for other in others if self._place[other] == here])
        self._carried[person].remove(item)
        self._carried[other].append(item)
        self._handle(item, other)
        self._handled[person].append(len(self.told))
        return f"{person} {self._one(self._wording.gives)} the {item} to {other}."

    def _handle(self, item: str, person: str) -> None:
        """Keep the slot of what happens to an item, and where the person was told to be then."""
        slot = len(self.told)
        self._handled[person].append(slot)
        self._item_support[item] = (person, slot, self._moved.get(person))

    def question(self) -> Question | None:
        """A question of the task whose answer follows from what was told; None where none does."""
        slot = len(self.told)
        if self._task == 2:
            return self._where_an_item_is(slot)
        known = (
            self._moved if self._task in (1, 6) else {p: s for p, s in self._handled.items() if s}
        )
        if not known:
            return None
        people = list(known)
        if self._task in (7, 8):  # who did more is asked about more often
            people = [person for person in people for _ in self._handled[person]]
        person = self._one(people)
        if self._task in (1, 6):
            support: tuple[int, ...] = (self._moved[person],)
            answer = self._place[person]
        else:
            support = tuple(self._handled[person])
            carried = self._carried[person]
            answer = COUNTS[len(carried)] if self._task == 7 else ",".join(carried) or NOTHING
        place = ""
        if self._task == 6:
            right = self._rng.random() < 0.5
            place = answer if right else self._one([p for p in self._wording.places if p != answer])
            answer = "yes" if right else "no"
        return Question(slot, _asked(self._task, person, place), answer, support)

    def _where_an_item_is(self, slot: int) -> Question | None:
        """Task 2: what happened to the item last, and where the person was told to be, either then
        or, who carries it, now.
        """
        found = {}
        for item, (person, handled, moved) in self._item_support.items():
            if item not in self._lies:
                moved = self._moved.get(person)
            if moved is not None:
                place = self._lies.get(item) or self._place[person]
                found[item] = (place, (handled, moved))
        if not found:
            return None
        item = self._one(list(found))
        place, support = found[item]
        return Question(slot, _asked(2, item, ""), place, support)
