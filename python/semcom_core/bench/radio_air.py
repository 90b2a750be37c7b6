# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon of virtual radios as a process of its own, which can be killed and started again."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from semcom_core.errors import RadioError

#: Longest time until the radios can be reached, s.
START_S = 60.0


def loopback(number: int) -> str:
    """An address of this machine for the virtual Pluto `number` (1 to 254) of this process, which no other process uses likewise."""
    return f"127.{1 + (os.getpid() >> 8) % 254}.{os.getpid() % 256}.{number}"


class AirProcess:
    """`semcom air` with a plan.

    Args:
        plan: as semcom_core.radio.air.air_plan takes it.
    """

    def __init__(self, plan: dict):
        self._folder = tempfile.TemporaryDirectory(prefix="semcom-air-")
        self.socket = str(Path(self._folder.name) / "air.sock")
        self._plan = Path(self._folder.name) / "plan.yml"
        self._plan.write_text(yaml.safe_dump(plan, sort_keys=False), encoding="utf-8")
        self._process: subprocess.Popen | None = None

    def start(self) -> None:
        """Start the daemon and wait until its radios can be reached.

        Raises:
            RadioError: it ends, or takes too long; nothing of it is left then.
        """
        command = [sys.executable, "-m", "semcom_core.cli", "air", str(self._plan), "--socket", self.socket]
        log = Path(self._folder.name) / "log"
        with log.open("w") as output:
            self._process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        try:
            self._wait_ready(log)
        except BaseException:
            self.__exit__()
            raise

    def _wait_ready(self, log: Path) -> None:
        end = time.monotonic() + START_S
        while "\nready:" not in "\n" + log.read_text():
            if self._process.poll() is not None or time.monotonic() > end:
                words = log.read_text().strip().splitlines()
                raise RadioError(f"the virtual radios are not served: {words[-1] if words else 'semcom air says nothing'}")
            time.sleep(0.05)

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> AirProcess:
        self.start()
        return self

    def __exit__(self, *exception) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()
        self._folder.cleanup()
