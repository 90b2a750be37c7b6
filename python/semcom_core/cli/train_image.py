# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom train image` and `deepjscc`: the learned image codecs, on COCO pictures with labels and without."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from semcom_core.bench.corpus import DATA_VARIABLE, data_folder
from semcom_core.cli.progress import follow, prepare
from semcom_core.cli.train_sam import run_attention
from semcom_core.config import add_arguments, from_arguments
from semcom_core.errors import check_choice, check_range
from semcom_core.train.image_settings import CODEC, MASK, ImageTraining

#: Stages of `semcom train image` in their order, and all of them.
ATTENTION, ALL = "attention", "all"
STAGES = (ATTENTION, CODEC, MASK, ALL)
_SYMBOLS = 12


def add_parsers(kinds) -> None:
    """Add the kinds to `semcom train`."""
    image = kinds.add_parser("image", help="the codec \"lam-sc\"")
    what = "what matters (as `semcom train attention`), both ends, the mask with them"
    image.add_argument("--stage", default=ALL, help=f"one of {', '.join(STAGES)}: {what} (default {ALL})")
    baseline = kinds.add_parser("deepjscc", help="the learned baseline \"deepjscc\"")
    baseline.add_argument("--symbols", type=int, default=_SYMBOLS, help="complex symbols for 8x8 pixels, 1 to 12 (default 12, CBR 1/16)")
    for one, run in ((image, run_image), (baseline, run_deepjscc)):
        one.add_argument("--data", help=f"folder with cocoseg/ and photos/coco_extra/ (default ${DATA_VARIABLE})")
        one.add_argument("--out", type=Path, required=True, help="folder for checkpoints and the result")
        add_arguments(one, ImageTraining)
        one.set_defaults(run=run)


def run_image(args: argparse.Namespace) -> int:
    """Train one stage or all; each has a folder of its name in the output folder, with its checkpoint and its weights."""
    check_choice("stage", args.stage, STAGES)
    config, data = from_arguments(ImageTraining, args), data_folder(args.data, "cocoseg/ or photos/coco_extra/")
    prepare(args.out)
    if args.stage in (ATTENTION, ALL):
        run_attention(argparse.Namespace(data=str(data), out=args.out / ATTENTION, model="sam-tiny", seed=args.seed))
    if args.stage != ATTENTION:
        # The mask is learned from where both ends have come, so there the learning rate does not fall before it.
        configs = {CODEC: replace(config, fall=0.0), MASK: config} if args.stage == ALL else {args.stage: config}
        _train_codec(configs, data, args.out)
    return 0


def _train_codec(configs: dict[str, ImageTraining], data: Path, folder: Path) -> None:
    from semcom_core.train.image import train_lam_sc  # these load torch; `semcom --help` need not
    from semcom_core.train.image_crops import training_examples

    found = training_examples(data, next(iter(configs.values())).crop)
    follow(train_lam_sc(configs, found, folder), _quality)
    print(f"weights written to {folder / list(configs)[-1]}")


def run_deepjscc(args: argparse.Namespace) -> int:
    """Train the learned baseline."""
    check_range("symbols", args.symbols, 1, _SYMBOLS)
    config, data = from_arguments(ImageTraining, args), data_folder(args.data, "cocoseg/ or photos/coco_extra/")
    prepare(args.out)
    from semcom_core.image.deepjscc_network import DeepjsccShape
    from semcom_core.train.deepjscc import train_deepjscc
    from semcom_core.train.image_crops import training_examples

    shape = DeepjsccShape(symbols=args.symbols)
    follow(train_deepjscc(config, training_examples(data, config.crop), args.out, shape), _quality)
    print(f"weights written to {args.out}")
    return 0


def _quality(state) -> str:
    return f"{state.psnr_db:.2f} dB"
