# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Acknowledger: answers, copies, deliveries, notices, restart, settings at run time, bad input."""

from __future__ import annotations

import numpy as np
import pmt
import pytest
from gnuradio import blocks, semcom
from gnuradio.semcom import notices, pdu

from semcom_core.errors import ConfigError
from semcom_core.link import Ack, poll_header
from semcom_core.link.ack import control_frame
from semcom_core.phy import ReceivedFrame

QUICK = {"ack_delay_s": 0.02}


def heard(frame, noise_var=0.5):
    return pdu.frame_pdu(
        ReceivedFrame(
            frame.header, frame.symbols, np.full(frame.header.length, noise_var, np.float32)
        )
    )


def answer(message_id, text, decoded=True, **meta):
    return pdu.text_pdu(text, message_id=message_id, decoded=decoded, **meta)


def acks(messages):
    return [Ack.from_header(pdu.read_frame(m).header) for m in messages]


@pytest.fixture
def rig(flowgraph, collect, post):
    """rig(settings): an acknowledger that runs, what comes out of its ports, and a way to give it
    messages.
    """

    def make(**settings):
        block = semcom.acknowledger(**{**QUICK, **settings})
        ports = {port: collect(block, port) for port in ("out", "ack", "text", "feedback")}
        flowgraph.start()
        return block, ports, lambda port, *messages: [post(block, port, m) for m in messages]

    return make


def test_message_is_decoded_acknowledged_and_delivered(rig, make_frame):
    _, ports, give = rig()
    give("in", *(heard(make_frame(0, k, 2)) for k in (1, 0)))
    handed = ports["out"].wait(2)
    assert [(pdu.read_frame(m).header.fragment, pdu.is_last(m)) for m in handed] == [
        (0, False),
        (1, True),
    ]
    give("decoded", answer(0, "Grüße", score=7.5, snr_db=4.0))
    meta, text = pdu.read_text(ports["text"].wait(1)[0])
    assert (text, meta) == (
        "Grüße",
        {"message_id": 0, "decoded": True, "score": 7.5, "snr_db": 4.0, "attempts": 1},
    )
    assert acks(ports["ack"].wait(1))[-1] == Ack(0, done=True, attempts=1, snr_db=0.0)
    assert all(pdu.is_last(m) for m in ports["ack"].wait(1))


def test_duplicates_are_acknowledged_and_not_delivered(rig, make_frame):
    block, ports, give = rig(ack_delay_s=0.0)
    give("in", heard(make_frame(0)))
    ports["out"].wait(1)
    give("decoded", answer(0, "once"))
    ports["text"].wait(1)
    before = len(ports["ack"].wait(1))
    give("in", heard(make_frame(0)))
    assert acks(ports["ack"].wait(before + 1))[-1] == Ack(0, done=True, attempts=1, snr_db=0.0)
    assert len(ports["text"].wait(2, limit_s=0.2)) == 1
    assert block.counts["duplicates"] == 1


def test_undecoded_message_is_asked_for_combined_and_marked_in_the_end(rig, make_frame):
    _, ports, give = rig(max_tries=2, ack_delay_s=30.0)
    for tries in (1, 2):
        give("in", heard(make_frame(0)))
        frame = pdu.read_frame(ports["out"].wait(tries)[-1])
        assert frame.noise_var == pytest.approx(np.full(60, 0.5 / tries))
        give("decoded", answer(0, f"guess {tries}", decoded=False))
        expected = [
            Ack(0, again=True, attempts=1, snr_db=0.0),
            Ack(0, done=True, again=True, attempts=2, snr_db=0.0),
        ]
        assert acks(ports["ack"].wait(tries)) == expected[:tries]
    meta, text = pdu.read_text(ports["text"].wait(1)[0])
    assert (text, meta["decoded"], meta["attempts"]) == ("guess 2", False, 2)


def test_message_that_the_decoder_lost_is_asked_for_and_lost_in_the_end(rig, make_frame):
    _, ports, give = rig(max_tries=2)
    for tries in (1, 2):
        give("in", heard(make_frame(0)))
        ports["out"].wait(tries)
        give("notices", pdu.make_pdu({"state": "lost", "message_id": 0}, np.zeros(0, np.uint8)))
    (lost,) = [notices.read_notice(m) for m in ports["feedback"].wait(1)]
    assert (lost.state, lost.message_id) == ("lost", 0)
    assert ports["text"].wait(0) == []


