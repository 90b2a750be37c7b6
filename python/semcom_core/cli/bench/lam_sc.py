# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom bench lam-sc`: lam-sc beside systems without semantics, its attention, mask ratios."""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path

import numpy as np

from semcom_core.bench.report import check_writable, write_json
from semcom_core.cli.bench import measured_settings
from semcom_core.cli.bench.image import with_snr
from semcom_core.config import DEVICE_HELP, DEVICES
from semcom_core.datasets.corpus import DATA_VARIABLE, SPLITS, data_folder
from semcom_core.errors import check_choice, check_range
from semcom_core.models.device import find_device

#: Folder of the data folder that is used where none is named: its objects are outlined.
_FOLDER = "cocoseg"
#: SNR at which figures have a target, dB.
_TARGET_SNR_DB = 10.0
#: Experiments of the bench, in their order.
EXPERIMENTS = ("baseline", "attention", "mask")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the bench."""
    parser.add_argument(
        "--experiment",
        nargs="+",
        default=list(EXPERIMENTS),
        help=f"of {', '.join(EXPERIMENTS)} (default all)",
    )
    parser.add_argument(
        "--snr-db", type=float, nargs="+", default=[_TARGET_SNR_DB], help="SNRs, dB (default 10)"
    )
    parser.add_argument(
        "--channel",
        default="awgn",
        help="awgn, rayleigh or rician with options; --snr-db gives its SNR (default awgn)",
    )
    parser.add_argument("--weights", default="", help="weights of lam-sc (default those shipped)")
    parser.add_argument(
        "--peer",
        default="",
        help="deepjscc weights of an unmasked system trained at the masked one's uses",
    )
    parser.add_argument(
        "--attention-weights", default="", help="weights of the attention (default those shipped)"
    )
    parser.add_argument(
        "--device", choices=DEVICES, default="cpu", help=f"{DEVICE_HELP} (default cpu)"
    )
    parser.add_argument(
        "--data", help=f"folder with images/ and instances/ (default {_FOLDER} in ${DATA_VARIABLE})"
    )
    parser.add_argument(
        "--split", default="test", help=f"one of {', '.join(SPLITS)} (default test)"
    )
    parser.add_argument(
        "--limit", type=int, default=20, help="pictures, a seeded sample (default 20)"
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="seed of sample and channel (default 1)"
    )
    parser.add_argument("--json", type=Path, help="file to write the rows to")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure, print each row and after each experiment what its targets say, and write the
    rows.
    """
    from semcom_core.channel import parse_channel
    from semcom_core.datasets.pictures import bench_pictures

    for name in args.experiment:
        check_choice("experiment", name, EXPERIMENTS)
    check_range("seed", args.seed, 0, math.inf)
    check_writable(args.json)
    device = find_device(args.device)
    channels = [parse_channel(with_snr(args.channel, snr_db)) for snr_db in args.snr_db]
    folder = Path(args.data) if args.data else data_folder(None, f"{_FOLDER}/") / _FOLDER
    pictures, refused = bench_pictures(
        folder, args.split, args.limit, np.random.default_rng(args.seed)
    )
    for line in refused:
        print(line)
    print(f"devices: networks {device}", file=sys.stderr)
    rows = _measure(args, pictures, channels)
    if args.json:
        write_json(args.json, "lam-sc", args.seed, measured_settings(args), rows)
    return 0


def _measure(args: argparse.Namespace, pictures: list, channels: list) -> list[dict]:
    """Rows of all experiments over all channels, printed as they come."""
    from semcom_core.bench import lam_sc  # these load torch; `semcom --help` need not
    from semcom_core.bench.image.importance import BenchAttention

    rows = []
    attention = BenchAttention(args.attention_weights, args.device)
    for experiment in args.experiment:
        systems = lam_sc.systems_of(experiment, args.weights, args.peer, args.device)
        for channel in channels:
            found = []
            for row in lam_sc.rows_of(experiment, systems, pictures, channel, attention, args.seed):
                found.append(row)
                print(lam_sc.describe(row), flush=True)
            rows += found
            if channel.snr_db == _TARGET_SNR_DB:
                print(*(f"  {line}" for line in lam_sc.targets(found)), sep="\n")
    return rows
