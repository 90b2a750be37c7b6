# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bench of tasks: intentions, counting and visual questions over the link, and plans.

- intention: the requests of the test part, whose phrasing no training saw, as written and as they
  arrive over a channel;
- counting: how many there are in two pictures together; both pictures pass the channel;
- questions: attributes, counts, comparisons and spatial relations, likewise;
- plans: questions in words that no training saw to their plans, by each scorer.

A trial is right where the answer is that which the same plan has on the true scene; a question that
is asked back is wrong, unless it is one to be asked back. Intervals are Wilson's, 95 %. Of a
channel of several seeds, the trials of all are counted together.

Source: E. B. Wilson, Probable inference, the law of succession, and statistical inference, Journal
of the American Statistical Association 1927.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from semcom_core.bench.jobs import Workers
from semcom_core.bench.report import verdict
from semcom_core.datasets.requests import NONE, Request
from semcom_core.datasets.toy_questions import BACK, kinds, question_for, read_questions
from semcom_core.datasets.toys import ToyScene, generate_toys
from semcom_core.errors import FrameError, ModelError
from semcom_core.simulation import Simulation
from semcom_core.tasks.executor import execute
from semcom_core.tasks.intention import IntentionClassifier
from semcom_core.tasks.planner import Plan, Planner, PlanScorer, decode_plans
from semcom_core.tasks.vision import Detector

#: Targets: intention clean, and how much less it may be over the link; counting by SNR in dB, None
#: without a channel; other visual questions, and their SNR.
INTENTION = 0.95
INTENTION_LOST = 0.01
INTENTION_SNR_DB = 3.0
COUNTING = {None: 0.95, 10.0: 0.93, 3.0: 0.85}
QUESTIONS = 0.90
QUESTIONS_SNR_DB = 6.0
#: Targets of answers about messages: task 1 over the link, questions about what was never sent.
ANSWERS = 0.95
ANSWERS_SNR_DB = 0.0
UNKNOWN_ANSWERS = 0.90
#: Further fields of a row that are shown, where it has them.
_SHOWN = (
    "exact", "plans_right", "lost", "mean_error", "within_one", "constant", "constant_error",
    "uses", "time_s", "load_s", "memory_mib",
)  # fmt: skip
#: Groups of questions, by the kinds of templates that belong to them.
GROUPS = {
    "attributes": re.compile(r"attribute \w+ d i$"),
    "counts": re.compile(r"count S i$"),
    "comparisons": re.compile(r"(more|fewer|equal|difference|richer) "),
    "spatial": re.compile(r"(relation|attribute \w+ d i r e$|count S i r d$|exists s i r d$)"),
    "existence": re.compile(r"(exists s i$|which s$)"),
}
#: Share of the questions how many there are to which the answer is none.
_NONE = 0.15
#: Draws of a question until one has an answer.
_TRIES = 3000
#: A spatial relation is asked about where it is the same at both distances, shares of the side.
_CLEAR = (0.0, 0.06)


def interval(right: int, count: int) -> tuple[float, float]:
    """Wilson's interval of a share, 95 %.

    Args:
        right: trials that were right.
        count: all trials, 1 and more.
    """
    z = 1.96
    share = right / count
    middle = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z * math.sqrt(share * (1 - share) / count + z**2 / (4 * count**2)) / (1 + z**2 / count)
    return max(0.0, middle - half), min(1.0, middle + half)


def task_row(measure: str, what: str, right: Sequence[bool], **more: Any) -> dict:
    """One row of the bench.

    Args:
        measure: intention, counting, questions, plans or another.
        what: was tried.
        right: whether each trial was right.
        more: further fields.
    """
    count = len(right)
    share = float(np.mean(right)) if count else None
    low, high = interval(int(np.sum(right)), count) if count else (None, None)
    link = {"channel": None, "snr_db": None, "seeds": 0}
    return {
        "measure": measure,
        "what": what,
        **link,
        "count": count,
        "accuracy": share,
        "low": low,
        "high": high,
        **more,
    }


def intention_rows(
    classifier: IntentionClassifier,
    requests: Sequence[Request],
    arrived: Sequence[str],
    channel: str | None = None,
    snr_db: float | None = None,
    seeds: int = 0,
) -> Iterator[dict]:
    """Shares of the requests whose task, and whose task and item, are understood, and of those that
    are asked back where they should.

    Args:
        classifier: what is measured.
        requests: as written, with what they mean; one for each that arrived.
        arrived: the requests as they arrived.
        channel, snr_db, seeds: that they arrived over.
    """
    found = classifier.understand_all(arrived)
    tasks = [
        (NONE if each.asked_back else each.task) == request.task
        for each, request in zip(found, requests)
    ]
    both = [
        right and (request.task == NONE or each.item == request.item)
        for right, each, request in zip(tasks, found, requests)
    ]
    nonsense = [bool(e.asked_back) for e, request in zip(found, requests) if request.task == NONE]
    exact = float(np.mean([a == request.text for a, request in zip(arrived, requests)]))
    link = {"channel": channel, "snr_db": snr_db, "seeds": seeds, "exact": exact}
    yield task_row("intention", "task", tasks, **link)
    yield task_row("intention", "task and item", both, **link)
    if nonsense:
        yield task_row("intention", "asked back", nonsense, **link)


