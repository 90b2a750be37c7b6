# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom report`: one page with the pictures and tables of bench files."""

from __future__ import annotations

import argparse
from pathlib import Path

from semcom_core.bench.report import check_writable, read_json
from semcom_core.cli.bench import BENCHES


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "runs",
        nargs="+",
        type=Path,
        metavar="RUN.json",
        help="files that benches wrote with --json",
    )
    parser.add_argument(
        "--html",
        type=Path,
        required=True,
        metavar="OUT",
        help="page to write; it needs no other file",
    )
    parser.add_argument(
        "--title", default="Measurements", help="title of the page (default Measurements)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the page."""
    from semcom_core.bench.page import section, write_page

    check_writable(args.html)
    found = [(path, read_json(path)) for path in args.runs]
    write_page(args.html, [section(run, path.name, _lines(run)) for path, run in found], args.title)
    print(
        f"{args.html}: {len(found)} bench files, {sum(len(run['rows']) for _, run in found)} rows"
    )
    return 0


def _lines(run: dict) -> list[str]:
    """What the bench's own command prints on each row; nothing where it is not known, or its
    figures are in a table.
    """
    bench = BENCHES.get(run["bench"])
    describe = getattr(bench.load(), "describe", None) if bench else None
    if describe is None:
        return []
    try:
        return [describe(row) for row in run["rows"]]
    except KeyError:
        return []
