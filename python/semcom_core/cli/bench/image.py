# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom bench image`: received quality of the image codecs against SNR and channel uses."""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tqdm import tqdm

from semcom_core.bench.image.importance import KINDS
from semcom_core.bench.image.plot import draw_grid, plot_image
from semcom_core.bench.image.results import describe, image_cells, image_series, summarise
from semcom_core.bench.image.targets import image_figures
from semcom_core.bench.image.trials import ImageLink, ImageTrial
from semcom_core.bench.jobs import Workers
from semcom_core.bench.report import check_writable, verdict, write_json
from semcom_core.bench.settings import settings_for
from semcom_core.bench.text.results import aligned
from semcom_core.channel import parse_channel
from semcom_core.cli.bench import add_run_options, measured_settings, print_devices
from semcom_core.cli.codec_options import add_settings_option, settings_from
from semcom_core.codecs import IMAGE, find_codec
from semcom_core.datasets.corpus import SPLITS
from semcom_core.datasets.pictures import BenchPicture, bench_pictures, image_folder
from semcom_core.errors import ConfigError, FrameError, ModelError, check_range
from semcom_core.image import IMAGE_CODECS
from semcom_core.image.fragments import parse_cbr


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add all options."""
    parser.add_argument(
        "--codec",
        nargs="+",
        default=list(IMAGE_CODECS),
        help=f"codecs (default {' '.join(IMAGE_CODECS)})",
    )
    parser.add_argument(
        "--cbr",
        nargs="+",
        default=["1/16"],
        help="channel uses over 3 H W, fractions or numbers (default 1/16)",
    )
    parser.add_argument(
        "--channel",
        default="awgn",
        help="such as awgn or tdl-a,100ns; --snr-db gives its SNR (default awgn)",
    )
    parser.add_argument(
        "--snr-db",
        type=float,
        nargs="+",
        default=[1, 4, 7, 10, 13],
        help="SNRs, dB (default 1 4 7 10 13)",
    )
    parser.add_argument(
        "--design-snr-db",
        type=float,
        help="SNR that the rate is chosen for (default: that of the channel)",
    )
    parser.add_argument(
        "--modem",
        action="store_true",
        help="through the burst modem, each fragment in a burst and a fade of its own",
    )
    parser.add_argument(
        "--data",
        help="folder of pictures, or one with images/ and instances/ (default kodak/ in "
        "$SEMCOM_DATA)",
    )
    parser.add_argument(
        "--split", default="test", help=f"one of {', '.join(SPLITS)} (default test)"
    )
    parser.add_argument(
        "--limit", type=int, default=24, help="pictures, a seeded sample (default 24)"
    )
    parser.add_argument(
        "--roi",
        nargs="+",
        default=["off"],
        help=f"tell the codec what matters, of {', '.join(KINDS)} (default off)",
    )
    add_run_options(parser, "pictures")
    parser.add_argument(
        "--plot",
        type=Path,
        help="picture to draw: quality against SNR and CBR, beside what is published",
    )
    parser.add_argument(
        "--qualitative",
        type=Path,
        metavar="FILE.png",
        help="grid to draw: the first picture as each codec delivers it",
    )
    add_settings_option(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure each codec at every CBR and SNR, print its row when it is there, and show them all at
    the end.

    A codec that cannot do what is asked, such as a CBR that it does not know, is left out with a
    line that says why.

    Raises:
        ConfigError: an option is outside what is allowed, or every row is left out.
    """
    check_writable(args.json, args.plot, args.qualitative)
    todo = links(args)
    pictures, refused = bench_pictures(
        image_folder(args.data), args.split, args.limit, np.random.default_rng(args.seed)
    )
    settings = measured_settings(args)
    settings["pictures"] = [picture.name for picture in pictures]
    settings["left_out"] = refused
    for line in refused:
        print(f"left out: {line}", flush=True)
    print_devices({link.codec: link.settings for link in todo}.items())
    rows: list[dict] = []
    shown: dict[tuple[str, str], tuple[np.ndarray | None, str]] = {}
    with Workers(args.jobs, args.ray) as workers:
        for link, trials in _measured(workers, todo, pictures, settings["left_out"]):
            rows.append(summarise(link, trials))
            print(describe(rows[-1]), flush=True)
            if args.qualitative:
                shown |= _grid_entry(rows[-1], trials[0])
            if args.json:
                write_json(args.json, "image", args.seed, settings, rows)
    for line in ["", *aligned(*image_cells(rows)), "", *_verdicts(rows, settings)]:
        print(line)
    if args.plot:
        plot_image(args.plot, rows)
    if args.qualitative:
        draw_grid(args.qualitative, pictures[0].pixels(), shown)
    return 0


