# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Execution of plans over received and remembered pictures.

    plan ─► typed steps ─► values: pictures, objects, numbers, truth ─► answer

Every step takes the values of earlier ones, and what it does is a few lines over the objects that
were detected; nothing is guessed. A plan over a picture that is not there, or over an object that
is there twice where one is asked for, ends in one line that says so instead of an answer.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from semcom_core.datasets.toys import SceneObject
from semcom_core.tasks.planner import ANY, THING, Plan, Step, thing_name

#: Least distance of two middles from which on one is left of or above the other, share of the side.
BEYOND = 0.02
#: Numbers that a description writes as words.
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


@dataclass(frozen=True)
class Seen:
    """An object, and the number of the picture that it is in, 0 for the oldest."""

    picture: int
    toy: SceneObject


@dataclass(frozen=True)
class Outcome:
    """What a plan came to.

    Args:
        text: the answer; empty where there is none.
        reason: why there is none, in one line; else empty.
        values: each step in words with its result.
        confidence: of the detections that the answer rests on, 0 to 1.
    """

    text: str
    reason: str = ""
    values: tuple[str, ...] = ()
    confidence: float = 1.0


@dataclass
class _Run:
    """Values of the steps so far by their numbers, the numbers of those whose objects are sorted by
    distance, and the objects that were looked at.
    """

    pictures: Sequence[Sequence[SceneObject]]
    beyond: float = BEYOND
    values: dict[int, Any] = field(default_factory=dict)
    nearest_first: set[int] = field(default_factory=set)
    looked: list[SceneObject] = field(default_factory=list)


class _NoAnswer(Exception):
    """A step has no result; the message says why, for the user."""


def missing_picture(which: str, count: int) -> str:
    """Why there is no such picture, in one line; empty where there is.

    Args:
        which: one of planner.PICTURES.
        count: pictures there are.
    """
    if not count:
        return "no picture has been received, or none is remembered"
    if which in ("last", "both") and count < 2:
        return "there is no picture before this one in the memory"
    return ""


def execute(
    plan: Plan, pictures: Sequence[Sequence[SceneObject]], beyond: float = BEYOND
) -> Outcome:
    """Carry out a plan.

    Args:
        plan: to carry out.
        pictures: objects of each picture, the oldest picture first; one is only looked at where
            the plan asks for it.
        beyond: least distance of two middles from which on one is left of or above the other,
            share of the side.
    """
    run = _Run(pictures, beyond)
    told = []
    result: Any = ""
    for step in plan.steps():
        try:
            result = _OPERATIONS[step.operation](run, step)
        except _NoAnswer as error:
            told.append(f"{step} = none")
            return Outcome("", str(error), tuple(told))
        run.values[step.number] = result
        told.append(f"{step} = {_shown(result)}")
    if not told:
        return Outcome("", "the plan has no steps")
    confidence = min((toy.confidence for toy in run.looked), default=1.0)
    return Outcome(_shown(result), "", tuple(told), confidence)


