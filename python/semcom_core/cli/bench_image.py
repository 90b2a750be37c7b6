# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom bench image`: how well pictures arrive by each image codec, against SNR and channel uses."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np
from tqdm import tqdm

from semcom_core.bench.compare import aligned
from semcom_core.bench.image import ImageLink, ImageTrial
from semcom_core.bench.image_pictures import BenchPicture, bench_pictures, image_folder
from semcom_core.bench.image_plot import draw_grid, plot_image
from semcom_core.bench.image_rows import describe, image_cells, image_series, summarise
from semcom_core.bench.image_targets import image_figures
from semcom_core.bench.jobs import Workers
from semcom_core.bench.report import check_writable, verdict, write_json
from semcom_core.cli.bench_image_options import add_arguments, links
from semcom_core.errors import ConfigError, FrameError, ModelError

__all__ = ["add_arguments", "describe", "run"]

#: Options that say where results go, not what they are.
_NOT_SETTINGS = ("run", "json", "plot", "seed", "qualitative")


def run(args: argparse.Namespace) -> int:
    """Measure each codec at every CBR and SNR, print its row when it is there, and show them all at the end.

    A codec that cannot do what is asked, such as a CBR that it does not know, is left out with a line that says why.

    Raises:
        ConfigError: an option is outside what is allowed, or every row is left out.
    """
    check_writable(args.json, args.plot, args.qualitative)
    todo = links(args)
    pictures, refused = bench_pictures(image_folder(args.data), args.split, args.limit, np.random.default_rng(args.seed))
    settings = {name: value for name, value in vars(args).items() if name not in _NOT_SETTINGS}
    settings |= {"pictures": [picture.name for picture in pictures], "left_out": refused}
    for line in refused:
        print(f"left out: {line}", flush=True)
    rows, shown = [], {}
    with Workers(args.jobs, args.ray) as workers:
        for link, trials in _measured(workers, todo, pictures, settings["left_out"]):
            rows.append(summarise(link, trials))
            print(describe(rows[-1]), flush=True)
            if args.qualitative:
                shown |= _first(rows[-1], trials[0])
            if args.json:
                write_json(args.json, "image", args.seed, settings, rows)
    for line in ["", *aligned(*image_cells(rows)), "", *_judged(rows, settings)]:
        print(line)
    if args.plot:
        plot_image(args.plot, rows)
    if args.qualitative:
        draw_grid(args.qualitative, pictures[0].pixels(), shown)
    return 0


def _measured(
    workers: Workers, todo: list[ImageLink], pictures: list[BenchPicture], left_out: list[str]
) -> Iterator[tuple[ImageLink, list[ImageTrial]]]:
    """Links with their trials as they come; why links are left out is printed and added to `left_out`."""
    failed: list[Exception] = []
    for link in todo:
        title = f"{link.codec} {link.channel} CBR {link.cbr}"
        try:
            yield link, list(tqdm(workers.trials(link, pictures), title, len(pictures), leave=False))
        except (ConfigError, FrameError, ModelError) as error:
            failed.append(error)
            left_out.append(f"{title}: {error}")
            print(f"left out: {left_out[-1]}", flush=True)
    if failed and len(failed) == len(todo):
        raise failed[-1]


def _judged(rows: list[dict], settings: dict) -> list[str]:
    """The figures that have a target, as lines."""
    found = image_figures(rows, settings)
    return [f"{f.series} at {f.snr_db:g} dB: " + verdict(f"{f.name} {f.value}", f.target, f.reached) for f in found]


def _first(row: dict, trial: ImageTrial) -> dict:
    """What the grid shows of a row: its first picture."""
    mark = "" if trial.decoded else ", marked"
    return {(image_series(row), f"{row['snr_db']:g} dB"): (trial.pixels, f"PSNR {trial.psnr_db:.2f} dB{mark}")}
