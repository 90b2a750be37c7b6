# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bench of answerers: three families of large models side by side, and answers over the link.

- families: each family answers the last questions of stories and questions about what was never
  sent, by its policy and by the model alone, and names the tasks of requests; in a process of its
  own, whose time and memory are measured;
- answers: the statements of stories pass a codec and a channel one by one; a question is answered
  from those that were decoded.

Source: H. Xie, Z. Qin, X. Tao, Z. Han, Towards intelligent communications: large model empowered
semantic communications, IEEE Communications Magazine 2024 (section IV-B and figure 4).
"""

from __future__ import annotations

import multiprocessing
import resource
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from semcom_core.bench.jobs import Workers
from semcom_core.bench.tasks import task_row
from semcom_core.datasets.requests import TASKS, Request
from semcom_core.datasets.stories import (
    BABI_WORDING,
    OWN_WORDING,
    UNKNOWN,
    Story,
    Wording,
    add_unknown,
)
from semcom_core.errors import FrameError, ModelError
from semcom_core.simulation import Simulation
from semcom_core.tasks.answerer import Answerer, AnswerPolicy, load_answerer
from semcom_core.train.answers import Trial, last_questions

#: Policy that leaves "unknown" to the model.
_ALONE = AnswerPolicy(least_confidence=0.0, grounded=False, related=False)


@dataclass(frozen=True)
class FamilyTrial:
    """A model of a family and what it is asked.

    Args:
        name: as load_answerer takes it.
        answers: task → questions about messages.
        absent: questions about what was never sent.
        requests: whose task is to be named.
        settings: further ones of load_answerer.
    """

    name: str
    answers: dict[int, tuple[Trial, ...]]
    absent: tuple[Trial, ...]
    requests: tuple[Request, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)


def unknown_questions(stories: Sequence[Story], rng: np.random.Generator) -> list[Trial]:
    """A question about what was never sent after each story, as far as there is one: of each story
    the first statements, so that not all is named.

    Args:
        stories: as read or generated.
        rng: draws the questions.
    """
    found = []
    for story in stories:
        told = story.statements[: int(rng.integers(2, 5))]
        asked = add_unknown(Story(story.task, tuple(told)), rng, _wording(story))
        if asked.questions:
            found += last_questions([asked])
    return found


def _wording(story: Story) -> Wording:
    """The wording that a story is told in."""
    words = " ".join(statement.text for statement in story.statements)
    return OWN_WORDING if any(name in words for name in OWN_WORDING.names) else BABI_WORDING


def family_rows(trial: FamilyTrial) -> Iterator[dict]:
    """Accuracy, time and memory of a family, measured in a process of its own.

    Args:
        trial: the model and what it is asked.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context) as pool:
        yield from pool.submit(measured_rows, trial).result()


def measured_rows(trial: FamilyTrial) -> list[dict]:
    """Rows of a family in this process; the memory is the peak of all that it has done.

    Args:
        trial: the model and what it is asked.
    """
    started = time.perf_counter()
    answerer = load_answerer(trial.name, **trial.settings)
    more: dict[str, Any] = {
        "model": answerer.name,
        "load_s": time.perf_counter() - started,
    }
    rows = []
    for task, trials in trial.answers.items():
        right, times_s = _asked(answerer, trials)
        what = f"{answerer.family}, task {task}"
        rows.append(task_row("families", what, right, time_s=_median(times_s), **more))
    right, times_s = _asked(answerer, trial.absent)
    what = f"{answerer.family}, {UNKNOWN}"
    rows.append(task_row("families", what, right, time_s=_median(times_s), **more))
    policy, answerer.policy = answerer.policy, _ALONE
    right, times_s = _asked(answerer, trial.absent)
    answerer.policy = policy
    what = f"{answerer.family}, {UNKNOWN} by the model alone"
    rows.append(task_row("families", what, right, time_s=_median(times_s), **more))
    named = [answerer.classify(request.text, TASKS) for request in trial.requests]
    right = [answer.text == request.task for answer, request in zip(named, trial.requests)]
    what = f"{answerer.family}, intentions"
    times_s = [answer.time_s for answer in named]
    rows.append(task_row("families", what, right, time_s=_median(times_s), **more))
    memory_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [{**row, "memory_mib": memory_mib} for row in rows]


