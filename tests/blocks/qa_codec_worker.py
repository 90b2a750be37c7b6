# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Codec worker: time limits, what a restart keeps, markers, reloads; with a process that answers
when it is told to.
"""

from __future__ import annotations

import time

import pytest
from gnuradio.semcom.worker import process as job_queue
from gnuradio.semcom.worker.process import Job

from semcom_core.errors import ConfigError
from tests.blocks.told_codec import job, makers


@pytest.fixture
def make(tmp_path, monkeypatch):
    """make(**settings): a worker and what it says."""
    yield from makers(tmp_path, monkeypatch)


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


def test_stop_ends_a_job_at_once(make):
    worker, heard = make()
    worker.start()
    worker.jobs.put(job(1, 60.0))
    while len(worker.jobs):
        time.sleep(0.01)
    worker.stop()
    assert heard.events.empty() and worker._pipe is None


def test_reload_comes_in_order_and_what_does_not_load_is_refused(make, tmp_path):
    (tmp_path / "broken").touch()
    worker, heard = make({"load_s": 0.0})
    worker.start()
    worker.jobs.put(job(1, 0.3))
    worker.reload("deflate", {"broken": str(tmp_path / "broken")})
    worker.jobs.put(job(2))
    first, refused, second = heard.take(3)
    assert (first, second) == (("done", 1), ("done", 2))
    assert (
        refused[0] == "refused"
        and "does not load: broken; the codec stays deflate with the settings {'load_s': 0.0}"
        in refused[1]
    )
    worker.reload("deflate", {"load_s": 0.1})
    worker.jobs.put(job(3))
    assert heard.take(1) == [("done", 3)]
    assert worker.options == {"load_s": 0.1}
    for name, options in (("morse", {}), ("deflate", [])):
        with pytest.raises(ConfigError):
            worker.reload(name, options)


def test_defect_of_the_listener_fails_the_run_and_not_the_thread(make):
    worker, heard = make()
    heard.on_done = lambda job, result: (
        1 / 0 if job.message_id == 1 else heard.events.put(("done", job.message_id))
    )
    worker.start()
    worker.jobs.put(job(1))
    worker.jobs.put(job(2))
    assert heard.take(2) == [("failed", "ZeroDivisionError: division by zero"), ("done", 2)]


def test_markers_pass_a_full_queue(make):
    worker, _ = make(queue_size=2)
    assert [worker.jobs.put(job(i)) for i in range(3)] == [True, True, False]
    assert all(worker.jobs.put(Job()) for _ in range(100))
    assert len(worker.jobs) == 3
    worker.jobs.resize(4)
    assert [worker.jobs.put(job(i)) for i in range(3)] == [True, False, False]


def test_size_0_is_large_and_bounded(make, monkeypatch):
    monkeypatch.setattr(job_queue, "MOST_JOBS", 2000)
    worker, _ = make(queue_size=0)
    assert all(worker.jobs.put(job(i)) for i in range(2000))
    assert not worker.jobs.put(job(2000))
