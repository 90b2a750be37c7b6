# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts and pictures between two flowgraph processes, by virtual radios or by the simulation.

A transport names the two ends of a link. carry starts the daemon of the virtual radios where the
ends need it (`semcom air`, a process of its own, which can be killed and started again), then the
receiver's flowgraph, then the sender's.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from semcom_core.errors import RadioError
from semcom_core.resources import compiled, environment, find_flowgraph

#: Longest time until the virtual radios can be reached, s.
START_S = 60.0
#: Path from transmitter to receiver, dB: room for two paths that add up.
PATH_DB = -6.0
#: Longest time until a receiver is ready, and until the last message has come, s.
READY_S = 90.0
LIMIT_S = 1800.0
#: Program that runs a flowgraph whose radio's process starts late; its arguments are by how much,
#: s, the script, and the script's arguments.
LATE = """
import runpy, sys
from semcom_core.radio.process import supervisor
delay_s, sys.argv = sys.argv[1], sys.argv[2:]
command = ["sh", "-c", 'sleep "$0" && exec "$@"', delay_s, *supervisor.program()]
supervisor.program = lambda: command
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@dataclass(frozen=True)
class End:
    """One end of a link.

    Args:
        profile: name of the radio's profile.
        address: of the radio.
        radio: the virtual radio there, as in an air plan; None where it needs none.
    """

    profile: str
    address: str
    radio: dict | None = None


@dataclass(frozen=True)
class Transport:
    """The two ends of a link."""

    sender: End
    receiver: End


def loopback(number: int) -> str:
    """An address of this machine for the virtual Pluto `number` (1 to 254) of this process, which
    no other process uses likewise.
    """
    return f"127.{1 + (os.getpid() >> 8) % 254}.{os.getpid() % 256}.{number}"


def pluto(number: int) -> End:
    """A virtual Pluto, by libiio."""
    address = loopback(number)
    return End("virtual-pluto", f"ip:{address}", {"kind": "pluto", "address": address})


def soapy(name: str) -> End:
    """A virtual radio, by SoapySDR."""
    return End("virtual-soapy", f"driver=air,serial={name}", {"kind": "soapy"})


def uhd(name: str) -> End:
    """A virtual radio, by UHD."""
    return End("virtual-usrp", f"type=soapy,driver=air,serial={name}", {"kind": "soapy"})


def simulation() -> End:
    """No radio."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return End("simulation", f"127.0.0.1:{free.getsockname()[1]}")


#: Transports by name; each call has addresses of its own.
TRANSPORTS: dict[str, Callable[[], Transport]] = {
    "simulation": lambda: Transport(*[simulation()] * 2),
    "pluto": lambda: Transport(pluto(1), pluto(2)),
    "soapy": lambda: Transport(soapy("sender"), soapy("receiver")),
    "uhd": lambda: Transport(uhd("sender"), uhd("receiver")),
    "pluto-uhd": lambda: Transport(pluto(1), uhd("receiver")),
}


def carry(
    transport: Transport,
    flowgraph: str,
    channel: str,
    common: dict,
    send: dict,
    receive: dict,
    seed: int = 1,
    air: dict | None = None,
) -> dict:
    """Send by radio_FLOWGRAPH_tx in one process, receive by radio_FLOWGRAPH_rx in another.

    Args:
        transport: the radios.
        flowgraph: "text" or "image".
        channel: terms of the link; real radios have the one that they have.
        common, send, receive: parameters of both flowgraphs, of the sender's and of the receiver's.
        seed: of the noise.
        air: how far virtual radios are paced, {"pacing": ...}; default elastic.

    Returns:
        The receiver's report, with "seconds" that it took, and the sender's under "sender".

    Raises:
        RadioError: a process ends without a report.
    """
    ends = {"sender": transport.sender, "receiver": transport.receiver}
    radios = {name: end.radio for name, end in ends.items() if end.radio}
    with ExitStack() as stack:
        extra = {}
        if radios:
            links = [{"from": "sender", "to": "receiver", "gain_db": PATH_DB, "channel": channel}]
            plan = {
                "pacing": "elastic",
                "seed": seed,
                **(air or {}),
                "radios": radios,
                "links": links,
            }
            extra = {"SEMCOM_AIR_SOCKET": stack.enter_context(AirProcess(plan)).socket}
        elif transport.receiver.profile == "simulation":
            receive = {**receive, "overrides": repr({"channel": channel, "seed": seed})}
        begun = time.monotonic()
        receiver = stack.enter_context(
            Flowgraph(f"radio_{flowgraph}_rx", transport.receiver, {**common, **receive}, extra)
        )
        receiver.wait_ready()
        sender = stack.enter_context(
            Flowgraph(f"radio_{flowgraph}_tx", transport.sender, {**common, **send}, extra)
        )
        report = receiver.report()
        return report | {"sender": sender.report(), "seconds": time.monotonic() - begun}


