# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual radios for real client libraries. Each client is a process of its own with a time limit:
a library that hangs or crashes fails its test alone.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from semcom_core.radio.virtual.air import Air, air_plan
from semcom_core.radio.virtual.soapy import SoapyServer

LIMIT_S = 30
HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def soapy_module(repository) -> Path:
    """Folder with the SoapySDR module of the virtual radios, built if need be, for
    SOAPY_SDR_PLUGIN_PATH.
    """
    for tool in ("cmake", "ninja", "c++", "SoapySDRUtil"):
        if not shutil.which(tool):
            pytest.skip(f"{tool} is not installed")
    folder = repository / "build" / "soapy-tests"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "lock"):  # two test runs at once would spoil each other's
        made = _cmake(
            "--fresh", "-G", "Ninja", "-S", repository / "hardware" / "soapy", "-B", folder
        )
        if "SoapySDRConfig.cmake" in made.stderr:
            pytest.skip("SoapySDR's headers are not installed (libsoapysdr-dev)")
        assert made.returncode == 0, made.stderr
        built = _cmake("--build", folder)
        assert built.returncode == 0, built.stdout + built.stderr
        assert "warning" not in built.stdout + built.stderr
    return folder


@pytest.fixture(params=["elastic"])
def soapy_radios(soapy_module, tmp_path, request):
    """Two Soapy radios, alice and bob, who both hear alice; parametrize it indirectly for real
    pacing.
    """
    plan = {
        "pacing": request.param,
        "radios": {"alice": {"kind": "soapy"}, "bob": {"kind": "soapy"}},
    }
    air = Air(
        air_plan(
            {**plan, "links": [{"from": "alice", "to": "alice"}, {"from": "alice", "to": "bob"}]}
        )
    )
    with SoapyServer(air, tmp_path / "air.sock") as server:
        yield SoapyRadios(air, server, soapy_module)
    air.close()


class SoapyRadios:
    """An air with Soapy radios, and the environment in which clients find it.

    Args:
        air: the air.
        server: what serves it.
        module: folder with the SoapySDR module.
    """

    def __init__(self, air: Air, server: SoapyServer, module: Path):
        self.air, self.server = air, server
        self.environment = {
            **os.environ,
            "SOAPY_SDR_PLUGIN_PATH": str(module),
            "SEMCOM_AIR_SOCKET": str(server.path),
        }

    def run(self, *command) -> subprocess.CompletedProcess:
        """Run a client to its end."""
        return subprocess.run(
            list(map(str, command)),
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
        )

    def program(self, name: str, *arguments) -> str:
        """What one of the programs in this folder prints; it must end well."""
        done = self.run(sys.executable, HERE / name, *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start_program(self, name: str, *arguments) -> subprocess.Popen:
        """Start one of the programs in this folder, to talk to it by its standard input and
        output.
        """
        command = [sys.executable, str(HERE / name), *map(str, arguments)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        return subprocess.Popen(command, env=self.environment, text=True, **pipes)

    def written(self, name: str) -> list[tuple[str, str, str]]:
        """What clients have written to a radio: where, which setting, what."""
        return [(one.client, one.attribute, one.value) for one in self.air.radios[name].log.entries]


@pytest.fixture
def killed() -> Callable[[subprocess.Popen], subprocess.Popen]:
    """A function that takes a process and passes it on; what is still running at the end of the
    test is killed.
    """
    processes = []

    def keep(process: subprocess.Popen) -> subprocess.Popen:
        processes.append(process)
        return process

    yield keep
    for process in processes:
        process.kill()
        process.communicate()


def _cmake(*arguments) -> subprocess.CompletedProcess:
    return subprocess.run(
        ["cmake", *map(str, arguments)], capture_output=True, text=True, timeout=300
    )
