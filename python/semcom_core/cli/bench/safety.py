# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom bench safety`: detection of toxic, unhelpful, unfaithful and harmful texts."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from semcom_core.bench import safety
from semcom_core.bench.report import check_writable, write_json
from semcom_core.cli.bench import measured_settings
from semcom_core.config import DEVICE_HELP, DEVICES
from semcom_core.datasets.corpus import DATA_VARIABLE, data_folder
from semcom_core.datasets.labelled import PARTS
from semcom_core.errors import check_choice, check_range
from semcom_core.models.device import find_device
from semcom_core.safety import CLASSIFIERS, load_toxicity
from semcom_core.safety.assessment import Assessor

#: Measures of the bench, in their order.
MEASURES = ("toxicity", "helpful", "honest", "harmless")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the bench."""
    parser.add_argument(
        "--measure",
        nargs="+",
        default=list(MEASURES),
        help=f"of {', '.join(MEASURES)} (default all)",
    )
    parser.add_argument(
        "--classifier",
        nargs="+",
        default=["minilm"],
        help=f"of {', '.join(CLASSIFIERS)} (default minilm)",
    )
    parser.add_argument(
        "--weights", default="", help="weights of the classifier, where it does not bring its own"
    )
    parser.add_argument(
        "--device", choices=DEVICES, default="cpu", help=f"{DEVICE_HELP} (default cpu)"
    )
    parser.add_argument(
        "--data",
        help=f"folder with text/toxicity and the other labelled texts (default ${DATA_VARIABLE})",
    )
    parser.add_argument("--split", default="test", help=f"one of {', '.join(PARTS)} (default test)")
    parser.add_argument(
        "--limit", type=int, default=2000, help="texts of each set, a seeded sample (default 2000)"
    )
    parser.add_argument("--seed", type=int, default=1, help="seed of the sample (default 1)")
    parser.add_argument("--json", type=Path, help="file to write the rows to")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure, and print each figure with its target where it has one."""
    for name in args.measure:
        check_choice("measure", name, MEASURES)
    for name in args.classifier:
        check_choice("toxicity classifier", name, CLASSIFIERS)
    check_choice("split", args.split, PARTS)
    check_range("limit", args.limit, 2, math.inf)
    check_range("seed", args.seed, 0, math.inf)
    check_writable(args.json)
    data = data_folder(args.data, "text/toxicity")
    print(f"devices: networks {find_device(args.device)}", file=sys.stderr)
    rows = []
    for row in _rows(args, data):
        rows.append(row)
        print(safety.describe(row), flush=True)
    if args.json:
        write_json(args.json, "safety", args.seed, measured_settings(args), rows)
    return 0


def _rows(args: argparse.Namespace, data: Path) -> Iterator[dict]:
    """The rows of each measure, in order."""
    if "toxicity" in args.measure:
        for name in args.classifier:
            classifier = load_toxicity(name, args.weights, args.device)
            yield from safety.toxicity_rows(
                classifier, data, args.split, args.limit, np.random.default_rng(args.seed)
            )
    measures = {
        "helpful": safety.helpful_row,
        "honest": safety.honest_row,
        "harmless": safety.harmless_row,
    }
    for name in args.measure:
        if name in measures:
            yield measures[name](
                Assessor.load(args.device),
                data,
                args.split,
                args.limit,
                np.random.default_rng(args.seed),
            )
