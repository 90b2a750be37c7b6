# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Codec worker process: loads one codec or service, then answers jobs that come through a pipe.

    parent                                      this process
    (name, settings)                      ──►   loads it
                                          ◄──   ("ready", name) or ("failed", reason)
    (method, arguments, settings)         ──►   calls it
                                          ◄──   ("done", result) or ("lost", reason)

Started by the blocks (gnuradio.semcom.worker) as `python -P worker.py FILE_DESCRIPTOR`. It imports
semcom_core only: neither GNU Radio nor the flowgraph's own script, which a multiprocessing start
method would import again.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from multiprocessing.connection import Connection
from typing import Any

from semcom_core.codecs import IMAGE, find_codec
from semcom_core.errors import SemcomError
from semcom_core.services import SERVICES, load_service


def load(name: str, **settings: Any) -> Any:
    """An image codec with what it needs beside it, a text codec, or a service, by name.

    Raises:
        ConfigError: there is none of that name, or a setting is not allowed.
        ModelError: it needs a model that is not there.
    """
    if name not in SERVICES and find_codec(name).modality == IMAGE:
        from semcom_core.image.transceiver import ImageEnd

        return ImageEnd.from_settings(name, **settings)
    return load_service(name, **settings)


def answer(
    codec: Any, method: str, arguments: tuple[Any, ...], settings: dict[str, Any]
) -> tuple[str, Any]:
    """Outcome of one job, ("done", result) or ("lost", reason).

    Args:
        codec: codec or service.
        method: name of its method.
        arguments: of the method.
        settings: keyword arguments of the method.
    """
    try:
        return "done", getattr(codec, method)(*arguments, **settings)
    except SemcomError as error:
        return "lost", str(error)
    except Exception as error:  # noqa: BLE001 (a defect costs one message, not the flowgraph)
        return "lost", _named(error)


def serve(connection: Connection) -> None:
    """Load what the first request names, report how that went, and answer jobs until the pipe
    closes.
    """
    name, settings = connection.recv()
    try:
        codec = load(name, **settings)
    except SemcomError as error:
        connection.send(("failed", str(error)))
        return
    except Exception as error:  # noqa: BLE001 (a broken library says more than a process that ends)
        connection.send(("failed", _named(error)))
        return
    connection.send(("ready", name))
    while True:
        connection.send(answer(codec, *connection.recv()))


def _named(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())


def _end_with(parent: int) -> None:
    """End this process when its parent is gone, even in the midst of a long decode."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def main() -> int:
    """Serve the connection named on the command line."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the flowgraph, which then ends us
    os.dup2(2, 1)  # standard output belongs to the flowgraph
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    try:
        serve(Connection(int(sys.argv[1])))
    except (EOFError, ConnectionError):  # the flowgraph has closed the pipe
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
