# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""PDUs and notices: values, round trips, bad input."""

from __future__ import annotations

import numpy as np
import pmt
import pytest
from gnuradio.semcom import notices, pdu

from semcom_core.errors import FrameError
from semcom_core.phy import ReceivedFrame


@pytest.mark.parametrize("text", ["", "plain", "Grüße, 你好 \U0001f600", "two\nlines", "x" * 10000])
def test_text_round_trip(text):
    meta, back = pdu.read_text(pdu.text_pdu(text, message_id=7, decoded=False))
    assert back == text
    assert meta == {"message_id": 7, "decoded": False}


def test_text_from_symbol_and_pair():
    assert pdu.read_text(pmt.intern("typed"))[1] == "typed"
    assert pdu.read_text(pmt.cons(pmt.intern("key"), pmt.intern("typed")))[1] == "typed"


def test_received_frame_round_trip(make_frame):
    sent = make_frame(200, 2, 5, 33)
    noise_var = np.linspace(0.1, 2, 33).astype(np.float32)
    noise_var[4] = np.inf
    frame = ReceivedFrame(sent.header, sent.symbols, noise_var, snr_db=5.5, cfo_hz=-1200.0, start_sample=1 << 40)
    back = pdu.read_frame(pdu.frame_pdu(frame))
    assert back.header == sent.header
    assert np.array_equal(back.symbols, sent.symbols)
    assert np.array_equal(back.noise_var, noise_var)
    assert (back.snr_db, back.cfo_hz, back.crc_ok, back.start_sample) == (5.5, -1200.0, True, 1 << 40)


def test_sent_frame_has_no_noise(make_frame):
    assert not isinstance(pdu.read_frame(pdu.frame_pdu(make_frame())), ReceivedFrame)


def test_last_frame_of_a_message(make_frame):
    assert pdu.is_last(pdu.frame_pdu(make_frame(), last=True))
    assert not pdu.is_last(pdu.frame_pdu(make_frame()))
    assert not any(map(pdu.is_last, [pmt.from_long(3), pmt.cons(pmt.PMT_NIL, pmt.PMT_NIL)]))


def test_end_pdu():
    assert pdu.is_end(pdu.end_pdu())
    assert not pdu.is_end(pdu.text_pdu("no end"))
    assert not pdu.is_end(pmt.intern("no end"))


@pytest.mark.parametrize(
    "message",
    [
        pmt.from_long(3),
        pmt.cons(pmt.from_long(1), pmt.from_long(2)),
        pdu.make_pdu({"message_id": 1}, np.zeros(3, np.complex64)),
        pdu.make_pdu({"codec": 99, "message_id": 1, "fragment": 0, "fragments": 1, "params": 0}, np.zeros(3, np.complex64)),
        pdu.make_pdu({"codec": "x", "message_id": 1, "fragment": 0, "fragments": 1, "params": 0}, np.zeros(3, np.complex64)),
        pdu.text_pdu("a text is no frame"),
    ],
)
def test_bad_frames_are_refused(message):
    with pytest.raises(FrameError):
        pdu.read_frame(message)


@pytest.mark.parametrize(
    "message",
    [pmt.from_long(3), pdu.make_pdu({}, np.array([0xFF, 0xFE], np.uint8)), pdu.make_pdu({}, np.zeros(2, np.complex64))],
)
def test_bad_texts_are_refused(message):
    with pytest.raises(FrameError):
        pdu.read_text(message)


def test_unknown_state_is_refused():
    with pytest.raises(FrameError, match="resolved"):
        notices.read_notice(pdu.make_pdu({"state": "odd"}, np.zeros(0, np.uint8)))
    with pytest.raises(FrameError, match="state"):
        notices.read_notice(pdu.text_pdu("no notice"))