class Flowgraph:
    """A headless flowgraph in a process of its own.

    Args:
        name: of the flowgraph.
        end: its radio.
        parameters: its parameters, without those of the radio.
        extra: environment variables of the process besides those of this one.
        late_s: how much later than usual its radio is set up, s.
    """

    def __init__(
        self,
        name: str,
        end: End,
        parameters: dict,
        extra: dict | None = None,
        late_s: float = 0.0,
    ):
        self.name = name
        self._late = ["-c", LATE, str(late_s)] if late_s else []
        self._parameters = {**parameters, "profile": end.profile, "address": end.address}
        self._environment = {**environment(), **(extra or {})}

    def __enter__(self) -> Flowgraph:
        self._folder = tempfile.TemporaryDirectory(prefix="semcom-radio-")
        self._log = Path(self._folder.name) / "log"
        self._report = Path(self._folder.name) / "report.json"
        options = {**self._parameters, "out_file": str(self._report)}
        words = [f"--{key.replace('_', '-')}={value}" for key, value in options.items()]
        command = [sys.executable, *self._late, str(_script(self.name)), *words]
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                command,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
                start_new_session=True,
            )
        return self

    def __exit__(self, *exception: object) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._folder.cleanup()

    def wait_ready(self) -> None:
        """Wait until its radio is ready."""
        end = time.monotonic() + READY_S
        while " is ready" not in self._log.read_text(errors="replace"):
            if self._process.poll() is not None or time.monotonic() > end:
                raise RadioError(f"{self.name} is not ready: {self._words()}")
            time.sleep(0.05)

    def report(self) -> dict:
        """Wait for its end; returns its report."""
        try:
            self._process.wait(LIMIT_S)
        except subprocess.TimeoutExpired as error:
            raise RadioError(f"{self.name} has not ended within {LIMIT_S:g} s") from error
        try:
            return json.loads(self._report.read_text(encoding="utf-8"))
        except (OSError, json.JSONDecodeError) as error:
            raise RadioError(f"{self.name} has ended without a report: {self._words()}") from error

    def end(self) -> tuple[int, str]:
        """Wait for its end; returns its exit status and the last line that it has printed."""
        try:
            return self._process.wait(LIMIT_S), self._words()
        except subprocess.TimeoutExpired as error:
            raise RadioError(f"{self.name} has not ended within {LIMIT_S:g} s") from error

    def _words(self) -> str:
        lines = [
            line for line in self._log.read_text(errors="replace").splitlines() if line.strip()
        ]
        return lines[-1] if lines else "it says nothing"


@cache
def _script(name: str) -> Path:
    """The script of a headless flowgraph, compiled once in the life of this process."""
    folder = tempfile.mkdtemp(prefix="semcom-grc-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return compiled(find_flowgraph(name, headless=True), folder)


class AirProcess:
    """`semcom air` with a plan.

    Args:
        plan: as semcom_core.radio.virtual.air.air_plan takes it.
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
        command = [
            sys.executable,
            "-m",
            "semcom_core.cli",
            "air",
            str(self._plan),
            "--socket",
            self.socket,
        ]
        log = Path(self._folder.name) / "log"
        with log.open("w") as output:
            self._process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        try:
            self._wait_ready(self._process, log)
        except BaseException:
            self.__exit__()
            raise

    def _wait_ready(self, process: subprocess.Popen, log: Path) -> None:
        end = time.monotonic() + START_S
        while "\nready:" not in "\n" + log.read_text():
            if process.poll() is not None or time.monotonic() > end:
                words = log.read_text().strip().splitlines()
                raise RadioError(
                    "the virtual radios are not served: "
                    f"{words[-1] if words else 'semcom air says nothing'}"
                )
            time.sleep(0.05)

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> AirProcess:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()
        self._folder.cleanup()
