# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom bench`: measure a part of the system and print the figures."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from semcom_core.cli import Command, CommandParser
from semcom_core.datasets.corpus import SPLITS
from semcom_core.errors import SemcomError

#: The benches, in the order of `semcom bench --help`.
_BENCHES = (
    Command(
        "text",
        "semcom_core.cli.bench.text",
        "channel uses and delivery of the text codecs against SNR.",
    ),
    Command(
        "image",
        "semcom_core.cli.bench.image",
        "received quality of the image codecs against SNR and channel uses.",
    ),
    Command(
        "lam-sc",
        "semcom_core.cli.bench.lam_sc",
        "lam-sc beside systems without semantics, its attention, mask ratios.",
    ),
    Command(
        "sam",
        "semcom_core.cli.bench.sam",
        "masks and boundaries by Segment Anything, beside methods without learning.",
    ),
    Command(
        "memory",
        "semcom_core.cli.bench.memory",
        "answers to questions about what was sent, with and without memory.",
    ),
    Command(
        "modem",
        "semcom_core.cli.bench.modem",
        "detection, losses, collisions and throughput of the burst modem.",
    ),
    Command(
        "radio",
        "semcom_core.cli.bench.radio",
        "links, streams and failures on virtual radios, beside the simulation.",
    ),
    Command(
        "safety",
        "semcom_core.cli.bench.safety",
        "detection of toxic, unhelpful, unfaithful and harmful texts.",
    ),
    Command(
        "tasks",
        "semcom_core.cli.bench.tasks",
        "intentions, counting, visual questions and plans, clean and over the link.",
    ),
    Command(
        "speed",
        "semcom_core.cli.bench.speed",
        "speed of the language model here, and the loss by low precision, bits.",
    ),
)
#: Name → bench.
BENCHES = {bench.name: bench for bench in _BENCHES}
#: Options that do not say what was measured: where results go, and the seed, which stands by itself
#: in a bench file.
_NOT_SETTINGS = ("run", "json", "plot", "qualitative", "seed")


def add_arguments(parser: CommandParser) -> None:
    """Add the benches to `semcom bench`."""
    benches = parser.add_subparsers(title="benches", required=True, metavar="BENCH")
    for bench in BENCHES.values():
        bench.add_parser(benches)


def add_sentence_options(parser: argparse.ArgumentParser, limit: int) -> None:
    """Add the options that choose sentences of a corpus: --data, --split, --words, --limit.

    Args:
        parser: of the bench.
        limit: sentences by default.
    """
    parser.add_argument(
        "--data",
        help="folder of the corpora, or a file of one sentence a line (default $SEMCOM_DATA)",
    )
    parser.add_argument(
        "--split", default="test", help=f"one of {', '.join(SPLITS)} (default test)"
    )
    parser.add_argument(
        "--words", default="5:30", help="keep sentences of this many words (default 5:30)"
    )
    parser.add_argument(
        "--limit", type=int, default=limit, help=f"sentences, a seeded sample (default {limit})"
    )


def add_run_options(parser: argparse.ArgumentParser, what: str) -> None:
    """Add the options of a run over many messages: --jobs, --ray, --seed, --json.

    Args:
        parser: of the bench.
        what: what the messages are, in the plural.
    """
    parser.add_argument(
        "--jobs",
        type=int,
        default=1,
        help=f"{what} at once, above 1 each in a process with one thread (default 1)",
    )
    parser.add_argument(
        "--ray", help="address of a Ray cluster that runs the jobs (default: this machine)"
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="seed of sample and channel (default 1)"
    )
    parser.add_argument("--json", type=Path, help="file to write the rows to")


def print_devices(todo: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
    """Print on stderr what the networks of codecs compute on, as in "devices: spinal cpu"; a codec
    that cannot be made is left out.

    Args:
        todo: names and settings.
    """
    from semcom_core.codecs import load_codec

    found = {}
    for name, settings in todo:
        try:
            found[name] = load_codec(name, **settings).device
        except SemcomError:  # its row says why
            continue
    text = ", ".join(f"{name} {device}" for name, device in found.items())
    print(f"devices: {text}", file=sys.stderr)


def measured_settings(args: argparse.Namespace) -> dict[str, Any]:
    """The options that say what was measured, as a bench file has them."""
    return {name: value for name, value in vars(args).items() if name not in _NOT_SETTINGS}