def _shown(value: Any) -> str:
    """A value in words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        if value and isinstance(value[0], Seen):
            return describe_objects([seen.toy for seen in value])
        return "no objects" if not value else f"{len(value)} pictures"
    return str(value)


def _picture(run: _Run, step: Step) -> list[int]:
    which = step.arguments[0]
    count = len(run.pictures)
    if reason := missing_picture(which, count):
        raise _NoAnswer(reason)
    place = {"this": [count - 1], "last": [count - 2], "first": [0]}
    return place.get(which, list(range(count)))


def _detect(run: _Run, step: Step) -> list[Seen]:
    return [Seen(k, toy) for k in run.values[step.inputs[0]] for toy in run.pictures[k]]


def _select(run: _Run, step: Step) -> list[Seen]:
    return [seen for seen in run.values[step.inputs[0]] if is_like(seen.toy, *step.arguments)]


def is_like(toy: SceneObject, size: str, colour: str, shape: str) -> bool:
    """Whether a toy is of a size, colour and shape, of which each may be any."""
    return size in (ANY, toy.size) and colour in (ANY, toy.colour) and shape in (THING, toy.shape)


def lies(toy: SceneObject, place: str, other: SceneObject, beyond: float = BEYOND) -> bool:
    """Whether the middle of a toy lies at a place from that of another.

    Args:
        toy: that is asked about.
        place: one of planner.PLACES.
        other: that it is seen from.
        beyond: least distance of the middles, share of the side.
    """
    right = toy.x - other.x
    down = toy.y - other.y
    return {"left": -right, "right": right, "above": -down, "below": down}[place] > beyond


def _beside(run: _Run, step: Step) -> Any:
    """Objects at a place from another; with two things as inputs, whether the first is there."""
    first, second = (run.values[k] for k in step.inputs)
    wanted = _only(second, "to look from")
    if step.kind == "truth":
        found = _only(first, "that is asked about")
        run.looked += [found.toy, wanted.toy]
        return lies(found.toy, step.operation, wanted.toy, run.beyond)
    run.looked.append(wanted.toy)
    run.nearest_first.add(step.number)
    kept = [
        seen
        for seen in first
        if seen != wanted and lies(seen.toy, step.operation, wanted.toy, run.beyond)
    ]
    return sorted(kept, key=lambda seen: _distance(seen.toy, wanted.toy))


def _distance(toy: SceneObject, other: SceneObject) -> float:
    return math.hypot(toy.x - other.x, toy.y - other.y)


def _only(found: list[Seen], role: str) -> Seen:
    """The only object of a set."""
    if len(found) != 1:
        number = "no object" if not found else f"{len(found)} objects"
        raise _NoAnswer(f"there is {number} {role}; the question needs exactly one")
    return found[0]


def _count(run: _Run, step: Step) -> int:
    found = run.values[step.inputs[0]]
    run.looked += [seen.toy for seen in found]
    return len(found)


def _numbers(run: _Run, step: Step) -> list[int]:
    return [run.values[k] for k in step.inputs]


def _subtract(run: _Run, step: Step) -> int:
    first, second = _numbers(run, step)
    return first - second


def _compare(run: _Run, step: Step) -> bool:
    first, second = _numbers(run, step)
    return {"more": first > second, "fewer": first < second, "equal": first == second}[
        step.operation
    ]


def _richer(run: _Run, step: Step) -> str:
    this, last = _numbers(run, step)
    return "both alike" if this == last else "this picture" if this > last else "the last picture"


def _exists(run: _Run, step: Step) -> bool:
    sets = [run.values[k] for k in step.inputs]
    run.looked += [seen.toy for found in sets for seen in found[:1]]
    return all(sets)


def _attribute(run: _Run, step: Step) -> str:
    """Attribute of the only object, or of all where they have the same; at a place from another,
    that of the nearest.
    """
    found = run.values[step.inputs[0]]
    if not found:
        raise _NoAnswer("there is no object that is asked about")
    kind = step.arguments[0]
    attributes = {getattr(seen.toy, kind) for seen in found}
    if len(attributes) > 1 and step.inputs[0] not in run.nearest_first:
        raise _NoAnswer(
            f"there are {len(found)} objects that are asked about, and their {kind} is not the same"
        )
    run.looked.append(found[0].toy)
    return getattr(found[0].toy, kind)


def _which(run: _Run, step: Step) -> str:
    found = run.values[step.inputs[0]]
    run.looked += [seen.toy for seen in found]
    numbers = sorted({seen.picture for seen in found})
    count = len(run.pictures)
    if not numbers:
        return f"none of the {count} pictures"
    names = [picture_name(k, count) for k in numbers]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def picture_name(number: int, count: int) -> str:
    """A picture in words.

    Args:
        number: 0 for the oldest.
        count: pictures there are.
    """
    if number == count - 1:
        return "this picture"
    return "the last picture" if number == count - 2 else f"picture {number + 1} of {count}"


def _describe(run: _Run, step: Step) -> str:
    found = [seen.toy for seen in run.values[step.inputs[0]]]
    run.looked += found
    return describe_objects(found)


def describe_objects(toys: Sequence[SceneObject]) -> str:
    """Toys in words, the most frequent first, such as "two large red balls and one small cube".

    Args:
        toys: of a picture.
    """
    kinds = Counter((toy.size, toy.colour, toy.shape) for toy in toys)
    if not kinds:
        return "no objects"
    names = []
    for kind, number in sorted(kinds.items(), key=lambda each: (-each[1], each[0])):
        count = _NUMBERS[number] if number < len(_NUMBERS) else str(number)
        names.append(f"{count} {thing_name(*kind, plural=number > 1)}")
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


_OPERATIONS: dict[str, Callable[[_Run, Step], Any]] = {
    "picture": _picture,
    "detect": _detect,
    "select": _select,
    **{place: _beside for place in ("left", "right", "above", "below")},
    "count": _count,
    "add": lambda run, step: sum(_numbers(run, step)),
    "subtract": _subtract,
    **{operation: _compare for operation in ("more", "fewer", "equal")},
    "richer": _richer,
    "exists": _exists,
    "attribute": _attribute,
    "which": _which,
    "describe": _describe,
}
