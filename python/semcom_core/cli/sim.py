# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom sim`: send texts or pictures through a simulated channel, without GNU Radio."""

from __future__ import annotations

import argparse
import math
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from semcom_core.channel import parse_channel
from semcom_core.cli.codec_options import add_settings_option, codec_from, settings_from
from semcom_core.codecs import CODECS, IMAGE, TEXT
from semcom_core.errors import ConfigError, FrameError, ModelError, check_choice, check_range
from semcom_core.frame import MESSAGE_IDS
from semcom_core.phy import PROFILES
from semcom_core.simulation import DESIGN_SNR_DB, ImageResult, Modem, Simulation, TextResult
from semcom_core.terminal import for_stream, visible
from semcom_core.text.codec import TextCodec, check_text

if TYPE_CHECKING:
    from semcom_core.cli.content import Content, ContentReport
    from semcom_core.image.codec import ImageCodec
    from semcom_core.image.transceiver import ImportanceEstimator
    from semcom_core.link.adaptation import SnrTracker

#: Names of the codecs, the default first.
_TEXTS = [entry.name for entry in CODECS.values() if entry.modality == TEXT]
_IMAGES = [entry.name for entry in CODECS.values() if entry.modality == IMAGE]
#: Options that are about texts, and their values where they are not given.
_TEXT_ONLY = {
    "harq": False,
    "adapt": None,
    "remember": None,
    "distill": "off",
    "safety": None,
    "expand": False,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--text", help="the message")
    source.add_argument("--text-file", type=Path, help="file of messages, one a line")
    source.add_argument("--image", type=Path, help="picture file, or folder of pictures")
    parser.add_argument(
        "--codec",
        help=f"of texts one of {', '.join(_TEXTS)} (default {_TEXTS[0]}), "
        f"of pictures one of {', '.join(_IMAGES)} (default {_IMAGES[0]}); "
        "or module:Class, or a name that an installed package declares",
    )
    add_settings_option(parser)
    parser.add_argument(
        "--channel",
        default="awgn:5",
        help="such as awgn:5+cfo:12khz+taps:0,-6,-10 (default awgn:5)",
    )
    parser.add_argument(
        "--design-snr-db",
        type=float,
        help="SNR the rate is chosen for (default: that of the channel, for pictures less what the "
        "modem takes)",
    )
    parser.add_argument(
        "--no-modem",
        dest="modem",
        action="store_false",
        help="bare symbols through the channel, without the burst modem",
    )
    parser.add_argument(
        "--profile",
        default="standard",
        help=f"the modem's profile, one of {', '.join(PROFILES)} (default standard)",
    )
    parser.add_argument(
        "--harq",
        action="store_true",
        help="a way back: send increments until a message decodes, 4 rounds at most",
    )
    parser.add_argument(
        "--adapt",
        nargs="?",
        type=float,
        const=0.0,
        metavar="MARGIN_DB",
        help="choose each rate for the SNR measured so far, less a margin in dB (default 0)",
    )
    parser.add_argument(
        "--remember",
        type=int,
        metavar="COUNT",
        help="with --adapt: predict the SNR from so many remembered ones instead of smoothing it",
    )
    parser.add_argument("--seed", type=int, default=1, help="seed of the channel (default 1)")
    parser.add_argument("--json", type=Path, help="file to write the results to")
    # what these allow is written out, so that the help imports neither distillation nor networks
    parser.add_argument(
        "--distill",
        default="off",
        metavar="MODE",
        help="shorten messages first, one of off, canonical, extractive, abstractive (default off)",
    )
    parser.add_argument(
        "--safety",
        metavar="POLICY",
        help="pass, mark or block toxic messages, or send=block,receive=mark,threshold=0.8",
    )
    parser.add_argument(
        "--expand",
        action="store_true",
        help="write received messages more clearly; what was decoded is shown as well",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder for the pictures sent and received (default: they are not written)",
    )
    parser.add_argument(
        "--importance",
        default="none",
        help="what a picture's channel uses are spent on, one of none, sam (default none: "
        "everything alike)",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Send each message; exit status 1 when a text did not arrive exactly, or a picture not
    whole.
    """
    check_range("seed", args.seed, 0, math.inf)
    modem = Modem(args.profile) if args.modem else False
    link = Simulation(parse_channel(args.channel), modem=modem, seed=args.seed)
    design_db = link.channel.snr_db if args.design_snr_db is None else args.design_snr_db
    if design_db is None:
        raise ConfigError(
            f"channel {args.channel!r} states no SNR; name the one to design for with "
            "--design-snr-db"
        )
    check_range("design SNR in dB", design_db, *DESIGN_SNR_DB)
    if args.image is None:
        args.codec = args.codec or _TEXTS[0]
        rows = _send_texts(args, link)
        how = {"harq": args.harq, "adapt": args.adapt}
        if args.remember is not None:
            how["remember"] = args.remember
    else:
        args.codec = args.codec or _IMAGES[0]
        rows = _send_images(args, link)
        how = {"importance": args.importance}
    if args.json:
        from semcom_core.bench.report import write_json

        settings = {
            "channel": str(link.channel),
            "codec": args.codec,
            "modem": args.modem,
            "profile": args.profile,
            **how,
        }
        write_json(args.json, "sim", args.seed, settings, rows)
    arrived = "exact" if args.image is None else "decoded"
    return 0 if all(row[arrived] for row in rows) else 1


def _send_texts(args: argparse.Namespace, link: Simulation) -> list[dict[str, Any]]:
    """Send each text that the options name; returns what is reported of each."""
    texts = _messages(args)
    tracker = _tracker(args)
    codec = codec_from(args)
    content = None
    if args.distill != "off" or args.safety is not None or args.expand:
        from semcom_core.cli.content import Content

        content = Content(args.distill, args.safety, args.expand, codec)
    unmeasured_db = link.design_snr_db(args.design_snr_db)
    rows = []
    for i, text in enumerate(texts):
        design_db = unmeasured_db if tracker is None else tracker.design_db(unmeasured_db)
        result, report = _send_text(
            link, codec, content, text, snr_db=design_db, harq=args.harq, message_id=i % MESSAGE_IDS
        )
        if tracker is not None and result.snr_db is not None:
            tracker.measure(result.snr_db)
        said = [] if report is None else report.lines()
        print(for_stream("\n".join([describe(result), *map(visible, said)]), sys.stdout))
        rows.append(
            result.to_dict() if report is None else {**result.to_dict(), **report.to_dict()}
        )
    return rows


def _tracker(args: argparse.Namespace) -> SnrTracker | None:
    """What chooses the rates, where they follow what was measured.

    Raises:
        ConfigError: measurements are to be remembered without --adapt, or a value is out of range.
    """
    if args.adapt is None:
        if args.remember is not None:
            raise ConfigError(f"--remember is {args.remember}; allowed is it with --adapt")
        return None
    from semcom_core.link import adaptation

    if args.remember is None:
        return adaptation.SnrTracker(args.adapt)
    from semcom_core.memory import MemoryStore, StoreConfig

    return adaptation.RememberedSnr(MemoryStore(StoreConfig("ring", args.remember)), args.adapt)


def _messages(args: argparse.Namespace) -> list[str]:
    if args.text is not None:
        return [args.text]
    try:
        return args.text_file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"text file {args.text_file} cannot be read: {error}") from error


def _send_text(
    link: Simulation,
    codec: TextCodec,
    content: Content | None,
    text: str,
    *,
    snr_db: float,
    harq: bool,
    message_id: int,
) -> tuple[TextResult, ContentReport | None]:
    """Send one text; one that is refused does not keep the others from being sent."""
    report = None
    before = link.air_uses
    try:
        check_text(text)
        if content is not None:
            text, report = content.before(text)
        result = link.send_text(codec, text, snr_db, harq=harq, message_id=message_id)
        if content is not None and report is not None:
            received, report = content.after(result.received, report)
            result = replace(result, received=received)
    except (FrameError, ModelError) as error:
        air_uses = link.air_uses - before or None
        return TextResult.unsent(text, str(error), snr_db, air_uses), report
    return result, report


def describe(result: TextResult) -> str:
    """What is printed of a text."""
    verdict = "" if result.decoded else f"   [undecoded: {result.reason}]"
    sent = result.sent.encode("utf-8", "replace")
    words = max(1, len(result.sent.split()))
    air = "" if result.air_uses is None else f", {result.air_uses} samples on air"
    plural = "" if result.rounds == 1 else "s"
    return (
        f"sent      {visible(sent.decode())}\n"
        f"received  {visible(result.received)}{verdict}\n"
        f"          {result.uses} channel uses for {len(sent)} bytes, "
        f"{result.uses / words:.1f} a word{air}\n"
        f"          {result.rounds} round{plural}, rate for {result.design_snr_db:.1f} dB, "
        f"{_measured(result.snr_db)}"
    )


def _measured(snr_db: float | None) -> str:
    return "nothing measured" if snr_db is None else f"SNR measured {snr_db:.1f} dB"


def _send_images(args: argparse.Namespace, link: Simulation) -> list[dict[str, Any]]:
    """Send each picture that the options name; returns what is reported of each."""
    from semcom_core.image import load_image_codec
    from semcom_core.image.picture import pictures_in

    given = [name for name, absent in _TEXT_ONLY.items() if getattr(args, name) != absent]
    if given:
        raise ConfigError(
            f"--{given[0]} is given with --image; allowed is to give it with --text or --text-file"
        )
    paths = pictures_in(args.image)
    codec = load_image_codec(args.codec, **settings_from(args))
    make_estimator = None
    if args.importance != "none":
        from semcom_core.image.transceiver import IMPORTANCES, ImportanceEstimator

        check_choice("importance", args.importance, IMPORTANCES)
        # the first picture loads its networks
        make_estimator = cache(partial(ImportanceEstimator, codec.device))
    stems = Counter(path.stem for path in paths)
    rows = []
    for i, path in enumerate(paths):
        result, pictures = _send_image(
            link, codec, path, args.design_snr_db, i % MESSAGE_IDS, make_estimator
        )
        name = path.stem if stems[path.stem] == 1 else path.name
        written = None if args.out is None else _write(args.out, name, pictures)
        print(for_stream(_describe_image(path, result, written), sys.stdout), flush=True)
        rows.append({"image": str(path), "received": written, **result.to_dict()})
    return rows


def _send_image(
    link: Simulation,
    codec: ImageCodec,
    path: Path,
    snr_db: float | None,
    message_id: int,
    make_estimator: Callable[[], ImportanceEstimator] | None,
) -> tuple[ImageResult, dict[str, np.ndarray]]:
    """Send one picture; one that is refused does not keep the others from being sent.

    Returns:
        The result, and the pictures to write by name: sent, segments, importance, received.
    """
    from semcom_core.image.picture import read_picture

    pixels = importance = None
    views: dict[str, np.ndarray] = {}
    try:
        pixels = read_picture(path)
        if make_estimator is not None:
            estimate = make_estimator().estimate(pixels)
            importance = estimate.importance
            views = estimate.views
        result = link.send_image(
            codec, pixels, snr_db, message_id=message_id, importance=importance
        )
    except (FrameError, ModelError) as error:
        design_db = link.design_snr_db(snr_db, image=True)
        return ImageResult.unsent(pixels, str(error), design_db), {}
    pictures = {"sent": pixels, **views}
    if result.received is not None:
        pictures["received"] = result.received
    return result, pictures


def _write(folder: Path, name: str, pictures: dict[str, np.ndarray]) -> str | None:
    """Write NAME_sent.png and so on; returns the path of the received picture, if there is one."""
    from semcom_core.image.picture import write_picture

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"folder {folder} cannot be made: {error}") from error
    paths = {what: folder / f"{name}_{what}.png" for what in pictures}
    for what, pixels in pictures.items():
        write_picture(paths[what], pixels)
    return str(paths["received"]) if "received" in paths else None


def _describe_image(path: Path, result: ImageResult, written: str | None) -> str:
    size = "" if result.sent is None else f"  {result.sent.shape[1]}x{result.sent.shape[0]}"
    quality = "nothing" if result.psnr_db is None else f"PSNR {result.psnr_db:.2f} dB"
    where = "" if written is None else f", {written}"
    verdict = ""
    if not result.decoded:
        what = "lost" if result.psnr_db is None else "degraded"
        verdict = f"   [{what}: {result.reason}]"
    found = [
        f"sent      {visible(str(path))}{size}",
        f"received  {quality}{visible(where)}{visible(verdict)}",
    ]
    if result.cbr:
        air = "" if result.air_uses is None else f", {result.air_uses} samples on air"
        missing = f", {result.missing} missing" if result.missing else ""
        found += [
            f"          {result.uses} channel uses, CBR {result.cbr:.4f} (1/{1 / result.cbr:.1f})"
            f"{air}",
            f"          {result.fragments} fragments{missing}, rate for "
            f"{result.design_snr_db:.1f} dB, {_measured(result.snr_db)}",
        ]
    return "\n".join(found)
