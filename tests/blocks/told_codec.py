# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A codec process that does what it is told, and a listener that keeps what its worker says."""

from __future__ import annotations

import queue

from gnuradio.semcom.worker import process as codec_pipe
from gnuradio.semcom.worker.process import CodecWorker, Job

#: Takes `load_s` to load, fails to load where the file `broken` is there, and dies over it where
#: `deadly` is; each job takes as many seconds as its argument says, and a negative one kills.
PROGRAM = """
import os, sys, time
from multiprocessing.connection import Connection

connection = Connection(int(sys.argv[1]))
_, options = connection.recv()
time.sleep(options.get("load_s", 0))
if os.path.exists(options.get("deadly", "")):
    os.kill(os.getpid(), 9)
if os.path.exists(options.get("broken", "")):
    connection.send(("failed", "broken"))
    sys.exit(1)
connection.send(("ready", 2))
while True:
    _, (seconds,), _ = connection.recv()
    if seconds < 0:
        os.kill(os.getpid(), 9)
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


def makers(tmp_path, monkeypatch):
    """Yields make(**settings): a worker around PROGRAM and what it says; the workers are stopped
    afterwards.
    """
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
