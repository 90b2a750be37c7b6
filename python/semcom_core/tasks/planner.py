# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planning by constrained decoding: a request becomes a program of typed steps over pictures.

A plan is a sentence of a small grammar in prefix form, in which each place has a type:

    answer  = count SET | total ONE ONE | difference ONE ONE | more ONE ONE | fewer ONE ONE
            | equal ONE ONE | richer THING | exists SET | attribute KIND ONE
            | relation PLACE THING THING SINGLE | which THING | describe SINGLE | back
    SET     = SIZE COLOUR SHAPE PICTURE REST        ONE = SIZE COLOUR SHAPE SINGLE REST
    SINGLE  = this | last | first                   PICTURE = SINGLE | both | every
    THING   = SIZE COLOUR SHAPE
    REST    = . | PLACE THING                       PLACE = left | right | above | below

"How many balls are in this picture and the last one together?" is `count any any ball both .`, and
`back` says that the request is to be asked back.

A scorer (a trained parser, or any causal language model) gives probabilities of the next word; the
grammar says which words there may be, so that what is not a plan has no way to come out, whatever
the scorer says. Then the plan must fit the request: what it names has to be named there, and the
other way round. Else, and below a confidence, the request is asked back.

Source: R. Shin et al., Constrained language models yield few-shot semantic parsers, EMNLP 2021; the
programs are those of J. Johnson et al., CLEVR, CVPR 2017, in a smaller form.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from semcom_core.datasets.toy_questions import BACK, UNKNOWN
from semcom_core.datasets.toys import COLOURS, SHAPES, SIZES
from semcom_core.errors import ConfigError, check_range

if TYPE_CHECKING:
    from semcom_core.models.language import LanguageModel

#: Word of a size or colour that does not matter, and of a shape that does not matter.
ANY = "any"
THING = "thing"
#: Pictures a plan can speak of: the newest, the one before it, the oldest, the newest two, all.
PICTURES = ("this", "last", "first", "both", "every")
PLACES = ("left", "right", "above", "below")
KINDS = ("colour", "shape", "size")
#: Nonterminal → first word of each of its forms → nonterminals that follow it.
GRAMMAR: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "answer": {
        "count": ("set",),
        "total": ("one", "one"),
        "difference": ("one", "one"),
        "more": ("one", "one"),
        "fewer": ("one", "one"),
        "equal": ("one", "one"),
        "richer": ("size", "colour", "shape"),
        "exists": ("set",),
        "attribute": ("kind", "one"),
        "relation": ("place", "size", "colour", "shape", "size", "colour", "shape", "single"),
        "which": ("size", "colour", "shape"),
        "describe": ("single",),
        BACK: (),
    },
    "set": {size: ("colour", "shape", "picture", "rest") for size in (ANY, *SIZES)},
    "size": {size: () for size in (ANY, *SIZES)},
    "colour": {colour: () for colour in (ANY, *COLOURS)},
    "shape": {shape: () for shape in (THING, *SHAPES, UNKNOWN)},
    "picture": {picture: () for picture in PICTURES},
    "kind": {kind: () for kind in KINDS},
    "place": {place: () for place in PLACES},
    "rest": {".": (), **{place: ("size", "colour", "shape") for place in PLACES}},
    "one": {size: ("colour", "shape", "single", "rest") for size in (ANY, *SIZES)},
    "single": {picture: () for picture in PICTURES[:3]},
}
#: Operations that count, and the pictures that "both" stands for.
_COUNTING = ("count", "total", "difference", "more", "fewer", "equal", "richer")
_BOTH = {"both": ("this", "last")}
#: All words of plans, in a fixed order.
WORDS = tuple(dict.fromkeys(word for forms in GRAMMAR.values() for word in forms))
#: Most words of a plan that the grammar allows.
MOST_WORDS = 17
#: Least confidence with which a plan is carried out.
THRESHOLD = 0.5
#: Hypotheses that are followed at once.
_BEAM = 4
#: Longest request, characters.
MOST_CHARACTERS = 400
#: How requests call what plans name.
_NAMES = {
    "ball": "balls? spheres?",
    "cube": "cubes? box(es)? blocks?",
    "cone": "cones?",
    "cylinder": "cylinders?",
    "ring": "rings? hoops?",
    "small": "small(er)? little tiny",
    "large": "large(r)? big(ger)? huge",
    **{colour: colour for colour in COLOURS},
    "left": "left",
    "right": "right",
    "above": "above over top higher",
    "below": "below under(neath)? beneath lower",
}