def links(args: argparse.Namespace) -> list[ImageLink]:
    """A link for each codec, CBR, SNR and importance.

    Raises:
        ConfigError: an option is outside what is allowed.
    """
    check_range("seed", args.seed, 0, math.inf)
    for name in args.codec:
        find_codec(name, IMAGE)
    for cbr in args.cbr:
        parse_cbr(cbr)
    given = settings_from(args)
    found = []
    if any(name.rpartition(".")[2] == "cbr" for name in given):
        raise ConfigError("cbr is given by --set; allowed is --cbr, which takes several")
    common = {
        "modem": args.modem,
        "seed": args.seed,
        "design_snr_db": args.design_snr_db,
        "keep": args.qualitative is not None,
    }
    for name in dict.fromkeys(args.codec):
        settings = settings_for(name, args.codec, given)
        for cbr in dict.fromkeys(args.cbr):
            for snr_db in dict.fromkeys(args.snr_db):
                channel = parse_channel(with_snr(args.channel, snr_db))
                for roi in dict.fromkeys(args.roi):
                    found.append(
                        ImageLink(name, {**settings, "cbr": cbr}, channel, cbr, roi=roi, **common)
                    )
    return found


def with_snr(channel: str, snr_db: float) -> str:
    """A channel's text with the SNR in its first term: "tdl-a,100ns+cfo:9khz" at 5 dB is
    "tdl-a:5,100ns+cfo:9khz".
    """
    first, plus, others = channel.partition("+")
    kind, comma, options = first.partition(",")
    return f"{kind}:{snr_db:g}{comma}{options}{plus}{others}"


def _measured(
    workers: Workers, todo: list[ImageLink], pictures: list[BenchPicture], left_out: list[str]
) -> Iterator[tuple[ImageLink, list[ImageTrial]]]:
    """Links with their trials as they come; why links are left out is printed and added to
    `left_out`.
    """
    failed: list[Exception] = []
    for link in todo:
        title = f"{link.codec} {link.channel} CBR {link.cbr}"
        try:
            trials = workers.trials(link, pictures)
            yield link, list(tqdm(trials, title, len(pictures), leave=False))
        except (ConfigError, FrameError, ModelError) as error:
            failed.append(error)
            left_out.append(f"{title}: {error}")
            print(f"left out: {left_out[-1]}", flush=True)
    if failed and len(failed) == len(todo):
        raise failed[-1]


def _verdicts(rows: list[dict], settings: dict) -> list[str]:
    """The figures that have a target, as lines."""
    found = image_figures(rows, settings)
    return [
        f"{f.series} at {f.snr_db:g} dB: " + verdict(f"{f.name} {f.value}", f.target, f.reached)
        for f in found
    ]


def _grid_entry(
    row: dict, trial: ImageTrial
) -> dict[tuple[str, str], tuple[np.ndarray | None, str]]:
    """What the grid shows of a row: its first picture."""
    mark = "" if trial.decoded else ", marked"
    place = (image_series(row), f"{row['snr_db']:g} dB")
    return {place: (trial.pixels, f"PSNR {trial.psnr_db:.2f} dB{mark}")}
