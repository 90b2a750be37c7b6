# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""lock() and unlock() of a flowgraph that runs: bursts after it are heard, and the run ends.

GNU Radio 3.10 stops and starts all blocks at unlock(), and empties the buffers between them.
"""

from __future__ import annotations

import random
import threading
import time

import numpy as np
import pytest
from gnuradio import blocks, gr, semcom
from gnuradio.semcom import pdu

from tests.blocks.radio_stand_in import stand_in  # noqa: F401 (a fixture)
from tests.flowgraphs.small_link import small_link

TIMES = 20
LIMIT_S = 10.0

#: What samples may pass between transmitter and receiver.
BETWEEN = {
    "nothing": list,
    "channel": lambda: [semcom.channel("awgn:20+cfo:1khz")],
    "throttle": lambda: [blocks.throttle(gr.sizeof_gr_complex, 1e6)],
}


class Heard:
    """Numbers of the messages whose frames a receiver has published."""

    def __init__(self, collector) -> None:
        self._store = collector.store

    def wait(self, message_id: int) -> bool:
        """Whether a message comes within LIMIT_S."""
        end = time.monotonic() + LIMIT_S
        while time.monotonic() < end:
            if message_id in self.all():
                return True
            time.sleep(0.005)
        return False

    def all(self) -> list[int]:
        """The numbers so far."""
        return [
            pdu.read_meta(self._store.get_message(i))["message_id"]
            for i in range(self._store.num_messages())
        ]


def relock(flowgraph) -> None:
    flowgraph.lock()
    flowgraph.unlock()


@pytest.mark.parametrize("between", BETWEEN)
def test_bursts_after_lock_and_unlock_are_heard(between, flowgraph, collect, post, make_frame):
    transmitter, receiver = semcom.burst_transmitter(), semcom.burst_receiver()
    flowgraph.connect(transmitter, *BETWEEN[between](), receiver)
    heard = Heard(collect(receiver, "out"))
    flowgraph.start()
    for message_id in range(0, 3 * TIMES, 3):
        post(transmitter, "in", pdu.frame_pdu(make_frame(message_id, length=2000)))
        time.sleep(random.Random(message_id).uniform(0, 0.02))  # into the burst, or beyond it
        relock(flowgraph)
        for after in (message_id + 1, message_id + 2):
            post(transmitter, "in", pdu.frame_pdu(make_frame(after, length=2000)))
            assert heard.wait(after), f"message {after}; heard are {heard.all()}"


def test_a_switch_goes_on_after_lock_and_unlock(flowgraph, collect, post, make_frame):
    transmitter, receiver = semcom.burst_transmitter(zero_fill=True), semcom.burst_receiver()
    own, switch = blocks.null_source(gr.sizeof_gr_complex), semcom.half_duplex()
    flowgraph.connect(own, blocks.throttle(gr.sizeof_gr_complex, 1e6), (switch, 0))
    flowgraph.connect(transmitter, (switch, 1))
    flowgraph.connect(switch, receiver)
    heard = Heard(collect(receiver, "out"))
    flowgraph.start()
    for message_id in range(5):
        relock(flowgraph)
        post(transmitter, "in", pdu.frame_pdu(make_frame(message_id)))
        assert heard.wait(message_id)


@pytest.mark.parametrize("times", [3, pytest.param(TIMES, marks=pytest.mark.slow)])
def test_a_link_ends_after_lock_and_unlock(times):
    texts = [f"Message {i} of a list that begins anew." for i in range(30)]
    done = threading.Event()
    link = small_link(texts, {"period_s": 0.01}, {"on_done": done.set}, [semcom.channel("awgn:20")])
    link.start()
    for _ in range(times):
        link.wait_for(lambda: link.sink.received)
        time.sleep(0.05)
        relock(link)
        link.sink.received = 0
    assert done.wait(30.0)
    link.stop()
    link.wait()
    assert link.monitor.exit_status() == 0
    counts = link.monitor.ledger.counts
    assert counts["sent"] == counts["exact"] == len(texts)


def test_radios_go_on_after_lock_and_unlock(flowgraph, stand_in):  # noqa: F811
    source, sink = semcom.radio_source(**stand_in("echo")), semcom.radio_sink(**stand_in("echo"))
    transmitter, heard = semcom.burst_transmitter(), blocks.vector_sink_c()
    flowgraph.connect(transmitter, sink)
    flowgraph.connect(source, heard)
    flowgraph.start()
    for _ in range(3):
        heard.reset()
        relock(flowgraph)
        # after unlock() as at the start: what comes before the radio is set up waits for it
        transmitter.handle_frame(pdu.frame_pdu(_frame()))
        end = time.monotonic() + LIMIT_S
        while not np.any(heard.data()):
            assert time.monotonic() < end
            time.sleep(0.02)


def _frame():
    from semcom_core.phy import Frame, FrameHeader

    return Frame(FrameHeader(3, 0, 0, 0, 60), np.ones(60, np.complex64))