def _mention(forms: str) -> re.Pattern:
    """A word that is one of some forms."""
    return re.compile(rf"\b(?:{'|'.join(forms.split())})\b", re.IGNORECASE)


#: How requests call pictures.
_PICTURE_MENTIONS = {
    "last": _mention("last previous preceding former"),
    "first": _mention("first oldest initial"),
}
_MENTIONS = {name: _mention(forms) for name, forms in _NAMES.items()}
#: Names that may stand in a request for something else ("over both pictures", "the right answer").
_AMBIGUOUS = ("left", "right", "above", "below", "small", "large")


def next_words(words: Sequence[str]) -> tuple[str, ...]:
    """Words that can follow the beginning of a plan; none where the plan is complete.

    Raises:
        ConfigError: it is not the beginning of a plan.
    """
    waiting = ["answer"]
    for number, word in enumerate(words):
        forms = GRAMMAR[waiting.pop()] if waiting else {}
        if word not in forms:
            allowed = ", ".join(forms) if forms else "the end"
            raise ConfigError(f"word {number + 1} of a plan is {word!r}; allowed is {allowed}")
        waiting += reversed(forms[word])
    return tuple(GRAMMAR[waiting[-1]]) if waiting else ()


@dataclass(frozen=True)
class Selection:
    """Toys that a plan speaks of.

    Args:
        size, colour, shape: what they are like; ANY or THING for any.
        picture: one of PICTURES.
        place: one of PLACES, where they lie from a `reference`; empty for anywhere.
        reference: size, colour and shape of what they lie beside.
    """

    size: str
    colour: str
    shape: str
    picture: str
    place: str = ""
    reference: tuple[str, str, str] = (ANY, ANY, THING)

    @property
    def name(self) -> str:
        """In words, such as "small red balls left of a cube"."""
        text = thing_name(self.size, self.colour, self.shape, plural=True)
        if not self.place:
            return text
        return f"{text} {_PLACE_NAMES[self.place]} a {thing_name(*self.reference)}"


#: Places in words.
_PLACE_NAMES = {"left": "left of", "right": "right of", "above": "above", "below": "below"}


def thing_name(size: str, colour: str, shape: str, plural: bool = False) -> str:
    """A toy in words, such as "small red ball".

    Args:
        size, colour, shape: ANY or THING for any.
        plural: whether it is several.
    """
    noun = shape if shape in SHAPES else "object"
    return " ".join([*(word for word in (size, colour) if word != ANY), noun + "s" * plural])


@dataclass(frozen=True)
class Step:
    """One typed step of a plan.

    Args:
        number: from 1 on.
        operation: what is done.
        inputs: numbers of the steps whose results it takes.
        arguments: what else it takes: a picture; size, colour and shape; a kind of attribute.
        kind: type of its result: picture, objects, number, truth or text.
    """

    number: int
    operation: str
    inputs: tuple[int, ...]
    arguments: tuple[str, ...]
    kind: str

    def __str__(self) -> str:
        words = self.arguments
        details = [thing_name(*words, plural=True)] if len(words) == 3 else list(words)
        taken = ", ".join([*(f"#{k}" for k in self.inputs), *details])
        return f"{self.number}. {self.operation}({taken}) → {self.kind}"


