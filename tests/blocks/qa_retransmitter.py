# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Retransmitter: repeats, acknowledgements, notices, the end, restart, settings at run time, bad
input.
"""

from __future__ import annotations

import numpy as np
import pmt
import pytest
from gnuradio import blocks, semcom
from gnuradio.semcom import notices, pdu

from semcom_core.errors import ConfigError
from semcom_core.link import Ack
from semcom_core.link.ack import control_frame

QUICK = {"timeout_s": 0.05, "longest_s": 0.1}


def ack(message_id, bitmap=1, **flags):
    return pdu.frame_pdu(
        control_frame(Ack(message_id, 0 if flags else bitmap, **flags).to_header()), last=True
    )


def notice(state, message_id=-1):
    return pdu.make_pdu({"state": state, "message_id": message_id}, np.zeros(0, np.uint8))


def sent(messages):
    """(message, fragment, last) of frame PDUs, and "end"."""
    frames = [
        None if pdu.is_end(m) else (pdu.read_frame(m).header, pdu.is_last(m)) for m in messages
    ]
    return ["end" if f is None else (f[0].message_id, f[0].fragment, f[1]) for f in frames]


@pytest.fixture
def rig(flowgraph, collect, post):
    """rig(settings): a retransmitter that runs, what it sends and says, and a way to give it
    messages.
    """

    def make(**settings):
        block = semcom.retransmitter(**settings)
        out, said = collect(block, "out"), collect(block, "feedback")
        flowgraph.start()
        return block, out, said, lambda port, *messages: [post(block, port, m) for m in messages]

    return make


def test_fragments_are_sent_once_and_the_end_after_the_acknowledgement(rig, make_frame):
    _, out, said, give = rig(timeout_s=30.0, longest_s=30.0)
    give("in", *(pdu.frame_pdu(make_frame(4, k, 3)) for k in range(3)), pdu.end_pdu())
    assert sent(out.wait(3)) == [(4, 0, False), (4, 1, False), (4, 2, True)]
    give("notices", notice("transmitted", 4))
    assert len(out.wait(4, limit_s=0.3)) == 3
    give("ack", ack(4, 0b111, done=True))
    assert sent(out.wait(4))[3:] == ["end"]
    assert said.wait(1, limit_s=0.1) == []


def test_symbols_are_unchanged(rig, make_frame):
    _, out, _, give = rig()
    frame = make_frame(9, length=100)
    give("in", pdu.frame_pdu(frame))
    back = pdu.read_frame(out.wait(1)[0])
    assert back.header == frame.header and np.array_equal(back.symbols, frame.symbols)


def test_what_is_lacking_is_sent_again(rig, make_frame):
    _, out, _, give = rig(timeout_s=30.0, longest_s=30.0)
    give("in", *(pdu.frame_pdu(make_frame(0, k, 3)) for k in range(3)))
    out.wait(3)
    give("notices", notice("transmitted", 0))
    give("ack", ack(0, 0b101))
    assert sent(out.wait(4))[3:] == [(0, 1, True)]


def test_without_a_way_back_the_message_is_lost_and_the_end_comes(rig, make_frame):
    _, out, said, give = rig(**QUICK, max_tries=3, stall_s=0.01)
    give("in", pdu.frame_pdu(make_frame(7)), pdu.end_pdu())
    assert sent(out.wait(4)) == [(7, 0, True)] * 3 + ["end"]
    (lost,) = [notices.read_notice(m) for m in said.wait(1)]
    assert (lost.state, lost.message_id, lost.block) == ("lost", 7, "retransmitter")
    assert "3 transmissions" in lost.reason


def test_message_that_the_transmitter_dropped_is_tried_again(rig, make_frame):
    _, out, _, give = rig(**QUICK)
    give("in", pdu.frame_pdu(make_frame(7)))
    out.wait(1)
    give("notices", notice("lost", 7))
    assert sent(out.wait(2)) == [(7, 0, True)] * 2


def test_end_without_messages(rig):
    _, out, _, give = rig()
    give("in", pdu.end_pdu())
    assert sent(out.wait(1)) == ["end"]


def test_full_queue_drops_and_says_so(rig, make_frame):
    block, out, said, give = rig(window=1, queue_size=2)
    give("in", pdu.frame_pdu(make_frame(0)))
    out.wait(1)
    give("in", *(pdu.frame_pdu(make_frame(i)) for i in range(1, 5)))
    found = [notices.read_notice(m) for m in said.wait(2)]
    assert [(n.state, n.message_id) for n in found] == [("lost", 3), ("lost", 4)]
    assert block.counts["dropped"] == 2


def test_failure_of_the_transmitter_is_passed_on(rig):
    _, _, said, give = rig()
    give("notices", notice("failed"))
    assert [notices.read_notice(m).state for m in said.wait(1)] == ["failed"]


def test_other_frames_and_bad_messages_do_no_harm(rig, make_frame):
    block, out, _, give = rig(**QUICK)
    give(
        "ack", pdu.frame_pdu(make_frame(0)), pmt.from_long(3), ack(200, 0), pdu.text_pdu("no frame")
    )
    give("notices", pmt.intern("odd"), pdu.text_pdu("no notice"))
    give("in", pdu.text_pdu("no frame"), pdu.frame_pdu(make_frame(1)))
    assert sent(out.wait(1)) == [(1, 0, True)]
    assert (block.refused, block.counts["stray_acks"]) == (5, 1)


def test_settings_change_while_running(rig, make_frame):
    block, out, _, give = rig(window=1, timeout_s=30.0, longest_s=30.0, stall_s=30.0)
    give("in", *(pdu.frame_pdu(make_frame(i)) for i in range(4)))
    assert len(out.wait(2, limit_s=0.3)) == 1
    give("ack", ack(0, 1))
    block.set_window(3)
    assert len(out.wait(4, limit_s=0.3)) == 3
    for name, value in {
        "mode": "stop-and-wait",
        "max_tries": 3,
        "timeout_s": 2,
        "longest_s": 9.0,
        "backoff": 1.5,
        "stall_s": 3.0,
    }.items():
        getattr(block, f"set_{name}")(value)
        assert getattr(block.machine.config, name) == getattr(block, name) == value
    block.set_queue_size(7)
    block.set_mode("go-back-n")  # refused with a line; the old one stays
    assert (block.mode, block.machine.config.queue_size) == ("stop-and-wait", 7)


def test_restart_begins_anew(flowgraph, make_frame, post, collect):
    block = semcom.retransmitter(**QUICK, stall_s=0.01, max_tries=100)
    head = blocks.head(8, 1 << 40)  # a flowgraph needs a stream to be started twice
    flowgraph.connect(blocks.throttle(8, 1e6), head)
    flowgraph.connect(blocks.null_source(8), flowgraph.kept[0])
    flowgraph.connect(head, blocks.null_sink(8))
    out = collect(block, "out")
    flowgraph.start()
    post(block, "in", pdu.frame_pdu(make_frame(3)))
    out.wait(2)
    flowgraph.stop()
    flowgraph.wait()
    count = len(out.wait(0))
    flowgraph.start()
    assert len(out.wait(count + 1, limit_s=0.4)) == count, (
        "the message of the last run is forgotten"
    )
    post(block, "in", pdu.frame_pdu(make_frame(3)))
    assert sent(out.wait(count + 1))[count] == (3, 0, True)
    assert block.counts["messages"] == 1


def test_bad_arguments():
    bad = {
        "mode": "odd",
        "window": 0,
        "max_tries": 0,
        "timeout_s": -1.0,
        "longest_s": 0.1,
        "backoff": 0.5,
        "stall_s": 0,
        "seed": -1,
    }
    for name, value in bad.items():
        with pytest.raises(ConfigError, match=name):
            semcom.retransmitter(**{name: value})
