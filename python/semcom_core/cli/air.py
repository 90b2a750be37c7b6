# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom air`: virtual PlutoSDR and SoapySDR radios on a simulated air, until Ctrl-C."""

from __future__ import annotations

import argparse
import json
import signal
import threading
from dataclasses import asdict, replace
from pathlib import Path
from typing import IO

from semcom_core.errors import ConfigError
from semcom_core.radio.virtual.air import AirPlan, read_plan
from semcom_core.radio.virtual.air.plan import IIO_PORT, PACINGS
from semcom_core.radio.virtual.daemon import Daemon
from semcom_core.terminal import print_line

#: Air plan where none is given.
DEFAULT_PLAN = Path(__file__).parents[1] / "radio" / "virtual" / "air" / "default.yml"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "plan",
        nargs="?",
        type=Path,
        help="YAML file: radios and who hears whom (default: two Plutos, two Soapy radios)",
    )
    parser.add_argument(
        "--pacing",
        choices=PACINGS,
        help="real: who is late loses samples; elastic: time waits (default: the plan says)",
    )
    parser.add_argument(
        "--speed", type=float, help="with elastic pacing, virtual seconds in a second at the most"
    )
    parser.add_argument("--seed", type=int, help="of noise and fading (default: the plan says)")
    parser.add_argument(
        "--socket",
        help="Unix socket of the soapy radios (default: $SEMCOM_AIR_SOCKET, or one of yours)",
    )
    parser.add_argument(
        "--log",
        type=Path,
        help="at the end, write what clients have set to this file, one JSON object a line",
    )
    parser.add_argument(
        "--allow-remote", action="store_true", help="serve addresses that other machines reach, too"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until the process is told to end.

    Raises:
        ConfigError: the plan is not allowed, or the log cannot be written.
        RadioError: an address is in use.
    """
    plan = _plan(args)
    if args.log:
        _open_log(args.log, "a").close()  # now, and not after hours
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with Daemon(plan, args.socket, args.allow_remote) as daemon:
        for line in _describe(plan, daemon):
            print_line(line)
        ended.wait()
        if args.log:
            _write_log(args.log, daemon)
        for name, radio in daemon.air.radios.items():
            print_line(f"{name}: {radio.rx.overflows} overflows, {radio.tx.underflows} underflows")
    return 0


def _plan(args: argparse.Namespace) -> AirPlan:
    """The plan that is named, with what the options change."""
    changed = {
        name: getattr(args, name)
        for name in ("pacing", "speed", "seed")
        if getattr(args, name) is not None
    }
    return replace(read_plan(args.plan or DEFAULT_PLAN), **changed)


def _describe(plan: AirPlan, daemon: Daemon) -> list[str]:
    """Where the radios are; the last line says that they can be reached."""
    lines = []
    for name, spec in plan.radios:
        if spec.kind == "pluto":
            host, port = daemon.plutos[name].endpoint
            lines.append(f"{name}: ip:{host}" + ("" if port == IIO_PORT else f":{port}"))
        else:
            lines.append(
                f"{name}: driver=air,serial={name}    (UHD: type=soapy,driver=air,serial={name}; "
                f"socket {daemon.soapy.path})"
            )
    return [
        *lines,
        f"ready: {plan.pacing} time, {len(plan.links)} links, seed {plan.seed}; Ctrl-C ends",
    ]


def _write_log(path: Path, daemon: Daemon) -> None:
    entries = [
        {"radio": name, **asdict(entry)}
        for name, radio in daemon.air.radios.items()
        for entry in radio.log.entries
    ]
    entries.sort(key=lambda entry: entry["time_s"])
    with _open_log(path, "w") as file:
        file.writelines(json.dumps(entry) + "\n" for entry in entries)


def _open_log(path: Path, mode: str) -> IO[str]:
    try:
        return path.open(mode, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"log {path} cannot be written: {error.strerror}") from error
