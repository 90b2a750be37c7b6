# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom demo`: send sentences and a picture through GNU Radio flowgraphs with noise, frequency offset and multipath."""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from semcom_core.bench.corpus import shipped_sentences
from semcom_core.cli import grc
from semcom_core.cli.demo_image import send_picture
from semcom_core.errors import RadioError
from semcom_core.text import load_codec

#: How far below the SNR the rate is chosen: the paths of the channel fade some carriers, dB.
MARGIN_DB = 3.5


def add_parser(subparsers) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser("demo", help="the main job on real input, over GNU Radio", description=__doc__)
    parser.add_argument("--snr-db", type=float, default=5.0, help="SNR, dB (default 5)")
    parser.add_argument("--cfo-hz", type=float, default=12e3, help="carrier frequency offset, Hz (default 12000)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run text_link_headless on the shipped sentences, image_link_headless on a picture, and show what arrived.

    The exit status is 0 where both flowgraphs' is.

    Raises:
        RadioError: GNU Radio is not there, or the flowgraph ended without a report.
    """
    sentences = shipped_sentences()
    print(f"{len(sentences)} sentences over a GNU Radio link: {args.snr_db:g} dB SNR, {args.cfo_hz:g} Hz offset, 3 paths", flush=True)
    with tempfile.TemporaryDirectory(prefix="semcom-demo-") as folder:
        texts, report = Path(folder) / "texts.txt", Path(folder) / "report.json"
        texts.write_text("\n".join(sentences) + "\n", encoding="utf-8")
        options = {"text-file": texts, "snr-db": args.snr_db, "cfo-hz": args.cfo_hz, "margin-db": MARGIN_DB, "out-file": report}
        status = grc.run(argparse.Namespace(flowgraph="text_link", headless=True, arguments=[f"--{k}={v}" for k, v in options.items()]))
        if not report.exists():
            raise RadioError(f"the flowgraph ended with status {status} and wrote no report")
        messages = json.loads(report.read_text(encoding="utf-8"))["messages"]
    for message in messages:
        print(f"{message['outcome']:9s} {message['received'] or message['sent']}")
    print(_cost(sentences, args.snr_db - MARGIN_DB))
    return status | send_picture(args.snr_db, args.cfo_hz, MARGIN_DB)


def _cost(sentences: list[str], snr_db: float) -> str:
    """What the sentences take by language model, and by compressing and then protecting."""
    uses = {}
    for name in ("spinal", "deflate"):
        codec = load_codec(name)
        uses[name] = sum(len(frame.symbols) for text in sentences for frame in codec.encode(text, snr_db))
    share = uses["spinal"] / uses["deflate"]
    return f"{uses['spinal']} channel uses; deflate with channel code and QAM takes {uses['deflate']}: {share:.0%}"
