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


#: A folder that a careless script takes for a pattern, several words, or a place within a file.
ODD = "a [b] c*d? #e"


def run_functions(folder: Path, code: str, **environment) -> str:
    """Output of a shell that calls functions of the run script of a folder."""
    script = f'source "$0" help > /dev/null; {code}'
    return call("bash", "-c", script, folder / "run", cwd=folder, **environment)


@pytest.fixture(scope="module")
def locales(tmp_path_factory) -> dict[str, str]:
    """Environment in which en_US.UTF-8 is there, which sorts without regard to punctuation."""
    folder = tmp_path_factory.mktemp("locales")
    if not shutil.which("localedef"):
        pytest.skip("localedef is not installed")
    made = subprocess.run(
        ["localedef", "-i", "en_US", "-f", "UTF-8", str(folder / "en_US.UTF-8")],
        capture_output=True,
        timeout=60,
    )
    if made.returncode:
        pytest.skip("the sources of the locales are not installed")
    return {"LOCPATH": str(folder)}


def test_finished_setup_holds_in_every_locale(tmp_path, locales):
    shutil.copy(ROOT / "run", tmp_path)
    for name in ("setup.py", "pyproject.toml", "requirements.txt"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "hardware/soapy", tmp_path / "hardware/soapy")
    english = {"LC_ALL": "en_US.UTF-8", **locales}
    in_order = run_functions(tmp_path, "printf '%s ' hardware/soapy/*", **english).split()
    assert in_order != sorted(in_order), "this locale sorts as C does: the test tells nothing"
    found = {
        run_functions(tmp_path, "fingerprint", **english),
        run_functions(tmp_path, "fingerprint", LC_ALL="", LANG="en_US.UTF-8", **locales),
        run_functions(tmp_path, "fingerprint", LC_ALL="C"),
        run_functions(tmp_path, "export LC_ALL=C.UTF-8; fingerprint"),
    }
    assert len(found) == 1 and "hardware/soapy/device.cc" in found.pop()


def test_pip_takes_what_setup_asks_for_in_an_odd_folder(tmp_path):
    folder = tmp_path / ODD
    python = folder / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    shutil.copy(ROOT / "run", folder)
    (folder / "requirements.txt").write_text("numpy<2\n")
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
        '[project]\nname = "gr-semcom-probe"\nversion = "1"\n'
        '[project.optional-dependencies]\ntest = ["numpy"]\n[tool.setuptools]\npackages = []\n'
    )
    dry = "--dry-run --no-deps --no-build-isolation --no-index"
    python.write_text(
        f'#!/bin/sh\ncase $* in *--editable*) exec {sys.executable} "$@" {dry} ;; esac\n'
    )
    python.chmod(0o755)
    said = run_functions(folder, "install_python_packages")
    assert "Would install gr-semcom-probe-1" in said and "does not provide the extra" not in said


def test_radios_of_an_odd_folder_are_built_and_found(tmp_path):
    if not Path("/usr/include/SoapySDR/Version.h").exists() or not shutil.which("SoapySDRUtil"):
        pytest.skip("SoapySDR's headers or tools are not installed (libsoapysdr-dev)")
    cmake = pytest.importorskip("cmake")
    folder = tmp_path / ODD
    binaries = folder / ".venv/bin"
    binaries.mkdir(parents=True)
    shutil.copy(ROOT / "run", folder)
    shutil.copytree(ROOT / "hardware/soapy", folder / "hardware/soapy")
    (folder / "python/semcom_core").mkdir(parents=True)
    shutil.copy(ROOT / "python/semcom_core/__init__.py", folder / "python/semcom_core")
    (folder / "build").mkdir()
    (binaries / "cmake-data").symlink_to(cmake.CMAKE_DATA)
    (binaries / "cmake").symlink_to("cmake-data/bin/cmake")
    (binaries / "ninja").symlink_to(shutil.which("ninja"))
    (binaries / "python").write_text('#!/bin/sh\necho "$(dirname "$0")/cmake-data"\n')
    (binaries / "python").chmod(0o755)
    code = "build_soapy_module; enter; SoapySDRUtil --info"
    said = run_functions(folder, code, SOAPY_SDR_PLUGIN_PATH="")
    assert f"{folder}/build/soapy/libsemcomAirSupport.so" in said


@pytest.mark.skipif("SEMCOM_RUN" not in os.environ, reason="not started by ./run test")
def test_second_setup_takes_under_three_seconds():
    begin = time.monotonic()
    call(ROOT / "run", "setup")
    assert time.monotonic() - begin < 3
