# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions about pictures of toys, each with the plan that answers it.

- generate_question: from templates, for training and for visual questions with exact truth;
- read_questions: written one by one in other words, to test with.

A plan is text in the grammar of tasks.planner, such as "count any red ball both .". BACK stands for
questions that no plan answers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from importlib import resources

import numpy as np
import yaml

from semcom_core.datasets.toys import COLOURS, SHAPES, SIZES
from semcom_core.errors import ConfigError

#: Instead of a plan: the question is to be asked back.
BACK = "back"
#: In a plan, the shape of something that is no toy.
UNKNOWN = "unknown"
#: Plurals that take no s.
_IRREGULAR = {
    "sheep": "sheep",
    "fish": "fish",
    "person": "people",
    "man": "men",
    "woman": "women",
    "child": "children",
}
#: File of the questions to test with.
_FILE = "questions.txt"
#: Templates and words of the questions.
_TEMPLATE_FILE = "toy_questions.yml"
#: Shares of the templates in training.
_WEIGHTS = {"count S i": 4.0, "exists s i": 2.0}
#: Share of what is no question that is a question in disorder.
_SHUFFLED = 0.3


@lru_cache(maxsize=1)
def _words() -> dict:
    """Templates and words of the questions."""
    file = resources.files("semcom_core.datasets").joinpath(_TEMPLATE_FILE)
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def kinds() -> tuple[str, ...]:
    """Kinds of questions, such as "count S i r d": the operation, and what is named after it."""
    return tuple(_words()["templates"])


def generate_question(rng: np.random.Generator) -> tuple[str, str]:
    """A question of a random template and its plan.

    Args:
        rng: draws template, things and pictures.
    """
    if rng.random() < 0.08:
        return _no_question(rng), BACK
    weights = np.array([_WEIGHTS.get(key, 1.0) for key in kinds()])
    key = kinds()[int(rng.choice(len(weights), p=weights / weights.sum()))]
    return question_for(key, rng)


def question_for(
    key: str, rng: np.random.Generator, strange: float = 0.1, pictures: Sequence[str] = ()
) -> tuple[str, str]:
    """A question of a kind and its plan.

    Args:
        key: of a template.
        rng: draws template, things and pictures.
        strange: chance that something is named that is no toy.
        pictures: that the question may speak of; empty for all that its kind allows.
    """
    template = str(rng.choice(_words()["templates"][key]))
    first, second = (_Thing(rng, strange) for _ in range(2))
    while second.plan == first.plan:  # nobody compares a thing with itself
        second = _Thing(rng, strange)
    comparing = "j" in key.split()
    one, other = _pictures_for(key, template, rng, pictures)
    if key.startswith("attribute"):
        first.forget(key.split()[1], rng)
        if "{d}" not in template:
            first.forget("all", rng)
    place = str(rng.choice(list(_words()["places"])))
    words = {
        "S": first.plural,
        "s": first.singular,
        "d": first.definite,
        "e": second.definite,
        "T": second.plural,
        "r": str(rng.choice(_words()["places"][place])),
        "p": _any(_words()["subjects"][one], rng),
        "i": _any(_words()["additions"][one], rng),
        "j": _any(_words()["additions"][other], rng),
        "q": _any(_words()["subjects"][other], rng),
    }
    if key in ("count S i r d", "exists s i r d"):
        words["d"] = second.definite
    if comparing and one != other and not words["i"]:
        words["i"] = "here"
    if comparing and key.split()[3] == "S" and not words["j"]:
        words["j"] = "here"
    if one == "this" and "{p}" not in template and comparing and one == other:
        words["j"] = words["i"]
    if template in ("What is {i}?", "Tell me what is {i}.", "How many {S} are {i}?", "Is {s} {i}?"):
        words["i"] = words["i"] or "here"
    return _surface(template.format(**words), rng), _plan(key, first, second, one, other, place)


def _pictures_for(
    key: str, template: str, rng: np.random.Generator, pictures: Sequence[str]
) -> tuple[str, str]:
    """Pictures that a question of a kind speaks of; the second only where it compares."""
    operation, *rest = key.split()
    allowed: Sequence[str] = ("this", "last", "first")
    if operation == "count" and "r" not in rest:
        allowed = tuple(_words()["additions"])
    elif operation == "exists" and "r" not in rest:
        allowed = ("this", "last", "first", "both")
    allowed = [name for name in allowed if not pictures or name in pictures]
    if "{i}" not in template and "{p}" not in template:
        allowed = ["this"]
    weights = np.array([3.0 if name == "this" else 1.0 for name in allowed])
    one = str(rng.choice(allowed, p=weights / weights.sum()))
    if "j" in rest and (rest[2] == "S" or rng.random() < 0.5):
        return one, str(rng.choice([name for name in allowed if name != one] or [one]))
    return one, one


