# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom bench tasks`: intentions, counting, visual questions and plans, over the link."""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator

import numpy as np

from semcom_core.bench import families, tasks
from semcom_core.bench.jobs import Workers
from semcom_core.bench.report import check_writable, write_json
from semcom_core.cli.bench import add_run_options, measured_settings
from semcom_core.datasets.corpus import DATA_VARIABLE, SPLITS, data_folder
from semcom_core.datasets.requests import read_requests
from semcom_core.datasets.stories import Story, read_stories
from semcom_core.errors import check_choice, check_range
from semcom_core.tasks.answerer import DECODER, ENCODER, ENCODER_DECODER, load_answerer
from semcom_core.tasks.planner import LanguageModelScorer, Planner, PlanScorer
from semcom_core.train.answers import last_questions

#: Measures of the bench, in their order; those after the default ones need data or a large model.
MEASURES = (
    "intention", "counting", "questions", "plans", "photographs", "families", "answers"
)  # fmt: skip
DEFAULT_MEASURES = MEASURES[:4]
#: Families of answerers in the order of their rows; the last answers over the link.
FAMILIES = (ENCODER, ENCODER_DECODER, DECODER)
#: The scorer of plans that is trained for it.
PARSER = "parser"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the bench."""
    parser.add_argument(
        "--measure",
        nargs="+",
        default=list(DEFAULT_MEASURES),
        help=f"of {', '.join(MEASURES)} (default {' '.join(DEFAULT_MEASURES)})",
    )
    parser.add_argument(
        "--snr-db",
        type=float,
        nargs="*",
        help="SNRs of the link, dB, beside no link at all (default 3 for intentions, 10 and 3 for "
        "counting, 6 for questions)",
    )
    parser.add_argument(
        "--channel", default="awgn", help="such as awgn or rayleigh; --snr-db gives its SNR"
    )
    parser.add_argument("--text-codec", default="spinal", help="of requests (default spinal)")
    parser.add_argument("--image-codec", default="hybrid", help="of pictures (default hybrid)")
    parser.add_argument("--cbr", default="1/16", help="of pictures (default 1/16)")
    parser.add_argument(
        "--scorer",
        nargs="+",
        default=[PARSER],
        help=f"of plans: {PARSER}, or names or paths of causal language models (default {PARSER})",
    )
    parser.add_argument(
        "--split", default="test", help=f"of the requests: {', '.join(SPLITS)} (default test)"
    )
    parser.add_argument(
        "--limit",
        type=int,
        default=200,
        help="requests, pairs of pictures, questions and photographs of each row (default 200)",
    )
    parser.add_argument(
        "--seeds", type=int, default=5, help="seeds of the channel, 1 to 100 (default 5)"
    )
    parser.add_argument(
        "--answerer",
        nargs="+",
        default=list(FAMILIES),
        help="models of families and, the last of them, of answers: families, names, paths or hub "
        f"names (default {' '.join(FAMILIES)})",
    )
    parser.add_argument("--adapter", default="stories", help="of the codec of answers' statements")
    parser.add_argument(
        "--task", type=int, nargs="+", default=[1], help="tasks of bAbI that are asked (default 1)"
    )
    parser.add_argument(
        "--data",
        help=f"folder with cocoseg/, and with text/babi_en10k/ (default ${DATA_VARIABLE})",
    )
    add_run_options(parser, "messages")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure, and print each figure with its target where it has one."""
    for name in args.measure:
        check_choice("measure", name, MEASURES)
    check_choice("split", args.split, SPLITS)
    check_range("limit", args.limit, 1, math.inf)
    check_range("seeds", args.seeds, 1, 100)
    check_range("seed", args.seed, 0, math.inf)
    check_writable(args.json)
    rows: list[dict] = []
    with Workers(args.jobs, args.ray) as workers:
        for measure in args.measure:
            for row in _MEASURES[measure](args, workers):
                print(tasks.describe(row, rows), flush=True)
                rows.append(row)
    if args.json:
        write_json(args.json, "tasks", args.seed, measured_settings(args), rows)
    return 0


def _snrs(args: argparse.Namespace, default: tuple[float, ...]) -> list[float]:
    return list(default) if args.snr_db is None else args.snr_db


def _links(args: argparse.Namespace, codec: str, snr_db: float, **settings: str) -> list:
    return [
        tasks.TaskLink(codec, f"{args.channel}:{snr_db:g}", args.seed + k, settings)
        for k in range(args.seeds)
    ]


