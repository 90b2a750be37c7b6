# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom bench sam`: how well Segment Anything finds objects and boundaries, beside methods
without learning.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from semcom_core import config
from semcom_core.bench.report import check_writable, write_json
from semcom_core.cli.bench import settings_of
from semcom_core.datasets.corpus import DATA_VARIABLE, data_folder
from semcom_core.datasets.scenes import PARTS, generate_scene, labelled_scenes
from semcom_core.errors import ConfigError, check_choice, check_range
from semcom_core.image.segmentation.knowledge import KnowledgeBase, KnowledgeConfig

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
    knowledge = KnowledgeBase(config.from_arguments(KnowledgeConfig, args))
    rows = []
    for row, line in _measured(args, knowledge):
        rows.append(row)
        print(line, flush=True)
    if args.json:
        write_json(args.json, "sam", args.seed, settings_of(args), rows)
    return 0


def _measured(args: argparse.Namespace, knowledge: KnowledgeBase) -> Iterator[tuple[dict, str]]:
    """Rows of each measure with what is printed of them."""
    from semcom_core.bench import sam
    from semcom_core.bench import sam as sam_attention
    from semcom_core.bench import sam as sam_boundaries

    if "prompts" in args.measure:
        rows = list(sam.prompt_rows(knowledge, _scenes(args)))
        reached = {row["method"]: row["miou"] for row in rows}
        yield from ((row, sam.describe(row, reached)) for row in rows)
    if "boundaries" in args.measure:
        folder = data_folder(args.data, "bsds500/") / "bsds500"
        pictures = sam_boundaries.annotated(folder, args.limit, np.random.default_rng(args.seed))
        yield from (
            (row, sam_boundaries.describe_boundaries(row))
            for row in sam_boundaries.boundary_rows(knowledge, pictures)
        )
    if "attention" in args.measure:
        from semcom_core.image.segmentation.attention import Attention

        rows = sam_attention.attention_rows(
            Attention(args.attention or None),
            knowledge,
            _scenes(args),
            np.random.default_rng(args.seed),
        )
        yield from ((row, sam_attention.describe_attention(row)) for row in rows)
    if "speed" in args.measure:
        row = sam_boundaries.speed_row(
            knowledge, generate_scene(*_TIMED, np.random.default_rng(args.seed)).pixels
        )
        yield row, sam_boundaries.describe_boundaries(row)


def _scenes(args: argparse.Namespace) -> Iterator:
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
