# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom demo`: send sentences through a GNU Radio flowgraph with noise, frequency offset and multipath."""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from semcom_core.bench.corpus import shipped_sentences
from semcom_core.cli import grc
from semcom_core.errors import RadioError


def add_parser(subparsers) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser("demo", help="the main job on real input, over GNU Radio", description=__doc__)
    parser.add_argument("--snr-db", type=float, default=5.0, help="SNR, dB (default 5)")
    parser.add_argument("--cfo-hz", type=float, default=12e3, help="carrier frequency offset, Hz (default 12000)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run text_link_headless on the shipped sentences and show what it reports; the exit status is the flowgraph's."""
    with tempfile.TemporaryDirectory(prefix="semcom-demo-") as folder:
        texts, report = Path(folder) / "texts.txt", Path(folder) / "report.json"
        texts.write_text("\n".join(shipped_sentences()) + "\n", encoding="utf-8")
        print(f"{len(shipped_sentences())} sentences over text_link_headless.grc: {args.snr_db:g} dB SNR, {args.cfo_hz:g} Hz offset, 3 paths")
        options = {"text-file": texts, "snr-db": args.snr_db, "cfo-hz": args.cfo_hz, "out-file": report}
        status = grc.compile_and_run(grc.find_flowgraph("text_link", headless=True), [f"--{k}={v}" for k, v in options.items()])
        if not report.exists():
            raise RadioError(f"the flowgraph ended with status {status} and wrote no report")
        print(json.loads(report.read_text(encoding="utf-8")))
    return status
