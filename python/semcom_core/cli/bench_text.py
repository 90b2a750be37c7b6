# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom bench text`: what the text codecs spend on sentences and what arrives, against SNR."""

from __future__ import annotations

import argparse
import resource
from collections.abc import Iterable, Iterator

import numpy as np
from tqdm import tqdm

from semcom_core.bench.compare import aligned, cells, describe, gap_cells, ratio_cells
from semcom_core.bench.jobs import Workers
from semcom_core.bench.measure import Measurement
from semcom_core.bench.plot import plot_text
from semcom_core.bench.report import check_writable, verdict, write_json
from semcom_core.bench.targets import figures
from semcom_core.bench.text import Trial
from semcom_core.cli.bench_text_options import Case, add_arguments, cases, check, corpus_of, messages_of
from semcom_core.errors import ConfigError

__all__ = ["add_arguments", "run"]

#: Most memory of the process, GiB.
MEMORY_GIB = 2.5
#: Options that say where results go, not what they are.
_NOT_SETTINGS = ("run", "json", "plot", "seed")


def run(args: argparse.Namespace) -> int:
    """Measure each codec at every SNR, print its row when it is there, and compare them all at the end.

    A codec that cannot do what is asked, such as a budget of uses that it always exceeds, is left out with a line that says why.

    Raises:
        ConfigError: an option is outside what is allowed, or every row is left out.
    """
    check(args)
    check_writable(args.json, args.plot)
    settings = {name: value for name, value in vars(args).items() if name not in _NOT_SETTINGS}
    if args.distill:
        from semcom_core.cli.bench_text_distill import run_distill  # it loads torch

        return run_distill(args, settings)
    messages, todo = messages_of(args), cases(args)
    _try_codecs(todo, args.seed)
    settings |= {"corpus": corpus_of(args), "left_out": []}
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
        row["context_ratio"] = row["uses_per_word"] / uses[*place, 0] if case.context and (*place, 0) in uses else None
        print(describe(row), flush=True)
        yield row
    if failed and len(left_out) == len(todo):
        raise failed


def _progress(trials: Iterable[Trial], title: str, count: int) -> Iterator[Trial]:
    return iter(tqdm(trials, title, count, leave=False))


def conclusion(rows: list[dict], settings: dict) -> list[str]:
    """The tables and the figures that have a target, as lines."""
    lines = ["", *aligned(*cells(rows))]
    for title, table in (("Uses a word by cause:", gap_cells(rows)), ("Uses over those of each other codec:", ratio_cells(rows))):
        if table[1]:
            lines += ["", title, *aligned(*table)]
    lines.append("")
    found = figures(rows, settings)
    for name, snr_db in dict.fromkeys((figure.series, figure.snr_db) for figure in found):
        chosen = [f for f in found if (f.series, f.snr_db) == (name, snr_db)]
        lines.append(f"{name} at {snr_db:g} dB: " + "; ".join(verdict(f"{f.name} {f.value}", f.target, f.reached) for f in chosen))
    memory_gib = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 2**20
    lines.append("process: " + verdict(f"memory {memory_gib:.2f} GiB", f"<= {MEMORY_GIB}", memory_gib <= MEMORY_GIB))
    return lines
