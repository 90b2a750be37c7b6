# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenario question answering over the channel: accuracy with and without memory, by system.

    stories --> system --> channel --> embeddings --> memory: all | last sentence | update rule
                                                              --> reasoning --> answers

Each message goes over the channel once for each channel seed, in a fade of its own; the same
received messages are then answered with and without memory. Intervals are those of Student's t over
channel seeds, 95 %: they tell what the channel's chance does, not what another training would.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import t as student

from semcom_core.bench.plot import COLOURS
from semcom_core.bench.report import verdict
from semcom_core.channel import Channel, parse_channel
from semcom_core.datasets.stories import (
    OWN_WORDING,
    UNKNOWN,
    Question,
    Statement,
    Story,
    Wording,
    unknown_question,
)
from semcom_core.errors import ConfigError, FrameError
from semcom_core.frame import ReceivedFrame
from semcom_core.memory.store import FIFO, RETRIEVAL, StoreConfig
from semcom_core.tasks.scenario.network import SYMBOLS
from semcom_core.tasks.scenario.systems import CLEAN_SNR_DB, ScenarioMemory, System, texts_of

if TYPE_CHECKING:
    from semcom_core.tasks.answerer import Answerer
    from semcom_core.text import TextCodec

#: Update rules by name: weights of the store. Of "value" the value is how much the questions of the
#: task's kind would read an item, of "learned value" what was learned of it when it came.
VALUE = "value"
UPDATE_RULES = {
    "fifo": StoreConfig(model=FIFO),
    "freshness": StoreConfig(model=RETRIEVAL),
    "correlation": StoreConfig(model=RETRIEVAL, freshness=0.5, correlation=1.0, half_life=8.0),
    "learned value": StoreConfig(model=RETRIEVAL, value=1.0, half_life=4.0),
    VALUE: StoreConfig(model=RETRIEVAL, freshness=0.05, value=1.0, half_life=8.0),
}
#: Share of a story's statements that a small memory holds.
SMALL_MEMORY = 0.25
#: Least accuracy with memory over AWGN: task, SNR in dB, accuracy.
_ACCURACY_TARGETS = (
    (1, 6.0, 0.97),
    (1, 0.0, 0.85),
    (2, 6.0, 0.9),
    (6, 6.0, 0.9),
    (7, 6.0, 0.9),
    (8, 6.0, 0.9),
)
#: Stories that are answered together.
_STORIES_AT_ONCE = 64


@dataclass(frozen=True)
class ReceivedStory:
    """A story as it arrived.

    Args:
        story: that was sent.
        statements: embeddings, float32 (S, D).
        questions: embeddings, float32 (Q, D).
        uses: channel uses of each message, int (S + Q,).
    """

    story: Story
    statements: np.ndarray
    questions: np.ndarray
    uses: np.ndarray


def channel_of(name: str, snr_db: float | None, length: int) -> Channel:
    """Channel in which each message of `length` symbols has a fade of its own.

    Args:
        name: "awgn" or "rayleigh".
        snr_db: SNR, dB; None for no noise.
        length: symbols of a message.

    Raises:
        ConfigError: the channel is another one.
    """
    if name not in ("awgn", "rayleigh"):
        raise ConfigError(f"channel is {name!r}; allowed is awgn or rayleigh")
    fading = f",block={length}" if name == "rayleigh" else ""
    if snr_db is None:
        return parse_channel("clean" if name == "awgn" else f"rayleigh{fading}+clean")
    return parse_channel(f"{name}:{snr_db:g}{fading}")


