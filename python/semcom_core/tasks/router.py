# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Task router: a received request is understood, and the right model is run on the right items.

    request ─► intention (task, item) ─┬► count, answer about pictures ─► planner ─► executor
                 memory ─► items ──────┼► answer about texts ─► answerer
                                       ├► describe, classify ─► detector, or answerer's labels
                                       ├► reconstruct ─► what was received, as it is kept
                                       └► generate ─► scene of the toys that are named

What may be done is a TaskPolicy, set where the router is made. A request, a message or a picture is
only ever data: none of them reaches the policy, the thresholds or the memory's content. What is not
understood, names a missing item or is not allowed is asked back in one line.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from semcom_core.config import setting
from semcom_core.datasets.requests import NONE, TASKS
from semcom_core.datasets.toys import COLOURS, MOST, SHAPES, SIZES, SceneObject, place_toys
from semcom_core.errors import check_choice, check_range
from semcom_core.memory.item import IMAGE, TEXT, MemoryItem
from semcom_core.memory.store import MemoryStore
from semcom_core.tasks.executor import describe_objects, execute, is_like, missing_picture
from semcom_core.tasks.planner import ANY, THING, Planner, mentioned

if TYPE_CHECKING:
    from semcom_core.tasks.answerer import Answerer
    from semcom_core.tasks.intention import Intention, IntentionClassifier
    from semcom_core.tasks.vision import Detector

#: Words that say what kind of item a request speaks of.
_SPEAKS_OF = {
    IMAGE: re.compile(r"\b(pictures?|images?|photos?|snapshots?|frames?|shots?|scenes?)\b", re.I),
    TEXT: re.compile(r"\b(messages?|texts?|transmissions?|sentences?|letters?|words?)\b", re.I),
}
#: Labels of texts.
LABELS = ("question", "order", "report")
#: A shape with the number and the attributes before it.
_NAMED = re.compile(
    rf"\b(?:(?P<number>an?|one|two|three|four|five|six|seven|eight|nine|\d)\s+)?"
    rf"(?P<words>(?:(?:{'|'.join((*SIZES, 'big', 'little', *COLOURS))})\s+)*)"
    rf"(?P<shape>{'|'.join(SHAPES)})s?\b",
    re.I,
)
_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_SYNONYMS = {"big": "large", "little": "small"}
#: Objects of so many pictures are kept.
_KEPT = 256


@dataclass(frozen=True)
class TaskPolicy:
    """What a router may do.

    Raises:
        ConfigError: a value is outside what is allowed.
    """

    tasks: str = setting(
        ",".join(TASKS[:-1]), f"tasks that may be done, of {', '.join(TASKS[:-1])}"
    )
    most_pictures: int = setting(64, "pictures that a plan may look at, the newest, 1 to 4096")
    most_messages: int = setting(10_000, "messages that an answer may rest on, 1 to 1000000")

    def __post_init__(self) -> None:
        for name in self.tasks.split(","):
            check_choice("task", name, TASKS[:-1])
        check_range("most_pictures", self.most_pictures, 1, 4096)
        check_range("most_messages", self.most_messages, 1, 1_000_000)

    def allows(self, task: str) -> bool:
        """Whether a task may be done."""
        return task in self.tasks.split(",")


@dataclass(frozen=True, eq=False)
class TaskResult:
    """What became of a request.

    Args:
        request: as received.
        task, item: as understood.
        text: the answer; empty where there is none.
        asked_back: why there is none, in one line; else empty.
        confidence: 0 to 1.
        steps: of the plan with their results, if there was one.
        keys: of the memory items that it rests on.
        pixels: of a picture that was made or given back, uint8 (H, W, 3); None without one.
    """

    request: str
    task: str
    item: str
    text: str = ""
    asked_back: str = ""
    confidence: float = 0.0
    steps: tuple[str, ...] = ()
    keys: tuple[int, ...] = ()
    pixels: np.ndarray | None = None


@dataclass
class _Case:
    """A request at work: what was understood, and what there is to work on."""

    request: str
    task: str
    item: str
    confidence: float
    images: list[MemoryItem]
    texts: list[MemoryItem]
    steps: tuple[str, ...] = ()
    keys: list[int] = field(default_factory=list)


class _AskBack(Exception):
    """The request cannot be carried out; the message says why, for the user."""


