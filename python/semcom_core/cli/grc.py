# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom grc`: list the flowgraphs, open one in GNU Radio Companion, or run one without it.

With --environment it prints what gnuradio-companion needs where it is started by itself.
"""

from __future__ import annotations

import argparse
import importlib.util
import shlex
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from semcom_core.errors import RadioError
from semcom_core.resources import (
    INSTALL_HINT,
    companion_environment,
    compiled,
    environment,
    find_flowgraph,
    flowgraphs,
    tool,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "flowgraph",
        nargs="?",
        help="name of a flowgraph, or a .grc file; none lists the flowgraphs",
    )
    parser.add_argument(
        "--headless",
        action="store_true",
        help="compile the flowgraph (its _headless twin, if it has one) and run it",
    )
    parser.add_argument(
        "--environment",
        action="store_true",
        help="print the shell's lines with which gnuradio-companion, started by itself, finds the "
        "blocks",
    )
    parser.add_argument(
        "arguments",
        nargs=argparse.REMAINDER,
        metavar="-- ARGS",
        help="arguments of the flowgraph, after --",
    )
    parser.set_defaults(run=run)


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add `grc` to a command line that has commands of its own."""
    add_arguments(subparsers.add_parser("grc", description=__doc__))


def run(args: argparse.Namespace) -> int:
    """List, open or run; returns the exit status, with --headless the flowgraph's own.

    Raises:
        ConfigError: there is no such flowgraph.
        RadioError: GNU Radio or the installed flowgraphs are missing, or the flowgraph does not
            compile.
    """
    arguments = [a for a in args.arguments if a not in ("--", "--headless")]
    headless = args.headless or "--headless" in args.arguments[:1]
    if args.environment:
        for name, folders in companion_environment().items():
            print(f"export {name}={shlex.quote(folders)}${{{name}:+:${name}}}")
        return 0
    if args.flowgraph is None:
        for name, path in flowgraphs().items():
            print(f"{name:22s} {title(path)}")
        return 0
    path = find_flowgraph(args.flowgraph, headless)
    if (
        importlib.util.find_spec("gnuradio") is None
        or importlib.util.find_spec("gnuradio.gr") is None
    ):
        raise RadioError(f"GNU Radio is not there for {sys.executable}; {INSTALL_HINT}")
    if headless:
        return compile_and_run(path, arguments)
    return subprocess.call([*tool("gnuradio-companion"), str(path)], env=environment())


def run_headless(flowgraph: str, options: dict[str, object]) -> int:
    """Run a headless flowgraph with some of its parameters.

    Args:
        flowgraph: its name, without _headless.
        options: parameter, with hyphens → value.

    Returns:
        The flowgraph's exit status.
    """
    arguments = [f"--{option}={value}" for option, value in options.items()]
    return run(
        argparse.Namespace(
            flowgraph=flowgraph, headless=True, environment=False, arguments=arguments
        )
    )


def compile_and_run(path: Path, arguments: list[str]) -> int:
    """Compile a flowgraph into a temporary folder and run it there; returns its exit status."""
    with tempfile.TemporaryDirectory(prefix="semcom-grc-") as folder:
        return run_to_end([sys.executable, str(compiled(path, folder)), *arguments])


def run_to_end(command: list[str]) -> int:
    """Run a program; returns its exit status. Ctrl-C and SIGTERM are for it, and it may take its
    time to end; a second Ctrl-C kills it.
    """
    with subprocess.Popen(command, env=environment()) as process:
        before = signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        try:
            return _wait(process)
        finally:
            signal.signal(signal.SIGTERM, before)


def _wait(process: subprocess.Popen) -> int:
    try:
        return process.wait()
    except KeyboardInterrupt:  # the terminal has sent it to the program as well
        try:
            return process.wait()
        except KeyboardInterrupt:
            process.kill()
            return process.wait()


def title(path: Path) -> str:
    """Title of a flowgraph."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))["options"]["parameters"]["title"]