def receive_stories(
    system: System,
    stories: Sequence[Story],
    channel: str,
    snr_db: float | None,
    rng: np.random.Generator,
) -> list[ReceivedStory]:
    """Send all statements and questions of stories.

    Args:
        system: that sends and receives.
        stories: to send.
        channel, snr_db: see channel_of.
        rng: draws fading and noise.
    """
    texts: list[str] = []
    for story in stories:
        texts += [line.text for line in story.statements]
        texts += [line.text for line in story.questions]
    sent = system.send(texts, CLEAN_SNR_DB if snr_db is None else snr_db)
    lengths = np.array([len(message.symbols) for message in sent])
    received: list[tuple[np.ndarray, np.ndarray]] = [(np.zeros(0), np.zeros(0))] * len(sent)
    for length in np.unique(lengths):
        places = np.nonzero(lengths == length)[0]
        symbols = np.concatenate([sent[i].symbols for i in places])
        y, noise_var = channel_of(channel, snr_db, int(length)).through_symbols(symbols, rng)
        pairs = zip(y.reshape(-1, length), noise_var.reshape(-1, length), strict=True)
        for i, pair in zip(places, pairs, strict=True):
            received[i] = pair
    embeddings = system.receive(sent, received)
    found = []
    at = 0
    for story in stories:
        count = len(story.statements)
        end = at + count + len(story.questions)
        found.append(
            ReceivedStory(
                story, embeddings[at : at + count], embeddings[at + count : end], lengths[at:end]
            )
        )
        at = end
    return found


def answers_with(system: System, received: Sequence[ReceivedStory], memory: bool) -> list[str]:
    """Answers to all questions, in their order.

    Args:
        system: whose reasoning answers.
        received: stories.
        memory: all statements before a question, or only the last one.
    """
    found: list[str] = []
    for start in range(0, len(received), _STORIES_AT_ONCE):
        part = received[start : start + _STORIES_AT_ONCE]
        found += _with_all(system, part) if memory else _with_last(system, part)
    return found


def _with_all(system: System, received: Sequence[ReceivedStory]) -> list[str]:
    import torch

    size = len(received)
    most = max(len(one.statements) for one in received)
    asks = max(len(one.questions) for one in received)
    width = received[0].statements.shape[1]
    statements = np.zeros((size, most, width), np.float32)
    questions = np.zeros((size, asks, width), np.float32)
    asked = np.zeros((size, asks), np.int64)
    until = np.full((size, most), -1)
    for row, one in enumerate(received):
        statements[row, : len(one.statements)] = one.statements
        questions[row, : len(one.questions)] = one.questions
        asked[row, : len(one.questions)] = [line.slot for line in one.story.questions]
        until[row, : len(one.statements)] = most
    slots = torch.arange(most).expand(size, most)
    with torch.inference_mode():
        found = system.reasoning(
            *map(torch.from_numpy, (statements, questions)),
            slots,
            *map(torch.from_numpy, (asked, until)),
        ).odds
    real = torch.tensor([[i < len(one.questions) for i in range(asks)] for one in received])
    return texts_of(found[real], system.vocabulary)


def _with_last(system: System, received: Sequence[ReceivedStory]) -> list[str]:
    import torch

    asked = torch.tensor([[line.slot] for one in received for line in one.story.questions])
    last = np.concatenate(
        [one.statements[[line.slot - 1 for line in one.story.questions]] for one in received]
    )
    questions = np.concatenate([one.questions for one in received])
    with torch.inference_mode():
        found = system.reasoning(
            torch.from_numpy(last)[:, None],
            torch.from_numpy(questions)[:, None],
            asked - 1,
            asked,
            asked,
        ).odds
    return texts_of(found[:, 0], system.vocabulary)


def answers_by_rule(
    system: System,
    received: Sequence[ReceivedStory],
    config: StoreConfig,
    share: float,
    expected: np.ndarray | None = None,
) -> list[str]:
    """Answers from a bounded memory, which takes in the statements as they come.

    Args:
        system: whose reasoning answers.
        received: stories.
        config: update rule of the memory; its capacity is set here.
        share: capacity over the statements of the story, rounded.
        expected: embeddings of questions that may come; see ScenarioMemory.
    """
    found = []
    for one in received:
        capacity = max(1, round(share * len(one.statements)))
        memory = ScenarioMemory(system, replace(config, capacity=capacity), expected)
        questions = iter(one.questions)
        for line in one.story.lines:
            if isinstance(line, Statement):
                memory.take(one.statements[line.slot], line.slot)
            else:
                found.append(memory.ask(next(questions)).text)
    return found


