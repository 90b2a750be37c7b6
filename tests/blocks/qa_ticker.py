# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The thread of blocks that act at certain times: sleeps, wakes, ends, and does not fail unseen."""

from __future__ import annotations

import math
import threading
import time

from gnuradio import semcom
from gnuradio.semcom import notices
from gnuradio.semcom.arq_block import Ticker


def test_called_when_due_and_when_woken():
    calls, enough = [], threading.Event()

    def tick(now):
        calls.append(now)
        if len(calls) >= 5:
            enough.set()
        return now + 0.02 if len(calls) < 3 else math.inf

    ticker = Ticker(semcom.frame_loss(), tick)
    ticker.start()
    while len(calls) < 3:
        time.sleep(0.01)
    for k in (4, 5):
        ticker.wake()
        while len(calls) < k:
            time.sleep(0.01)
    assert enough.is_set() and calls == sorted(calls)
    ticker.stop()
    ticker.wake()
    assert len(calls) == 5


def test_sleeps_while_nothing_is_due():
    ticker = Ticker(semcom.frame_loss(), lambda now: math.inf)
    ticker.start()
    begin = time.process_time()
    time.sleep(0.5)
    assert time.process_time() - begin < 0.2  # measured: below 0.001
    ticker.stop()


def test_restart():
    calls = []
    ticker = Ticker(semcom.frame_loss(), lambda now: calls.append(now) or math.inf)
    for count in (1, 2):
        ticker.start()
        while len(calls) < count:
            time.sleep(0.01)
        ticker.stop()
    ticker.stop()


def test_defect_is_reported(flowgraph, collect):
    block = semcom.retransmitter()
    block._machine = lambda: None  # whatever may go wrong
    said = collect(block, "feedback")
    flowgraph.start()
    notice = notices.read_notice(said.wait(1)[0])
    assert (notice.state, notice.block) == ("failed", "retransmitter")
    assert "NoneType" in notice.reason
