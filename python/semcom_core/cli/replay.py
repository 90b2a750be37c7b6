# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom replay`: decode a recording as if it came from a radio, to its end.

Recordings come from `semcom record` and from `semcom receive --record`.

    semcom replay night
    semcom replay night --image --out pictures
"""

from __future__ import annotations

import argparse
from pathlib import Path

from semcom_core.cli import receive
from semcom_core.cli.radio_options import OPTIONS
from semcom_core.cli.send import add_link_options
from semcom_core.errors import check_range
from semcom_core.radio.recording import read_recording


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("recording", type=Path, help="its name, with or without .sigmf-meta")
    parser.add_argument("--image", action="store_true", help="pictures, not texts")
    parser.add_argument(
        "--out",
        type=Path,
        help="of texts a file of JSON lines, of pictures a folder (default: they are shown only)",
    )
    add_link_options(parser, "time without any message", "0")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run radio_text_rx or radio_image_rx on the recording; exit status 0 when it came to its end.

    Raises:
        ConfigError: there is no such recording, or an option is not allowed.
        RadioError: GNU Radio is not there.
    """
    rate_hz = read_recording(args.recording).rate_hz
    check_range("rate_hz of the recording", rate_hz, 1e3, 1e9)
    radio = dict.fromkeys(OPTIONS) | {
        "radio": "file",
        "address": str(args.recording.resolve()),
        "rate_hz": rate_hz,
    }
    return receive.run(
        argparse.Namespace(
            **{**vars(args), **radio, "expected": 0, "min_rate": 0.0, "record": None}
        )
    )
