# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Retransmitter with increments: held back, sent when asked for, given up; the SNR of the far
end.
"""

from __future__ import annotations

import pytest
from gnuradio import semcom
from gnuradio.semcom import notices, pdu
from gnuradio.semcom import pdu as message_pdu

from tests.blocks.qa_retransmitter import QUICK, ack, notice
from tests.core.link.round_codec import frame_of, message_of


@pytest.fixture
def rig(flowgraph, collect, post):
    """rig(settings): a retransmitter that runs, what it sends and says on each port, and a way to
    give it messages.
    """

    def make(**settings):
        block = semcom.retransmitter(**settings)
        ports = {port: collect(block, port) for port in ("out", "snr", "feedback")}
        flowgraph.start()
        return block, ports, lambda port, *messages: [post(block, port, m) for m in messages]

    return make


def rounds_sent(messages):
    """(round, fragment, last) of frame PDUs."""
    frames = [(pdu.read_frame(m).header, pdu.is_last(m)) for m in messages]
    return [(h.round, h.fragment, last) for h, last in frames]


def test_increments_are_held_back_until_asked_for(rig):
    block, ports, give = rig(timeout_s=30.0, longest_s=30.0)
    give("in", *message_pdu.message_pdus(message_of(fragments=2)), pdu.end_pdu())
    for count, (attempts, expected) in enumerate(enumerate([0, 1, 2, 3, 0]), 1):
        if attempts:
            give("ack", ack(0, again=True, attempts=attempts))
        assert rounds_sent(ports["out"].wait(2 * count))[-2:] == [
            (expected, 0, False),
            (expected, 1, True),
        ]
        give("notices", notice("transmitted", 0))
    give("ack", ack(0, done=True, attempts=5))
    assert pdu.is_end(ports["out"].wait(11)[10])
    assert (block.counts["increments"], block.counts["uses"]) == (3, 2 * (2 * 100 + 3 * 40))


def test_increments_without_a_way_back_are_given_up(rig):
    _, ports, give = rig(**QUICK, max_tries=3, stall_s=0.01)
    give("in", *message_pdu.message_pdus(message_of(9)), pdu.end_pdu())
    messages = ports["out"].wait(4)
    assert pdu.is_end(messages.pop())
    assert rounds_sent(messages) == [(0, 0, True)] * 3
    (lost,) = [notices.read_notice(m) for m in ports["feedback"].wait(1)]
    assert (lost.state, lost.message_id) == ("lost", 9)


def test_the_snr_of_the_far_end_is_passed_on(rig, make_frame):
    _, ports, give = rig(timeout_s=30.0, longest_s=30.0)
    give("in", pdu.frame_pdu(make_frame(4)))
    ports["out"].wait(1)
    give(
        "ack",
        ack(4),
        ack(4, again=True, attempts=1, snr_db=3.25),
        ack(4, done=True, attempts=2),
        ack(4, done=True, snr_db=-5.0),
    )
    found = [
        (pdu.read_meta(m)["message_id"], message_pdu.read_snr(m)) for m in ports["snr"].wait(2)
    ]
    assert found == [(4, 3.25), (4, -5.0)]


def test_increments_without_their_first_round_are_refused(rig):
    block, ports, give = rig()
    give("in", pdu.frame_pdu(frame_of(3, round=1)), pdu.frame_pdu(frame_of(4)))
    assert rounds_sent(ports["out"].wait(1)) == [(0, 0, True)]
    assert block.refused == 1