@dataclass(frozen=True)
class TaskLink:
    """A codec and a channel that texts or pictures pass with the modem.

    Args:
        codec: name of the codec.
        channel: such as "awgn:3".
        seed: of the channel; each message has a generator of its own.
        settings: of the codec.
    """

    codec: str
    channel: str
    seed: int
    settings: dict[str, Any] = field(default_factory=dict)

    def trials(self) -> TaskTrials:
        """A sender of messages over it."""
        return TaskTrials(self)


class TaskTrials:
    """Sends messages over a link.

    Args:
        link: codec and channel.
    """

    def __init__(self, link: TaskLink) -> None:
        from semcom_core.codecs import load_codec

        self._link = link
        self._codec: Any = load_codec(link.codec, **link.settings)

    def run(self, number: int, message: Any) -> Any:
        """What arrives of a text, or of a picture, uint8 (H, W, 3); None where it was lost."""
        simulation = Simulation(self._link.channel, seed=[self._link.seed, number])
        try:
            if isinstance(message, str):
                return simulation.send_text(self._codec, message).received
            result = simulation.send_image(self._codec, message)
        except (FrameError, ModelError):
            return None
        return result.received if result.decoded else None


@dataclass(frozen=True)
class VisualTrial:
    """A question about two pictures with its true answer.

    Args:
        group: of GROUPS, or "counting".
        question: in words.
        plan: that answers it, as text.
        answer: on the true scenes.
        scenes: the last picture and this one.
    """

    group: str
    question: str
    plan: str
    answer: str
    scenes: tuple[ToyScene, ToyScene]


def counting_trials(count: int, rng: np.random.Generator) -> list[VisualTrial]:
    """Questions how many there are in two pictures together, one for each pair; to few of them the
    answer is none.

    Args:
        count: of pairs.
        rng: draws scenes and questions.
    """
    found: list[VisualTrial] = []
    while len(found) < count:
        scenes = generate_toys(rng), generate_toys(rng)
        objects = [scene.objects for scene in scenes]
        none = rng.random() < _NONE or not any(objects)
        for _ in range(_TRIES):
            question, plan = question_for("count S i", rng, strange=0.0, pictures=("both",))
            truth = execute(Plan.parse(plan), objects).text
            if plan.split()[4] == "both" and (truth == "0") == none:
                found.append(VisualTrial("counting", question, plan, truth, scenes))
                break
    return found


def question_trials(
    pairs: int, rng: np.random.Generator, groups: Sequence[str] = tuple(GROUPS)
) -> list[VisualTrial]:
    """Questions of each group about pairs of pictures; questions for yes or no have either answer
    equally often, as far as the scenes allow it.

    Args:
        pairs: of pictures.
        rng: draws scenes and questions.
        groups: of GROUPS.
    """
    found: list[VisualTrial] = []
    for _ in range(pairs):
        scenes = (
            generate_toys(rng, int(rng.integers(2, 9))),
            generate_toys(rng, int(rng.integers(2, 9))),
        )
        for group in groups:
            trial = _question(group, scenes, rng)
            if trial is not None:
                found.append(trial)
    return found


def _question(
    group: str, scenes: tuple[ToyScene, ToyScene], rng: np.random.Generator
) -> VisualTrial | None:
    """A question of a group that has an answer; None where none was drawn."""
    objects = [scene.objects for scene in scenes]
    names = [kind for kind in kinds() if GROUPS[group].match(kind)]
    kind = str(rng.choice(names))
    wanted = "yes" if rng.random() < 0.5 else "no"
    none = rng.random() < _NONE
    spare = None
    for _ in range(_TRIES):
        question, text = question_for(kind, rng, strange=0.0, pictures=("this", "last"))
        plan = Plan.parse(text)
        truths = [execute(plan, objects, beyond) for beyond in _CLEAR]
        if truths[0].reason or truths[0].text != truths[1].text:
            continue
        answer = truths[0].text
        spare = VisualTrial(group, question, text, answer, scenes)
        if answer == wanted or answer not in ("yes", "no", "0") or (answer == "0" and none):
            return spare
    return spare