def right_answers(stories: Iterable[Story], answers: Iterable[str]) -> np.ndarray:
    """Which answers are right, bool; the order of a list does not matter.

    Args:
        stories: whose questions were asked.
        answers: to their questions, in their order.
    """
    wanted = [question.answer for story in stories for question in story.questions]
    return np.array(
        [sorted(a.split(",")) == sorted(b.split(",")) for a, b in zip(wanted, answers, strict=True)]
    )


def memory_row(
    by_seed: Sequence[float], questions: int, uses: float, **what: Any
) -> dict[str, Any]:
    """A row of the bench.

    Args:
        by_seed: accuracy of each channel seed.
        questions: asked with each seed.
        uses: channel uses of a message on average.
        what: task, system, channel, snr_db, memory, update_rule, memory_size and what else there
            is.
    """
    values = np.array(by_seed)
    spread = 0.0
    if len(values) > 1:
        quantile = student.ppf(0.975, len(values) - 1)
        spread = float(quantile * values.std(ddof=1) / np.sqrt(len(values)))
    return {
        **what,
        "questions": questions,
        "channel_seeds": len(values),
        "accuracy": float(values.mean()),
        "interval": spread,
        "accuracy_by_seed": [float(value) for value in values],
        "uses_per_message": uses,
    }


def accuracy_rows(
    system: System,
    stories: dict[int, list[Story]],
    channel: str,
    snr_db: float | None,
    seeds: Sequence[int],
    memories: Sequence[bool] = (True, False),
    **what: Any,
) -> Iterator[dict[str, Any]]:
    """Accuracy of a system on each task, with and without memory.

    Args:
        system: to measure.
        stories: by task.
        channel, snr_db: see channel_of.
        seeds: of the channel.
        memories: with memory, without, or both.
        what: more that the rows say.
    """
    for task, chosen in stories.items():
        right: dict[bool, list[float]] = {memory: [] for memory in memories}
        uses = 0.0
        for seed in seeds if snr_db is not None or channel != "awgn" else seeds[:1]:
            rng = np.random.default_rng([seed, task])
            received = receive_stories(system, chosen, channel, snr_db, rng)
            uses = float(np.mean(np.concatenate([one.uses for one in received])))
            for memory in memories:
                answers = answers_with(system, received, memory)
                right[memory].append(float(right_answers(chosen, answers).mean()))
        questions = sum(len(story.questions) for story in chosen)
        for memory in memories:
            yield memory_row(
                right[memory],
                questions,
                uses,
                task=task,
                system=system.name,
                channel=channel,
                snr_db=snr_db,
                memory=memory,
                update_rule=None,
                memory_size=None if memory else 1,
                **what,
            )


def update_rows(
    system: System,
    stories: Sequence[Story],
    snr_db: float,
    seeds: Sequence[int],
    share: float,
    expected: Sequence[str],
) -> Iterator[dict[str, Any]]:
    """Accuracy of each update rule with a small memory, over AWGN.

    Args:
        system: to measure.
        stories: of one task.
        snr_db: SNR, dB.
        seeds: of the channel.
        share: of the statements of a story that fit into the memory.
        expected: texts of all questions of the task's kind, for the rule VALUE.
    """
    sent = system.send(expected, CLEAN_SNR_DB)
    clean = [(message.symbols, np.full(len(message.symbols), 1e-3)) for message in sent]
    known = system.receive(sent, clean)
    right: dict[str, list[float]] = {name: [] for name in UPDATE_RULES}
    uses = 0.0
    for seed in seeds:
        rng = np.random.default_rng([seed, stories[0].task])
        received = receive_stories(system, stories, "awgn", snr_db, rng)
        uses = float(np.mean(np.concatenate([one.uses for one in received])))
        for name, config in UPDATE_RULES.items():
            asked = known if name == VALUE else None
            answers = answers_by_rule(system, received, config, share, asked)
            right[name].append(float(right_answers(stories, answers).mean()))
    sizes = [max(1, round(share * len(story.statements))) for story in stories]
    for name, values in right.items():
        yield memory_row(
            values,
            sum(len(story.questions) for story in stories),
            uses,
            task=stories[0].task,
            system=system.name,
            channel="awgn",
            snr_db=snr_db,
            memory=True,
            update_rule=name,
            memory_size=float(np.mean(sizes)),
        )


