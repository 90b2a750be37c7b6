# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom sim`: send text or pictures through a simulated channel and show what arrives, in plain Python."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from semcom_core.bench.report import write_json
from semcom_core.channel import parse_channel
from semcom_core.cli.carrier import Air
from semcom_core.cli.codecs import add_settings_option, codec_from
from semcom_core.cli.content import Content, add_content_options, lines
from semcom_core.cli.sim_image import add_image_options, send_pictures
from semcom_core.errors import ConfigError, FrameError, ModelError, check_range
from semcom_core.image import IMAGE_CODECS
from semcom_core.link import SnrTracker
from semcom_core.link.simulate import Outcome, send_once, simulate
from semcom_core.phy import PROFILES, PhyConfig
from semcom_core.phy.frame import MESSAGE_IDS
from semcom_core.text import TEXT_CODECS, DecodedText, TextCodec
from semcom_core.text.visible import for_stream, visible


def add_parser(subparsers) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser("sim", help="send text or pictures through a simulated channel", description=__doc__)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--text", help="the message")
    source.add_argument("--text-file", type=Path, help="file of messages, one a line")
    source.add_argument("--image", type=Path, help="picture file, or folder of pictures")
    codecs = [f"{', '.join(known)} (default {next(iter(known))})" for known in (TEXT_CODECS, IMAGE_CODECS)]
    parser.add_argument("--codec", help=f"of texts one of {codecs[0]}, of pictures one of {codecs[1]}")
    add_settings_option(parser)
    parser.add_argument("--channel", default="awgn:5", help="such as awgn:5+cfo:12khz+taps:0,-6,-10 (default awgn:5)")
    design = "SNR the rate is chosen for (default: that of the channel, for pictures less what the modem takes)"
    parser.add_argument("--design-snr-db", type=float, help=design)
    parser.add_argument("--no-modem", dest="modem", action="store_false", help="bare symbols through the channel, without the burst modem")
    parser.add_argument("--profile", default="standard", help=f"the modem's profile, one of {', '.join(PROFILES)} (default standard)")
    parser.add_argument("--harq", action="store_true", help="a way back: send increments until a message decodes, 4 rounds at most")
    margin = {"nargs": "?", "type": float, "const": 0.0, "metavar": "MARGIN_DB"}
    parser.add_argument("--adapt", **margin, help="choose each rate for the SNR measured so far, less a margin in dB (default 0)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the channel (default 1)")
    parser.add_argument("--json", type=Path, help="file to write the results to")
    add_content_options(parser)
    add_image_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Send each message; exit status 1 when a text did not arrive exactly, or a picture not whole."""
    check_range("seed", args.seed, 0, math.inf)
    modem = PhyConfig(profile=args.profile) if args.modem else None
    channel = parse_channel(args.channel) if modem is None else parse_channel(args.channel).for_modem(modem)
    snr_db = channel.snr_db if args.design_snr_db is None else args.design_snr_db
    if snr_db is None:
        raise ConfigError(f"channel {args.channel!r} states no SNR; name the one to design for with --design-snr-db")
    check_range("design SNR in dB", snr_db, -20, 60)
    rng = np.random.default_rng(args.seed)
    args.codec = args.codec or next(iter(TEXT_CODECS if args.image is None else IMAGE_CODECS))
    results = (_send_texts if args.image is None else send_pictures)(args, snr_db, lambda: Air(channel, modem, rng))
    if args.json:
        settings = {"channel": str(channel), "codec": args.codec, "modem": args.modem, "profile": args.profile}
        settings |= {"harq": args.harq, "adapt": args.adapt} if args.image is None else {"importance": args.importance}
        write_json(args.json, "sim", args.seed, settings, results)
    return 0 if all(result["exact" if args.image is None else "decoded"] for result in results) else 1


def _send_texts(args: argparse.Namespace, snr_db: float, make_air: Callable[[], Air]) -> list[dict]:
    """Send each text that the options name; returns what became of each."""
    texts = _messages(args)
    tracker = SnrTracker(args.adapt or 0.0)
    codec = codec_from(args)
    content = Content(args, codec)
    results = []
    for i, text in enumerate(texts):
        design_db = snr_db if args.adapt is None else tracker.design_db(snr_db)
        results.append(_send(codec, text, i % MESSAGE_IDS, design_db, make_air(), args.harq, content))
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


def _send(codec: TextCodec, text: str, number: int, design_db: float, air: Air, harq: bool, content: Content) -> dict:
    """Send one message and print what became of it; a message that is refused does not keep the others from being sent."""
    said: dict = {}
    try:
        text, said = content.before(text)
        outcome = (simulate if harq else send_once)(codec, text, design_db, air.carry, message_id=number)
        received, heard = content.after(outcome.received.text)
    except (FrameError, ModelError) as error:
        outcome, received, heard = Outcome(DecodedText("", False, number, reason=str(error)), 0, 0, None), "", {}
    got = outcome.received
    exact = got.decoded and got.text == text
    result = {"sent": text, "received": received, "decoded": got.decoded, "exact": exact, "reason": got.reason}
    result |= {"uses": outcome.uses, "air_uses": air.uses or None, "rounds": outcome.transmissions}
    result |= {"design_snr_db": design_db, "snr_db": outcome.snr_db}
    result |= said | heard
    print(for_stream("\n".join([_describe(result), *map(visible, lines(result))]), sys.stdout))
    return result


def _describe(result: dict) -> str:
    verdict = "" if result["decoded"] else f"   [undecoded: {result['reason']}]"
    sent = result["sent"].encode("utf-8", "replace")
    size, words = len(sent), max(1, len(result["sent"].split()))
    air = "" if result["air_uses"] is None else f", {result['air_uses']} samples on air"
    cost = f"{result['uses']} channel uses for {size} bytes, {result['uses'] / words:.1f} a word{air}"
    rounds, measured_db = result["rounds"], result["snr_db"]
    measured = "nothing measured" if measured_db is None else f"SNR measured {measured_db:.1f} dB"
    how = f"{rounds} round{'s' * (rounds != 1)}, rate for {result['design_snr_db']:.1f} dB, {measured}"
    return f"sent      {visible(sent.decode())}\nreceived  {visible(result['received'])}{verdict}\n          {cost}\n          {how}"
