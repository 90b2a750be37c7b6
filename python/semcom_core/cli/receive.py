# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom receive`: receive texts or pictures by a radio; at the other end sends \
`semcom send`.

    semcom receive --radio pluto
    semcom receive --radio virtual-pluto --address ip:127.0.0.2 --expected 5 --out received.jsonl
    semcom receive --radio usrp-b200 --image --out pictures
"""

from __future__ import annotations

import argparse
from pathlib import Path

from semcom_core.cli.grc import run_headless
from semcom_core.cli.radio_options import add_radio_options
from semcom_core.cli.send import TIMEOUT_S, add_link_options, link_options
from semcom_core.errors import ConfigError, check_range


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add_radio_options(parser)
    parser.add_argument("--image", action="store_true", help="pictures, not texts")
    parser.add_argument(
        "--expected",
        type=int,
        default=0,
        help="messages after which it ends; 0: any number, until Ctrl-C or --timeout-s (default 0)",
    )
    parser.add_argument(
        "--min-rate",
        type=float,
        default=0.97,
        help="least share that must decode for exit status 0 (default 0.97)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        help="of texts a file of JSON lines, of pictures a folder (default: they are shown only)",
    )
    parser.add_argument(
        "--record",
        type=Path,
        help="name of a SigMF recording of the samples, which semcom replay decodes",
    )
    limit = f"{TIMEOUT_S:g} with --expected, else 0"
    add_link_options(parser, "time without any message", limit)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run radio_text_rx or radio_image_rx without a window; the exit status is 0 when as many as
    expected were decoded.

    Raises:
        ConfigError: an option is not allowed, before any radio is touched.
        RadioError: GNU Radio is not there.
    """
    kind = "image" if args.image else "text"
    check_range("expected", args.expected, 0, 1 << 31)
    check_range("min_rate", args.min_rate, 0, 1)
    options = link_options(args, kind, TIMEOUT_S if args.expected else 0.0)
    options["expected"] = args.expected
    options["min-rate"] = args.min_rate
    if args.record is not None:
        options["record"] = args.record.resolve()
    if args.out is not None:
        option = "received-folder" if args.image else "received-file"
        options[option] = _writable(args.out, args.image).resolve()
    return run_headless(f"radio_{kind}_rx", options)


def _writable(out: Path, folder: bool) -> Path:
    """The path, or ConfigError where a file would be a folder, or lie in one that is not there."""
    if folder:
        if out.exists() and not out.is_dir():
            raise ConfigError(f"out is {str(out)!r}, a file; allowed is a folder for the pictures")
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"out is {str(out)!r}, which cannot be made: {error.strerror}"
            ) from error
    elif out.is_dir() or not out.resolve().parent.is_dir():
        raise ConfigError(f"out is {str(out)!r}; allowed is a file in a folder that is there")
    return out
