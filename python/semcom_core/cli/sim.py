# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of what happens to a message before it is sent and after it is received: distillation,
policy, expansion.

`semcom sim --image`: pictures through a simulated channel, each fragment in a burst, and so in a
fade, of its own.

`semcom sim`: send text or pictures through a simulated channel and show what arrives, in plain
Python.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from semcom_core.bench.report import write_json
from semcom_core.channel import parse_channel
from semcom_core.cli.carrier import Air
from semcom_core.cli.codec_options import add_settings_option, codec_from, settings_from
from semcom_core.errors import ConfigError, FrameError, ModelError, check_choice, check_range
from semcom_core.frame import MESSAGE_IDS
from semcom_core.image import IMAGE_CODECS
from semcom_core.image.codec import DecodedImage
from semcom_core.image.picture import pictures_in, read_picture, write_picture
from semcom_core.image.transceiver import IMPORTANCES, ImageEnd
from semcom_core.link import SnrTracker
from semcom_core.link.simulate import Outcome, send_once, simulate
from semcom_core.metrics.image import psnr_db
from semcom_core.phy import PROFILES, PhyConfig
from semcom_core.safety import parse_policy
from semcom_core.terminal import for_stream, visible
from semcom_core.text import TEXT_CODECS, DecodedText, TextCodec
from semcom_core.text.codec import check_text
from semcom_core.text.distillation import MODES


def add_content_options(parser: argparse.ArgumentParser) -> None:
    """Add --distill, --safety and --expand."""
    parser.add_argument(
        "--distill",
        default="off",
        metavar="MODE",
        help=f"shorten messages first, one of {', '.join(MODES)} (default off)",
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


class Content:
    """What the options ask for; models are loaded for those alone that are given.

    Args:
        args: parsed options.
        codec: what is to send the messages.

    Raises:
        ConfigError: a mode or policy that is not allowed.
        ModelError: a model is not there.
    """

    def __init__(self, args: argparse.Namespace, codec: TextCodec):
        check_choice("distill", args.distill, MODES)
        policy = None if args.safety is None else parse_policy(args.safety)
        self._distiller = self._gate = self._expander = None
        if args.distill != "off":
            from semcom_core.text.distillation.distiller import load_distiller

            self._distiller = load_distiller(args.distill, codec)
        if policy is not None:
            from semcom_core.safety.policy import SafetyGate
            from semcom_core.safety.toxicity import load_toxicity

            self._gate = SafetyGate(policy, load_toxicity(policy.classifier, policy.path))
        if args.expand:
            from semcom_core.text.distillation.rewriter import Expander

            self._expander = Expander.from_settings()

    def before(self, text: str) -> tuple[str, dict]:
        """The text to send, and what to report.

        Raises:
            FrameError: the policy blocks it, or it is no text that can be sent.
        """
        check_text(text)
        said = self._judged(text, "send")
        if _blocked(said, "send"):
            raise FrameError(said["safety_send"]["reason"])
        if self._distiller is None:
            return text, said
        short = self._distiller.distill(text)
        about = {
            "method": short.method,
            "reduction": short.reduction,
            "similarity": short.similarity,
            "reason": short.reason,
        }
        return short.text, {**said, "distilled": {"original": short.original, **about}}

    def after(self, text: str) -> tuple[str, dict]:
        """The text to deliver, empty where the policy blocks it, and what to report."""
        said = self._judged(text, "receive")
        if _blocked(said, "receive"):
            return "", said
        if self._expander is None:
            return text, said
        clear = self._expander.expand(text)
        return text, {
            **said,
            "expanded": {"text": clear.text, "method": clear.method, "reason": clear.reason},
        }

    def _judged(self, text: str, end: str) -> dict:
        return {} if self._gate is None else {f"safety_{end}": vars(self._gate.judge(text, end))}


def _blocked(said: dict, end: str) -> bool:
    return said.get(f"safety_{end}", {}).get("action") == "block"


def lines(result: dict) -> list[str]:
    """What to print of a result besides the message itself."""
    found = []
    if "distilled" in result:
        d = result["distilled"]
        why = f"; {d['reason']}" if d["reason"] else ""
        found.append(f"said      {d['original']}")
        found.append(
            f"          {d['method']}: {d['reduction']:.0%} of the bits saved, similarity "
            f"{d['similarity']:.2f}{why}"
        )
    for end in ("send", "receive"):
        verdict = result.get(f"safety_{end}")
        if verdict:
            passes = f"passes, toxicity is {verdict['toxicity']:.2f}"
            found.append(f"safety    at the {end} end: {verdict['reason'] or passes}")
    if "expanded" in result:
        e = result["expanded"]
        found.append(
            f"expanded  {e['text']}   [{e['method']}{'; ' + e['reason'] if e['reason'] else ''}]"
        )
    return found


#: What the modem's estimates cost, dB: 0.15 to 0.22 was measured at 1 to 13 dB. Rates for the
#: channel's SNR are chosen this far below.
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
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder for the pictures sent and received (default: they are not written)",
    )
    how = (
        f"what a picture's channel uses are spent on, one of {', '.join(IMPORTANCES)} (default "
        "none: everything alike)"
    )
    parser.add_argument("--importance", default="none", help=how)


