# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One process of codec_process.py and the pipe to it."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Container
from multiprocessing import Pipe
from pathlib import Path

import semcom_core
from semcom_core.errors import ConfigError, check_choice
from semcom_core.text import TEXT_CODECS

PROGRAM = Path(__file__).with_name("codec_process.py")


class CodecPipe:
    """A process that loads a codec and then answers one request after another.

    Args:
        codec: name of the codec.
        options: settings of the codec's configuration.

    Raises:
        OSError: the process cannot be started.
    """

    def __init__(self, codec: str, options: dict):
        self._connection, theirs = Pipe()
        with theirs:
            command = [sys.executable, str(PROGRAM), str(theirs.fileno())]
            self.process = subprocess.Popen(command, pass_fds=[theirs.fileno()], env=environment())
        try:
            self._connection.send((codec, options))
        except OSError:
            self.close()
            raise

    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process.poll() is None

    def call(self, request: tuple, limit_s: float, idle: Callable[[], bool]) -> tuple[str, object]:
        """Send a request and wait for its answer; see receive."""
        self._limit(limit_s)
        self._connection.send(request)
        return self.receive(limit_s, idle)

    def receive(self, limit_s: float, idle: Callable[[], bool]) -> tuple[str, object]:
        """Wait for an answer: (state, result).

        Args:
            limit_s: longest time to wait, s.
            idle: called several times a second; False ends the wait.

        Raises:
            EOFError, OSError: the process has died, was silent for too long, or the wait was ended.
        """
        self._limit(limit_s)
        end = time.monotonic() + limit_s
        while not self._connection.poll(0.05):
            if not idle():
                raise EOFError("stopped")
            if time.monotonic() > end:
                raise TimeoutError(f"no answer within {limit_s:g} s")
        return self._connection.recv()

    def kill(self) -> None:
        """End the process at once, from any thread: what waits for it ends too."""
        self.process.kill()

    def close(self) -> None:
        """End the process and close the pipe."""
        self._connection.close()
        self.process.kill()
        self.process.wait()

    def _limit(self, limit_s: float) -> None:
        """Bound the time that a half-sent message may block: a process that is stopped does not read what fills its pipe."""
        whole, rest = divmod(limit_s, 1)
        with socket.socket(fileno=os.dup(self._connection.fileno())) as end:
            for option in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
                end.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", int(whole), int(rest * 1e6)))


def checked(codec: str, options: dict, known: Container[str] = TEXT_CODECS) -> tuple[str, dict]:
    """Name and settings of a codec, or of another service of those known, as far as they can be checked without loading it."""
    check_choice("codec", codec, known)
    if not isinstance(options, dict):
        raise ConfigError(f"options is {options!r}; allowed is a dict of settings")
    return codec, dict(options)


def environment() -> dict[str, str]:
    """The environment of the process: this one's, with the folder of semcom_core on the module path.

    Threads of a numerical library that spin while they wait take the processor from the flowgraph and the other codec: on two
    busy cores a decode then took six times the processor time.
    """
    folder = str(Path(semcom_core.__file__).parents[1])
    path = os.pathsep.join(filter(None, [folder, os.environ.get("PYTHONPATH", "")]))
    quiet = {"TRANSFORMERS_VERBOSITY": "error", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    return {"OMP_WAIT_POLICY": "PASSIVE", **quiet, **os.environ, "PYTHONPATH": path}
