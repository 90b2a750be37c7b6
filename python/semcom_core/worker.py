# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a worker process may load by name besides the text codecs: a distiller, a safety gate.

The process behind a codec worker: loads one codec or service, then does with it what comes through
the pipe.

Started by codec_worker as `python codec_process.py FILE_DESCRIPTOR`. It imports semcom_core only:
neither GNU Radio nor the flowgraph's own script, which a multiprocessing start method would import
again.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import threading
import time
from multiprocessing.connection import Connection

from semcom_core.codecs import IMAGE, TEXT, codec_names, is_codec, load_codec
from semcom_core.errors import SemcomError, check_choice

#: What a worker process may load beside a codec that carries text or images.
SERVICE = "service"
#: Name → "module:class"; each class has from_settings.
SERVICES = {
    "distiller": "semcom_core.text.distillation.distiller:Distiller",
    "safety_gate": "semcom_core.safety.policy:SafetyGate",
}


def load_service(name: str, **settings):
    """Make a text codec or a service by name; keyword arguments are fields of its configuration.

    Raises:
        ConfigError: there is none of that name, or a setting is not allowed.
        ModelError: it needs a model that is not there.
    """
    if name not in SERVICES and is_codec(name, TEXT):
        return load_codec(name, TEXT, **settings)
    check_choice("service", name, {*SERVICES, *codec_names(TEXT)})
    module, cls = SERVICES[name].split(":")
    return getattr(importlib.import_module(module), cls).from_settings(**settings)


def answer(codec, verb: str, arguments: tuple, settings: dict) -> tuple[str, object]:
    """One job's outcome: ("done", result) or ("lost", reason)."""
    try:
        return "done", getattr(codec, verb)(*arguments, **settings)
    except SemcomError as error:
        return "lost", str(error)
    except Exception as error:  # noqa: BLE001 (a defect in a codec costs one message, not the flowgraph)
        return "lost", f"{type(error).__name__}: {error}"


def load(name: str, **options):
    """An image codec, a text codec or a service by name; raises ConfigError and ModelError as they
    do.
    """
    if name not in SERVICES and is_codec(name, IMAGE):
        from semcom_core.image.transceiver import ImageEnd

        return ImageEnd.from_settings(name, **options)
    return load_service(name, **options)


def serve(connection: Connection) -> None:
    """Load the codec named by the first request, report how that went, and answer jobs until the
    pipe closes.
    """
    name, options = connection.recv()
    try:
        codec = load(name, **options)
    except Exception as error:  # noqa: BLE001 (what a missing or broken library raises says more than a process that ends)
        connection.send(
            (
                "failed",
                str(error)
                if isinstance(error, SemcomError)
                else f"{type(error).__name__}: {error}",
            )
        )
        return
    connection.send(("ready", name))
    while True:
        connection.send(answer(codec, *connection.recv()))


def end_with(parent: int) -> None:
    """End this process when its parent is gone, even in the midst of a long decode."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def main() -> int:
    """Serve the connection named on the command line."""
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C is for the flowgraph, which then closes the pipe
    os.dup2(2, 1)  # standard output belongs to the flowgraph
    threading.Thread(target=end_with, args=(os.getppid(),), daemon=True).start()
    try:
        serve(Connection(int(sys.argv[1])))
    except (EOFError, ConnectionError):  # the flowgraph has closed the pipe
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
