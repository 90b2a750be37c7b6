# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Radios that are set up later than the first burst is handed over: the burst leaves nevertheless,
and nothing is called transmitted that did not leave.
"""

from __future__ import annotations

import threading
import time

import numpy as np
import pmt
import pytest
from gnuradio import blocks, gr, semcom
from gnuradio.semcom import pdu

from tests.blocks.radio_stand_in import stand_in  # noqa: F401 (a fixture)

PROFILES = ("virtual-pluto", "virtual-soapy", "virtual-usrp")
#: How long after its start a radio is set up, s.
DELAYS_S = (0.2, *(pytest.param(delay_s, marks=pytest.mark.slow) for delay_s in (0, 0.05, 2, 10)))


def burst_tag(length: int):
    return gr.tag_utils.python_to_tag((0, pmt.intern("packet_len"), pmt.from_long(length)))


def tape(folder) -> np.ndarray:
    """What a stand-in of the kind `tape` has transmitted."""
    path = folder / "tape"
    return np.fromfile(path, np.complex64) if path.exists() else np.zeros(0, np.complex64)


class Link:
    """A message source by hand, a burst transmitter, a radio sink and a link monitor.

    Args:
        flowgraph: empty.
        radio: settings of the sink.
        monitor: settings of the monitor.
    """

    def __init__(self, flowgraph, radio, **monitor) -> None:
        self.done = threading.Event()
        self.transmitter = semcom.burst_transmitter()
        self.sink = semcom.radio_sink(**radio)
        self.monitor = semcom.link_monitor(
            mode="transmit", console=False, on_done=self.done.set, **monitor
        )
        flowgraph.connect(self.transmitter, self.sink)
        for block in (self.transmitter, self.sink):
            flowgraph.msg_connect(block, "feedback", self.monitor, "notices")

    def send(self, post, make_frame, count: int) -> None:
        """Hand over some messages, and the end of the source."""
        for message_id in range(count):
            post(self.monitor, "sent", pdu.text_pdu(str(message_id), message_id=message_id))
            post(self.transmitter, "in", pdu.frame_pdu(make_frame(message_id)))
        post(self.monitor, "sent", pdu.end_pdu())


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("delay_s", DELAYS_S)
def test_a_source_that_ends_with_its_burst(delay_s, profile, flowgraph, stand_in, tmp_path):  # noqa: F811
    x = np.arange(1, 3001, dtype=np.complex64)
    sink = semcom.radio_sink(**{**stand_in(f"tape:{delay_s}"), "profile": profile})
    flowgraph.connect(blocks.vector_source_c(x.tolist(), False, 1, [burst_tag(3000)]), sink)
    flowgraph.run()
    assert np.array_equal(tape(tmp_path), x)


def test_a_stream_that_ends_before_the_radio_is_set_up(flowgraph, stand_in, tmp_path):  # noqa: F811
    x = np.arange(1, 300_001, dtype=np.complex64)
    sink = semcom.radio_sink(**stand_in("tape:1"), mode="continuous")
    flowgraph.connect(blocks.vector_source_c(x.tolist()), sink)
    flowgraph.run()
    assert np.array_equal(tape(tmp_path), x)


@pytest.mark.parametrize("delay_s", [0, 2])
def test_messages_are_transmitted_when_they_have_left(
    delay_s,
    flowgraph,
    stand_in,  # noqa: F811
    post,
    make_frame,
    tmp_path,
):
    link = Link(flowgraph, stand_in(f"tape:{delay_s}"))
    flowgraph.start()
    link.send(post, make_frame, 3)
    end = time.monotonic() + 20
    while not link.done.is_set():
        # what is called transmitted is on the tape, which grows before it is reported
        called = link.monitor.ledger.counts["transmitted"]
        bursts = len(tape(tmp_path)) // 1000  # a burst is longer than that, with its gap
        assert called <= bursts and time.monotonic() < end
        time.sleep(0.01)
    assert link.monitor.ledger.counts["transmitted"] == 3
    assert link.monitor.exit_status() == 0


def test_a_radio_that_takes_nothing_fails_the_run(
    flowgraph,
    stand_in,  # noqa: F811
    post,
    make_frame,
    monkeypatch,
):
    monkeypatch.setattr("gnuradio.semcom.monitor.clock.RADIO_S", 0.5)
    link = Link(flowgraph, stand_in("hungry"), timeout_s=1.0)
    flowgraph.start()
    link.send(post, make_frame, 1)
    assert link.done.wait(20)
    assert link.monitor.exit_status() == 1
    counts = link.monitor.ledger.counts
    assert (counts["transmitted"], counts["lost"]) == (0, 1)
    assert link.monitor.ledger.failures[0] == (
        "link_monitor: radio at hungry has not sent all that it was given within 1 s"
    )


def test_a_radio_that_is_never_set_up_fails_the_run(flowgraph, stand_in, post, make_frame):  # noqa: F811
    link = Link(flowgraph, {**stand_in("refuse"), "retries": 0})
    flowgraph.start()
    link.send(post, make_frame, 1)
    assert link.done.wait(20)
    assert link.monitor.exit_status() == 1
    assert link.monitor.ledger.counts["transmitted"] == 0
    assert "there is no such radio" in link.monitor.ledger.failures[0]


def test_samples_without_messages_that_do_not_leave_fail_the_run_too(
    flowgraph,
    stand_in,  # noqa: F811
    post,
    monkeypatch,
):
    monkeypatch.setattr("gnuradio.semcom.monitor.clock.RADIO_S", 0.5)
    sink = semcom.radio_sink(**stand_in("hungry"))
    done = threading.Event()
    monitor = semcom.link_monitor(console=False, on_done=done.set)
    flowgraph.connect(blocks.vector_source_c([1.0] * 10, False, 1, [burst_tag(10)]), sink)
    flowgraph.msg_connect(sink, "feedback", monitor, "notices")
    flowgraph.start()
    post(monitor, "sent", pdu.text_pdu("heard by another way", message_id=0))
    post(monitor, "in", pdu.text_pdu("heard by another way", message_id=0))
    post(monitor, "sent", pdu.end_pdu())
    assert done.wait(20)
    assert monitor.ledger.counts["exact"] == 1 and monitor.exit_status() == 1
    assert "radio at hungry has not sent all" in monitor.ledger.failures[0]


def test_what_a_stop_keeps_from_leaving_is_told(
    flowgraph,
    stand_in,  # noqa: F811
    post,
    make_frame,
    caplog,
):
    link = Link(flowgraph, stand_in("slow"))
    flowgraph.start()
    link.send(post, make_frame, 1)
    end = time.monotonic() + 20
    while not link.sink.pending():
        assert time.monotonic() < end
        time.sleep(0.01)
    time.sleep(0.3)  # longer than the sink waits at once
    flowgraph.stop()
    flowgraph.wait()
    assert link.monitor.exit_status() == 1
    assert any(
        "1 burst(s) not sent: the flowgraph was stopped" in record.getMessage()
        for record in caplog.records
    )


def test_the_transmitters_word_counts_without_a_radio_that_tells(
    flowgraph,
    stand_in,  # noqa: F811
    post,
    make_frame,
):
    transmitter, sink = semcom.burst_transmitter(), semcom.radio_sink(**stand_in("tape"))
    done = threading.Event()
    monitor = semcom.link_monitor(mode="transmit", console=False, on_done=done.set)
    flowgraph.connect(transmitter, sink)
    flowgraph.msg_connect(transmitter, "feedback", monitor, "notices")
    flowgraph.start()
    post(monitor, "sent", pdu.text_pdu("one", message_id=0))
    post(transmitter, "in", pdu.frame_pdu(make_frame(0)))
    post(monitor, "sent", pdu.end_pdu())
    assert done.wait(20)
    assert monitor.exit_status() == 0