def send_pictures(
    args: argparse.Namespace, design_db: float, make_air: Callable[[], Air]
) -> list[dict]:
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
        raise ConfigError(
            f"--{given[0]} is given with --image; allowed is to give it with --text or --text-file"
        )
    if args.modem and args.design_snr_db is None:
        design_db -= _MODEM_LOSS_DB
    paths = pictures_in(args.image)
    end = ImageEnd.from_settings(args.codec, **settings_from(args))
    stems = Counter(path.stem for path in paths)
    rows = []
    for i, path in enumerate(paths):
        sent = _send_picture(end, path, i % MESSAGE_IDS, design_db, make_air(), args.importance)
        _write(args.out, path.stem if stems[path.stem] == 1 else path.name, sent)
        print(for_stream(_describe_picture(sent.result), sys.stdout), flush=True)
        rows.append(sent.result)
    return rows


def _send_picture(
    end: ImageEnd, path: Path, number: int, design_db: float, air: Air, importance: str
) -> Sent:
    """Send one picture; what is refused, or lost on the way, is said in the result."""
    found = {
        "image": str(path),
        "received": None,
        "decoded": False,
        "reason": "",
        "height": None,
        "width": None,
        "psnr_db": None,
    }
    found |= {
        "uses": 0,
        "cbr": None,
        "air_uses": None,
        "fragments": 0,
        "missing": 0,
        "design_snr_db": design_db,
        "snr_db": None,
    }
    sent = Sent(result=found)
    try:
        pixels = read_picture(path)
        found |= {"height": pixels.shape[0], "width": pixels.shape[1]}
        encoded = end.encode(pixels, design_db, number, importance)
        sent.pictures = {"sent": pixels, **encoded.views}
        uses = sum(len(frame.symbols) for frame in encoded.frames)
        found |= {"uses": uses, "cbr": uses / pixels.size, "fragments": len(encoded.frames)}
        heard = [frame for fragment in encoded.frames for frame in air.carry([fragment])]
        found |= {
            "air_uses": air.uses or None,
            "missing": len(encoded.frames) - len(heard),
            "snr_db": _mean([f.snr_db for f in heard]),
        }
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


def _describe_picture(r: dict) -> str:
    size = "" if r["height"] is None else f"  {r['width']}x{r['height']}"
    verdict = (
        ""
        if r["decoded"]
        else f"   [degraded: {r['reason']}]"
        if r["psnr_db"] is not None
        else f"   [lost: {r['reason']}]"
    )
    quality = "nothing" if r["psnr_db"] is None else f"PSNR {r['psnr_db']:.2f} dB"
    where = f", {r['received']}" if r["received"] else ""
    lines = [
        f"sent      {visible(r['image'])}{size}",
        f"received  {quality}{visible(where)}{visible(verdict)}",
    ]
    if r["uses"]:
        air = "" if r["air_uses"] is None else f", {r['air_uses']} samples on air"
        lines.append(
            f"          {r['uses']} channel uses, CBR {r['cbr']:.4f} (1/{1 / r['cbr']:.1f}){air}"
        )
        measured = (
            "nothing measured" if r["snr_db"] is None else f"SNR measured {r['snr_db']:.1f} dB"
        )
        missing = f", {r['missing']} missing" if r["missing"] else ""
        lines.append(
            f"          {r['fragments']} fragments{missing}, rate for {r['design_snr_db']:.1f} dB, "
            f"{measured}"
        )
    return "\n".join(lines)


