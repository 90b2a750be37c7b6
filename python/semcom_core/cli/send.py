# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom send`: send texts or pictures by a radio; at the other end listens \
`semcom receive`.

    semcom send --radio pluto --text "The boat leaves at 6:45."
    semcom send --radio virtual-pluto --text-file messages.txt --codec spinal --set adapter=europarl
    semcom send --radio usrp-b200 --image photo.jpg --design-snr-db 10 --tx-gain-db 40
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from semcom_core.bench.report import check_writable
from semcom_core.cli.codec_options import add_settings_option, settings_from
from semcom_core.cli.grc import run_headless
from semcom_core.cli.radio_options import add_radio_options, profile_from, radio_settings_from
from semcom_core.codecs import find_codec
from semcom_core.errors import ConfigError, check_choice, check_limit, check_range
from semcom_core.image import IMAGE_CODECS
from semcom_core.image.fragments import parse_cbr
from semcom_core.image.picture import pictures_in
from semcom_core.phy import PROFILES
from semcom_core.text import TEXT_CODECS
from semcom_core.text.codec import check_text

#: SNR that rates are chosen for where none is given, and what the encoders' blocks allow, dB.
DESIGN_SNR_DB = 8.0
SNR_RANGE_DB = (-20, 60)
#: What the link monitor's block allows as its time limit, s.
TIMEOUT_RANGE_S = (0.1, 86400)
#: Time limit where none is given, s.
TIMEOUT_S = 300.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add_radio_options(parser)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--text", help="the message")
    source.add_argument("--text-file", type=Path, help="file of messages, one a line")
    source.add_argument("--image", type=Path, help="picture file, or folder of pictures")
    help_snr = f"SNR the rate is chosen for, dB (default {DESIGN_SNR_DB:g})"
    parser.add_argument("--design-snr-db", type=float, default=DESIGN_SNR_DB, help=help_snr)
    add_link_options(
        parser, "time without anything sent, a radio that is set up included,", f"{TIMEOUT_S:g}"
    )
    parser.set_defaults(run=run)


def add_link_options(parser: argparse.ArgumentParser, silence: str, limit: str) -> None:
    """Add the options that both ends have, and that must be the same at both.

    Args:
        parser: parser that gets them.
        silence: what the time limit measures, in words.
        limit: its default, s, in words.
    """
    names = [", ".join(known) for known in (TEXT_CODECS, IMAGE_CODECS)]
    parser.add_argument(
        "--codec",
        help=f"of texts one of {names[0]}, of pictures one of {names[1]} (default spinal, hybrid); "
        "or module:Class, or a name that an installed package declares",
    )
    add_settings_option(parser)
    parser.add_argument(
        "--cbr",
        default="1/16",
        help="of pictures: channel uses over 3 x height x width (default 1/16)",
    )
    parser.add_argument(
        "--profile",
        default="standard",
        help=f"the modem's profile, one of {', '.join(PROFILES)} (default standard)",
    )
    parser.add_argument(
        "--timeout-s",
        type=float,
        help=f"{silence} until it gives up, with exit status 1, s (default {limit}; 0: never)",
    )
    parser.add_argument("--json", type=Path, help="file for the report")


def run(args: argparse.Namespace) -> int:
    """Run radio_text_tx or radio_image_tx; the exit status is the flowgraph's: 0 when everything
    has been sent.

    Raises:
        ConfigError: an option is not allowed, or transmission is not, before any radio is touched.
        RadioError: GNU Radio is not there.
    """
    kind = "image" if args.image else "text"
    options = link_options(args, kind, TIMEOUT_S)
    check_range("design_snr_db", args.design_snr_db, *SNR_RANGE_DB)
    profile_from(args, args.radio).notice_for(
        receive=False, transmit=True, i_may_transmit=args.i_may_transmit
    )
    options["snr-db"] = args.design_snr_db
    options["i-may-transmit"] = int(args.i_may_transmit)
    with tempfile.TemporaryDirectory(prefix="semcom-send-") as folder:
        options |= _content(args, Path(folder))
        return run_headless(f"radio_{kind}_tx", options)


def _content(args: argparse.Namespace, folder: Path) -> dict:
    """The option that names what is to be sent; a text given on the command line is put into a
    file.
    """
    if args.image:
        pictures_in(args.image)
        return {"image-file": args.image.resolve()}
    if args.text is None:
        if not args.text_file.is_file():
            raise ConfigError(f"text_file is {str(args.text_file)!r}; there is no such file")
        return {"text-file": args.text_file.resolve()}
    check_text(args.text)
    if "\n" in args.text or not args.text.strip():
        raise ConfigError(
            f"text is {args.text!r}; allowed is one line that is not empty, or --text-file"
        )
    path = folder / "text.txt"
    path.write_text(args.text + "\n", encoding="utf-8")
    return {"text-file": path}


def link_options(args: argparse.Namespace, kind: str, timeout_s: float) -> dict:
    """Parameters of the flowgraphs that both ends have.

    Args:
        args: parsed options.
        kind: "text" or "image".
        timeout_s: time limit where the options have none, s; 0: no limit.

    Raises:
        ConfigError: a codec, a profile or a setting is not allowed, or the report cannot be
            written.
    """
    codec = args.codec or {"text": "spinal", "image": "hybrid"}[kind]
    find_codec(codec, kind)
    check_choice("profile", args.profile, PROFILES)
    timeout_s = timeout_s if args.timeout_s is None else args.timeout_s
    check_limit("timeout_s", timeout_s, *TIMEOUT_RANGE_S)
    parse_cbr(args.cbr)
    check_writable(args.json)
    profile_from(args, args.radio)
    radio = radio_settings_from(args)
    path = Path(args.radio)
    options = {
        "profile": path.resolve() if path.suffix in (".yml", ".yaml") else args.radio,
        "address": radio.pop("address", ""),
        "overrides": json.dumps(radio),
        "codec": codec,
        "settings": json.dumps(settings_from(args)),
        "phy-profile": args.profile,
        "timeout-s": timeout_s,
        "out-file": args.json.resolve() if args.json else "",
    }
    if kind == "image":
        options["cbr"] = args.cbr
    return options