@dataclass(frozen=True)
class Plan:
    """A plan, which the grammar accepts.

    Args:
        words: of the plan.

    Raises:
        ConfigError: the grammar does not accept them.
    """

    words: tuple[str, ...]

    def __post_init__(self) -> None:
        missing = next_words(self.words)
        if missing:
            raise ConfigError(
                f"plan {str(self)!r} ends too early; allowed next is {', '.join(missing)}"
            )

    @classmethod
    def parse(cls, text: str) -> Plan:
        """The plan in a text of words with spaces between.

        Raises:
            ConfigError: the grammar does not accept it.
        """
        return cls(tuple(text.split()))

    def __str__(self) -> str:
        return " ".join(self.words)

    @property
    def operation(self) -> str:
        """What the plan does, a form of "answer" in GRAMMAR."""
        return self.words[0]

    @property
    def selections(self) -> tuple[Selection, ...]:
        """What the plan selects, in its order."""
        words = list(self.words[1:])
        if self.operation == BACK:
            return ()
        if self.operation == "describe":
            return (Selection(ANY, ANY, THING, words[0]),)
        if self.operation == "relation":
            first = Selection(words[1], words[2], words[3], words[7])
            return first, Selection(words[4], words[5], words[6], words[7])
        if self.operation in ("which", "richer"):
            picture = "every" if self.operation == "which" else "both"
            return (Selection(words[0], words[1], words[2], picture),)
        if self.operation == "attribute":
            words = words[1:]
        found = []
        while words:
            size, colour, shape, picture, rest = words[:5]
            reference = (words[5], words[6], words[7]) if rest != "." else (ANY, ANY, THING)
            place = "" if rest == "." else rest
            found.append(Selection(size, colour, shape, picture, place, reference))
            words = words[5:] if rest == "." else words[8:]
        return tuple(found)

    @property
    def detail(self) -> str:
        """Kind of attribute, or place of a relation; else empty."""
        return self.words[1] if self.operation in ("attribute", "relation") else ""

    def means_the_same(self, other: Plan) -> bool:
        """Whether both plans have the same answer on all pictures: a sum and an equality have no
        order, a count in both pictures is a sum, and fewer is more the other way round.
        """
        return self._ordered == other._ordered

    @property
    def _ordered(self) -> tuple:
        sets: tuple = self.selections
        if self.operation == "count" and sets[0].picture in _BOTH:
            each = [replace(sets[0], picture=picture) for picture in _BOTH[sets[0].picture]]
            return "total", "", tuple(sorted(each, key=str))
        if self.operation in ("total", "equal"):
            sets = tuple(sorted(sets, key=str))
        if self.operation == "fewer":
            return "more", "", sets[::-1]
        return self.operation, self.detail, sets

    def steps(self) -> tuple[Step, ...]:
        """The typed steps of the plan, in the order in which they are carried out."""
        return _Steps().of(self)


class _Steps:
    """Steps as they are written down; what was done before is not done twice."""

    def __init__(self) -> None:
        self._steps: dict[tuple, Step] = {}

    def add(
        self, operation: str, inputs: Sequence[int], kind: str, arguments: tuple[str, ...] = ()
    ) -> int:
        """Number of a step, which is added where there is none like it."""
        key = (operation, kind, *inputs, *arguments)
        if key not in self._steps:
            number = len(self._steps) + 1
            self._steps[key] = Step(number, operation, tuple(inputs), arguments, kind)
        return self._steps[key].number

    def select(self, wanted: Selection, picture: str) -> int:
        """Number of the step that gives a selection from one picture."""
        loaded = self.add("picture", (), "picture", (picture,))
        found = self.add("detect", (loaded,), "objects")
        things = (wanted.size, wanted.colour, wanted.shape)
        kept = found
        if things != (ANY, ANY, THING):
            kept = self.add("select", (found,), "objects", things)
        if not wanted.place:
            return kept
        reference = self.add("select", (found,), "objects", wanted.reference)
        return self.add(wanted.place, (kept, reference), "objects")

    def of(self, plan: Plan) -> tuple[Step, ...]:
        """All steps of a plan; none where it asks back."""
        if plan.operation == BACK:
            return ()
        sets = [
            [self.select(wanted, each) for each in _BOTH.get(wanted.picture, (wanted.picture,))]
            for wanted in plan.selections
        ]
        flat = [number for numbers in sets for number in numbers]
        if plan.operation in _COUNTING:
            counts = [[self.add("count", (k,), "number") for k in numbers] for numbers in sets]
            if plan.operation == "richer":
                self.add("richer", counts[0], "text")
                return tuple(self._steps.values())
            sums = [
                each[0] if len(each) == 1 else self.add("add", each, "number") for each in counts
            ]
            if plan.operation == "total":
                self.add("add", sums, "number")
            elif plan.operation == "difference":
                self.add("subtract", sums, "number")
            elif plan.operation != "count":
                self.add(plan.operation, sums, "truth")
        elif plan.operation == "exists":
            self.add("exists", flat, "truth")
        elif plan.operation == "relation":
            self.add(plan.detail, flat, "truth")
        else:
            arguments = (plan.detail,) if plan.detail else ()
            self.add(plan.operation, flat, "text", arguments)
        return tuple(self._steps.values())


