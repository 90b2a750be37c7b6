# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom bench speed`: speed of the language model here, and the loss by low precision, bits; or
the speed of architectures of equal size.
"""

from __future__ import annotations

import argparse
import resource
from dataclasses import fields
from pathlib import Path

import numpy as np

from semcom_core.bench.report import check_writable, verdict, write_json
from semcom_core.bench.speed import (
    REFERENCE,
    Architectures,
    Speed,
    architecture_rows,
    speed_rows,
)
from semcom_core.cli.bench import add_sentence_options, measured_settings
from semcom_core.config import DEVICES
from semcom_core.datasets.corpus import data_file, sentences, word_range
from semcom_core.errors import check_range

#: Targets: most bits a token that fast numbers may cost, difference that the codec bears, memory of
#: the process.
LOSS_BITS = 0.02
ORDER_BITS = 0.002
MEMORY_GIB = 2.5
_HELP = {field.name: field.metadata.get("help", "") for field in fields(Speed)}
_DEFAULT = {field.name: field.default for field in fields(Speed)}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the bench."""
    for name in ("model", "adapter"):
        parser.add_argument(
            f"--{name}",
            default=_DEFAULT[name],
            help=f"{_HELP[name]} (default {_DEFAULT[name] or 'none'})",
        )
    parser.add_argument(
        "--precision",
        nargs="+",
        default=_DEFAULT["precisions"],
        help=f"{_HELP['precisions']} (default int8 float32)",
    )
    parser.add_argument(
        "--nodes",
        type=int,
        nargs="+",
        default=_DEFAULT["nodes"],
        help=f"{_HELP['nodes']} (default 8 16 32)",
    )
    parser.add_argument(
        "--repeats",
        type=int,
        default=_DEFAULT["repeats"],
        help=f"{_HELP['repeats']} (default {_DEFAULT['repeats']})",
    )
    parser.add_argument(
        "--device",
        choices=DEVICES,
        default=_DEFAULT["device"],
        help=f"{_HELP['device']} (default cpu)",
    )
    parser.add_argument(
        "--architectures",
        action="store_true",
        help="instead of the model: small random networks of ten architectures, int8 and float32",
    )
    parser.add_argument("--threads", type=int, help="threads (default: as many as torch takes)")
    add_sentence_options(parser, limit=50)
    parser.add_argument(
        "--seed", type=int, default=1, help="seed of the sample or the networks (default 1)"
    )
    parser.add_argument("--json", type=Path, help="file to write the rows to")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure each precision and print a line on each, or a table of architectures."""
    check_writable(args.json)
    if args.threads is not None:
        import torch

        check_range("threads", args.threads, 1, 256)
        torch.set_num_threads(args.threads)
    rows = _compare(args) if args.architectures else _measure(args)
    if args.json:
        write_json(args.json, "speed", args.seed, measured_settings(args), rows)
    return 0


def _compare(args: argparse.Namespace) -> list[dict]:
    """Measure architectures of equal size and print their table."""
    rows = architecture_rows(Architectures(tuple(args.nodes), args.repeats, args.seed))
    print(table(rows))
    return rows


def _measure(args: argparse.Namespace) -> list[dict]:
    """Measure each precision of a model and print two lines on each."""
    texts = sentences(
        data_file(args.data),
        args.split,
        word_range(args.words),
        args.limit,
        np.random.default_rng(args.seed),
    )
    config = Speed(
        tuple(texts),
        args.model,
        args.adapter,
        tuple(args.precision),
        tuple(args.nodes),
        args.repeats,
        args.device,
    )
    rows = speed_rows(config)
    for row in rows:
        print(describe(row))
        print(targets(row))
    memory_gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"process, with every precision in it: memory {memory_gib:.2f} GiB")
    return rows


def table(rows: list[dict]) -> str:
    """Architectures, their ways and times, a line each."""
    columns = list(rows[0]["step_ms"])
    heads = "".join(f"{nodes + ' nodes':>20s}" for nodes in columns)
    lines = [
        f"a step in ms (beside {' in '.join(REFERENCE)}); check: seconds of the check when a model "
        f"is loaded for the first time; {rows[0]['threads']} threads",
        f"{'architecture':14s}{'precision':11s}{'trees by':10s}{'weights':>9s}{heads}{'check':>9s}",
    ]
    for row in rows:
        steps = "".join(
            f"{row['step_ms'][nodes]:10.2f} ({row['ratio'][nodes]:5.2f} x)" for nodes in columns
        )
        lines.append(
            f"{row['architecture']:14s}{row['precision']:11s}{row['way']:10s}"
            f"{row['weights'] / 1e6:7.1f} M{steps}{row['check_s']:7.2f} s"
        )
    return "\n".join(lines)


def describe(row: dict) -> str:
    """One line on a row."""
    steps = ", ".join(
        f"{nodes} nodes {ms:.1f} ms = {row['read_ratio'][nodes]:.2f} x"
        for nodes, ms in row["step_ms"].items()
    )
    return (
        f"{row['precision']:8s} {row['device']}, {row['threads']} threads, trees by {row['way']}; "
        f"reading the weights once {row['read_ms']:.1f} ms; a step of {steps} of that;"
        f" new prompt {row['prefill_ms']:.0f} ms, text {row['text_ms']:.0f} ms, loading "
        f"{row['load_s']:.1f} s, check {row['check_s']:.1f} s"
    )


def targets(row: dict) -> str:
    """The figures of a row that have a target."""
    divergence = row["divergence_bits"]
    order = row["order_bits"]
    figures = [
        verdict(
            f"divergence from float32 {divergence:.4f} bit a token",
            f"<= {LOSS_BITS}",
            divergence <= LOSS_BITS,
        ),
        f"surprisal against float32 {row['loss_bits']:+.4f} bit a token over {row['tokens']} "
        "tokens",
        verdict(
            f"whole texts against steps {order:.2g} bit", f"<= {ORDER_BITS}", order <= ORDER_BITS
        ),
    ]
    return f"{row['precision']:8s} " + "; ".join(figures)
