# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom bench radio`: links, streams and failures on virtual radios, beside the simulation.

The virtual radios are used by the client libraries of real ones.

A link is two processes: radio_text_tx or radio_image_tx sends, radio_text_rx or radio_image_rx
receives. A stream is a counter that one radio sends to itself; each break of it counts. Run it on
an idle machine: with real pacing other work costs samples. In the part setup each text has a sender
of its own, whose radio is set up late; one that was neither heard nor ended with exit status 1 is
silent.
"""

from __future__ import annotations

import argparse
import math
import shutil
import tempfile
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np

from semcom_core.bench.radio.link import TRANSPORTS
from semcom_core.bench.radio.rows import (
    CLIENTS,
    link_row,
    recording_row,
    resume_rows,
    set_up_rows,
    stream_row,
)
from semcom_core.bench.report import check_writable, write_json
from semcom_core.channel import parse_channel
from semcom_core.cli.bench import measured_settings
from semcom_core.codecs import IMAGE, TEXT, find_codec
from semcom_core.datasets.corpus import DATA_VARIABLE, data_file, sentences, shipped_sentences
from semcom_core.datasets.pictures import DEFAULT_FOLDER, bench_pictures, image_folder
from semcom_core.errors import ConfigError, RadioError, check_choice, check_range
from semcom_core.image.example import EXAMPLES, example_picture
from semcom_core.radio.profile import load_profile
from semcom_core.radio.virtual.air.plan import PACINGS, LinkSpec

#: Parts of the bench, in their order.
PARTS = ("link", "recording", "stream", "resume", "setup")
#: Transports by which radios are set up late: the simulation has nothing to set up.
SET_UP_TRANSPORTS = ("pluto", "soapy", "uhd")
#: The rate is chosen for this much less than the SNR: paths take from some carriers what they give
#: to others, dB.
MARGIN_DB = 4.0
#: Longest time without any event until a link is given up, s.
TIMEOUT_S = 240


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the bench."""
    parser.add_argument(
        "--part",
        nargs="+",
        default=[part for part in PARTS if part != "setup"],
        help=f"of {', '.join(PARTS)} (default all but setup)",
    )
    parser.add_argument(
        "--transport",
        nargs="+",
        default=list(TRANSPORTS),
        help=f"links by {', '.join(TRANSPORTS)} (default all)",
    )
    parser.add_argument("--texts", type=int, default=50, help="texts of a link (default 50)")
    parser.add_argument("--pictures", type=int, default=3, help="pictures of a link (default 3)")
    parser.add_argument("--codec", default="spinal", help="codec of the texts (default spinal)")
    parser.add_argument(
        "--image-codec", default="hybrid", help="codec of the pictures (default hybrid)"
    )
    parser.add_argument(
        "--channel",
        default="cfo:20khz+taps:0,-6",
        help="terms of the links (default cfo:20khz+taps:0,-6)",
    )
    parser.add_argument(
        "--snr-db", type=float, default=10.0, help="SNR of the links, dB (default 10)"
    )
    design = f"SNR that the rates are chosen for (default {MARGIN_DB:g} dB less)"
    parser.add_argument("--design-snr-db", type=float, help=design)
    parser.add_argument(
        "--data",
        help=f"folder with text/europarl_en.txt and kodak/ (default ${DATA_VARIABLE}; without, "
        "what is shipped)",
    )
    parser.add_argument(
        "--client",
        nargs="+",
        default=list(CLIENTS),
        help=f"streams by {', '.join(CLIENTS)} (default all)",
    )
    parser.add_argument(
        "--seconds", type=float, default=60.0, help="length of a stream (default 60)"
    )
    parser.add_argument(
        "--rate-hz",
        type=float,
        nargs="+",
        default=[1e6, 2e6],
        help="sample rates of the streams (default 1e6 2e6)",
    )
    parser.add_argument(
        "--pacing", default="real", choices=PACINGS, help="of the streams (default real)"
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="seed of noise, fading and sample (default 1)"
    )
    parser.add_argument(
        "--delay-s",
        type=float,
        nargs="+",
        default=[0.0, 0.05, 0.2, 2.0, 10.0],
        help="how much later radios are set up in the part setup, s (default 0 0.05 0.2 2 10)",
    )
    parser.add_argument(
        "--runs", type=int, default=20, help="senders of each delay and transport (default 20)"
    )
    parser.add_argument("--json", type=Path, help="file to write the rows to")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure and print; a row that cannot be measured costs itself only, and exit status 1. What
    has been measured is written in any case.

    Raises:
        ConfigError: an option is not allowed.
    """
    _check(args)
    rows: list[dict] = []
    try:
        with tempfile.TemporaryDirectory(prefix="semcom-bench-") as folder:
            complete = _measure(args, Path(folder), rows)
    finally:
        if args.json:
            write_json(args.json, "radio", args.seed, measured_settings(args), rows)
    return int(not complete)


def _check(args: argparse.Namespace) -> None:
    """Raise ConfigError where an option is not allowed, before anything is measured."""
    for name, chosen, allowed in (
        ("part", args.part, PARTS),
        ("transport", args.transport, TRANSPORTS),
        ("client", args.client, CLIENTS),
    ):
        for value in chosen:
            check_choice(name, value, allowed)
    find_codec(args.codec, TEXT)
    try:
        find_codec(args.image_codec, IMAGE, "image codec")
    except ConfigError as error:
        raise ConfigError(f"image {error}") from error
    check_range("texts", args.texts, 0, 250)
    check_range("pictures", args.pictures, 0, 250)
    check_range("seconds", args.seconds, 0.1, 86400)
    check_range("seed", args.seed, 0, math.inf)
    for delay_s in args.delay_s:
        check_range("delay_s", delay_s, 0, 60)
    check_range("runs", args.runs, 1, 10_000)
    check_range("design_snr_db", _design_db(args), -20, 60)
    if parse_channel(args.channel).snr_db is not None:
        raise ConfigError(
            f"channel is {args.channel!r}; allowed are terms without an SNR, which --snr-db gives"
        )
    channel = f"awgn:{args.snr_db:g}+{args.channel}"
    parse_channel(channel)
    if "recording" in args.part or set(args.transport) != {"simulation"}:
        LinkSpec("sender", "receiver", channel=channel)
    for client, rate_hz in product(args.client, args.rate_hz):
        load_profile(CLIENTS[client][0], address=CLIENTS[client][1], rate_hz=rate_hz)
    check_writable(args.json)


def _measure(args: argparse.Namespace, folder: Path, rows: list[dict]) -> bool:
    """Add each row to `rows` as soon as it is measured; returns whether all could be."""
    complete = True
    for measure in _measures(args, folder):
        try:
            for row in measure():
                rows.append(row)
                print(_line(row), flush=True)
        except (RadioError, TimeoutError) as error:
            complete = False
            print(f"not measured: {error}", flush=True)
    return complete


def _measures(args: argparse.Namespace, folder: Path) -> Iterator:
    """What is to be measured, each a call that gives rows."""
    if "link" in args.part:
        contents = {"text": (args.texts, _texts), "image": (args.pictures, _pictures)}
        for content, (count, made) in contents.items():
            parameters = made(args, folder) if count else {}
            for transport in args.transport if count else ():
                yield lambda t=transport, c=content, n=count, p=parameters: [
                    link_row(t, c, n, args.channel, args.snr_db, p, args.seed)
                ]
    if "recording" in args.part and args.texts:
        parameters = _texts(args, folder)
        yield lambda: [
            recording_row("pluto", args.texts, args.channel, args.snr_db, parameters, args.seed)
        ]
    for client in args.client if "stream" in args.part else ():
        for rate_hz in args.rate_hz:
            yield lambda c=client, r=rate_hz: [stream_row(c, r, args.seconds, args.pacing)]
    for client in args.client if "resume" in args.part else ():
        yield lambda c=client: resume_rows(c)
    if "setup" in args.part:
        parameters = {"codec": "deflate", "timeout_s": TIMEOUT_S}
        for transport in filter(args.transport.__contains__, SET_UP_TRANSPORTS):
            yield lambda t=transport: set_up_rows(t, args.delay_s, args.runs, parameters, args.seed)


def _design_db(args: argparse.Namespace) -> float:
    return args.snr_db - MARGIN_DB if args.design_snr_db is None else args.design_snr_db


def _texts(args: argparse.Namespace, folder: Path) -> dict:
    """Parameters of the text flowgraphs."""
    rng = np.random.default_rng(args.seed)
    try:
        chosen = sentences(data_file(args.data), "test", (5, 30), args.texts, rng)
    except ConfigError as error:
        print(
            f"texts are the {args.texts} first of those that come with the project, repeated: "
            f"{error}"
        )
        shipped = shipped_sentences()
        chosen = [shipped[i % len(shipped)] for i in range(args.texts)]
    file = folder / "texts.txt"
    file.write_text("\n".join(chosen) + "\n", encoding="utf-8")
    return {
        "common": {"codec": args.codec, "timeout_s": TIMEOUT_S},
        "send": {"text_file": file, "snr_db": _design_db(args)},
        "receive": {"expected": len(chosen)},
    }


def _pictures(args: argparse.Namespace, folder: Path) -> dict:
    """Parameters of the picture flowgraphs."""
    rng = np.random.default_rng(args.seed)
    try:
        chosen = [
            picture.path
            for picture in bench_pictures(
                image_folder(_kodak(args.data)), "test", args.pictures, rng
            )[0]
        ]
    except ConfigError as error:
        print(f"pictures are examples that come with scikit-image, repeated: {error}")
        names = list(EXAMPLES)
        chosen = [example_picture(names[i % len(names)]) for i in range(args.pictures)]
    pictures = folder / "pictures"
    pictures.mkdir()
    for number, path in enumerate(chosen):
        shutil.copy(path, pictures / f"{number:03d}{path.suffix}")
    return {
        "common": {"codec": args.image_codec, "timeout_s": TIMEOUT_S},
        "send": {"image_file": pictures, "snr_db": _design_db(args)},
        "receive": {"expected": len(chosen)},
    }


def _kodak(data: str | None) -> str | None:
    """The folder of pictures in a data folder."""
    return str(Path(data) / DEFAULT_FOLDER) if data else None


def _line(row: dict) -> str:
    """A row in words."""
    if row["part"] == "link":
        exact = "" if row["exact_rate"] is None else f", exact {row['exact_rate']:.3f}"
        heard = row["snr_measured_db"] is not None
        where = (
            f"SNR {row['snr_measured_db']:.1f} dB, CFO {row['cfo_hz'] / 1e3:.2f} kHz"
            if heard
            else "nothing received"
        )
        counts = (
            f"delivered {row['delivered']:.3f}{exact}, {row['uses']:.1f} uses each, "
            f"{row['reconnects']} reconnections"
        )
        return (
            f"{row['content']:5s} {row['transport']:10s} {row['count']} sent: {counts}; "
            f"{where}; {row['seconds']:.0f} s"
        )
    if row["part"] == "setup":
        reason = f" ({row['reason']})" if row["reason"] else ""
        return (
            f"setup {row['transport']:6s} {row['delay_s']:5g} s late: {row['heard']} of "
            f"{row['runs']} heard, {row['failed']} failed, {row['silent']} silent{reason}"
        )
    if row["part"] == "recording":
        return (
            f"recording {row['transport']}: {row['live']} texts live, {row['offline']} "
            f"offline, {row['identical']} of them identical"
        )
    if row["part"] == "stream":
        lost = (
            f"{row['discontinuities']} discontinuities, {row['overruns']} overruns, "
            f"{row['underruns']} underruns"
        )
        return (
            f"stream {row['client']:5s} {row['rate_hz'] / 1e6:g} Msps, {row['seconds']:g} s "
            f"{row['pacing']}: {lost}"
        )
    return (
        f"resume {row['client']:5s} {row['event']}: samples again after {row['resume_s']:.2f} "
        f"s, {row['reconnects']} reconnections"
    )