class TaskRouter:
    """Carries out requests over the memory (see the module).

    Args:
        intentions: understands requests.
        planner: plans for questions about pictures.
        detector: sees objects in pictures.
        answerer: answers questions about texts; None where none are to be answered.
        policy: what may be done; None for everything.
        rng: places the toys of generated scenes; None for a fixed seed.
    """

    def __init__(
        self,
        intentions: IntentionClassifier,
        planner: Planner,
        detector: Detector,
        answerer: Answerer | None = None,
        policy: TaskPolicy | None = None,
        rng: np.random.Generator | None = None,
    ) -> None:
        self.policy = policy or TaskPolicy()
        self._intentions = intentions
        self._planner = planner
        self._detector = detector
        self._answerer = answerer
        self._rng = rng or np.random.default_rng(1)
        self._seen: OrderedDict[bytes, tuple[SceneObject, ...]] = OrderedDict()

    def handle(
        self, request: str, memory: MemoryStore, intention: Intention | None = None
    ) -> TaskResult:
        """Carry out a request, or ask back.

        Args:
            request: as received.
            memory: what was received before; it is only read.
            intention: of the request; None has it understood here.
        """
        intention = intention or self._intentions.understand(request)
        items = sorted(memory, key=lambda item: (item.slot, item.key))
        case = _Case(
            request,
            intention.task,
            intention.item,
            intention.confidence,
            [item for item in items if item.modality == IMAGE][-self.policy.most_pictures :],
            [item for item in items if item.modality == TEXT][-self.policy.most_messages :],
        )
        try:
            if intention.asked_back:
                raise _AskBack(intention.asked_back)
            if not self.policy.allows(case.task):
                raise _AskBack(
                    f"task {case.task!r} is not allowed here; allowed is {self.policy.tasks}"
                )
            text, pixels = self._work(case)
        except _AskBack as reason:
            return self._result(case, "", str(reason), None)
        return self._result(case, text, "", pixels)

    def _result(
        self, case: _Case, text: str, asked_back: str, pixels: np.ndarray | None
    ) -> TaskResult:
        keys = tuple(dict.fromkeys(case.keys))
        return TaskResult(
            case.request,
            case.task,
            case.item,
            text,
            asked_back,
            case.confidence,
            case.steps,
            keys,
            pixels,
        )

    def _work(self, case: _Case) -> tuple[str, np.ndarray | None]:
        """Answer, and the picture that goes with it."""
        if case.task in ("count", "answer"):
            return self._question(case), None
        if case.task == "generate":
            return self._generate(case)
        found = self._items(case)
        case.keys += [item.key for item in found]
        if case.task == "describe":
            return "; ".join(self._in_words(item) for item in found), None
        if case.task == "classify":
            return "; ".join(self._label(item) for item in found), None
        pictures = [item.pixels for item in found if item.modality == IMAGE]
        texts = [item.text for item in found if item.modality == TEXT]
        return "; ".join([*texts, *("picture" for _ in pictures)]), (
            _side_by_side(pictures) if pictures else None
        )

    def objects(self, item: MemoryItem) -> tuple[SceneObject, ...]:
        """Objects in a remembered picture; each picture is looked at once.

        Raises:
            ConfigError: the item holds no picture.
        """
        if item.payload not in self._seen:
            self._seen[item.payload] = self._detector.detect(item.pixels)
            while len(self._seen) > _KEPT:
                self._seen.popitem(last=False)
        return self._seen[item.payload]

    def _question(self, case: _Case) -> str:
        """Answer to a question about pictures or texts."""
        about_texts = case.texts and self._answerer is not None
        if (
            about_texts
            and not mentioned(case.request) & set(SHAPES)
            and (not case.images or not _SPEAKS_OF[IMAGE].search(case.request))
        ):
            return self._read(case)
        planned = self._planner.plan(case.request)
        if planned.plan is None:
            if about_texts and _SPEAKS_OF[TEXT].search(case.request):
                return self._read(case)
            raise _AskBack(planned.asked_back)
        case.confidence = min(case.confidence, planned.confidence)
        outcome = execute(planned.plan, _Looked(self, case.images, case.keys))
        case.steps = outcome.values
        case.confidence = min(case.confidence, outcome.confidence)
        if outcome.reason:
            raise _AskBack(outcome.reason)
        return outcome.text

    def _read(self, case: _Case) -> str:
        """Answer to a question about texts."""
        if self._answerer is None:
            raise _AskBack("there is no model that answers from messages")
        answer = self._answerer.answer(case.request, [item.text for item in case.texts])
        case.confidence = min(case.confidence, answer.confidence)
        case.keys += [item.key for item in case.texts]
        return answer.text

    def _items(self, case: _Case) -> list[MemoryItem]:
        """The items that the request speaks of."""
        pool = self._pool(case)
        if case.item == "content":
            return [self._by_content(case, pool)]
        reason = missing_picture(case.item, len(pool))
        if reason and pool is case.texts:
            raise _AskBack("there is no such message in the memory")
        if reason:
            raise _AskBack(reason)
        places = {"this": pool[-1:], "last": pool[-2:-1], "first": pool[:1], "both": pool[-2:]}
        return places[case.item]

    def _pool(self, case: _Case) -> list[MemoryItem]:
        """Pictures or texts, as the request says; else the kind of the newest item."""
        for modality, pool in ((TEXT, case.texts), (IMAGE, case.images)):
            if _SPEAKS_OF[modality].search(case.request):
                return pool
        newest = max(
            [*case.images, *case.texts], key=lambda item: (item.slot, item.key), default=None
        )
        return case.texts if newest is not None and newest.modality == TEXT else case.images

    def _by_content(self, case: _Case, pool: list[MemoryItem]) -> MemoryItem:
        """The item that the request describes: a picture by the toys in it, a text by its words."""
        if pool is case.texts:
            asked = set(re.findall(r"\w{4,}", case.request.lower()))
            scores = [len(asked & set(re.findall(r"\w{4,}", item.text.lower()))) for item in pool]
            if not scores or max(scores) == 0:
                raise _AskBack("no message in the memory has these words")
            return pool[len(scores) - 1 - int(np.argmax(scores[::-1]))]
        wanted = named_toys(case.request)
        if not wanted:
            raise _AskBack("the request names no toy to find a picture by")
        found = [
            item
            for item in pool
            if all(any(is_like(toy, *each) for toy in self.objects(item)) for each in wanted)
        ]
        if not found:
            raise _AskBack("no picture in the memory shows this")
        return found[-1]

    def _in_words(self, item: MemoryItem) -> str:
        return item.text if item.modality == TEXT else describe_objects(self.objects(item))

    def _label(self, item: MemoryItem) -> str:
        """The kind of an item: of a picture the toys that most of it are, of a text one of
        LABELS.
        """
        if item.modality == TEXT:
            if self._answerer is None:
                raise _AskBack("there is no model that labels messages")
            return self._answerer.classify(item.text, LABELS).text
        shapes = [toy.shape for toy in self.objects(item)]
        if not shapes:
            return "empty scene"
        most = max(set(shapes), key=lambda shape: (shapes.count(shape), shape))
        return f"toy scene, mostly {most}s" if len(shapes) > 1 else f"toy scene with one {most}"

    def _generate(self, case: _Case) -> tuple[str, np.ndarray]:
        """A new scene of the toys that the request names, or of those of the items it names."""
        toys: list[tuple[str, str, str]] = []
        if case.item == NONE:
            for number, each in numbered_toys(case.request):
                toys += [self._drawn(each) for _ in range(number)]
        else:
            found = self._items(case)
            case.keys += [item.key for item in found]
            objects = [
                toy for item in found if item.modality == IMAGE for toy in self.objects(item)
            ]
            toys = [(toy.shape, toy.colour, toy.size) for toy in objects]
        if not toys:
            raise _AskBack(f"only scenes of {', '.join(SHAPES)} can be drawn, and none is named")
        if len(toys) > MOST:
            raise _AskBack(f"{len(toys)} toys are asked for; allowed is 1 to {MOST}")
        scene = place_toys(toys, self._rng)
        return describe_objects(scene.objects), scene.pixels

    def _drawn(self, wanted: tuple[str, str, str]) -> tuple[str, str, str]:
        """Shape, colour and size of a toy to draw; what is not said is drawn at random."""
        size, colour, shape = wanted
        colour = str(self._rng.choice(list(COLOURS))) if colour == ANY else colour
        size = str(self._rng.choice(list(SIZES))) if size == ANY else size
        return shape, colour, size


