# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bounded queue before a codec worker.

One process of codec_process.py and the pipe to it.

What a codec worker tells the block that it works for.

Runs a codec in a process of its own, so that seconds of decoding never hold up the samples.

    block ─submit→ bounded queue ─thread→ pipe → codec_process: load(name), encode / decode
      ↑ on_done(job, result), on_lost(job, reason), on_state(state, reason) ─┘

torch and transformers are imported in that process alone. When it dies, the job it had is lost and
another process is started at once; one that dies at START_TRIES starts in a row is given up.
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
from collections.abc import Callable, Container
from dataclasses import dataclass, field
from multiprocessing import Pipe
from pathlib import Path
from typing import Protocol

import semcom_core
from semcom_core.errors import ConfigError, check_choice, check_range
from semcom_core.text import TEXT_CODECS

#: Jobs that may wait where the queue's size is 0.
MOST_JOBS = 1 << 16
#: Verb of the job that loads another codec, in order with the others.
RELOAD = "reload"


@dataclass(frozen=True)
class Job:
    """One call of the codec. Without a verb it is a marker that comes back in order."""

    verb: str = ""
    arguments: tuple = ()
    settings: dict = field(default_factory=dict)
    message_id: int = -1
    meta: dict = field(default_factory=dict)


class JobQueue:
    """Jobs in order; calls of the codec are refused when it is full.

    Markers and reloads always find room, without one a run would not end; of two in a row the later
    says all, so their number is bounded as well.

    Args:
        size: jobs that may wait; 0 is as many as MOST_JOBS.

    Raises:
        ConfigError: size is out of range.
    """

    def __init__(self, size: int):
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
        """The next job; None when there is none within the time limit."""
        with self._change:
            self._change.wait_for(lambda: self._jobs, timeout=limit_s)
            return self._jobs.popleft() if self._jobs else None

    def clear(self) -> int:
        """Discard the jobs that wait; returns how many calls of the codec were among them."""
        with self._change:
            calls = sum(job.verb not in ("", RELOAD) for job in self._jobs)
            self._jobs.clear()
        return calls


PROGRAM = Path(semcom_core.__file__).with_name("worker.py")


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
            command = [sys.executable, "-P", str(PROGRAM), str(theirs.fileno())]
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
        """Bound the time that a half-sent message may block: a process that is stopped does not
        read what fills its pipe.
        """
        whole, rest = divmod(limit_s, 1)
        with socket.socket(fileno=os.dup(self._connection.fileno())) as end:
            for option in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
                end.setsockopt(
                    socket.SOL_SOCKET, option, struct.pack("ll", int(whole), int(rest * 1e6))
                )


def checked(codec: str, options: dict, known: Container[str] = TEXT_CODECS) -> tuple[str, dict]:
    """Name and settings of a codec, or of another service of those known, as far as they can be
    checked without loading it.
    """
    check_choice("codec", codec, known)
    if not isinstance(options, dict):
        raise ConfigError(f"options is {options!r}; allowed is a dict of settings")
    return codec, dict(options)