def _intention(args: argparse.Namespace, workers: Workers) -> Iterator[dict]:
    """The requests as written, and as they arrive over each seed of each channel."""
    from semcom_core.tasks.intention import load_intentions

    classifier = load_intentions()
    requests = read_requests(args.split)
    order = np.random.default_rng(args.seed).permutation(len(requests))[: args.limit]
    chosen = [requests[k] for k in sorted(order)]
    yield from tasks.intention_rows(classifier, chosen, [request.text for request in chosen])
    for snr_db in _snrs(args, (tasks.INTENTION_SNR_DB,)):
        arrived: list[str] = []
        for link in _links(args, args.text_codec, snr_db):
            sent = workers.trials(link, [request.text for request in chosen])
            arrived += ["" if text is None else text for text in sent]
        yield from tasks.intention_rows(
            classifier, chosen * args.seeds, arrived, args.channel, snr_db, args.seeds
        )


def _visual(
    args: argparse.Namespace, workers: Workers, measure: str, snrs: tuple[float, ...]
) -> Iterator[dict]:
    """Questions about generated scenes, clean and over each channel; the questions are the same."""
    from semcom_core.tasks.parser import load_parser
    from semcom_core.tasks.vision import load_detector

    rng = np.random.default_rng(args.seed)
    make = tasks.counting_trials if measure == "counting" else tasks.question_trials
    trials = make(args.limit, rng)
    shared = (measure, trials, Planner(load_parser()), load_detector(), workers)
    yield from tasks.visual_rows(*shared, [])
    for snr_db in _snrs(args, snrs):
        links = _links(args, args.image_codec, snr_db, cbr=args.cbr)
        yield from tasks.visual_rows(*shared, links, snr_db)


def _plans(args: argparse.Namespace, workers: Workers) -> Iterator[dict]:
    """Plans by each scorer."""
    from semcom_core.models.loader import load_language_model
    from semcom_core.tasks.parser import load_parser

    for name in args.scorer:
        scorer: PlanScorer = (
            load_parser() if name == PARSER else LanguageModelScorer(load_language_model(name))
        )
        yield from tasks.plan_rows(name, scorer, Planner(scorer), args.limit)


def _photographs(args: argparse.Namespace, workers: Workers) -> Iterator[dict]:
    """Counts in photographs."""
    from semcom_core.bench.counting import photograph_rows

    data = data_folder(args.data, "cocoseg/")
    yield from photograph_rows(data / "cocoseg", args.limit, args.seed)


def _families(args: argparse.Namespace, workers: Workers) -> Iterator[dict]:
    """The three families side by side."""
    stories = _stories(args)
    rng = np.random.default_rng(args.seed)
    absent = families.unknown_questions(stories[args.task[0]], rng)
    answers = {task: tuple(last_questions(found)) for task, found in stories.items()}
    requests = tuple(read_requests(args.split)[: args.limit])
    for name in args.answerer:
        trial = families.FamilyTrial(name, answers, tuple(absent), requests)
        yield from families.family_rows(trial)


def _answers(args: argparse.Namespace, workers: Workers) -> Iterator[dict]:
    """Answers from statements that came over the link."""
    answerer = load_answerer(args.answerer[-1])
    for snr_db in _snrs(args, (tasks.ANSWERS_SNR_DB,)):
        settings = {"adapter": args.adapter} if args.adapter else {}
        channel = f"{args.channel}:{snr_db:g}"
        link = families.StatementLink(args.text_codec, channel, args.seed, settings)
        for task, found in _stories(args).items():
            yield from families.answer_rows(
                answerer, last_questions(found), link, args.seeds, workers, snr_db, task
            )


def _stories(args: argparse.Namespace) -> dict[int, list[Story]]:
    """Stories of each task, at most the limit."""
    data = data_folder(args.data, "text/babi_en10k/")
    return {task: read_stories(data, task, args.split)[: args.limit] for task in args.task}


_MEASURES = {
    "intention": _intention,
    "counting": lambda args, workers: _visual(args, workers, "counting", (10.0, 3.0)),
    "questions": lambda args, workers: _visual(
        args, workers, "questions", (tasks.QUESTIONS_SNR_DB,)
    ),
    "plans": _plans,
    "photographs": _photographs,
    "families": _families,
    "answers": _answers,
}