def unknown_stories(
    stories: Sequence[Story], rng: np.random.Generator, wording: Wording = OWN_WORDING
) -> list[Story]:
    """The same stories, all of whose questions are about what was never sent.

    Args:
        stories: as read or generated.
        rng: draws whom they are about.
        wording: words to choose from.
    """
    found = []
    for story in stories:
        told: list[str] = []
        lines: list[Statement | Question] = []
        for line in story.lines:
            if isinstance(line, Statement):
                told.append(line.text)
                lines.append(line)
            elif question := unknown_question(story.task, told, rng, wording):
                lines.append(question)
        chosen = Story(story.task, tuple(lines))
        if chosen.questions:
            found.append(chosen)
    return found


def text_row(
    codec: TextCodec,
    answerer: Answerer,
    stories: Sequence[Story],
    snr_db: float,
    seeds: Sequence[int],
    memory: bool,
    system: str,
) -> dict[str, Any]:
    """Accuracy of a large model on texts that a text codec brought over AWGN.

    Args:
        codec: sends statements and questions, each a message of its own.
        answerer: answers from the received texts.
        stories: of one task.
        snr_db: SNR, dB.
        seeds: of the channel.
        memory: all received texts, or only the last one.
        system: name of the pair.
    """
    channel = parse_channel(f"awgn:{snr_db:g}")
    accuracy = []
    uses: list[int] = []
    for seed in seeds:
        rng = np.random.default_rng([seed, stories[0].task])
        answers = []
        for story in stories:
            texts: list[str] = []
            for line in story.lines:
                text, length = _over(codec, line.text, channel, rng)
                uses.append(length)
                if isinstance(line, Statement):
                    texts.append(text)
                else:
                    answers.append(answerer.answer(text, texts if memory else texts[-1:]).text)
        accuracy.append(float(right_answers(stories, map(_as_list, answers)).mean()))
    return memory_row(
        accuracy,
        sum(len(story.questions) for story in stories),
        float(np.mean(uses)),
        task=stories[0].task,
        system=system,
        channel="awgn",
        snr_db=snr_db,
        memory=memory,
        update_rule=None,
        memory_size=None if memory else 1,
    )


def _over(
    codec: TextCodec, text: str, channel: Channel, rng: np.random.Generator
) -> tuple[str, int]:
    """A text over a channel: what arrived, and the channel uses."""
    frames = codec.encode(text, channel.snr_db or 0.0)
    received = [
        ReceivedFrame(frame.header, *channel.through_symbols(frame.symbols, rng))
        for frame in frames
    ]
    return codec.decode(received).text, sum(len(frame.symbols) for frame in frames)


def _as_list(answer: str) -> str:
    """An answer in the form of the stories: "the apple and the milk" is "apple,milk"."""
    words = answer.lower().replace(",", " ").replace(".", " ").split()
    return ",".join(word for word in words if word not in ("and", "the", "a", "an")) or UNKNOWN


def uses_row(
    codec: TextCodec, texts: Sequence[str], snr_db: float, limit: int = SYMBOLS
) -> dict[str, Any]:
    """Channel uses of sentences by a text codec, and how many of them fit.

    Args:
        codec: that would send them.
        texts: sentences.
        snr_db: SNR that the rate is chosen for, dB.
        limit: channel uses of a message at the most.
    """
    uses: list[float] = []
    for text in texts:
        try:
            uses.append(sum(len(frame.symbols) for frame in codec.encode(text, snr_db)))
        except FrameError:
            uses.append(np.inf)
    return {
        "task": "uses",
        "system": codec.name,
        "channel": "awgn",
        "snr_db": snr_db,
        "messages": len(texts),
        "uses_per_message": float(np.mean(uses)),
        "fit": float(np.mean(np.array(uses) <= limit)),
    }