def _mean(levels_db: list[float]) -> float | None:
    measured = [level_db for level_db in levels_db if math.isfinite(level_db)]
    return sum(measured) / len(measured) if measured else None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--text", help="the message")
    source.add_argument("--text-file", type=Path, help="file of messages, one a line")
    source.add_argument("--image", type=Path, help="picture file, or folder of pictures")
    codecs = [
        f"{', '.join(known)} (default {next(iter(known))})" for known in (TEXT_CODECS, IMAGE_CODECS)
    ]
    parser.add_argument(
        "--codec", help=f"of texts one of {codecs[0]}, of pictures one of {codecs[1]}"
    )
    add_settings_option(parser)
    parser.add_argument(
        "--channel",
        default="awgn:5",
        help="such as awgn:5+cfo:12khz+taps:0,-6,-10 (default awgn:5)",
    )
    design = (
        "SNR the rate is chosen for (default: that of the channel, for pictures less what "
        "the "
        "modem takes)"
    )
    parser.add_argument("--design-snr-db", type=float, help=design)
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
    margin = {"nargs": "?", "type": float, "const": 0.0, "metavar": "MARGIN_DB"}
    parser.add_argument(
        "--adapt",
        **margin,
        help="choose each rate for the SNR measured so far, less a margin in dB (default 0)",
    )
    parser.add_argument("--seed", type=int, default=1, help="seed of the channel (default 1)")
    parser.add_argument("--json", type=Path, help="file to write the results to")
    add_content_options(parser)
    add_image_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Send each message; exit status 1 when a text did not arrive exactly, or a picture not
    whole.
    """
    check_range("seed", args.seed, 0, math.inf)
    modem = PhyConfig(profile=args.profile) if args.modem else None
    channel = (
        parse_channel(args.channel)
        if modem is None
        else parse_channel(args.channel).for_modem(modem)
    )
    snr_db = channel.snr_db if args.design_snr_db is None else args.design_snr_db
    if snr_db is None:
        raise ConfigError(
            f"channel {args.channel!r} states no SNR; name the one to design for with "
            "--design-snr-db"
        )
    check_range("design SNR in dB", snr_db, -20, 60)
    rng = np.random.default_rng(args.seed)
    args.codec = args.codec or next(iter(TEXT_CODECS if args.image is None else IMAGE_CODECS))
    results = (_send_texts if args.image is None else send_pictures)(
        args, snr_db, lambda: Air(channel, modem, rng)
    )
    if args.json:
        settings = {
            "channel": str(channel),
            "codec": args.codec,
            "modem": args.modem,
            "profile": args.profile,
        }
        settings |= (
            {"harq": args.harq, "adapt": args.adapt}
            if args.image is None
            else {"importance": args.importance}
        )
        write_json(args.json, "sim", args.seed, settings, results)
    return (
        0 if all(result["exact" if args.image is None else "decoded"] for result in results) else 1
    )


def _send_texts(args: argparse.Namespace, snr_db: float, make_air: Callable[[], Air]) -> list[dict]:
    """Send each text that the options name; returns what became of each."""
    texts = _messages(args)
    tracker = SnrTracker(args.adapt or 0.0)
    codec = codec_from(args)
    content = Content(args, codec)
    results = []
    for i, text in enumerate(texts):
        design_db = snr_db if args.adapt is None else tracker.design_db(snr_db)
        results.append(
            _send(codec, text, i % MESSAGE_IDS, design_db, make_air(), args.harq, content)
        )
        if results[-1]["snr_db"] is not None:
            tracker.measure(results[-1]["snr_db"])
    return results


def _messages(args: argparse.Namespace) -> list[str]:
    if args.text is not None:
        return [args.text]
    try:
        return args.text_file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"text file {args.text_file} cannot be read: {error}") from error


def _send(
    codec: TextCodec,
    text: str,
    number: int,
    design_db: float,
    air: Air,
    harq: bool,
    content: Content,
) -> dict:
    """Send one message and print what became of it; a message that is refused does not keep the
    others from being sent.
    """
    said: dict = {}
    try:
        text, said = content.before(text)
        outcome = (simulate if harq else send_once)(
            codec, text, design_db, air.carry, message_id=number
        )
        received, heard = content.after(outcome.received.text)
    except (FrameError, ModelError) as error:
        outcome = Outcome(DecodedText("", False, number, reason=str(error)), 0, 0, None)
        received = ""
        heard = {}
    got = outcome.received
    exact = got.decoded and got.text == text
    result = {
        "sent": text,
        "received": received,
        "decoded": got.decoded,
        "exact": exact,
        "reason": got.reason,
    }
    result |= {"uses": outcome.uses, "air_uses": air.uses or None, "rounds": outcome.transmissions}
    result |= {"design_snr_db": design_db, "snr_db": outcome.snr_db}
    result |= said | heard
    print(for_stream("\n".join([_describe(result), *map(visible, lines(result))]), sys.stdout))
    return result


def _describe(result: dict) -> str:
    verdict = "" if result["decoded"] else f"   [undecoded: {result['reason']}]"
    sent = result["sent"].encode("utf-8", "replace")
    size = len(sent)
    words = max(1, len(result["sent"].split()))
    air = "" if result["air_uses"] is None else f", {result['air_uses']} samples on air"
    cost = (
        f"{result['uses']} channel uses for {size} bytes, {result['uses'] / words:.1f} a word{air}"
    )
    rounds = result["rounds"]
    measured_db = result["snr_db"]
    measured = "nothing measured" if measured_db is None else f"SNR measured {measured_db:.1f} dB"
    how = (
        f"{rounds} round{'s' * (rounds != 1)}, rate for {result['design_snr_db']:.1f} dB, "
        f"{measured}"
    )
    return (
        f"sent      {visible(sent.decode())}\nreceived  "
        f"{visible(result['received'])}{verdict}\n          {cost}\n          {how}"
    )
