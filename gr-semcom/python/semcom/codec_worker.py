# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a codec in a process of its own, so that seconds of decoding never hold up the samples.

    block ─submit→ bounded queue ─thread→ pipe → codec_process: load(name), encode / decode
      ↑ on_done(job, result), on_lost(job, reason), on_state(state, reason) ─┘

torch and transformers are imported in that process alone. When it dies, the job it had is lost and another process is started at
once; one that dies at START_TRIES starts in a row is given up.
"""

from __future__ import annotations

import logging
import threading
import time

from semcom_core.errors import check_range
from semcom_core.text import TEXT_CODECS

from .codec_listener import Listener
from .codec_pipe import CodecPipe, checked
from .job_queue import RELOAD, Job, JobQueue

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
        timeout_s: a job that takes longer is lost and the process started anew, s. Loading has the limit LOAD_LIMIT_S.
        known: names that the codec may have: of text codecs, of image codecs, or of services of semcom_core.safety.services.

    Raises:
        ConfigError: there is no such codec, or a value is out of range.
    """

    def __init__(self, codec, options: dict, listener: Listener, queue_size: int = 64, timeout_s: float = 300.0, known=TEXT_CODECS):
        self._known = known
        self.codec, self.options = checked(codec, options, known)
        self.set_timeout_s(timeout_s)
        self.jobs = JobQueue(queue_size)
        self._listener = listener
        self._stopping = threading.Event()
        self._pipe: CodecPipe | None = None
        self._thread: threading.Thread | None = None
        self._failure, self._vain, self._born = "", 0, 0.0
        self.starts = self.restarts = 0

    def set_timeout_s(self, timeout_s: float) -> None:
        """Set how long a job may take, s; from the next job on."""
        check_range("timeout_s", timeout_s, 0.1, 86400)
        self.timeout_s = float(timeout_s)

    def start(self) -> None:
        """Start the thread; the process starts and loads its codec at once."""
        self._stopping.clear()
        self._failure, self._vain = "", 0
        self._thread = threading.Thread(target=self._run, name=f"codec {self.codec}", daemon=True)
        self._thread.start()

    def stop(self) -> int:
        """End thread and process; returns how many jobs waited and are discarded. Does nothing when not started."""
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
        """Load another codec, or the same with other settings, after the jobs that wait. If it does not load, the former stays.

        Raises:
            ConfigError: there is no such codec.
        """
        self.jobs.put(Job(RELOAD, checked(codec, options, self._known)))

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._turn()
            except Exception as error:  # noqa: BLE001 (a defect of a listener must fail the run, not end this thread unseen)
                logging.getLogger("gnuradio.semcom").error("codec %s: the worker failed", self.codec, exc_info=error)
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
            self._died(f"the process of codec {self.codec} ended while it had nothing to do", vain=True)
        if not self._failure:
            self._open()
        if self._failure and not self._stopping.is_set():
            self._listener.on_state("failed", self._failure)
        return self._pipe is not None

    def _open(self) -> None:
        """Start a process and wait until its codec is loaded; sets the failure where that can never be."""
        self._listener.on_state("loading", "")
        self.starts += 1
        try:
            self._pipe = CodecPipe(self.codec, self.options)
            state, result = self._pipe.receive(LOAD_LIMIT_S, self._wait)
        except (EOFError, OSError) as error:
            self._died(f"the process of codec {self.codec} ended while it loaded: {_words(error)}", vain=True)
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
            state, result = self._pipe.call((job.verb, job.arguments, job.settings), self.timeout_s, self._wait)
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
        self._failure, self._vain = "", 0
        self.codec, self.options = codec, options
        while self._pipe is None and not self._failure and not self._stopping.is_set():
            self._open()
        if self._failure:
            reason, self._failure, self._vain = self._failure, "", 0
            self.codec, self.options = former
            self._listener.on_state("refused", f"{reason}; the codec stays {self.codec} with the settings {self.options}")

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
