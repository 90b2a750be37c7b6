# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom sim --image`: pictures through a simulated channel, each fragment in a burst, and so in a fade, of its own."""

from __future__ import annotations

import argparse
import math
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from semcom_core.cli.carrier import Air
from semcom_core.cli.codecs import settings_from
from semcom_core.errors import ConfigError, FrameError, ModelError
from semcom_core.image.codec import DecodedImage
from semcom_core.image.end import IMPORTANCES, ImageEnd
from semcom_core.image.picture import pictures_in, read_picture, write_picture
from semcom_core.metrics.image import psnr_db
from semcom_core.phy.frame import MESSAGE_IDS
from semcom_core.text.visible import for_stream, visible

#: What the modem's estimates cost, dB: 0.15 to 0.22 was measured at 1 to 13 dB. Rates for the channel's SNR are chosen this far below.
_MODEM_LOSS_DB = 0.3
#: Options of `semcom sim` that are about texts, and their values where they are not given.
_TEXT_ONLY = {"harq": False, "adapt": None, "distill": "off", "safety": None, "expand": False}


@dataclass
class Sent:
    """What became of one picture; `result` is what is reported of it."""

    received: DecodedImage | None = None
    pictures: dict[str, np.ndarray] = field(default_factory=dict)
    result: dict = field(default_factory=dict)


def add_image_options(parser: argparse.ArgumentParser) -> None:
    """Add --out and --importance."""
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder for the pictures sent and received (default: they are not written)")
    how = f"what a picture's channel uses are spent on, one of {', '.join(IMPORTANCES)} (default none: everything alike)"
    parser.add_argument("--importance", default="none", help=how)


def send_pictures(args: argparse.Namespace, design_db: float, make_air: Callable[[], Air]) -> list[dict]:
    """Send each picture that the options name; returns what became of each.

    Args:
        design_db: SNR to choose the rate for, dB; of the channel, where the options name none.
        make_air: makes the Air of one picture.

    Raises:
        ConfigError: an option is not allowed, or there is no picture at the path.
        ModelError: the codec needs a model that is not there.
    """
    given = [name for name, absent in _TEXT_ONLY.items() if getattr(args, name) != absent]
    if given:
        raise ConfigError(f"--{given[0]} is given with --image; allowed is to give it with --text or --text-file")
    if args.modem and args.design_snr_db is None:
        design_db -= _MODEM_LOSS_DB
    paths = pictures_in(args.image)
    end = ImageEnd.from_settings(args.codec, **settings_from(args))
    stems = Counter(path.stem for path in paths)
    rows = []
    for i, path in enumerate(paths):
        sent = _send(end, path, i % MESSAGE_IDS, design_db, make_air(), args.importance)
        _write(args.out, path.stem if stems[path.stem] == 1 else path.name, sent)
        print(for_stream(_describe(sent.result), sys.stdout), flush=True)
        rows.append(sent.result)
    return rows


def _send(end: ImageEnd, path: Path, number: int, design_db: float, air: Air, importance: str) -> Sent:
    """Send one picture; what is refused, or lost on the way, is said in the result."""
    found = {"image": str(path), "received": None, "decoded": False, "reason": "", "height": None, "width": None, "psnr_db": None}
    found |= {"uses": 0, "cbr": None, "air_uses": None, "fragments": 0, "missing": 0, "design_snr_db": design_db, "snr_db": None}
    sent = Sent(result=found)
    try:
        pixels = read_picture(path)
        found |= {"height": pixels.shape[0], "width": pixels.shape[1]}
        encoded = end.encode(pixels, design_db, number, importance)
        sent.pictures = {"sent": pixels, **encoded.views}
        uses = sum(len(frame.symbols) for frame in encoded.frames)
        found |= {"uses": uses, "cbr": uses / pixels.size, "fragments": len(encoded.frames)}
        heard = [frame for fragment in encoded.frames for frame in air.carry([fragment])]
        found |= {"air_uses": air.uses or None, "missing": len(encoded.frames) - len(heard), "snr_db": _mean([f.snr_db for f in heard])}
        got = end.decode(heard)
    except (FrameError, ModelError) as error:
        return _lost(sent, str(error))
    sent.pictures["received"] = got.pixels
    found |= {"decoded": got.decoded, "reason": got.reason}
    found["psnr_db"] = psnr_db(pixels, got.pixels) if got.pixels.shape == pixels.shape else None
    return sent


def _lost(sent: Sent, reason: str) -> Sent:
    none_came = sent.result["fragments"] and sent.result["missing"] == sent.result["fragments"]
    sent.result["reason"] = "no fragment was received" if none_came else reason
    return sent


def _write(folder: Path | None, name: str, sent: Sent) -> None:
    """Write NAME_sent.png, NAME_received.png, and what was seen on the way."""
    if folder is None:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"folder {folder} cannot be made: {error}") from error
    for what, pixels in sent.pictures.items():
        path = folder / f"{name}_{what}.png"
        write_picture(path, pixels)
        if what == "received":
            sent.result["received"] = str(path)


def _describe(r: dict) -> str:
    size = "" if r["height"] is None else f"  {r['width']}x{r['height']}"
    verdict = "" if r["decoded"] else f"   [degraded: {r['reason']}]" if r["psnr_db"] is not None else f"   [lost: {r['reason']}]"
    quality = "nothing" if r["psnr_db"] is None else f"PSNR {r['psnr_db']:.2f} dB"
    where = f", {r['received']}" if r["received"] else ""
    lines = [f"sent      {visible(r['image'])}{size}", f"received  {quality}{visible(where)}{visible(verdict)}"]
    if r["uses"]:
        air = "" if r["air_uses"] is None else f", {r['air_uses']} samples on air"
        lines.append(f"          {r['uses']} channel uses, CBR {r['cbr']:.4f} (1/{1 / r['cbr']:.1f}){air}")
        measured = "nothing measured" if r["snr_db"] is None else f"SNR measured {r['snr_db']:.1f} dB"
        missing = f", {r['missing']} missing" if r["missing"] else ""
        lines.append(f"          {r['fragments']} fragments{missing}, rate for {r['design_snr_db']:.1f} dB, {measured}")
    return "\n".join(lines)


def _mean(levels_db: list[float]) -> float | None:
    measured = [level_db for level_db in levels_db if math.isfinite(level_db)]
    return sum(measured) / len(measured) if measured else None
