# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom grc`: list the flowgraphs, open one in GNU Radio Companion, or compile and run one without it."""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from semcom_core.errors import ConfigError, RadioError
from semcom_core.radio.places import files, places

INSTALL_HINT = "install it (Debian and Ubuntu: apt install gnuradio; conda: conda install -c conda-forge gnuradio)"


def add_parser(subparsers) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser("grc", help="open a flowgraph in GNU Radio Companion, or run it", description=__doc__)
    parser.add_argument("flowgraph", nargs="?", help="name of a flowgraph, or a .grc file; none lists the flowgraphs")
    parser.add_argument("--headless", action="store_true", help="compile the flowgraph (its _headless twin, if it has one) and run it")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, metavar="-- ARGS", help="arguments of the flowgraph, after --")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """List, open or run; returns the exit status, with --headless the flowgraph's own.

    Raises:
        ConfigError: there is no such flowgraph.
        RadioError: GNU Radio or the installed flowgraphs are missing, or the flowgraph does not compile.
    """
    arguments = [a for a in args.arguments if a not in ("--", "--headless")]
    headless = args.headless or "--headless" in args.arguments[:1]
    if args.flowgraph is None:
        for name, path in flowgraphs().items():
            print(f"{name:22s} {title(path)}")
        return 0
    path = find_flowgraph(args.flowgraph, headless)
    if importlib.util.find_spec("gnuradio") is None or importlib.util.find_spec("gnuradio.gr") is None:
        raise RadioError(f"GNU Radio is not there for {sys.executable}; {INSTALL_HINT}")
    if headless:
        return compile_and_run(path, arguments)
    return subprocess.call([*tool("gnuradio-companion"), str(path)], env=environment())


def compile_and_run(path: Path, arguments: list[str]) -> int:
    """Compile a flowgraph into a temporary folder and run it there; returns its exit status."""
    with tempfile.TemporaryDirectory(prefix="semcom-grc-") as folder:
        compiler = subprocess.run([*tool("grcc"), "-o", folder, str(path)], env=environment(), capture_output=True, text=True)
        script = Path(folder) / f"{path.stem}.py"
        if compiler.returncode or not script.exists():
            lines = (compiler.stdout + compiler.stderr).strip().splitlines()
            raise RadioError(f"flowgraph {path} does not compile: {lines[-1] if lines else 'grcc said nothing'}")
        return run_to_end([sys.executable, str(script), *arguments])


def run_to_end(command: list[str]) -> int:
    """Run a program; returns its exit status. Ctrl-C and SIGTERM are for it, and it may take its time to end; a second Ctrl-C kills it."""
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


def flowgraphs() -> dict[str, Path]:
    """The flowgraphs by name, of the checkout or of the installation.

    Raises:
        RadioError: there are none.
    """
    searched = places("grc", "gr-semcom/grc")
    found = files(searched, "*.grc")
    if not found:
        raise RadioError(f"no flowgraphs (*.grc) are in {', '.join(map(str, searched))}; name a .grc file, or install gr-semcom there")
    return {path.stem: path for path in found}


def find_flowgraph(name: str, headless: bool) -> Path:
    """The file of a flowgraph; with `headless` that of its twin, if it has one."""
    if name.endswith(".grc"):
        if not Path(name).exists():
            raise ConfigError(f"flowgraph is {name!r}; there is no such file")
        return Path(name).resolve()
    known = flowgraphs()
    if name not in known:
        raise ConfigError(f"flowgraph is {name!r}; allowed is one of {', '.join(known)}, or a .grc file")
    return known.get(f"{name}_headless", known[name]) if headless else known[name]


def title(path: Path) -> str:
    """Title of a flowgraph."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))["options"]["parameters"]["title"]


def environment() -> dict[str, str]:
    """The environment of GNU Radio's tools: the blocks found, this interpreter's folder first on PATH."""
    entries = files(places("gr-semcom/grc", "gnuradio/grc/blocks"), "semcom_*.block.yml")
    blocks = [*{str(path.parent) for path in entries}, os.environ.get("GRC_BLOCKS_PATH", "")]
    path = [str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
    return {**os.environ, "GRC_BLOCKS_PATH": os.pathsep.join(filter(None, blocks)), "PATH": os.pathsep.join(path)}


def tool(name: str) -> list[str]:
    """Command of a GNU Radio tool. A Python script runs under this interpreter, so that it and what it starts see this environment.

    Raises:
        RadioError: the tool is not on PATH.
    """
    found = shutil.which(name, path=environment()["PATH"])
    if found is None:
        raise RadioError(f"{name} is not on PATH; {INSTALL_HINT}")
    with open(found, "rb") as program:
        is_python = b"python" in program.readline()
    return [sys.executable, found] if is_python else [found]
