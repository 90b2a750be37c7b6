# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Codec worker: processes that die at work, idle, while they load or at each start, and processes
that hang.
"""

from __future__ import annotations

import os
import signal
import time

import pytest
from gnuradio.semcom.worker import process as codec_worker
from gnuradio.semcom.worker.process import Job

from tests.blocks.told_codec import job, makers


@pytest.fixture
def make(tmp_path, monkeypatch):
    """make(**settings): a worker and what it says."""
    yield from makers(tmp_path, monkeypatch)


def test_death_costs_the_message_at_hand_and_no_other(make):
    worker, heard = make()
    worker.start()
    for number, seconds in (
        (1, 0.0),
        (2, -1.0),
        (3, -1.0),
        (4, -1.0),
        (5, -1.0),
        (6, 0.0),
    ):  # more deaths than START_TRIES
        worker.jobs.put(job(number, seconds))
    events = heard.take(6)
    assert [event[:2] for event in events] == [
        ("done", 1),
        ("lost", 2),
        ("lost", 3),
        ("lost", 4),
        ("lost", 5),
        ("done", 6),
    ]
    assert "the process of codec deflate ended" in events[1][2]
    assert (worker.starts, worker.restarts) == (5, 4)
    assert heard.states == ["loading", "ready"] + 4 * ["restarted", "loading", "ready"]


def test_idle_process_that_dies_is_replaced_at_no_cost(make):
    worker, heard = make()
    worker.start()
    for number in range(5):
        worker.jobs.put(job(number))
        assert heard.take(1) == [("done", number)]
        os.kill(worker._pipe.process.pid, signal.SIGKILL)
        while (
            len(heard.states) < 3 * number + 5
        ):  # loading, ready, then restarted, loading, ready each time
            time.sleep(0.01)
    assert worker.restarts == 5


def test_death_while_loading_is_tried_again(make):
    worker, heard = make({"load_s": 0.5})
    worker.start()
    worker.jobs.put(job(1))
    while worker._pipe is None:
        time.sleep(0.01)
    os.kill(worker._pipe.process.pid, signal.SIGKILL)
    assert heard.take(1) == [("done", 1)]
    assert heard.states == ["loading", "restarted", "loading", "ready"]


def test_process_that_dies_at_each_start_is_given_up(make, tmp_path):
    (tmp_path / "deadly").touch()
    worker, heard = make({"deadly": str(tmp_path / "deadly")})
    worker.start()
    worker.jobs.put(job(1))
    (state, reason), lost = heard.take(2)
    assert (
        state == "failed"
        and "ended while it loaded" in reason
        and f"{codec_worker.START_TRIES} times in a row" in reason
    )
    assert lost == ("lost", 1, reason)
    time.sleep(0.5)
    assert worker.starts == codec_worker.START_TRIES


def test_stopped_process_does_not_take_what_fills_its_pipe(make):
    worker, heard = make(timeout_s=0.5)
    worker.start()
    worker.jobs.put(job(1))
    assert heard.take(1) == [("done", 1)]
    os.kill(worker._pipe.process.pid, signal.SIGSTOP)
    worker.jobs.put(Job("encode", (0.0,), {"padding": bytes(1 << 22)}, 2))
    worker.jobs.put(job(3))
    lost, done = heard.take(2)
    assert (lost[:2], done) == (("lost", 2), ("done", 3))