def test_part_of_a_message_is_delivered_after_the_patience(rig, make_frame):
    _, ports, give = rig(patience_s=0.2)
    give("in", heard(make_frame(0, 1, 3)))
    (handed,) = ports["out"].wait(1)
    assert pdu.is_last(handed)
    give("decoded", answer(0, "a third", decoded=False))
    assert pdu.read_text(ports["text"].wait(1)[0])[0]["decoded"] is False


def test_polls_and_other_control_frames(rig, make_frame):
    _, ports, give = rig(ack_delay_s=30.0)
    give(
        "in",
        heard(make_frame(3, 1, 2)),
        pdu.frame_pdu(control_frame(poll_header(3))),
        pdu.frame_pdu(control_frame(Ack(3).to_header())),
    )
    assert acks(ports["ack"].wait(1)) == [Ack(3, 0b10)]


def test_frames_of_other_codecs_are_dropped(rig, make_frame):
    block, ports, give = rig(codec="deflate")
    give("in", heard(make_frame(0, codec=3)), heard(make_frame(1, codec=2)))
    assert [pdu.read_frame(m).header.codec for m in ports["out"].wait(1)] == [2]
    assert block.other_codec == 1


def test_failure_of_the_decoder_is_passed_on(rig):
    _, ports, give = rig()
    give("notices", pdu.make_pdu({"state": "failed"}, np.zeros(0, np.uint8)))
    assert [notices.read_notice(m).state for m in ports["feedback"].wait(1)] == ["failed"]


def test_bad_messages_do_no_harm(rig, make_frame):
    block, ports, give = rig()
    give(
        "in", pdu.frame_pdu(make_frame(0)), pmt.from_long(3), pdu.text_pdu("no frame")
    )  # the first: as sent, no noise variance
    give("decoded", pdu.text_pdu("whose?"), pmt.intern("typed"), answer(9, "stray"))
    give("notices", pdu.make_pdu({"state": "lost"}, np.zeros(0, np.uint8)), pmt.from_long(1))
    give("in", heard(make_frame(0)))
    ports["out"].wait(1)
    give("decoded", answer(0, "good"))
    assert [pdu.read_text(m)[1] for m in ports["text"].wait(1)] == ["good"]
    assert block.refused == 7


def test_settings_change_while_running(rig, make_frame):
    block, ports, give = rig()
    for name, value in {
        "window": 4,
        "max_tries": 3,
        "ack_delay_s": 0.0,
        "patience_s": 5.0,
        "in_order": False,
    }.items():
        getattr(block, f"set_{name}")(value)
        assert getattr(block.machine.config, name) == getattr(block, name) == value
    block.set_codec("spinal")
    block.set_window(1000)  # refused with a line; the old one stays
    assert (block.number, block.window) == (1, 4)
    give("in", heard(make_frame(2, codec=1)))
    ports["out"].wait(1)
    give("decoded", answer(2, "out of order"))
    assert len(ports["text"].wait(1)) == 1


def test_restart_begins_anew(flowgraph, collect, post, make_frame):
    block = semcom.acknowledger(**QUICK)
    source, head = (
        blocks.null_source(8),
        blocks.throttle(8, 1e6),
    )  # a flowgraph needs a stream to be started twice
    flowgraph.connect(source, head, blocks.null_sink(8))
    out = collect(block, "out")
    for count in (1, 2):
        flowgraph.start()
        post(block, "in", heard(make_frame(0)))
        assert pdu.read_frame(out.wait(count)[-1]).noise_var[0] == 0.5, (
            "no copy of the last run is combined"
        )
        flowgraph.stop()
        flowgraph.wait()


def test_bad_arguments():
    bad = {
        "codec": "morse",
        "window": 129,
        "max_tries": 0,
        "ack_delay_s": -1.0,
        "patience_s": 0.0,
        "in_order": 3,
    }
    for name, value in bad.items():
        with pytest.raises(ConfigError, match=name):
            semcom.acknowledger(**{name: value})