def time_row(system: System, stories: Sequence[Story]) -> dict[str, Any]:
    """Time from the last received sample of a question to the text of its answer.

    Args:
        system: that answers.
        stories: whose statements are taken in first.
    """
    rng = np.random.default_rng(1)
    taken = []
    for story in stories:
        memory = ScenarioMemory(system)
        received = receive_stories(system, [story], "awgn", 6.0, rng)[0]
        for slot, embedding in enumerate(received.statements):
            memory.take(embedding, slot)
        question = system.send([story.questions[-1].text], 6.0)
        arrived = [channel_of("awgn", 6.0, SYMBOLS).through_symbols(question[0].symbols, rng)]
        started = time.perf_counter()
        memory.ask(system.receive(question, arrived)[0])
        taken.append(time.perf_counter() - started)
    return {
        "task": "time",
        "system": system.name,
        "channel": "awgn",
        "snr_db": 6.0,
        "questions": len(stories),
        "answer_s": float(np.mean(taken)),
        "longest_s": float(np.max(taken)),
    }


def describe(row: dict[str, Any]) -> str:
    """A row as a line."""
    if row["task"] == "uses":
        return (
            f"{row['system']} at {row['snr_db']:g} dB: {row['uses_per_message']:.1f} uses a "
            f"message, {row['fit']:.0%} of {row['messages']} within {SYMBOLS}"
        )
    if row["task"] == "time":
        return (
            f"{row['system']}: {1e3 * row['answer_s']:.1f} ms from the last sample to the answer, "
            f"{1e3 * row['longest_s']:.1f} ms at the most, of {row['questions']}"
        )
    memory = "memory" if row["memory"] else "no memory"
    if row.get("update_rule"):
        memory = f"{row['update_rule']}, {row['memory_size']:.1f} items"
    where = "no noise" if row["snr_db"] is None else f"{row['snr_db']:g} dB"
    more = f", mask {row['mask']}" if row.get("mask") else ""
    more += ", never sent" if row.get("unknown") else ""
    return (
        f"task {row['task']} {row['system']}{more}, {row['channel']} {where}, {memory}: "
        f"{row['accuracy']:.3f} +- {row['interval']:.3f} of {row['questions']} questions, "
        f"{row['uses_per_message']:.1f} uses a message"
    )


def figures(rows: Sequence[dict[str, Any]]) -> list[str]:
    """The figures that have a target, as lines; those whose rows are there."""
    lines = []
    for system in dict.fromkeys(str(row["system"]) for row in rows):
        lines += _accuracy_figures(rows, system)
    joint = _row(rows, 1, "transceiver", 0.0)
    apart = _row(rows, 1, "separate", 0.0)
    if joint and apart:
        gain = 100 * (joint["accuracy"] - apart["accuracy"])
        name = "transceiver minus separate, task 1 at 0 dB:"
        lines.append(verdict(f"{name} {gain:.1f} points", ">= 15", gain >= 15))
    for row in rows:
        if row.get("unknown"):
            name = f"{row['system']}, task {row['task']} at {row['snr_db']:g} dB: unknown if unsent"
            value = row["accuracy"]
            lines.append(verdict(f"{name} {value:.3f}", ">= 0.9", value >= 0.9))
    rules = {row["update_rule"]: row["accuracy"] for row in rows if row.get("update_rule")}
    for name in [rule for rule in rules if rule != FIFO and FIFO in rules]:
        gain = 100 * (rules[name] - rules[FIFO])
        text = f"update rule {name} minus fifo, task 2: {gain:.1f} points"
        lines.append(verdict(text, ">= 10", gain >= 10))
    return lines + _mask_figures(rows)


def _row(
    rows: Sequence[dict[str, Any]], task: int, system: str, snr_db: float | None, **what: Any
) -> dict[str, Any] | None:
    """The row over AWGN with memory, or as `what` says; None where there is none."""
    wanted = {"memory": True, "channel": "awgn", "update_rule": None, "mask": None}
    wanted |= {"unknown": None, "task": task, "system": system, "snr_db": snr_db, **what}
    found = (row for row in rows if all(row.get(key) == value for key, value in wanted.items()))
    return next(found, None)


