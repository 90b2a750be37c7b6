# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Codec worker: time limits, what a restart keeps, markers; with a process that answers when it is told to."""

from __future__ import annotations

import queue
import time

import pytest
from gnuradio.semcom import codec_pipe
from gnuradio.semcom.codec_worker import CodecWorker
from gnuradio.semcom.job_queue import Job

#: Takes `load_s` to load, or fails to load where the file `broken` is there; each job takes as many seconds as its argument says.
PROGRAM = """
import os, sys, time
from multiprocessing.connection import Connection

connection = Connection(int(sys.argv[1]))
_, options = connection.recv()
time.sleep(options.get("load_s", 0))
if os.path.exists(options.get("broken", "")):
    connection.send(("failed", "broken"))
    sys.exit(1)
connection.send(("ready", 2))
while True:
    _, (seconds,), _ = connection.recv()
    time.sleep(seconds)
    connection.send(("done", seconds))
"""


class Heard:
    """Keeps what a worker tells its listener."""

    def __init__(self):
        self.events = queue.Queue()
        self.states = []

    def on_done(self, job, result):
        self.events.put(("done", job.message_id))

    def on_lost(self, job, reason):
        self.events.put(("lost", job.message_id, reason))

    def on_state(self, state, reason):
        self.states.append(state)
        if state in ("failed", "refused"):
            self.events.put((state, reason))

    def on_idle(self):
        """Nothing waits for time here."""

    def take(self, count):
        return [self.events.get(timeout=15) for _ in range(count)]


@pytest.fixture
def make(tmp_path, monkeypatch):
    """make(**settings): a worker around PROGRAM, stopped at the end of the test, and what it says."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    monkeypatch.setattr(codec_pipe, "PROGRAM", program)
    workers = []

    def new(options=None, **settings):
        heard = Heard()
        workers.append(CodecWorker("deflate", options or {}, heard, **settings))
        return workers[-1], heard

    yield new
    for worker in workers:
        worker.stop()


def job(message_id, seconds=0.0):
    return Job("encode", (seconds,), {}, message_id)


def test_loading_may_take_longer_than_a_job(make):
    worker, heard = make({"load_s": 1.0}, timeout_s=0.5)
    worker.start()
    for number, seconds in ((1, 0.0), (2, 30.0), (3, 0.0)):
        worker.jobs.put(job(number, seconds))
    first, second, third = heard.take(3)
    assert (first, third) == (("done", 1), ("done", 3))
    assert second[:2] == ("lost", 2)
    assert "no answer within 0.5 s" in second[2]
    assert worker.starts == 2


def test_stop_ends_loading(make):
    worker, heard = make({"load_s": 60.0})
    worker.start()
    time.sleep(0.3)
    begin = time.monotonic()
    worker.stop()
    assert time.monotonic() - begin < 2
    assert heard.events.empty()


def test_waiting_jobs_do_not_survive_a_restart(make):
    worker, heard = make()
    worker.start()
    worker.jobs.put(job(1, 30.0))
    worker.jobs.put(job(2))
    worker.jobs.put(Job(message_id=3))
    worker.stop()
    worker.start()
    worker.jobs.put(job(4))
    assert heard.take(1) == [("done", 4)]


def test_restart_tries_again_to_load(make, tmp_path):
    (tmp_path / "broken").touch()
    worker, heard = make({"broken": str(tmp_path / "broken")})
    worker.start()
    assert heard.take(1) == [("failed", "codec deflate does not load: broken")]
    worker.stop()
    (tmp_path / "broken").unlink()
    worker.start()
    worker.jobs.put(job(1))
    assert heard.take(1) == [("done", 1)]


def test_markers_pass_a_full_queue(make):
    worker, _ = make(queue_size=2)
    assert [worker.jobs.put(job(i)) for i in range(3)] == [True, True, False]
    assert worker.jobs.put(Job())
    unbounded, _ = make(queue_size=0)
    assert all(unbounded.jobs.put(job(i)) for i in range(2000))