class _Looked(Sequence[Sequence[SceneObject]]):
    """Objects of remembered pictures, seen when they are asked for; their keys are noted."""

    def __init__(self, router: TaskRouter, items: Sequence[MemoryItem], keys: list[int]) -> None:
        self._router = router
        self._items = items
        self._keys = keys

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, place: int) -> Sequence[SceneObject]:  # type: ignore[override]
        self._keys.append(self._items[place].key)
        return self._router.objects(self._items[place])


def numbered_toys(request: str) -> list[tuple[int, tuple[str, str, str]]]:
    """How many of which toys a request names: number, and size, colour and shape of each.

    Args:
        request: as received.
    """
    found = []
    for match in _NAMED.finditer(request):
        words = [_SYNONYMS.get(word, word) for word in match["words"].lower().split()]
        size = next((word for word in words if word in SIZES), ANY)
        colour = next((word for word in words if word in COLOURS), ANY)
        number = (match["number"] or "one").lower()
        count = (
            int(number) if number.isdigit() else _NUMBERS.index(number) if number in _NUMBERS else 1
        )
        found.append((count, (size, colour, match["shape"].lower())))
    return found


def named_toys(request: str) -> list[tuple[str, str, str]]:
    """Size, colour and shape of each toy that a request names; a colour alone stands for any shape.

    Args:
        request: as received.
    """
    found = [each for _, each in numbered_toys(request)]
    if found:
        return found
    colours = [word for word in COLOURS if word in mentioned(request)]
    return [(ANY, colour, THING) for colour in colours]


def _side_by_side(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """Pictures beside each other, uint8 (H, W, 3), the lower ones on white."""
    height = max(len(pixels) for pixels in pictures)
    rows = [
        np.pad(p, ((0, height - len(p)), (0, 0), (0, 0)), constant_values=255) for p in pictures
    ]
    return np.concatenate(rows, axis=1)
