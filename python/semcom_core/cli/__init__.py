# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The `semcom` command. Errors are one line; exit status 2 for bad input, 1 for failure."""

from __future__ import annotations

import argparse
import os
import sys

from semcom_core import __version__
from semcom_core.cli import (
    air,
    bench,
    demo,
    grc,
    models,
    radios,
    receive,
    record,
    replay,
    report,
    send,
    sim,
    train,
)
from semcom_core.errors import ConfigError, SemcomError

COMMANDS = (
    sim,
    send,
    receive,
    air,
    radios,
    record,
    replay,
    bench,
    report,
    train,
    grc,
    models,
    demo,
)


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    top = argparse.ArgumentParser(
        prog="semcom", description="Semantic communication over a simulated channel or a radio."
    )
    top.add_argument("--version", action="version", version=f"semcom {__version__}")
    subparsers = top.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_parser(subparsers)
    return top


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns its exit status."""
    args = parser().parse_args(arguments)
    # Threads that spin long while they wait make a decode several times slower beside other work.
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")
    try:
        return args.run(args)
    except (SemcomError, TimeoutError) as error:
        print(f"semcom: {error}", file=sys.stderr)
        return 2 if isinstance(error, ConfigError) else 1
    except KeyboardInterrupt:
        return 130
