# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bounded queue before a codec worker."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field

from semcom_core.errors import check_range

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

    Markers and reloads always find room, without one a run would not end; of two in a row the later says all, so their number is
    bounded as well.

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
