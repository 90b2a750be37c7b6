# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom bench sam`: masks and boundaries by Segment Anything, beside methods without learning."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from semcom_core import config
from semcom_core.bench.report import check_writable, write_json
from semcom_core.cli.bench import measured_settings
from semcom_core.datasets.corpus import DATA_VARIABLE, data_folder
from semcom_core.datasets.scenes import PARTS, Scene, generate_scene, labelled_scenes
from semcom_core.errors import ConfigError, check_choice, check_range
from semcom_core.image.segmentation.knowledge import KnowledgeBase, KnowledgeConfig
from semcom_core.models.device import find_device

#: Measures of the bench, in their order.
MEASURES = ("prompts", "boundaries", "attention", "speed")
#: Rows and columns of the picture whose segmentation is timed.
_TIMED = (512, 768)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the bench."""
    parser.add_argument(
        "--measure",
        nargs="+",
        default=list(MEASURES),
        help=f"of {', '.join(MEASURES)} (default all)",
    )
    parser.add_argument(
        "--data", help=f"folder with cocoseg/ and bsds500/ (default ${DATA_VARIABLE})"
    )
    parser.add_argument(
        "--split",
        default="test",
        help=f"pictures with outlined objects, one of {', '.join(PARTS)} (default test)",
    )
    parser.add_argument(
        "--limit",
        type=int,
        default=1000,
        help="pictures of each set, a seeded sample (default 1000)",
    )
    parser.add_argument(
        "--attention",
        default="",
        help="weights of the attention (default those that come with the project)",
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="seed of the samples and of the timed scene (default 1)"
    )
    parser.add_argument("--json", type=Path, help="file to write the rows to")
    config.add_arguments(parser, KnowledgeConfig)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure, and print each figure with its target where it has one."""
    for name in args.measure:
        check_choice("measure", name, MEASURES)
    check_choice("split", args.split, PARTS)
    check_range("limit", args.limit, 1, math.inf)
    check_range("seed", args.seed, 0, math.inf)
    check_writable(args.json)
    settings = config.from_arguments(KnowledgeConfig, args)
    knowledge = KnowledgeBase(settings)
    print(f"devices: sam {find_device(settings.device)}", file=sys.stderr)
    rows = []
    for row, line in _measured(args, knowledge):
        rows.append(row)
        print(line, flush=True)
    if args.json:
        write_json(args.json, "sam", args.seed, measured_settings(args), rows)
    return 0


def _measured(args: argparse.Namespace, knowledge: KnowledgeBase) -> Iterator[tuple[dict, str]]:
    """Rows of each measure with what is printed of them."""
    from semcom_core.bench import sam  # it loads torch; `semcom --help` need not

    if "prompts" in args.measure:
        prompts = list(sam.prompt_rows(knowledge, _scenes(args)))
        reached = {row["method"]: row["miou"] for row in prompts}
        for row in prompts:
            yield row, sam.describe(row, reached)
    if "boundaries" in args.measure:
        folder = data_folder(args.data, "bsds500/") / "bsds500"
        pictures = sam.annotated(folder, args.limit, np.random.default_rng(args.seed))
        for row in sam.boundary_rows(knowledge, pictures):
            yield row, sam.describe_boundaries(row)
    if "attention" in args.measure:
        from semcom_core.image.segmentation.attention import Attention

        attention = Attention(args.attention or None, args.device)
        rng = np.random.default_rng(args.seed)
        for row in sam.attention_rows(attention, knowledge, _scenes(args), rng):
            yield row, sam.describe_attention(row)
    if "speed" in args.measure:
        scene = generate_scene(*_TIMED, np.random.default_rng(args.seed))
        row = sam.speed_row(knowledge, scene.pixels)
        yield row, sam.describe_boundaries(row)


def _scenes(args: argparse.Namespace) -> Iterator[Scene]:
    """The pictures with outlined objects.

    Raises:
        ConfigError: there are none.
    """
    folder = data_folder(args.data, "cocoseg/") / "cocoseg"
    found = labelled_scenes(
        folder, args.split, limit=args.limit, rng=np.random.default_rng(args.seed)
    )
    first = next(found, None)
    if first is None:
        raise ConfigError(
            f"split {args.split!r} of the pictures is empty; allowed is one with pictures"
        )
    yield first
    yield from found