def visual_rows(
    measure: str,
    trials: Sequence[VisualTrial],
    planner: Planner,
    detector: Detector,
    workers: Workers,
    links: Sequence[TaskLink],
    snr_db: float | None = None,
) -> Iterator[dict]:
    """Shares of right answers, of each group and of all.

    Args:
        measure: counting or questions.
        trials: the questions.
        planner: makes the plans.
        detector: sees what arrived.
        workers: send the pictures.
        links: that the pictures pass, one a seed: the pictures are shared out among them; none for
            pictures as they are.
        snr_db: of the links.
    """
    pictures = {id(scene): scene.pixels for trial in trials for scene in trial.scenes}
    arrived: dict[int, np.ndarray | None] = dict(pictures)
    for k, link in enumerate(links):
        keys = list(pictures)[k :: len(links)]
        sent = workers.trials(link, [pictures[key] for key in keys])
        arrived |= dict(zip(keys, sent))
    seen = {
        key: None if pixels is None else detector.detect(pixels) for key, pixels in arrived.items()
    }
    right: dict[str, list[bool]] = {}
    lost = sum(pixels is None for pixels in arrived.values())
    planned = 0
    for trial in trials:
        plan = planner.plan(trial.question).plan
        planned += plan is not None and plan.means_the_same(Plan.parse(trial.plan))
        objects = [seen[id(scene)] for scene in trial.scenes]
        answer = None
        if plan is not None and all(found is not None for found in objects):
            answer = execute(plan, [found for found in objects if found is not None]).text
        right.setdefault(trial.group, []).append(answer == trial.answer)
    more = {
        "channel": re.sub(r":.*", "", links[0].channel) if links else None,
        "snr_db": snr_db,
        "seeds": len(links),
        "codec": links[0].codec if links else None,
        "pictures": len(pictures),
        "lost": lost,
        "plans_right": planned / len(trials),
    }
    if len(right) > 1:
        for group, shares in right.items():
            yield task_row(measure, group, shares, **more)
    yield task_row(measure, "all", [x for shares in right.values() for x in shares], **more)


def plan_rows(name: str, scorer: PlanScorer, planner: Planner, limit: int) -> Iterator[dict]:
    """Shares of plans that are right, of questions that are asked back where they should, and of
    plans that are valid.

    Args:
        name: of the scorer.
        scorer: what is measured.
        planner: with this scorer.
        limit: most questions.
    """
    questions = read_questions()
    step = max(1, math.ceil(len(questions) / limit))
    plans = []
    back = []
    likeliest = []
    valid = []
    for question, wanted in questions[::step]:
        found = planner.plan(question)
        decoded = decode_plans(scorer, question)
        valid.append(all(Plan.parse(str(plan)) == plan for plan, _ in decoded))
        if wanted == BACK:
            back.append(found.plan is None)
        else:
            plan = Plan.parse(wanted)
            plans.append(found.plan is not None and found.plan.means_the_same(plan))
            likeliest.append(decoded[0][0].means_the_same(plan))
    yield task_row("plans", "right, in other words than trained on", plans, scorer=name)
    yield task_row("plans", "right before it is asked back", likeliest, scorer=name)
    yield task_row("plans", "asked back where none fits", back, scorer=name)
    yield task_row("plans", "valid", valid, scorer=name)


def target_of(row: dict, rows: Iterable[dict] = ()) -> float | None:
    """The accuracy that a row must reach; None where it has no target.

    Args:
        row: of the bench.
        rows: before it, among which is the one without a channel that it is compared with.
    """
    key = (row["measure"], row["what"], row["snr_db"])
    if key == ("intention", "task", None):
        return INTENTION
    if key == ("intention", "task", INTENTION_SNR_DB):
        clean = [
            each["accuracy"]
            for each in rows
            if (each["measure"], each["what"], each["snr_db"]) == ("intention", "task", None)
        ]
        return clean[0] - INTENTION_LOST if clean else None
    if key[:2] == ("counting", "all"):
        return COUNTING.get(row["snr_db"])
    if key == ("questions", "all", QUESTIONS_SNR_DB):
        return QUESTIONS
    if key[0] == "families" and row["what"].endswith(", unknown"):
        return UNKNOWN_ANSWERS
    if key[0] == "answers" and key[2] == ANSWERS_SNR_DB and row["what"].endswith(", memory"):
        return ANSWERS if row["task"] == 1 else None
    return 1.0 if key[:2] == ("plans", "valid") else None


def describe(row: dict, rows: Iterable[dict] = ()) -> str:
    """One line on a row, with its target where it has one.

    Args:
        row: of the bench.
        rows: before it.
    """
    place = "clean" if row["snr_db"] is None else f"{row['channel']} {row['snr_db']:g} dB"
    what = f"{row['what']} ({row['scorer']})" if "scorer" in row else row["what"]
    head = f"{row['measure']:10s} {what:52s} {place:14s} {row['count']:5d} trials: "
    if row["accuracy"] is None:
        return head + "none"
    figure = f"{row['accuracy']:.3f} [{row['low']:.3f}, {row['high']:.3f}]"
    target = target_of(row, rows)
    if target is not None:
        figure = verdict(figure, f">= {target:.3g}", row["accuracy"] >= target)
    more = [
        f"{name.replace('_', ' ')} {row[name]:g}" for name in _SHOWN if row.get(name) is not None
    ]
    return head + ", ".join([figure, *more])
