# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a text codec in a process of its own, so that seconds of decoding never hold up the samples.

    block ─submit→ bounded queue ─thread→ pipe → codec_process: load_codec(name), encode / decode
      ↑ on_done(job, result), on_lost(job, reason) ─┘

torch and transformers are imported in that process alone. When it dies, the job it had is lost and the next job starts another.
"""

from __future__ import annotations

import math
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing import Pipe
from pathlib import Path
from typing import Protocol

import semcom_core
from semcom_core.errors import ModelError, check_choice, check_range
from semcom_core.text import TEXT_CODECS

PROGRAM = Path(__file__).with_name("codec_process.py")


@dataclass(frozen=True)
class Job:
    """One call of the codec. Without a verb it is a marker that comes back in order."""

    verb: str = ""
    arguments: tuple = ()
    settings: dict = field(default_factory=dict)
    message_id: int = -1
    meta: dict = field(default_factory=dict)


class Listener(Protocol):
    """What a worker calls, always from its own thread."""

    def on_done(self, job: Job, result) -> None:
        """A job is done; None is the result of a marker."""

    def on_lost(self, job: Job, reason: str) -> None:
        """A job was refused, or the process died over it."""

    def on_failed(self, reason: str) -> None:
        """The codec does not load; each job will be lost."""

    def on_idle(self) -> None:
        """Called a few times a second, also while a job is under way."""


class CodecWorker:
    """A bounded queue, a thread and a process around one text codec.

    Args:
        codec: name of a codec of semcom_core.text.
        options: settings of the codec's configuration.
        listener: what is told of results and losses.
        queue_size: jobs that may wait, markers apart; 0 is without a bound.
        timeout_s: a job that takes longer is lost and the process started anew, s. Loading the codec has no limit: a model may
            have to be fetched first.

    Raises:
        ConfigError: there is no such codec, or queue_size is negative.
    """

    def __init__(self, codec: str, options: dict, listener: Listener, queue_size: int = 64, timeout_s: float = 300.0):
        check_choice("codec", codec, TEXT_CODECS)
        check_range("queue_size", queue_size, 0, 1 << 20)
        self.codec, self.options, self.queue_size, self.timeout_s = codec, dict(options), int(queue_size), timeout_s
        self._listener = listener
        self._jobs: queue.Queue[Job] = queue.Queue()
        self._submitting = threading.Lock()
        self._stopping = threading.Event()
        self._process: subprocess.Popen | None = None
        self._thread: threading.Thread | None = None
        self._failure = ""
        self.starts = 0

    def start(self) -> None:
        """Start the thread; the process starts and loads its codec at once."""
        self._stopping.clear()
        self._failure = ""
        self._thread = threading.Thread(target=self._run, name=f"codec {self.codec}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End thread and process; jobs that wait are discarded. Does nothing when not started."""
        self._stopping.set()
        if self._thread is None:
            return
        self._thread.join()
        self._thread = None
        with self._submitting:
            self._jobs = queue.Queue()

    def submit(self, job: Job) -> bool:
        """Queue a job; False when the queue is full. There is always room for a marker: without it a run would not end."""
        with self._submitting:
            if job.verb and 0 < self.queue_size <= self._jobs.qsize():
                return False
            self._jobs.put(job)
        return True

    def _run(self) -> None:
        try:
            state, reason = self._attempt(self._open)
            if state == "lost" and not self._stopping.is_set():
                self._listener.on_failed(reason)
            while not self._stopping.is_set():
                self._listener.on_idle()
                try:
                    job = self._jobs.get(timeout=0.1)
                except queue.Empty:
                    continue
                self._handle(job)
        finally:
            self._close()

    def _handle(self, job: Job) -> None:
        if not job.verb:
            self._listener.on_done(job, None)
            return
        state, result = self._attempt(self._call, job)
        if state == "done":
            self._listener.on_done(job, result)
        elif not self._stopping.is_set():
            self._listener.on_lost(job, result)

    def _attempt(self, function: Callable, *arguments) -> tuple[str, object]:
        """Call a function that talks to the process; a process that dies or stays silent is closed."""
        try:
            return function(*arguments)
        except (EOFError, OSError) as error:
            self._close()
            return "lost", f"the process of codec {self.codec} ended: {type(error).__name__} {error}".rstrip()
        except ModelError as error:
            self._failure = str(error)
            self._close()
            return "lost", self._failure

    def _open(self) -> tuple[str, object]:
        """Start the process and wait until its codec is loaded."""
        self._connection, theirs = Pipe()
        with theirs:
            command = [sys.executable, str(PROGRAM), str(theirs.fileno())]
            self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()], env=environment())
        self.starts += 1
        self._connection.send((self.codec, self.options))
        state, result = self._receive(math.inf)
        if state == "failed":
            raise ModelError(f"codec {self.codec} does not load: {result}")
        return state, result

    def _call(self, job: Job) -> tuple[str, object]:
        if self._failure:
            return "lost", self._failure
        if self._process is None:
            self._open()
        self._connection.send((job.verb, job.arguments, job.settings))
        return self._receive(self.timeout_s)

    def _receive(self, limit_s: float) -> tuple[str, object]:
        end = time.monotonic() + limit_s
        while not self._connection.poll(0.05):
            if self._stopping.is_set():
                raise EOFError("stopped")
            if time.monotonic() > end:
                raise TimeoutError(f"no answer within {limit_s} s")
            self._listener.on_idle()
        return self._connection.recv()

    def _close(self) -> None:
        if self._process is None:
            return
        self._connection.close()
        self._process.kill()
        self._process.wait()
        self._process = None


def environment() -> dict[str, str]:
    """The environment of the process: this one's, with the folder of semcom_core on the module path.

    Threads of a numerical library that spin while they wait take the processor from the flowgraph and the other codec: on two
    busy cores a decode then took six times the processor time.
    """
    folder = str(Path(semcom_core.__file__).parents[1])
    path = os.pathsep.join(filter(None, [folder, os.environ.get("PYTHONPATH", "")]))
    quiet = {"TRANSFORMERS_VERBOSITY": "error", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    return {"OMP_WAIT_POLICY": "PASSIVE", **quiet, **os.environ, "PYTHONPATH": path}
