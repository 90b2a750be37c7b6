# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A thread that does what is due, for blocks that act at certain times and not only when a message comes."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from .guard import report_defect


class Ticker:
    """Calls a function when it is due and when woken; in between the thread sleeps.

    Args:
        block: whose function it is; an exception is logged, sent as the notice `failed`, and ends the thread.
        tick: takes the time (time.monotonic(), s) and returns when it is due next, s; inf: when woken.
    """

    def __init__(self, block, tick: Callable[[float], float]):
        self._block, self._tick = block, tick
        self._change = threading.Condition()
        self._woken = self._stopping = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread; the function is called at once."""
        self._stopping, self._woken = False, True
        self._thread = threading.Thread(target=self._run, name=self._block.name(), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread. Does nothing when not started."""
        with self._change:
            self._stopping = True
            self._change.notify_all()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def wake(self) -> None:
        """Have the function called soon: something has changed."""
        with self._change:
            self._woken = True
            self._change.notify_all()

    def _run(self) -> None:
        try:
            due = -math.inf
            while self._wait(due):
                due = self._tick(time.monotonic())
        except Exception as error:  # noqa: BLE001 (a thread that ends unseen would leave its flowgraph waiting)
            report_defect(self._block, self._tick.__name__, error)

    def _wait(self, due: float) -> bool:
        """Wait until `due` or until woken; False when the block stops."""
        with self._change:
            timeout_s = None if due == math.inf else max(due - time.monotonic(), 0.0)
            self._change.wait_for(lambda: self._stopping or self._woken, timeout_s)
            self._woken = False
            return not self._stopping
