# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom train sam` and `semcom train attention`: the small segmenting network, and what in its segments matters."""

from __future__ import annotations

import argparse
from pathlib import Path

from semcom_core.bench.corpus import DATA_VARIABLE, data_folder
from semcom_core.cli.progress import follow, prepare
from semcom_core.config import add_arguments, from_arguments
from semcom_core.image.knowledge import KnowledgeBase
from semcom_core.image.scenes_labelled import labelled_scenes
from semcom_core.train.attention_settings import AttentionTraining
from semcom_core.train.sam_settings import SamTraining

#: Longer side at which pictures are kept for the training, pixels: enough for views of twice the network's size.
_SIDE = 400
#: The same for the attention, which looks at still less.
_SMALL_SIDE = 256


def add_parsers(kinds) -> None:
    """Add both kinds to `semcom train`."""
    sam = kinds.add_parser("sam", help="the segmenting network \"sam-tiny\"")
    attention = kinds.add_parser("attention", help="the attention over segments and places")
    attention.add_argument("--model", default="sam-tiny", help="the knowledge base's network (default sam-tiny)")
    for one, config, run in ((sam, SamTraining, run_sam), (attention, AttentionTraining, run_attention)):
        one.add_argument("--data", help=f"folder with cocoseg/ (default ${DATA_VARIABLE})")
        one.add_argument("--out", type=Path, required=True, help="folder for checkpoints and the result")
        add_arguments(one, config)
        one.set_defaults(run=run)


def run_sam(args: argparse.Namespace) -> int:
    """Train the network; one that was interrupted goes on, also to more steps than were asked for at first."""
    config, data = from_arguments(SamTraining, args), data_folder(args.data, "cocoseg/")
    prepare(args.out)
    from semcom_core.train.sam import SamTrainer  # loads torch; `semcom --help` need not

    scenes = list(labelled_scenes(data / "cocoseg", "train", side=_SIDE))
    follow(SamTrainer(scenes, config, args.out).run(), lambda state: f"IoU by point {state.point_iou:.3f}, by box {state.box_iou:.3f}")
    print(f"weights written to {args.out}")
    return 0


def run_attention(args: argparse.Namespace) -> int:
    """Segment the pictures and train the attention over their segments."""
    config, data = from_arguments(AttentionTraining, args), data_folder(args.data, "cocoseg/")
    prepare(args.out)
    from semcom_core.train.attention import train_attention  # loads torch

    scenes = labelled_scenes(data / "cocoseg", "train", side=_SMALL_SIDE)
    knowledge = KnowledgeBase.from_settings(model=args.model)
    follow(train_attention(scenes, knowledge, config, args.out), lambda state: f"loss {state.loss:.3f}")
    print(f"weights written to {args.out}")
    return 0
