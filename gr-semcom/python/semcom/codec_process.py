# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process behind a codec worker: loads one codec or service, then does with it what comes through the pipe.

Started by codec_worker as `python codec_process.py FILE_DESCRIPTOR`. It imports semcom_core only: neither GNU Radio nor the
flowgraph's own script, which a multiprocessing start method would import again.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from multiprocessing.connection import Connection

from semcom_core.errors import SemcomError
from semcom_core.image.codec import IMAGE_CODECS
from semcom_core.image.end import ImageEnd
from semcom_core.safety.services import load_service


def answer(codec, verb: str, arguments: tuple, settings: dict) -> tuple[str, object]:
    """One job's outcome: ("done", result) or ("lost", reason)."""
    try:
        return "done", getattr(codec, verb)(*arguments, **settings)
    except SemcomError as error:
        return "lost", str(error)
    except Exception as error:  # noqa: BLE001 (a defect in a codec costs one message, not the flowgraph)
        return "lost", f"{type(error).__name__}: {error}"


def load(name: str, **options):
    """An image codec, a text codec or a service by name; raises ConfigError and ModelError as they do."""
    return ImageEnd.from_settings(name, **options) if name in IMAGE_CODECS else load_service(name, **options)


def serve(connection: Connection) -> None:
    """Load the codec named by the first request, report how that went, and answer jobs until the pipe closes."""
    name, options = connection.recv()
    try:
        codec = load(name, **options)
    except Exception as error:  # noqa: BLE001 (what a missing or broken library raises says more than a process that ends)
        connection.send(("failed", str(error) if isinstance(error, SemcomError) else f"{type(error).__name__}: {error}"))
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
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the flowgraph, which then closes the pipe
    os.dup2(2, 1)  # standard output belongs to the flowgraph
    threading.Thread(target=end_with, args=(os.getppid(),), daemon=True).start()
    try:
        serve(Connection(int(sys.argv[1])))
    except (EOFError, ConnectionError):  # the flowgraph has closed the pipe
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