class PlanSession(Protocol):
    """A scorer at work on one request."""

    def log_probs(self, words: tuple[str, ...], options: tuple[str, ...]) -> np.ndarray:
        """Natural log-probabilities, up to a constant, of each option after the beginning of a
        plan, float (len(options),).
        """


class PlanScorer(Protocol):
    """Model that says which word of a plan is likely next."""

    def start(self, request: str) -> PlanSession:
        """Begin a plan for a request."""


@dataclass(frozen=True)
class PlanResult:
    """What became of a request.

    Args:
        plan: None where the request is asked back.
        confidence: probability of the plan among all plans, 0 to 1.
        asked_back: why, in one line; empty where there is a plan.
    """

    plan: Plan | None
    confidence: float
    asked_back: str = ""


def decode_plans(scorer: PlanScorer, request: str, beam: int = _BEAM) -> list[tuple[Plan, float]]:
    """The likeliest plans for a request and their probabilities, the likeliest first.

    Every one is a sentence of the grammar: of the scores, only those of words that can follow are
    looked at, and scores that are no numbers count as nothing.

    Args:
        scorer: of the next words.
        request: as received.
        beam: hypotheses that are followed at once, 1 to 64.
    """
    check_range("beam", beam, 1, 64)
    session = scorer.start(request)
    growing: list[tuple[tuple[str, ...], float]] = [((), 0.0)]
    found: list[tuple[Plan, float]] = []
    while growing:
        grown = []
        for words, score in growing:
            options = next_words(words)
            if not options:
                found.append((Plan(words), float(np.exp(score))))
                continue
            gains = _normalised(session.log_probs(words, options), len(options))
            grown += [((*words, word), score + gain) for word, gain in zip(options, gains)]
        growing = sorted(grown, key=lambda each: -each[1])[:beam]
    return sorted(found, key=lambda each: -each[1])[:beam]


def _normalised(scores: np.ndarray, count: int) -> list[float]:
    """Log-probabilities that add up to 1, of scores that may be anything."""
    values = np.asarray(scores, float).reshape(-1)
    if values.size != count or not np.isfinite(values).any():
        return [-float(np.log(count))] * count
    values = np.where(np.isfinite(values), values, -np.inf)
    values = values - values.max()
    return (values - np.log(np.exp(values).sum())).tolist()


class Planner:
    """Makes plans for requests (see the module).

    Args:
        scorer: of the next words.
        threshold: least confidence, 0 to 1.
    """

    def __init__(self, scorer: PlanScorer, threshold: float = THRESHOLD) -> None:
        check_range("threshold", threshold, 0, 1)
        self._scorer = scorer
        self._threshold = threshold

    def plan(self, request: str) -> PlanResult:
        """A plan for a request, or why it is asked back.

        Args:
            request: as received.
        """
        text = " ".join(request.split())
        if not 0 < len(text) <= MOST_CHARACTERS:
            return PlanResult(None, 0.0, f"the request has not 1 to {MOST_CHARACTERS} characters")
        plans = decode_plans(self._scorer, text)
        fitting = [(plan, chance) for plan, chance in plans if not misfit(plan, text)]
        if not fitting:
            return PlanResult(None, 0.0, misfit(plans[0][0], text))
        plan, chance = fitting[0]
        if plan.operation == BACK:
            return PlanResult(None, chance, "it is no question about the pictures")
        if any(UNKNOWN in (s.shape, s.reference[2]) for s in plan.selections):
            reason = f"it asks for something that is none of {', '.join(SHAPES)}"
            return PlanResult(None, chance, reason)
        if chance < self._threshold:
            unclear = "it is not clear what is to be done with the pictures"
            return PlanResult(None, chance, misfit(plans[0][0], text) or unclear)
        return PlanResult(plan, chance)


