# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Codec worker: job queue, pipe and supervision of a codec in a process of its own.

Decoding takes seconds; in a process of its own it does not hold up the samples.

    flowgraph's process                                            codec's process
    ┌──────────────────────────────────────────────────────┐      ┌─────────────────────┐
    │ block ── put(job) ──► JobQueue ──► CodecWorker ──────┼─────►│ semcom_core.worker  │
    │   ▲      (handler's   (bounded)    (its own thread)  │ pipe │ loads the codec,    │
    │   └── on_done, on_lost, on_state, on_idle ──┘ ◄──────┼──────│ encodes and decodes │
    └──────────────────────────────────────────────────────┘      └─────────────────────┘

A message handler puts a Job into the queue and returns at once. The thread of the CodecWorker sends
one job after another through the CodecPipe, waits for the answer, and calls the block, which is its
Listener. torch and transformers are imported in the codec's process alone. When that dies, the job
it had is lost and another process is started at once; after START_TRIES starts in a row that came
to no work the codec counts as failed.
"""

from __future__ import annotations

import logging
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing import Pipe
from pathlib import Path
from typing import Any, Protocol

import semcom_core
from semcom_core.codecs import TEXT, find_codec
from semcom_core.errors import ConfigError, check_choice, check_range
from semcom_core.services import SERVICE, SERVICES

#: Program of the codec's process.
PROGRAM = Path(semcom_core.__file__).with_name("worker.py")
#: Starts in a row, none of which came to any work, after which the codec counts as failed.
START_TRIES = 3
#: A process that has lived this long before it died without work is no failed start, s.
STEADY_S = 60.0
#: Longest time that loading a codec may take, s: a model of some GB may have to be fetched first.
LOAD_LIMIT_S = 3600.0
#: Jobs that may wait where the queue's size is 0.
MOST_JOBS = 1 << 16
#: Verb of the job that loads another codec, in order with the others.
RELOAD = "reload"
#: Verb of a job of which the process knows nothing: it comes back in order with the others.
PASS = "pass"


@dataclass(frozen=True)
class Job:
    """One call of the codec.

    Args:
        verb: name of the codec's method; empty: a marker that comes back in order.
        arguments: positional arguments of the call.
        settings: keyword arguments of the call.
        message_id: the message that it is about, for notices; -1: none.
        meta: metadata that the block wants back with the result.
    """

    verb: str = ""
    arguments: tuple = ()
    settings: dict = field(default_factory=dict)
    message_id: int = -1
    meta: dict = field(default_factory=dict)


class Listener(Protocol):
    """Callbacks of a worker, always from its own thread: the block."""

    def on_done(self, job: Job, result: Any) -> None:
        """A job is done; None is the result of a marker."""

    def on_lost(self, job: Job, reason: str) -> None:
        """A job was refused, or the process died over it."""

    def on_state(self, state: str, reason: str) -> None:
        """The codec's state has changed.

        Args:
            state: `loading`, `ready`, `restarted`, `refused` (the former codec stays) or `failed`
                (each job will be lost).
            reason: why, in one line.
        """

    def on_idle(self) -> None:
        """Called a few times a second, also while a job is under way."""


class CodecWorker:
    """A bounded queue, a thread and a process around one codec.

    Args:
        codec: name of the codec (see semcom_core.codecs), or of a service.
        options: settings of the codec's configuration.
        listener: the block, which is told of results and losses.
        queue_size: jobs that may wait; see JobQueue.
        timeout_s: a job that takes longer is lost and the process started anew, s. Loading has the
            limit LOAD_LIMIT_S.
        kind: what `codec` names: a codec that carries TEXT or IMAGE, or a SERVICE of
            semcom_core.services.

    Raises:
        ConfigError: there is no such codec, or a value is out of range.
    """

    def __init__(
        self,
        codec: str,
        options: dict,
        listener: Listener,
        queue_size: int = 64,
        timeout_s: float = 300.0,
        kind: str = TEXT,
    ) -> None:
        self._kind = kind
        self.codec, self.options = _checked(codec, options, kind)
        self.set_timeout_s(timeout_s)
        self.jobs = JobQueue(queue_size)
        self._listener = listener
        self._stopping = threading.Event()
        self._pipe: CodecPipe | None = None
        self._thread: threading.Thread | None = None
        self._failure = ""
        self._failed_starts = 0
        self._ready_at = 0.0
        self.starts = 0
        self.restarts = 0

    def set_timeout_s(self, timeout_s: float) -> None:
        """Set how long a job may take, s; from the next job on."""
        check_range("timeout_s", timeout_s, 0.1, 86400)
        self.timeout_s = float(timeout_s)

    def start(self) -> None:
        """Start the thread; the process starts and loads its codec at once."""
        self._stopping.clear()
        self._failure = ""
        self._failed_starts = 0
        self._thread = threading.Thread(target=self._run, name=f"codec {self.codec}", daemon=True)
        self._thread.start()

    def stop(self) -> int:
        """End thread and process; returns how many jobs waited and are discarded.

        Does nothing when not started.
        """
        self._stopping.set()
        if self._thread is None:
            return 0
        pipe = self._pipe
        if pipe is not None:
            pipe.kill()
        self._thread.join()
        self._thread = None
        return self.jobs.clear()

    def reload(self, codec: str, options: dict) -> None:
        """Load another codec, or the same with other settings, after the jobs that wait.

        If it does not load, the former one stays.

        Raises:
            ConfigError: there is no such codec.
        """
        self.jobs.put(Job(RELOAD, _checked(codec, options, self._kind)))

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._step()
            except Exception as error:  # noqa: BLE001 (a listener's defect must fail the run)
                logging.getLogger("gnuradio.semcom").error(
                    "codec %s: the worker failed", self.codec, exc_info=error
                )
                self._listener.on_state("failed", f"{type(error).__name__}: {error}")
        self._close()

    def _step(self) -> None:
        """One step of the thread: keep the process alive, then do one job."""
        self._listener.on_idle()
        if not self._failure and not self._ensure_process():
            return
        job = self.jobs.take(0.1)
        if job is not None and not self._stopping.is_set():
            self._handle(job)

    def _ensure_process(self) -> bool:
        """Start the process where there is none; False when that did not succeed this time."""
        if self._pipe is not None and self._pipe.alive():
            return True
        if self._pipe is not None:
            if time.monotonic() - self._ready_at > STEADY_S:
                self._failed_starts = 0
            reason = f"the process of codec {self.codec} ended while it had nothing to do"
            self._died(reason, worked=False)
        if not self._failure:
            self._open()
        if self._failure and not self._stopping.is_set():
            self._listener.on_state("failed", self._failure)
        return self._pipe is not None

    def _open(self) -> None:
        """Start a process and wait until its codec is loaded.

        Sets the failure where another try is useless.
        """
        self._listener.on_state("loading", "")
        self.starts += 1
        try:
            self._pipe = CodecPipe(self.codec, self.options)
            state, result = self._pipe.receive(LOAD_LIMIT_S, self._wait)
        except (EOFError, OSError) as error:
            reason = f"the process of codec {self.codec} ended while it loaded: {_words(error)}"
            self._died(reason, worked=False)
            return
        if state == "failed":
            self._close()
            self._failure = f"codec {self.codec} does not load: {result}"
            return
        self._ready_at = time.monotonic()
        self._listener.on_state("ready", "")

    def _died(self, reason: str, worked: bool) -> None:
        """Close the pipe to a process that has died, and count failed starts and restarts."""
        self._close()
        self._failed_starts = 0 if worked else self._failed_starts + 1
        if self._stopping.is_set():
            return
        if self._failed_starts >= START_TRIES:
            self._failure = f"{reason}; that was {self._failed_starts} times in a row"
        else:
            self.restarts += 1
            self._listener.on_state("restarted", reason)

    def _handle(self, job: Job) -> None:
        if job.verb in ("", PASS):
            self._listener.on_done(job, None)
        elif job.verb == RELOAD:
            self._reload(*job.arguments)
        elif self._failure:
            self._listener.on_lost(job, self._failure)
        else:
            self._call(job)

    def _call(self, job: Job) -> None:
        try:
            state, result = self._pipe.call(
                (job.verb, job.arguments, job.settings), self.timeout_s, self._wait
            )
        except (EOFError, OSError) as error:
            if not self._stopping.is_set():
                reason = f"the process of codec {self.codec} ended: {_words(error)}"
                self._listener.on_lost(job, reason)
                self._died(reason, worked=True)
            return
        self._failed_starts = 0
        if state == "done":
            self._listener.on_done(job, result)
        else:
            self._listener.on_lost(job, str(result))

    def _reload(self, codec: str, options: dict) -> None:
        former = (self.codec, self.options)
        self._close()
        self._failure = ""
        self._failed_starts = 0
        self.codec = codec
        self.options = options
        while self._pipe is None and not self._failure and not self._stopping.is_set():
            self._open()
        if self._failure:
            reason = self._failure
            self._failure = ""
            self._failed_starts = 0
            self.codec, self.options = former
            stays = f"the codec stays {self.codec} with the settings {self.options}"
            self._listener.on_state("refused", f"{reason}; {stays}")

    def _wait(self) -> bool:
        """Called while the process works; False when the worker is to stop."""
        self._listener.on_idle()
        return not self._stopping.is_set()

    def _close(self) -> None:
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None


def _checked(codec: str, options: dict, kind: str) -> tuple[str, dict]:
    """Name and settings of a codec, as far as they can be checked without loading it."""
    if kind == SERVICE:
        check_choice("codec", codec, SERVICES)
    else:
        find_codec(codec, kind)
    if not isinstance(options, dict):
        raise ConfigError(f"options is {options!r}; allowed is a dict of settings")
    return codec, dict(options)


def _words(error: Exception) -> str:
    return f"{type(error).__name__} {error}".rstrip()


class JobQueue:
    """Bounded queue of jobs in order; calls of the codec are refused when it is full.

    Markers and reloads always find room: without its end marker a run would not end. Of two in a
    row the later replaces the earlier, so their number is bounded as well.

    Args:
        size: jobs that may wait; 0 is as many as MOST_JOBS.

    Raises:
        ConfigError: size is out of range.
    """

    def __init__(self, size: int) -> None:
        self._jobs: deque[Job] = deque()
        self._change = threading.Condition()
        self.resize(size)

    def __len__(self) -> int:
        return len(self._jobs)

    def resize(self, size: int) -> None:
        """Set how many jobs may wait; those that wait already stay."""
        check_range("queue_size", size, 0, 1 << 20)
        self.size = int(size)

    def put(self, job: Job) -> bool:
        """Queue a job; False when the queue is full."""
        with self._change:
            call = job.verb not in ("", RELOAD)
            if call and len(self._jobs) >= (self.size or MOST_JOBS):
                return False
            if not call and self._jobs and self._jobs[-1].verb == job.verb:
                self._jobs.pop()
            self._jobs.append(job)
            self._change.notify()
        return True

    def take(self, limit_s: float) -> Job | None:
        """The next job; None when there is none within limit_s, s."""
        with self._change:
            self._change.wait_for(lambda: self._jobs, timeout=limit_s)
            return self._jobs.popleft() if self._jobs else None

    def clear(self) -> int:
        """Discard the jobs that wait; returns how many calls of the codec were among them."""
        with self._change:
            calls = sum(job.verb not in ("", RELOAD) for job in self._jobs)
            self._jobs.clear()
        return calls


class CodecPipe:
    """A process that loads a codec and then answers one request after another.

    Args:
        codec: name of the codec.
        options: settings of the codec's configuration.

    Raises:
        OSError: the process cannot be started.
    """

    def __init__(self, codec: str, options: dict) -> None:
        self._connection, theirs = Pipe()
        with theirs:
            command = [sys.executable, "-P", str(PROGRAM), str(theirs.fileno())]
            self.process = subprocess.Popen(command, pass_fds=[theirs.fileno()], env=_environment())
        try:
            self._connection.send((codec, options))
        except OSError:
            self.close()
            raise

    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process.poll() is None

    def call(self, request: tuple, limit_s: float, idle: Callable[[], bool]) -> tuple[str, object]:
        """Send a request and wait for its answer: (state, result).

        Args:
            request: (verb, arguments, settings) of a Job.
            limit_s: longest time to wait, s.
            idle: see receive.

        Raises:
            EOFError, OSError: as receive.
        """
        self._set_timeout(limit_s)
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
        self._set_timeout(limit_s)
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

    def _set_timeout(self, limit_s: float) -> None:
        """Bound the time, s, that a half-sent message may block.

        A process that is stopped does not read what fills its pipe.
        """
        whole, rest = divmod(limit_s, 1)
        with socket.socket(fileno=os.dup(self._connection.fileno())) as end:
            for option in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
                end.setsockopt(
                    socket.SOL_SOCKET, option, struct.pack("ll", int(whole), int(rest * 1e6))
                )


def _environment() -> dict[str, str]:
    """Environment variables of the process: this one's, with this one's module path.

    So a codec beside the flowgraph, or of another package, is found there as well.

    Threads of a numerical library that spin while they wait take the processor from the flowgraph
    and the other codec: on two busy cores a decode then took six times the processor time.
    """
    folder = str(Path(semcom_core.__file__).parents[1])
    path = os.pathsep.join([folder, *(entry or os.getcwd() for entry in sys.path)])
    quiet = {"TRANSFORMERS_VERBOSITY": "error", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    return {"OMP_WAIT_POLICY": "PASSIVE", **quiet, **os.environ, "PYTHONPATH": path}
