# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom bench memory`: answers to questions about what was sent, with and without memory."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import tqdm

from semcom_core.bench.report import check_writable, write_json
from semcom_core.cli.bench import measured_settings
from semcom_core.datasets.corpus import DATA_VARIABLE, SPLITS, data_folder
from semcom_core.datasets.stories import (
    BABI_FOLDER,
    OWN_WORDING,
    TASKS,
    Story,
    generate_story,
    read_stories,
)
from semcom_core.errors import check_choice, check_range

if TYPE_CHECKING:  # it loads torch
    from semcom_core.tasks.scenario.systems import System

#: Parts of the bench and what they measure.
PARTS = {
    "accuracy": "accuracy against SNR, with memory and without, and without noise",
    "unknown": "questions about what was never sent",
    "mask": "accuracy against symbols sent",
    "update": "update rules of a memory of a quarter of the story, task 2",
    "time": "time of an answer",
    "uses": "channel uses of sentences by llm-ac",
    "llm": "a large model that answers from received texts, task 1",
    "walker": "position of a walker from remembered channel estimates",
    "rate": "rates chosen by remembered channel state",
    "alignment": "pictures recalled by captions, captions by pictures",
}
#: Where stories come from.
SOURCES = ("babi", "generated")
#: Symbols that are sent in the part mask, beside what the masks choose.
_COUNTS = (4, 6, 8, 10, 12, 14)
#: Sentences of the part uses.
_SENTENCES = 40


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the bench."""
    parts = "; ".join(f"{name}: {what}" for name, what in PARTS.items())
    parser.add_argument(
        "--part",
        nargs="+",
        default=["accuracy", "unknown", "mask", "update"],
        help=f"{parts} (default accuracy unknown mask update)",
    )
    parser.add_argument(
        "--system",
        nargs="+",
        default=["transceiver", "proxy", "separate", "separate-1"],
        help="transceiver, proxy, separate, separate-1 (default all)",
    )
    parser.add_argument(
        "--task",
        nargs="+",
        type=int,
        default=list(TASKS),
        help=f"of {', '.join(map(str, TASKS))} (default all)",
    )
    parser.add_argument(
        "--channel", nargs="+", default=["awgn"], help="awgn, rayleigh (default awgn)"
    )
    parser.add_argument(
        "--snr-db",
        type=float,
        nargs="+",
        default=[-6, -3, 0, 3, 6, 9, 12, 15, 18],
        help="SNRs, dB (default -6 to 18 by 3)",
    )
    parser.add_argument(
        "--source",
        default="babi",
        help="stories: babi, or generated in the project's own wording (default babi)",
    )
    parser.add_argument("--data", help=f"folder with {BABI_FOLDER} (default ${DATA_VARIABLE})")
    parser.add_argument(
        "--split", default="test", help=f"one of {', '.join(SPLITS)} (default test)"
    )
    parser.add_argument(
        "--limit", type=int, default=100, help="stories of a task, a seeded sample (default 100)"
    )
    parser.add_argument("--walks", type=int, default=200, help="walks (default 200)")
    parser.add_argument(
        "--walk-snr-db",
        type=float,
        nargs="+",
        default=[15.0],
        help="SNRs of a walker's channel estimates by a direct path of 5 m, dB (default 15)",
    )
    parser.add_argument("--seeds", type=int, default=5, help="channel seeds (default 5)")
    parser.add_argument(
        "--weights", type=Path, help="folder of the networks (default those that ship)"
    )
    parser.add_argument(
        "--codec",
        nargs="+",
        default=["llm-ac", "spinal"],
        help="text codecs of the part llm (default llm-ac spinal)",
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="seed of the sample and first of the channel's"
    )
    parser.add_argument("--json", type=Path, help="file to write the rows to")
    parser.add_argument("--plot", type=Path, help="picture to draw: accuracy against SNR")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure, and print each row and the figures that have a target.

    Raises:
        ConfigError: an option is outside what is allowed.
    """
    from semcom_core.bench import memory

    _check(args)
    rows: list[dict] = []
    for name in args.part:
        for row in _PART_ROWS[name](args):
            rows.append(row)
            print(_described(row), flush=True)
            if args.json:
                write_json(args.json, "memory", args.seed, _settings(args), rows)
    told = [row for row in rows if "accuracy" in row]
    for line in memory.figures(told):
        print(line)
    if args.plot:
        memory.plot_memory(args.plot, told)
    return 0


