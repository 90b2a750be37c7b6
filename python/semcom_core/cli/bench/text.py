# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom bench text`: channel uses and delivery of the text codecs against SNR."""

from __future__ import annotations

import argparse
import math
import resource
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from semcom_core.bench.jobs import Workers
from semcom_core.bench.plot import plot_text
from semcom_core.bench.report import check_writable, verdict, write_json
from semcom_core.bench.settings import settings_for, takes_context
from semcom_core.bench.text.link import TextLink, Trial
from semcom_core.bench.text.rate import Measurement
from semcom_core.bench.text.results import (
    EXACT,
    aligned,
    cells,
    describe,
    figures,
    gap_cells,
    ratio_cells,
)
from semcom_core.channel import parse_channel
from semcom_core.cli.bench import (
    add_run_options,
    add_sentence_options,
    measured_settings,
    print_devices,
)
from semcom_core.cli.codec_options import add_settings_option, settings_from
from semcom_core.codecs import TEXT, find_codec
from semcom_core.datasets.corpus import CORPORA, Message, data_file, messages, word_range
from semcom_core.errors import ConfigError, check_range
from semcom_core.frame import ROUNDS
from semcom_core.text import TEXT_CODECS

#: Corpus of the text bench unless another is named.
DEFAULT_CORPUS = "europarl"
#: Most memory of the process, GiB.
MEMORY_GIB = 2.5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add all options."""
    parser.add_argument(
        "--codec",
        nargs="+",
        default=list(TEXT_CODECS),
        help=f"codecs (default {' '.join(TEXT_CODECS)})",
    )
    _add_channel(parser)
    _add_data(parser)
    _add_rate(parser)
    parser.add_argument(
        "--distill",
        metavar="MODE",
        help="count what distilled texts save: off, canonical, extractive or abstractive",
    )
    parser.add_argument(
        "--probability-noise",
        type=float,
        default=0.0,
        help="uniform noise on each log2-probability at the receiver, bits",
    )
    add_run_options(parser, "sentences")
    parser.add_argument(
        "--plot",
        type=Path,
        help="picture to draw: cost, delivery, quality and where the uses go, against SNR",
    )
    add_settings_option(parser)
    parser.set_defaults(run=run)


def _add_channel(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--channel",
        default="awgn",
        help="awgn, rayleigh or rician with options; --snr-db gives its SNR (default awgn)",
    )
    parser.add_argument(
        "--snr-db",
        type=float,
        nargs="+",
        default=[0, 3, 6, 9, 12],
        help="SNRs, dB (default 0 3 6 9 12)",
    )
    parser.add_argument(
        "--pilots",
        type=int,
        default=0,
        help="pilots in each fading block that tell the gain (default 0: it is known)",
    )
    design = parser.add_mutually_exclusive_group()
    design.add_argument(
        "--design-snr-db",
        type=float,
        help="SNR that the rate is chosen for (default: that of the channel)",
    )
    design.add_argument(
        "--design-offset-db",
        type=float,
        default=0.0,
        help="choose the rate for this much above the channel's SNR, dB",
    )


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--corpus", help=f"one of {', '.join(CORPORA)}, or a file (default {DEFAULT_CORPUS})"
    )
    add_sentence_options(parser, limit=100)
    parser.add_argument(
        "--context",
        type=int,
        nargs="+",
        default=[0],
        help="texts before each that both ends know (default 0)",
    )


def _add_rate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--uses-per-word",
        type=float,
        help="choose the rate so that the mean uses a word are at most this",
    )
    parser.add_argument(
        "--exact",
        type=float,
        default=EXACT,
        help=f"share of exact texts that separate codes must reach (default {EXACT})",
    )
    parser.add_argument(
        "--rounds",
        type=int,
        nargs="+",
        default=[1],
        help="most rounds of a message, one or several (default 1)",
    )
    parser.add_argument(
        "--harq",
        dest="rounds",
        action="store_const",
        const=[ROUNDS],
        help=f"the same as --rounds {ROUNDS}",
    )


def run(args: argparse.Namespace) -> int:
    """Measure each codec at every SNR, print its row when it is there, and compare them all at the
    end.

    A codec that cannot do what is asked, such as a budget of uses that it always exceeds, is left
    out with a line that says why.

    Raises:
        ConfigError: an option is outside what is allowed, or every row is left out.
    """
    check_options(args)
    check_writable(args.json, args.plot)
    settings = measured_settings(args)
    if args.distill:
        from semcom_core.cli.bench.distillation import run_distill  # it loads torch

        return run_distill(args, settings)
    messages = messages_of(args)
    todo = cases(args)
    _try_codecs(todo, args.seed)
    print_devices({case.link.codec: case.link.settings for case in todo}.items())
    settings["corpus"] = corpus_of(args)
    settings["left_out"] = []
    rows: list[dict] = []
    with Workers(args.jobs, args.ray) as workers:
        measurement = Measurement(workers, messages, args.exact, args.uses_per_word, _progress)
        for row in _rows(measurement, todo, settings["left_out"]):
            rows.append(row)
            if args.json:
                write_json(args.json, "text", args.seed, settings, rows)
    for line in conclusion(rows, settings):
        print(line)
    if args.plot:
        plot_text(args.plot, rows)
    return 0


@dataclass(frozen=True)
class Case:
    """One row: a link, and how many texts before each message both ends know."""

    link: TextLink
    context: int


def check_options(args: argparse.Namespace) -> None:
    """Check the options that nothing else checks before the first row.

    Raises:
        ConfigError: an option is outside what is allowed.
    """
    for name in args.codec:
        find_codec(name, TEXT)
    check_range("seed", args.seed, 0, math.inf)
    for count in args.context:
        check_range("context", count, 0, 64)
    if args.uses_per_word is not None and not args.uses_per_word > 0:
        raise ConfigError(
            f"uses per word are limited to {args.uses_per_word:g}; allowed is above 0"
        )


def corpus_of(args: argparse.Namespace) -> str:
    """The corpus that is asked for, or the usual one."""
    return args.corpus or DEFAULT_CORPUS


def messages_of(args: argparse.Namespace) -> list[Message]:
    """The messages to send, each with the longest context asked for."""
    path = data_file(args.data, corpus_of(args))
    return messages(
        path,
        args.split,
        word_range(args.words),
        args.limit,
        np.random.default_rng(args.seed),
        max(args.context),
    )


def cases(args: argparse.Namespace) -> list[Case]:
    """A case for each codec, SNR, number of rounds and context."""
    given = settings_from(args)
    kind, comma, options = args.channel.partition(",")
    found = []
    for name in dict.fromkeys(args.codec):
        settings = settings_for(name, args.codec, given)
        for snr_db in dict.fromkeys(args.snr_db):
            link = TextLink(
                name,
                settings,
                parse_channel(f"{kind}:{snr_db:g}{comma}{options}"),
                probability_noise=args.probability_noise,
                seed=args.seed,
                design_snr_db=_design_snr_db(args, snr_db),
                pilots=args.pilots,
            )
            contexts = [
                context
                for context in sorted(set(args.context))
                if not context or takes_context(name)
            ]
            found += [
                Case(replace(link, rounds=rounds), context)
                for rounds in dict.fromkeys(args.rounds)
                for context in contexts
            ]
    if not found:
        raise ConfigError(
            f"context is {args.context}, and no codec of {', '.join(args.codec)} takes one; "
            "allowed is 0"
        )
    return found


def _design_snr_db(args: argparse.Namespace, snr_db: float) -> float | None:
    """SNR that the rate is chosen for, dB; None for that of the channel."""
    if args.design_snr_db is None and args.design_offset_db:
        return snr_db + args.design_offset_db
    return args.design_snr_db


def _try_codecs(todo: list[Case], seed: int) -> None:
    """Make both ends of each codec once: what cannot work fails here, before hours of measuring."""
    for link in {case.link.codec: case.link for case in todo}.values():
        link.receiver(link.sender(), np.random.default_rng(seed))


def _rows(measurement: Measurement, todo: list[Case], left_out: list[str]) -> Iterator[dict]:
    """Rows as they come, printed; why cases are left out is added to `left_out`."""
    uses: dict[tuple, float] = {}
    failed = None
    for case in todo:
        link = case.link
        try:
            row = measurement.row(link, case.context)
        except ConfigError as error:
            failed = error
            left_out.append(f"{link.codec} {link.channel}: {error}")
            print(f"left out: {left_out[-1]}", flush=True)
            continue
        place = link.codec, str(link.channel), link.rounds
        uses.setdefault((*place, case.context), row["uses_per_word"])
        row["context_ratio"] = None
        if case.context and (*place, 0) in uses:
            row["context_ratio"] = row["uses_per_word"] / uses[*place, 0]
        print(describe(row), flush=True)
        yield row
    if failed and len(left_out) == len(todo):
        raise failed


def _progress(trials: Iterable[Trial], title: str, count: int) -> Iterator[Trial]:
    return iter(tqdm(trials, title, count, leave=False))


def conclusion(rows: list[dict], settings: dict) -> list[str]:
    """The tables and the figures that have a target, as lines."""
    lines = ["", *aligned(*cells(rows))]
    for title, (headings, table) in (
        ("Uses a word by cause:", gap_cells(rows)),
        ("Uses over those of each other codec:", ratio_cells(rows)),
    ):
        if table:
            lines += ["", title, *aligned(headings, table)]
    lines.append("")
    found = figures(rows, settings)
    for name, snr_db in dict.fromkeys((figure.series, figure.snr_db) for figure in found):
        chosen = [f for f in found if (f.series, f.snr_db) == (name, snr_db)]
        lines.append(
            f"{name} at {snr_db:g} dB: "
            + "; ".join(verdict(f"{f.name} {f.value}", f.target, f.reached) for f in chosen)
        )
    processes = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    memory_gib = max(resource.getrusage(who).ru_maxrss for who in processes) / 2**20
    lines.append(
        "process: "
        + verdict(f"memory {memory_gib:.2f} GiB", f"<= {MEMORY_GIB}", memory_gib <= MEMORY_GIB)
    )
    return lines