def _asked(answerer: Answerer, trials: Sequence[Trial]) -> tuple[list[bool], list[float]]:
    """Whether each question was answered rightly, and the time that it took, s."""
    answers = [answerer.answer(trial.question, trial.messages) for trial in trials]
    right = [answer.text == trial.answer for answer, trial in zip(answers, trials)]
    return right, [answer.time_s for answer in answers]


def _median(times_s: Sequence[float]) -> float | None:
    return float(np.median(times_s)) if times_s else None


@dataclass(frozen=True)
class StatementLink:
    """A text codec and a channel that statements pass with the modem.

    Args:
        codec: name of the codec.
        channel: such as "awgn:0".
        seed: of the channel; each statement has a generator of its own.
        settings: of the codec.
    """

    codec: str
    channel: str
    seed: int
    settings: dict[str, Any] = field(default_factory=dict)

    def trials(self) -> StatementTrials:
        """A sender of statements over it."""
        return StatementTrials(self)


@dataclass(frozen=True)
class Arrived:
    """A statement after the link.

    Args:
        text: as it was decoded; None where it was not.
        exact: whether it is what was sent.
        uses: channel uses of its payload.
        time_s: of the receiver's decoding and the channel's simulation, s.
    """

    text: str | None
    exact: bool
    uses: int
    time_s: float


class StatementTrials:
    """Sends statements over a link.

    Args:
        link: codec and channel.
    """

    def __init__(self, link: StatementLink) -> None:
        from semcom_core.codecs import load_codec

        self._link = link
        self._codec: Any = load_codec(link.codec, **link.settings)

    def run(self, number: int, message: str) -> Arrived:
        """What arrives of a statement."""
        simulation = Simulation(self._link.channel, seed=[self._link.seed, number])
        try:
            started = time.perf_counter()
            result = simulation.send_text(self._codec, message)
        except (FrameError, ModelError):
            return Arrived(None, False, 0, 0.0)
        spent_s = time.perf_counter() - started
        text = result.received if result.decoded else None
        return Arrived(text, result.exact, result.uses, spent_s)


def answer_rows(
    answerer: Answerer,
    trials: Sequence[Trial],
    link: StatementLink,
    seeds: int,
    workers: Workers,
    snr_db: float,
    task: int,
) -> Iterator[dict]:
    """Shares of right answers from what arrived, with all memory and from the last statement alone.

    Args:
        answerer: of any family.
        trials: questions about messages.
        link: of the statements, with its first seed.
        seeds: of the channel.
        workers: send the statements.
        snr_db: of the link.
        task: of the stories.
    """
    told = [message for trial in trials for message in trial.messages]
    right: list[bool] = []
    forgetful: list[bool] = []
    arrived: list[Arrived] = []
    times_s: list[float] = []
    for k in range(seeds):
        found = list(workers.trials(replace(link, seed=link.seed + k), told))
        arrived += found
        first = 0
        for trial in trials:
            here = found[first : first + len(trial.messages)]
            first += len(trial.messages)
            messages = [each.text for each in here if each.text is not None]
            answer = answerer.answer(trial.question, messages)
            right.append(answer.text == trial.answer)
            times_s.append(answer.time_s + here[-1].time_s)
            forgetful.append(answerer.answer(trial.question, messages[-1:]).text == trial.answer)
    more = {
        "channel": link.channel.partition(":")[0],
        "snr_db": snr_db,
        "seeds": seeds,
        "codec": link.codec,
        "task": task,
        "exact": float(np.mean([each.exact for each in arrived])),
        "uses": float(np.mean([each.uses for each in arrived])),
        "time_s": _median(times_s),
    }
    what = f"task {task}, {link.codec} and {answerer.name}"
    yield task_row("answers", f"{what}, memory", right, **more)
    yield task_row("answers", f"{what}, no memory", forgetful, **more)
