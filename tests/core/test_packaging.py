# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What pip and CMake install, and what the run script does: each is tried in a scratch folder."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from importlib.metadata import metadata, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [
    "setup.py",
    "pyproject.toml",
    "python",
    "gr-semcom",
    "grc",
    "hardware",
    "LICENSE",
    "README.md",
]
IMPORTED_AS = {"yaml": "pyyaml", "PIL": "pillow", "skimage": "scikit_image"}
WITH_GNURADIO = {"gnuradio", "pmt", "PyQt5", "sip", "zmq", "gi"}
LIST_BLOCKS = """
from gnuradio import gr
from gnuradio.grc.core.platform import Platform
platform = Platform(version=gr.version(), version_parts=(gr.major_version(), gr.api_version(), gr.minor_version()), prefs=gr.prefs())
platform.build_library()
print(*[name for name in platform.blocks if name.startswith("semcom_")])
"""


def call(*command, cwd=None, timeout=300, **environment) -> str:
    """The output of a command that has to succeed."""
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=timeout,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def companion_blocks(folder: Path, home: Path) -> set[str]:
    """The ids of this project's blocks that the companion's own loader finds in a folder."""
    return set(
        call(
            sys.executable, "-c", LIST_BLOCKS, cwd=home, GRC_BLOCKS_PATH=str(folder), HOME=str(home)
        ).split()
    )


def configure(build: Path, python: str | Path, *options: str) -> subprocess.CompletedProcess:
    """Let CMake configure the blocks for an interpreter."""
    command = [
        "cmake",
        "-G",
        "Ninja",
        "-B",
        build,
        f"-DPython3_EXECUTABLE={python}",
        *options,
        ROOT / "gr-semcom",
    ]
    return subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=120
    )


def block_ids() -> set[str]:
    return {path.name.removesuffix(".block.yml") for path in ROOT.glob("gr-semcom/grc/*.block.yml")}


@pytest.fixture(scope="module")
def wheel_names(tmp_path_factory) -> list[str]:
    """File names inside a wheel built from a copy of the sources."""
    copy = tmp_path_factory.mktemp("wheel")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(
                ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
            )
        elif (ROOT / name).exists():
            shutil.copy(ROOT / name, copy)
    call(
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        copy / "out",
        copy,
    )
    return zipfile.ZipFile(next((copy / "out").glob("*.whl"))).namelist()


def test_wheel_carries_every_python_file(wheel_names):
    core = {
        str(path.relative_to(ROOT / "python")) for path in ROOT.glob("python/semcom_core/**/*.py")
    }
    blocks = {f"gnuradio/semcom/{path.name}" for path in ROOT.glob("gr-semcom/python/semcom/*.py")}
    assert core and blocks and core | blocks <= set(wheel_names)


def test_wheel_leaves_the_gnuradio_namespace_open(wheel_names):
    assert "gnuradio/__init__.py" not in wheel_names


def test_wheel_carries_data_of_the_core(wheel_names):
    files = [
        path
        for path in ROOT.glob("python/semcom_core/**/*")
        if path.is_file() and path.suffix != ".py"
    ]
    assert {
        str(path.relative_to(ROOT / "python")) for path in files if "__pycache__" not in path.parts
    } <= set(wheel_names)


@pytest.mark.parametrize(
    "pattern, folder",
    [
        ("gr-semcom/grc/*.yml", "share/gnuradio/grc/blocks"),
        ("grc/*.grc", "share/gr-semcom/grc"),
        ("hardware/*.yml", "share/gr-semcom/hardware"),
    ],
)
def test_wheel_carries_shared_files(wheel_names, pattern, folder):
    carried = {name.split(".data/data/")[1] for name in wheel_names if ".data/data/" in name}
    assert {f"{folder}/{path.name}" for path in ROOT.glob(pattern)} == {
        name for name in carried if name.startswith(folder + "/")
    }