def _accuracy_figures(rows: Sequence[dict[str, Any]], system: str) -> list[str]:
    """Accuracies of a system, and what its memory gains."""
    lines = []
    for task, snr_db, least in _ACCURACY_TARGETS:
        row = _row(rows, task, system, snr_db)
        ceiling = _row(rows, task, system, None)
        if row:
            end = f", without noise {ceiling['accuracy']:.3f}" if ceiling else ""
            name = f"{system}, task {task} at {snr_db:g} dB{end}: accuracy"
            value = row["accuracy"]
            lines.append(verdict(f"{name} {value:.3f}", f">= {least:g}", value >= least))
    for task in (1, 2):
        on = _row(rows, task, system, 12.0)
        off = _row(rows, task, system, 12.0, memory=False)
        if on and off:
            gain = 100 * (on["accuracy"] - off["accuracy"])
            name = f"{system}, task {task} at 12 dB: memory on minus off"
            lines.append(verdict(f"{name} {gain:.1f} points", ">= 30", gain >= 30))
    return lines


def _mask_figures(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Symbols saved by each mask at 6 dB and what it costs, over all tasks."""
    here = [row for row in rows if row.get("mask") and row["snr_db"] == 6.0]
    means = {
        mask: np.mean(
            [(r["accuracy"], r["uses_per_message"]) for r in here if r["mask"] == mask], axis=0
        )
        for mask in dict.fromkeys(row["mask"] for row in here)
    }
    lines = []
    for mask in means.keys() & {"theory", "learned"} if "none" in means else ():
        lost = 100 * (means["none"][0] - means[mask][0])
        saved = 1 - means[mask][1] / means["none"][1]
        text = f"mask {mask} at 6 dB: {saved:.0%} of the symbols saved, {lost:.1f} points lost"
        lines.append(verdict(text, ">= 40 % at <= 1 point", saved >= 0.4 and lost <= 1))
    return lines


def plot_memory(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Draw accuracy against SNR, a picture for each channel and task; with memory full lines,
    without dashed ones.

    Args:
        path: PNG, SVG or PDF file to write.
        rows: of accuracy_rows; others are left out.

    Raises:
        ConfigError: there is nothing to draw, or the file cannot be written.
    """
    from matplotlib.figure import Figure

    chosen = [
        row
        for row in rows
        if isinstance(row["task"], int)
        and row.get("snr_db") is not None
        and not any(row.get(key) for key in ("update_rule", "mask", "unknown"))
    ]
    if not chosen:
        raise ConfigError("plot has no rows; allowed are rows of the part accuracy")
    channels = list(dict.fromkeys(row["channel"] for row in chosen))
    tasks = sorted({row["task"] for row in chosen})
    systems = list(dict.fromkeys(row["system"] for row in chosen))
    size = (4 * len(tasks), 4 * len(channels))
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(len(channels), len(tasks), sharey=True, squeeze=False)
    for line, channel in zip(grid, channels, strict=True):
        for axes, task in zip(line, tasks, strict=True):
            here = [row for row in chosen if (row["channel"], row["task"]) == (channel, task)]
            _draw(axes, here, systems)
            axes.set_title(f"Task {task}, {channel}", fontsize=10)
    grid[0, 0].legend(fontsize=7)
    for line in grid:
        line[0].set_ylabel("answer accuracy")
    try:
        figure.savefig(path, dpi=110)
    except (OSError, ValueError) as error:
        raise ConfigError(f"plot {path} cannot be written: {error}") from error


def _draw(axes: Any, rows: Sequence[dict[str, Any]], systems: Sequence[str]) -> None:
    """Curves of one task and channel with their intervals."""
    for colour, system in zip(COLOURS, systems):
        for memory, style in ((True, "-"), (False, "--")):
            own = sorted(
                (row for row in rows if row["system"] == system and row["memory"] is memory),
                key=lambda row: row["snr_db"],
            )
            if own:
                axes.errorbar(
                    [row["snr_db"] for row in own],
                    [row["accuracy"] for row in own],
                    [row["interval"] for row in own],
                    ls=style,
                    lw=1.6 if memory else 1,
                    marker="o",
                    ms=3,
                    color=colour,
                    label=f"{system}, {'memory' if memory else 'no memory'}",
                )
    axes.set(xlabel="SNR (dB)", ylim=(-0.03, 1.03))
    axes.grid(alpha=0.2)