def environment() -> dict[str, str]:
    """The environment of the process: this one's, with the folder of semcom_core on the module
    path.

    Threads of a numerical library that spin while they wait take the processor from the flowgraph
    and the other codec: on two busy cores a decode then took six times the processor time.
    """
    folder = str(Path(semcom_core.__file__).parents[1])
    path = os.pathsep.join(filter(None, [folder, os.environ.get("PYTHONPATH", "")]))
    quiet = {"TRANSFORMERS_VERBOSITY": "error", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    return {"OMP_WAIT_POLICY": "PASSIVE", **quiet, **os.environ, "PYTHONPATH": path}


class Listener(Protocol):
    """What a worker calls, always from its own thread."""

    def on_done(self, job: Job, result) -> None:
        """A job is done; None is the result of a marker."""

    def on_lost(self, job: Job, reason: str) -> None:
        """A job was refused, or the process died over it."""

    def on_state(self, state: str, reason: str) -> None:
        """The codec is `loading`, `ready`, `restarted`, `refused` (the former one stays) or
        `failed` (each job will be lost).
        """

    def on_idle(self) -> None:
        """Called a few times a second, also while a job is under way."""


#: Starts in a row, none of which came to any work, after which the codec counts as failed.
START_TRIES = 3
#: A process that has lived this long before it died without work is no failed start, s.
STEADY_S = 60.0
#: Longest time that loading a codec may take, s: a model of some GB may have to be fetched first.
LOAD_LIMIT_S = 3600.0


class CodecWorker:
    """A bounded queue, a thread and a process around one codec.

    Args:
        codec: name of a codec, one of those known.
        options: settings of the codec's configuration.
        listener: what is told of results and losses.
        queue_size: jobs that may wait; see JobQueue.
        timeout_s: a job that takes longer is lost and the process started anew, s. Loading has the
            limit LOAD_LIMIT_S.
        known: names that the codec may have: of text codecs, of image codecs, or of services of
            semcom_core.worker.

    Raises:
        ConfigError: there is no such codec, or a value is out of range.
    """

    def __init__(
        self,
        codec,
        options: dict,
        listener: Listener,
        queue_size: int = 64,
        timeout_s: float = 300.0,
        known=TEXT_CODECS,
    ):
        self._known = known
        self.codec, self.options = checked(codec, options, known)
        self.set_timeout_s(timeout_s)
        self.jobs = JobQueue(queue_size)
        self._listener = listener
        self._stopping = threading.Event()
        self._pipe: CodecPipe | None = None
        self._thread: threading.Thread | None = None
        self._failure = ""
        self._vain = 0
        self._born = 0.0
        self.starts = self.restarts = 0

    def set_timeout_s(self, timeout_s: float) -> None:
        """Set how long a job may take, s; from the next job on."""
        check_range("timeout_s", timeout_s, 0.1, 86400)
        self.timeout_s = float(timeout_s)

    def start(self) -> None:
        """Start the thread; the process starts and loads its codec at once."""
        self._stopping.clear()
        self._failure = ""
        self._vain = 0
        self._thread = threading.Thread(target=self._run, name=f"codec {self.codec}", daemon=True)
        self._thread.start()

    def stop(self) -> int:
        """End thread and process; returns how many jobs waited and are discarded. Does nothing when
        not started.
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
        """Load another codec, or the same with other settings, after the jobs that wait. If it does
        not load, the former stays.

        Raises:
            ConfigError: there is no such codec.
        """
        self.jobs.put(Job(RELOAD, checked(codec, options, self._known)))

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._turn()
            except Exception as error:  # noqa: BLE001 (a defect of a listener must fail the run, not end this thread unseen)
                logging.getLogger("gnuradio.semcom").error(
                    "codec %s: the worker failed", self.codec, exc_info=error
                )
                self._listener.on_state("failed", f"{type(error).__name__}: {error}")
        self._close()

    def _turn(self) -> None:
        """One round of the thread: keep the process alive, then do one job."""
        self._listener.on_idle()
        if not self._failure and not self._ensure():
            return
        job = self.jobs.take(0.1)
        if job is not None and not self._stopping.is_set():
            self._handle(job)

    def _ensure(self) -> bool:
        """Start the process where there is none; False when that did not succeed this time."""
        if self._pipe is not None and self._pipe.alive():
            return True
        if self._pipe is not None:
            if time.monotonic() - self._born > STEADY_S:
                self._vain = 0
            self._died(
                f"the process of codec {self.codec} ended while it had nothing to do", vain=True
            )
        if not self._failure:
            self._open()
        if self._failure and not self._stopping.is_set():
            self._listener.on_state("failed", self._failure)
        return self._pipe is not None

    def _open(self) -> None:
        """Start a process and wait until its codec is loaded; sets the failure where that can never
        be.
        """
        self._listener.on_state("loading", "")
        self.starts += 1
        try:
            self._pipe = CodecPipe(self.codec, self.options)
            state, result = self._pipe.receive(LOAD_LIMIT_S, self._wait)
        except (EOFError, OSError) as error:
            self._died(
                f"the process of codec {self.codec} ended while it loaded: {_words(error)}",
                vain=True,
            )
            return
        if state == "failed":
            self._close()
            self._failure = f"codec {self.codec} does not load: {result}"
            return
        self._born = time.monotonic()
        self._listener.on_state("ready", "")

    def _died(self, reason: str, vain: bool) -> None:
        """Close what is left of a process, and count."""
        self._close()
        self._vain = self._vain + 1 if vain else 0
        if self._stopping.is_set():
            return
        if self._vain >= START_TRIES:
            self._failure = f"{reason}; that was {self._vain} times in a row"
        else:
            self.restarts += 1
            self._listener.on_state("restarted", reason)

    def _handle(self, job: Job) -> None:
        if not job.verb:
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
                self._died(reason, vain=False)
            return
        self._vain = 0
        (self._listener.on_done if state == "done" else self._listener.on_lost)(job, result)

    def _reload(self, codec: str, options: dict) -> None:
        former = self.codec, self.options
        self._close()
        self._failure = ""
        self._vain = 0
        self.codec = codec
        self.options = options
        while self._pipe is None and not self._failure and not self._stopping.is_set():
            self._open()
        if self._failure:
            reason = self._failure
            self._failure = ""
            self._vain = 0
            self.codec, self.options = former
            self._listener.on_state(
                "refused",
                f"{reason}; the codec stays {self.codec} with the settings {self.options}",
            )

    def _wait(self) -> bool:
        """What is done while the process works; False when the worker is to stop."""
        self._listener.on_idle()
        return not self._stopping.is_set()

    def _close(self) -> None:
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None


def _words(error: Exception) -> str:
    return f"{type(error).__name__} {error}".rstrip()