def _check(args: argparse.Namespace) -> None:
    from semcom_core.tasks.scenario.systems import SYSTEMS

    for name in args.part:
        check_choice("part", name, PARTS)
    for name in args.system:
        check_choice("system", name, SYSTEMS)
    for task in args.task:
        check_choice("task", task, TASKS)
    for name in args.channel:
        check_choice("channel", name, ("awgn", "rayleigh"))
    for snr_db in args.snr_db:
        check_range("snr-db", snr_db, -20, 40)
    check_choice("source", args.source, SOURCES)
    check_choice("split", args.split, SPLITS)
    check_range("limit", args.limit, 1, math.inf)
    check_range("seeds", args.seeds, 1, 1000)
    check_range("seed", args.seed, 0, math.inf)
    check_writable(args.json, args.plot)


def _settings(args: argparse.Namespace) -> dict[str, Any]:
    found = measured_settings(args)
    return {**found, "weights": str(args.weights) if args.weights else "shipped"}


def _described(row: dict) -> str:
    from semcom_core.bench import memory, walker

    if row["task"] == "walker":
        return walker.describe_walker(row)
    if row["task"] == "rate":
        return walker.describe_rate(row)
    if row["task"] == "alignment":
        from semcom_core.bench.alignment import describe_alignment

        return describe_alignment(row)
    return memory.describe(row)


def _stories(args: argparse.Namespace) -> dict[int, list[Story]]:
    """Stories of each task, a sample."""
    found = {}
    for task in dict.fromkeys(args.task):
        rng = np.random.default_rng([args.seed, task])
        if args.source == "generated":
            found[task] = [generate_story(task, rng) for _ in range(args.limit)]
        else:
            folder = data_folder(args.data, str(BABI_FOLDER))
            known = read_stories(folder, task, args.split)
            found[task] = [known[i] for i in rng.permutation(len(known))[: args.limit]]
    return found


def _systems(args: argparse.Namespace) -> Iterator[System]:
    """The systems that were asked for."""
    from semcom_core.tasks.scenario.systems import LearnedSystem, SeparateSystem

    texts = None
    for name in dict.fromkeys(args.system):
        if name in ("transceiver", "proxy"):
            yield LearnedSystem(name, folder=args.weights)
        else:
            texts = texts or _training_texts(args)
            yield SeparateSystem(texts, int(name.endswith("1")), args.weights)


def _training_texts(args: argparse.Namespace) -> list[str]:
    """Sentences that the Huffman code is fitted on: of the training part, or drawn anew."""
    if args.source == "generated":
        rng = np.random.default_rng([args.seed, len(PARTS)])
        known = [generate_story(task, rng) for task in TASKS for _ in range(200)]
    else:
        folder = data_folder(args.data, str(BABI_FOLDER))
        known = [story for task in TASKS for story in read_stories(folder, task, "train")]
    return [line.text for story in known for line in story.lines]


def _seeds(args: argparse.Namespace) -> range:
    return range(args.seed, args.seed + args.seeds)


def _accuracy(args: argparse.Namespace) -> Iterator[dict]:
    from semcom_core.bench.memory import accuracy_rows

    stories = _stories(args)
    for system in _systems(args):
        yield from accuracy_rows(system, stories, "awgn", None, _seeds(args))
        places = [(channel, snr_db) for channel in args.channel for snr_db in args.snr_db]
        for channel, snr_db in tqdm(places, system.name, leave=False):
            yield from accuracy_rows(system, stories, channel, snr_db, _seeds(args))


