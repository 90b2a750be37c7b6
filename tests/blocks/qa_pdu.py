# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""PDUs and notices: values, round trips, bad input."""

from __future__ import annotations

import numpy as np
import pmt
import pytest
from gnuradio.semcom import notices, pdu
from gnuradio.semcom import pdu as message_pdu
from gnuradio.semcom.gathering import FragmentGroups

from semcom_core.errors import FrameError
from semcom_core.phy import ReceivedFrame
from tests.core.link.round_codec import frame_of, message_of


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
    frame = ReceivedFrame(
        sent.header, sent.symbols, noise_var, snr_db=5.5, cfo_hz=-1200.0, start_sample=1 << 40
    )
    back = pdu.read_frame(pdu.frame_pdu(frame))
    assert back.header == sent.header
    assert np.array_equal(back.symbols, sent.symbols)
    assert np.array_equal(back.noise_var, noise_var)
    assert (back.snr_db, back.cfo_hz, back.crc_ok, back.start_sample) == (
        5.5,
        -1200.0,
        True,
        1 << 40,
    )


def test_channel_estimate_is_passed_on(make_frame):
    sent = make_frame(1, 0, 1, 3)
    gains = np.array([1 + 2j, -0.5j], np.complex64)
    frame = ReceivedFrame(sent.header, sent.symbols, np.ones(3, np.float32), channel=gains)
    assert np.array_equal(pdu.read_frame(pdu.frame_pdu(frame)).channel, gains)
    plain = ReceivedFrame(sent.header, sent.symbols, np.ones(3, np.float32))
    assert not pdu.has_keys(pdu.frame_pdu(plain), "channel")
    assert pdu.read_frame(pdu.frame_pdu(plain)).channel.shape == (0,)
    damaged = ReceivedFrame(
        sent.header, sent.symbols, np.ones(3, np.float32), channel=gains * np.nan
    )
    with pytest.raises(FrameError, match="channel that is not finite"):
        pdu.read_frame(pdu.frame_pdu(damaged))


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
        pdu.make_pdu(
            {"codec": 99, "message_id": 1, "fragment": 0, "fragments": 1, "params": 0},
            np.zeros(3, np.complex64),
        ),
        pdu.make_pdu(
            {"codec": "x", "message_id": 1, "fragment": 0, "fragments": 1, "params": 0},
            np.zeros(3, np.complex64),
        ),
        pdu.text_pdu("a text is no frame"),
    ],
)
def test_bad_frames_are_refused(message):
    with pytest.raises(FrameError):
        pdu.read_frame(message)


@pytest.mark.parametrize(
    "message",
    [
        pmt.from_long(3),
        pdu.make_pdu({}, np.array([0xFF, 0xFE], np.uint8)),
        pdu.make_pdu({}, np.zeros(2, np.complex64)),
    ],
)
def test_bad_texts_are_refused(message):
    with pytest.raises(FrameError):
        pdu.read_text(message)


def test_unknown_state_is_refused():
    with pytest.raises(FrameError, match="resolved"):
        notices.read_notice(pdu.make_pdu({"state": "odd"}, np.zeros(0, np.uint8)))
    with pytest.raises(FrameError, match="state"):
        notices.read_notice(pdu.text_pdu("no notice"))


def test_message_of_several_rounds():
    messages = message_pdu.message_pdus(message_of(7, fragments=2, rounds=3))
    assert [message_pdu.rounds_of(m) for m in messages] == [3] * 6
    assert [pdu.is_last(m) for m in messages] == [False] * 5 + [True]
    headers = [pdu.read_frame(m).header for m in messages]
    assert [(h.codec, h.fragment, h.length) for h in headers] == [
        (n, k, 40 if n > 1 else 100) for n in (1, 17, 18) for k in (0, 1)
    ]


def test_message_of_one_round_says_nothing_of_rounds():
    messages = message_pdu.message_pdus([frame_of(round=2)])
    assert "rounds" not in pdu.read_meta(messages[0])
    assert message_pdu.rounds_of(messages[0]) == 1


@pytest.mark.parametrize("rounds", [0, 5, -(2**40)])
def test_impossible_number_of_rounds_is_refused(rounds):
    with pytest.raises(FrameError, match=f"^rounds is {rounds}; allowed is 1 to 4"):
        message_pdu.rounds_of(pdu.make_pdu({"rounds": rounds}, np.zeros(0, np.complex64)))


def test_measured_snr():
    assert message_pdu.read_snr(message_pdu.snr_pdu(-3.25, 9)) == -3.25
    assert message_pdu.read_snr(pdu.text_pdu("any PDU with the key", snr_db=4)) == 4.0
    without, wrong = pdu.text_pdu("x"), pdu.text_pdu("x", snr_db="high")
    for message, reason in [
        (without, "snr_db is needed"),
        (wrong, "a number"),
        (pmt.from_long(3), "PDU"),
    ]:
        with pytest.raises(FrameError, match=reason):
            message_pdu.read_snr(message)


def push_all(groups, frames, last=True, rounds=4):
    """(round, fragment) of the groups that frames close."""
    closed = [group for f in frames for group in groups.push(f, last and f is frames[-1], rounds)]
    return [[(f.header.round, f.header.fragment) for f in group] for group in closed]


def test_rounds_are_gathered_until_all_are_there():
    frames = message_of(fragments=2)
    assert push_all(FragmentGroups(), frames, last=False) == [
        [(r, k) for r in range(4) for k in range(2)]
    ]
    assert push_all(FragmentGroups(), frames[:-1]) == [
        [(r, k) for r in range(4) for k in range(2)][:-1]
    ]


def test_next_message_closes_what_lacks_a_round():
    groups = FragmentGroups()
    assert push_all(groups, message_of(1)[:3], last=False) == []
    assert push_all(groups, message_of(2), last=False) == [
        [(0, 0), (1, 0), (2, 0)],
        [(0, 0), (1, 0), (2, 0), (3, 0)],
    ]


def test_without_word_of_rounds_each_round_is_a_message():
    assert push_all(FragmentGroups(), message_of(fragments=2, rounds=2), last=False, rounds=1) == [
        [(0, 0), (0, 1)],
        [(1, 0), (1, 1)],
    ]
