# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the flowgraph tests share: flowgraphs compiled once, and started as processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from semcom_core.cli.grc import environment, tool

ROOT = Path(__file__).resolve().parents[2]
#: GNU Radio says this of two blocks nobody uses here, where matplotlib lacks a Qt module.
UNRELATED = "Matplotlib is a required dependency"


@pytest.fixture(scope="session")
def compiled(tmp_path_factory):
    """compiled(path): (script, what grcc said) of a flowgraph."""
    folder, done = tmp_path_factory.mktemp("grcc"), {}

    def compile_once(path: Path) -> tuple[Path, str]:
        if path not in done:
            command = [*tool("grcc"), "-o", str(folder), str(path)]
            run = subprocess.run(
                command, env=environment(), capture_output=True, text=True, timeout=60
            )
            said = "\n".join(
                line for line in (run.stdout + run.stderr).splitlines() if UNRELATED not in line
            )
            done[path] = folder / f"{path.stem}.py", said
        return done[path]

    return compile_once


@pytest.fixture
def start(compiled, tmp_path):
    """start(name, *arguments): a compiled flowgraph of grc/ as a process, killed at the end of the
    test.
    """
    processes = []

    def launch(name: str, *arguments) -> subprocess.Popen:
        script, said = compiled(ROOT / "grc" / f"{name}.grc")
        assert script.exists(), said
        command = [sys.executable, str(script), *map(str, arguments)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        processes.append(subprocess.Popen(command, cwd=tmp_path, env=dict(os.environ), **pipes))
        return processes[-1]

    yield launch
    for process in processes:
        process.kill()
        process.wait()