def test_constraints_fit_the_requirements():
    lines = [
        Requirement(line)
        for line in (ROOT / "requirements.txt").read_text().splitlines()
        if line and line[0] != "#"
    ]
    stated = [line for line in lines if not line.marker or line.marker.evaluate()]
    assert stated
    extras = ({"extra": extra} for extra in metadata("gr-semcom").get_all("Provides-Extra"))
    stack = [Requirement(line) for line in requires("gr-semcom")]
    required = {
        line.name: line.specifier
        for extra in extras
        for line in stack
        if not line.marker or line.marker.evaluate(extra)
    }
    for line in stated:
        assert line.name in required and required[line.name].contains(
            str(line.specifier).removeprefix("==")
        ), line.name


def test_every_imported_package_is_required():
    sources = [*ROOT.glob("python/**/*.py"), *ROOT.glob("gr-semcom/python/**/*.py")]
    nodes = [
        node for path in sources for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    ]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    found = {name.split(".")[0] for name in names} - sys.stdlib_module_names - WITH_GNURADIO
    required = {Requirement(line).name.replace("-", "_") for line in requires("gr-semcom")}
    assert found and {IMPORTED_AS.get(name, name) for name in found} - {"semcom_core"} <= required


@pytest.fixture(scope="module")
def prefix(tmp_path_factory, gnuradio) -> Path:
    """A scratch prefix that CMake has installed the blocks into."""
    scratch = tmp_path_factory.mktemp("cmake")
    prefix = scratch / "prefix"
    done = configure(scratch / "build", sys.executable, f"-DCMAKE_INSTALL_PREFIX={prefix}")
    assert done.returncode == 0, done.stderr
    call("cmake", "--install", scratch / "build")
    return prefix


def test_installed_blocks_import_from_the_prefix(prefix, tmp_path):
    packages = next(prefix.glob("lib/python3*/*-packages"))
    code = "from gnuradio import gr, semcom; print(semcom.__file__)"
    found = call(sys.executable, "-c", code, cwd=tmp_path, PYTHONPATH=str(packages))
    assert found.strip() == str(packages / "gnuradio" / "semcom" / "__init__.py")


def test_companion_finds_the_installed_blocks(prefix, tmp_path):
    assert (
        block_ids()
        and companion_blocks(prefix / "share/gnuradio/grc/blocks", tmp_path) == block_ids()
    )


def test_uninstall_leaves_no_file(prefix):
    call("cmake", "--build", prefix.parent / "build", "--target", "uninstall")
    assert [path for path in prefix.rglob("*") if path.is_file() and path.suffix != ".pyc"] == []


def test_cmake_says_which_interpreter_lacks_gnuradio(tmp_path):
    bare = tmp_path / "bare"
    call(sys.executable, "-m", "venv", "--without-pip", bare)
    done = configure(tmp_path / "build", bare / "bin" / "python")
    assert done.returncode == 1 and re.search(
        r"bare/bin/python\S*\s+does\s+not\s+see\s+GNU\s+Radio", done.stderr
    ), done.stderr


def run_script(folder: Path, *arguments, **environment) -> subprocess.CompletedProcess:
    shutil.copy(ROOT / "run", folder)
    return subprocess.run(
        [str(folder / "run"), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
    )


def test_run_explains_itself(tmp_path):
    assert "usage: ./run COMMAND" in run_script(tmp_path, "help").stdout
    wrong = run_script(tmp_path, "instal")
    assert (
        wrong.returncode == 1
        and "unknown command 'instal'; allowed is one of setup, demo, test, semcom, help"
        in wrong.stderr
    )


def test_run_names_the_other_way_without_gnuradio_and_leaves_no_stamp(tmp_path):
    blind = tmp_path / "python3"
    blind.write_text("#!/bin/sh\nexit 1\n")
    blind.chmod(0o755)
    for name in ("setup.py", "pyproject.toml", "requirements.txt"):
        shutil.copy(ROOT / name, tmp_path)
    done = run_script(tmp_path, "setup", SEMCOM_PYTHON=str(blind))
    assert (
        done.returncode == 1
        and "conda create -n semcom -c conda-forge" in done.stderr
        and not (tmp_path / ".venv").exists()
    )


@pytest.mark.skipif("SEMCOM_RUN" not in os.environ, reason="not started by ./run test")
def test_second_setup_takes_under_three_seconds():
    begin = time.monotonic()
    call(ROOT / "run", "setup")
    assert time.monotonic() - begin < 3