def _unknown(args: argparse.Namespace) -> Iterator[dict]:
    from semcom_core.bench.memory import accuracy_rows, unknown_stories

    stories = {}
    for task, chosen in _stories(args).items():
        rng = np.random.default_rng([args.seed, task])
        # questions about the other wording's people and things: all of bAbI's are mostly named
        asked = unknown_stories(chosen, rng, OWN_WORDING)
        if asked:
            stories[task] = asked
    for system in _systems(args):
        for snr_db in (0.0, 6.0, 12.0):
            yield from accuracy_rows(
                system, stories, "awgn", snr_db, _seeds(args), (True,), unknown=True
            )


def _mask(args: argparse.Namespace) -> Iterator[dict]:
    from semcom_core.bench.memory import accuracy_rows
    from semcom_core.tasks.scenario.systems import MASKS, LearnedSystem

    stories = _stories(args)
    systems: dict[str, System] = {
        mask: LearnedSystem("transceiver", mask, args.weights) for mask in MASKS
    }
    systems |= {
        f"{count} symbols": LearnedSystem("transceiver", folder=args.weights, symbols=count)
        for count in _COUNTS
    }
    for snr_db in (0.0, 6.0, 12.0):
        for mask, system in systems.items():
            yield from accuracy_rows(
                system, stories, "awgn", snr_db, _seeds(args), (True,), mask=mask
            )


def _update(args: argparse.Namespace) -> Iterator[dict]:
    from semcom_core.bench.memory import SMALL_MEMORY, update_rows
    from semcom_core.tasks.scenario.systems import LearnedSystem

    stories = _stories(argparse.Namespace(**{**vars(args), "task": [2]}))
    system = LearnedSystem("transceiver", folder=args.weights)
    asked = {text for text in _training_texts(args) if text.startswith("Where is the ")}
    yield from update_rows(system, stories[2], 12.0, _seeds(args), SMALL_MEMORY, sorted(asked))


def _time(args: argparse.Namespace) -> Iterator[dict]:
    from semcom_core.bench.memory import time_row

    stories = [story for chosen in _stories(args).values() for story in chosen]
    for system in _systems(args):
        yield time_row(system, stories[:50])


def _uses(args: argparse.Namespace) -> Iterator[dict]:
    from semcom_core.bench.memory import uses_row
    from semcom_core.text import load_codec

    texts = list(dict.fromkeys(line.text for s in _stories(args)[args.task[0]] for line in s.lines))
    codec = load_codec("llm-ac")
    for snr_db in args.snr_db:
        yield uses_row(codec, texts[:_SENTENCES], snr_db)


def _llm(args: argparse.Namespace) -> Iterator[dict]:
    from semcom_core.bench.memory import text_row
    from semcom_core.tasks.answerer import load_answerer
    from semcom_core.text import load_codec

    stories = _stories(argparse.Namespace(**{**vars(args), "task": [1]}))[1]
    answerer = load_answerer()
    for name in args.codec:
        codec = load_codec(name)
        for snr_db in args.snr_db:
            for memory in (True, False):
                yield text_row(
                    codec, answerer, stories, snr_db, _seeds(args), memory, f"{name} + LLM"
                )


def _walker(args: argparse.Namespace) -> Iterator[dict]:
    from semcom_core.bench.walker import walker_rows
    from semcom_core.datasets.walks import WalkConfig

    for snr_db in args.walk_snr_db:
        yield from walker_rows(args.walks, args.seed, WalkConfig(snr_db=snr_db))


def _rate(args: argparse.Namespace) -> Iterator[dict]:
    from semcom_core.bench.walker import rate_rows

    yield from rate_rows(seed=args.seed)


def _alignment(args: argparse.Namespace) -> Iterator[dict]:
    from semcom_core.bench.alignment import alignment_rows

    yield from alignment_rows(data_folder(args.data, "cocoseg/ and text/"), seed=args.seed)


#: What gives the rows of each part.
_PART_ROWS: dict[str, Callable[[argparse.Namespace], Iterator[dict]]] = {
    "accuracy": _accuracy,
    "unknown": _unknown,
    "mask": _mask,
    "update": _update,
    "time": _time,
    "uses": _uses,
    "llm": _llm,
    "walker": _walker,
    "rate": _rate,
    "alignment": _alignment,
}