def misfit(plan: Plan, request: str) -> str:
    """What a plan names and the request does not, or the other way round, in one line; empty where
    they fit.

    Args:
        plan: made for the request.
        request: on one line.
    """
    named = {word for word in plan.words if word in _MENTIONS} - set(
        plan.words[:1] if plan.operation in _MENTIONS else ()
    )
    asked = mentioned(request)
    if reason := _meaningless(plan):
        return reason
    if extra := sorted(named - asked):
        return f"the plan speaks of {extra[0]!r}, which the request does not"
    if left := sorted(asked - named - set(_AMBIGUOUS)):
        return f"the request speaks of {left[0]!r}, for which there is no step"
    used = {each for s in plan.selections for each in _BOTH.get(s.picture, (s.picture,))}
    for picture, mention in _PICTURE_MENTIONS.items():
        if plan.operation != BACK and not used & {picture, "every"} and mention.search(request):
            return f"the request speaks of the {picture} picture, for which there is no step"
    return ""


def _meaningless(plan: Plan) -> str:
    """Why nobody would ask for a plan, in one line; empty where one may: it compares a set with
    itself, or asks for an attribute by which it selects.
    """
    sets = plan.selections
    if plan.operation in _COUNTING and len(sets) > 1 and sets[0] == sets[1]:
        return "the plan compares something with itself"
    if plan.operation == "relation" and sets[0] == sets[1]:
        return "the plan compares something with itself"
    if plan.operation == "attribute" and getattr(sets[0], plan.detail) not in (ANY, THING):
        return f"the plan asks for a {plan.detail} that it states"
    return ""


def mentioned(request: str) -> set[str]:
    """Shapes, colours, sizes and places that a request names.

    Args:
        request: as received.
    """
    return {name for name, form in _MENTIONS.items() if form.search(request)}


#: Requests with their plans, which a language model is shown.
EXAMPLES = (
    ("How many balls are there?", "count any any ball this ."),
    ("Count the red cubes in the last picture.", "count any red cube last ."),
    ("How many cones are in both pictures together?", "count any any cone both ."),
    (
        "Are there more rings here than cubes in the last picture?",
        "more any any ring this . any any cube last .",
    ),
    ("Is there a small blue ring in the first picture?", "exists small blue ring first ."),
    ("What colour is the large cone?", "attribute colour large any cone this ."),
    (
        "Is the green ball left of the cube?",
        "relation left any green ball any any cube this",
    ),
    ("Which picture had the white cylinder?", "which any white cylinder"),
)


class LanguageModelScorer:
    """Any causal language model as a scorer: it is shown some requests with their plans, and then
    the request.

    Args:
        model: the model.
        examples: requests with their plans, the first ones left out where they do not fit.
    """

    def __init__(
        self, model: LanguageModel, examples: Sequence[tuple[str, str]] = EXAMPLES
    ) -> None:
        self._model = model
        self._shown = [text for example in examples for text in example]

    def start(self, request: str) -> PlanSession:
        """Begin a plan for a request; special tokens in it are text."""
        return _LanguageModelSession(self._model.with_context([*self._shown, request]))


class _LanguageModelSession:
    """Token tree of a model after a request; what was looked at is kept."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model
        self._tree = model.tree()
        self._nodes: dict[tuple[int, ...], tuple[int, np.ndarray]] = {(): self._tree.root()}

    def log_probs(self, words: tuple[str, ...], options: tuple[str, ...]) -> np.ndarray:
        """Sums over the tokens of each option."""
        before = self._model.tokenize(" ".join(words)) if words else []
        found = []
        for option in options:
            tokens = self._model.tokenize(" ".join((*words, option)))
            shared = tokens[: len(before)] == before
            start = len(before) if shared else 0
            score = 0.0
            for k in range(start, len(tokens)):
                score += float(self._after(tuple(tokens[:k]))[tokens[k]])
            found.append(score * np.log(2))
        return np.array(found)

    def _after(self, tokens: tuple[int, ...]) -> np.ndarray:
        """Log2-probabilities of the token after some tokens."""
        known = max(k for k in range(len(tokens) + 1) if tokens[:k] in self._nodes)
        for k in range(known, len(tokens)):
            nodes, scores = self._tree.extend([self._nodes[tokens[:k]][0]], [tokens[k]])
            self._nodes[tokens[: k + 1]] = (nodes[0], scores[0])
        return self._nodes[tokens][1]