def _plan(key: str, first: _Thing, second: _Thing, one: str, other: str, place: str) -> str:
    """Plan of a question of a kind."""
    operation, *rest = key.split()
    if operation == "describe":
        return f"describe {one}"
    if operation == "relation":
        return f"relation {place} {first.plan} {second.plan} {one}"
    if operation in ("which", "richer"):
        return f"{operation} {first.plan}"
    kind = f"{rest[0]} " if operation == "attribute" else ""
    if "j" in rest:
        thing = first if rest[2] == "S" else second
        return f"{operation} {first.plan} {one} . {thing.plan} {other} ."
    beside = f"{place} {second.plan}" if "r" in rest else "."
    return f"{operation} {kind}{first.plan} {one} {beside}"


class _Thing:
    """A thing that a question names: in words, and as a plan has it."""

    def __init__(self, rng: np.random.Generator, strange: float) -> None:
        self._rng = rng
        self.size = str(rng.choice(list(SIZES))) if rng.random() < 0.25 else "any"
        self.colour = str(rng.choice(list(COLOURS))) if rng.random() < 0.5 else "any"
        self.shape = str(rng.choice(SHAPES)) if rng.random() < 0.85 else "thing"
        self._strange = rng.random() < strange
        self._make()

    def forget(self, kind: str, rng: np.random.Generator) -> None:
        """Leave out the attribute that is asked for, or all; something else is named.

        Args:
            kind: colour, shape, size or all.
            rng: draws a colour where a shape is asked for and nothing else is named.
        """
        if kind in ("colour", "all"):
            self.colour = "any"
        if kind in ("size", "all"):
            self.size = "any"
        if kind in ("shape", "all"):
            self.shape = "thing"
            self._strange = False
        if kind == "shape" and self.colour == "any":
            self.colour = str(rng.choice(list(COLOURS)))
        self._make()

    def _make(self) -> None:
        """Choose the words."""
        words = _words()
        noun = _any(words["nouns"][self.shape], self._rng)
        colour = "" if self.colour == "any" else self.colour
        if self._strange and (self._rng.random() < 0.8 or colour):
            noun = _any(words["others"], self._rng)
        elif self._strange:
            colour = _any(words["other_colours"], self._rng)
        size = "" if self.size == "any" else _any(words["sizes"][self.size], self._rng)
        name = " ".join(word for word in (size, colour, noun) if word)
        self.definite = f"the {name}"
        self.singular = f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
        plural = _IRREGULAR.get(noun, noun + ("es" if noun[-1] in "sx" else "s"))
        self.plural = name.removesuffix(noun) + plural

    @property
    def plan(self) -> str:
        """Size, colour and shape."""
        return f"{self.size} {self.colour} {UNKNOWN if self._strange else self.shape}"


def _any(words: Sequence[str], rng: np.random.Generator) -> str:
    return words[int(rng.integers(len(words)))]


def _surface(text: str, rng: np.random.Generator) -> str:
    """A question as people write it: spaces mended, sometimes polite, in lower case, without marks,
    with a word left out.
    """
    text = re.sub(r"\s+([,.?!:])", r"\1", re.sub(r"\s+", " ", text)).strip(" ,:")
    if rng.random() < 0.15:
        text = f"{_any(_words()['polite'], rng)} {text[0].lower()}{text[1:]}"
    text = text[0].upper() + text[1:]
    if rng.random() < 0.2:
        text = text.lower()
    return text.rstrip(".?") if rng.random() < 0.2 else text


def _no_question(rng: np.random.Generator) -> str:
    """Something that no plan answers."""
    if rng.random() < _SHUFFLED:
        key = kinds()[int(rng.integers(len(kinds())))]
        words = question_for(key, rng)[0].split()
        return " ".join(words[k] for k in rng.permutation(len(words)))
    return _any(_words()["nonsense"], rng)


def read_questions() -> list[tuple[str, str]]:
    """The questions to test with, and the plan of each, or BACK."""
    text = resources.files("semcom_core.datasets").joinpath(_FILE).read_text(encoding="utf-8")
    return parse_questions(text)


def parse_questions(text: str) -> list[tuple[str, str]]:
    """Question and plan of each line of a file of questions.

    Raises:
        ConfigError: a line is none.
    """
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        question, tab, plan = line.partition("\t")
        if not tab or not question.strip() or not plan.strip():
            raise ConfigError(
                f"line {number} of the questions is {line!r}; allowed is question and plan with a "
                "tab between"
            )
        found.append((question, plan))
    return found
