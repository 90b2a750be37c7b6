# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Locating flowgraphs, block entries and radio profiles, and running GNU Radio's tools on them.

They belong to no Python package; they are found in a checkout or in what was installed. GNU Radio
is never imported here: its tools run as subprocesses.
"""

from __future__ import annotations

import atexit
import functools
import glob
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from semcom_core.errors import ConfigError, RadioError

#: What to do where a tool of GNU Radio is missing.
INSTALL_HINT = (
    "install it (Debian and Ubuntu: apt install gnuradio; conda: conda install -c "
    "conda-forge gnuradio)"
)


def flowgraphs() -> dict[str, Path]:
    """The flowgraphs by name, of the checkout or of the installation.

    Raises:
        RadioError: there are none.
    """
    searched = places("grc", "gr-semcom/grc")
    found = files(searched, "*.grc")
    if not found:
        raise RadioError(
            f"no flowgraphs (*.grc) are in {', '.join(map(str, searched))}; name a .grc file, or "
            "install gr-semcom there"
        )
    return {path.stem: path for path in found}


def find_flowgraph(name: str, headless: bool) -> Path:
    """The file of a flowgraph; with `headless` that of its twin, if it has one."""
    if name.endswith(".grc"):
        if not Path(name).exists():
            raise ConfigError(f"flowgraph is {name!r}; there is no such file")
        return Path(name).resolve()
    known = flowgraphs()
    if name not in known:
        raise ConfigError(
            f"flowgraph is {name!r}; allowed is one of {', '.join(known)}, or a .grc file"
        )
    return known.get(f"{name}_headless", known[name]) if headless else known[name]


def environment() -> dict[str, str]:
    """The environment of GNU Radio's tools: the blocks found, this interpreter's folder first on
    PATH.
    """
    blocks = [*map(str, _block_folders()), os.environ.get("GRC_BLOCKS_PATH", "")]
    path = [str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
    return {
        **os.environ,
        "GRC_BLOCKS_PATH": os.pathsep.join(filter(None, blocks)),
        "PATH": os.pathsep.join(path),
    }


@functools.cache
def scratch_path(name: str) -> str:
    """Path of a file of this name in a folder that is removed when the process ends; the same each
    time.

    Args:
        name: of the file, without a folder.

    Raises:
        ConfigError: the name has a folder, or is empty.
    """
    if not name or Path(name).name != name:
        raise ConfigError(f"name is {name!r}; allowed is the name of a file without a folder")
    folder = tempfile.mkdtemp(prefix="semcom-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return str(Path(folder) / name)


def companion_environment() -> dict[str, str]:
    """The variables with which GNU Radio's own companion, started by itself, finds blocks, core and
    radios: folders by variable, joined by the path separator, to be put before what is there.

    GNU Radio looks for blocks in folders called gnuradio on Python's path. A checkout has none; a
    link to its blocks is made in the environment, where no other installation writes.

    SoapySDR takes its folders for patterns, so the one of the modules is escaped.

    Raises:
        RadioError: the link cannot be made.
    """
    core = Path(__file__).resolve().parents[1]
    packages = sysconfig.get_path("purelib")
    python = [str(core), packages]
    blocks = core.parent / "gr-semcom/python/semcom"
    if blocks.is_dir():
        python.insert(0, str(_linked(blocks, Path(sys.prefix) / "share/gr-semcom/python")))
    modules = core.parent / "build/soapy"
    variables = {
        "GRC_BLOCKS_PATH": [str(folder) for folder in _block_folders()],
        "PYTHONPATH": list(dict.fromkeys(python)),
        "SOAPY_SDR_PLUGIN_PATH": [glob.escape(str(modules))] if modules.is_dir() else [],
    }
    return {name: os.pathsep.join(folders) for name, folders in variables.items() if folders}


def _linked(blocks: Path, root: Path) -> Path:
    """The folder `root`, with a link gnuradio/semcom to the blocks."""
    link = root / "gnuradio" / "semcom"
    if link.resolve() == blocks:
        return root
    try:
        link.parent.mkdir(parents=True, exist_ok=True)
        made = link.with_name(f"semcom-{os.getpid()}")
        made.symlink_to(blocks)
        made.replace(link)
    except OSError as error:
        raise RadioError(
            f"link {link} to {blocks} cannot be made: {error.strerror}; allowed is an environment "
            "that can be written to"
        ) from error
    return root


def _block_folders() -> list[Path]:
    """Folders of the companion's entries of the blocks."""
    entries = files(places("gr-semcom/grc", "gnuradio/grc/blocks"), "semcom_*.block.yml")
    return list(dict.fromkeys(path.parent for path in entries))


def tool(name: str) -> list[str]:
    """Command of a GNU Radio tool. A Python script runs under this interpreter, so that it and what
    it starts see this environment.

    Raises:
        RadioError: the tool is not on PATH.
    """
    found = shutil.which(name, path=environment()["PATH"])
    if found is None:
        raise RadioError(f"{name} is not on PATH; {INSTALL_HINT}")
    with open(found, "rb") as program:
        is_python = b"python" in program.readline()
    return [sys.executable, found] if is_python else [found]


def compiled(path: Path, folder: str | Path) -> Path:
    """Compile a flowgraph into a folder; returns the script.

    Raises:
        RadioError: it does not compile.
    """
    compiler = subprocess.run(
        [*tool("grcc"), "-o", str(folder), str(path)],
        env=environment(),
        capture_output=True,
        text=True,
    )
    script = Path(folder) / f"{path.stem}.py"
    if compiler.returncode or not script.exists():
        lines = (compiler.stdout + compiler.stderr).strip().splitlines()
        raise RadioError(
            f"flowgraph {path} does not compile: {lines[-1] if lines else 'grcc said nothing'}"
        )
    return script


def places(checkout: str, installed: str) -> list[Path]:
    """Folders that may hold a kind of files: of the checkout that this file lies in, then below
    share/ of the environment, of the system (Debian: /usr/local) and of the user.
    """
    user = sysconfig.get_preferred_scheme("user")
    prefixes = [sys.prefix, sysconfig.get_path("data"), sysconfig.get_path("data", user)]
    here = Path(__file__).resolve().parents[2] / checkout
    return list(dict.fromkeys([here, *(Path(prefix) / "share" / installed for prefix in prefixes)]))


def files(searched: list[Path], pattern: str) -> list[Path]:
    """The files of the first folder that has some."""
    return next(filter(None, (sorted(folder.glob(pattern)) for folder in searched)), [])
