# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sending end with increments: which round it sends when."""

from __future__ import annotations

import numpy as np
import pytest

from semcom_core.errors import FrameError
from semcom_core.link import Ack, ArqSender, SenderConfig
from tests.core.link.round_codec import FIRST, MORE, frame_of, message_of


def make(**settings):
    return ArqSender(
        SenderConfig(**{"timeout_s": 1.0, "longest_s": 100.0, **settings}), np.random.default_rng(0)
    )


def send(sender, now):
    """(round, fragment) of what is sent, which is transmitted at once."""
    sends, _ = sender.poll(now)
    for frames in sends:
        sender.on_transmitted(frames[0].header.message_id, now)
    return [[(f.header.round, f.header.fragment) for f in frames] for frames in sends]


def again(sender, attempts, now):
    """The far end asks for more; what is sent then."""
    sender.on_ack(Ack(0, again=True, attempts=attempts), now)
    return send(sender, now)


def test_each_request_brings_the_next_round_and_after_the_last_copies():
    sender = make()
    sender.submit(message_of(fragments=2))
    assert send(sender, 0.0) == [[(0, 0), (0, 1)]]
    found = [again(sender, k, float(k)) for k in (1, 2, 3, 4, 5)]
    assert found == [[[(r, 0), (r, 1)]] for r in (1, 2, 3, 0, 1)]
    assert (sender.counts["transmissions"], sender.counts["increments"]) == (6, 4)
    assert sender.counts["uses"] == 2 * (2 * FIRST + 4 * MORE)


def test_a_request_said_twice_counts_once():
    sender = make()
    sender.submit(message_of())
    send(sender, 0.0)
    assert again(sender, 1, 0.1) == [[(1, 0)]]
    assert again(sender, 1, 0.2) == []
    assert again(sender, 2, 0.3) == [[(2, 0)]]


def test_what_is_not_answered_is_sent_again_as_it_was():
    sender = make()
    sender.submit(message_of())
    send(sender, 0.0)
    assert send(sender, sender.next_time()) == [[(0, 0)]]
    assert again(sender, 1, 10.0) == [[(1, 0)]]
    assert send(sender, sender.next_time()) == [[(1, 0)]]
    assert again(sender, 2, 30.0) == [[(2, 0)]]


def test_a_request_while_a_copy_is_on_its_way_is_met_if_the_copy_does_not_help():
    sender = make()
    sender.submit(message_of())
    send(sender, 0.0)
    due = sender.next_time()
    sender.poll(due)  # a copy is with the transmitter
    assert again(sender, 1, due + 0.1) == []
    sender.on_transmitted(0, due + 0.2)
    assert again(sender, 2, due + 0.3) == [[(1, 0)]]


def test_lacking_fragments_are_sent_of_the_first_round():
    sender = make()
    sender.submit(message_of(fragments=3))
    send(sender, 0.0)
    sender.on_ack(Ack(0, 0b101), 0.1)
    assert send(sender, 0.1) == [[(0, 1)]]
    assert again(sender, 1, 0.2) == [[(1, 0), (1, 1), (1, 2)]]
    sender.on_ack(Ack(0, 0b000), 0.3)  # it has forgotten everything
    assert send(sender, 0.3) == [[(0, 0), (0, 1), (0, 2)]]
    assert again(sender, 1, 0.4) == [], "said before, as far as the sender can tell"
    assert send(sender, sender.next_time()) == [[(0, 0), (0, 1), (0, 2)]]
    assert again(sender, 2, 20.0) == [[(1, 0), (1, 1), (1, 2)]]


def test_a_far_end_that_started_anew_gets_increments_too():
    sender = make()
    sender.submit(message_of())
    send(sender, 0.0)
    assert again(sender, 1, 0.1) == [[(1, 0)]]
    sender.on_ack(
        Ack(0, 0b1), 0.2
    )  # it has started anew, has all that was sent since, and is decoding
    assert again(sender, 1, 0.3) == [[(2, 0)]]


def test_decoder_at_work_is_asked_after_and_gets_no_increment():
    sender = make()
    sender.submit(message_of())
    send(sender, 0.0)
    again(sender, 1, 0.1)
    sender.on_ack(Ack(0, 1), 0.2)
    assert sender.poll(0.2)[0] == []
    (poll,) = sender.poll(sender.next_time())[0]
    assert poll[0].header.length == 0
    assert again(sender, 2, 9.0) == [[(2, 0)]], "though the question is still on its way"
    sender.on_transmitted(0, 9.1)
    assert again(sender, 2, 9.2) == [], "its answer says nothing new"


def test_a_request_may_come_before_the_word_of_the_transmitter():
    sender = make()
    sender.submit(message_of())
    for attempts in range(4):
        assert sender.poll(0.1 * attempts)[0][0][0].header.round == attempts
        sender.on_ack(Ack(0, again=True, attempts=attempts + 1), 0.1 * attempts + 0.05)


@pytest.mark.parametrize("mode", ["stop-and-wait", "selective-repeat"])
def test_without_a_way_back_the_message_is_given_up(mode):
    sender = make(max_tries=5, mode=mode)
    sender.submit(message_of(fragments=2))
    sent, settled = send(sender, 0.0), []
    while sender.pending:
        sends, done = sender.poll(sender.next_time())
        sent += [[(f.header.round, f.header.fragment) for f in frames] for frames in sends]
        settled += done
    assert sent == [[(0, 0), (0, 1)]] * 5
    assert [(s.acknowledged, s.tries) for s in settled] == [(False, 5)]
    assert "not acknowledged after 5 transmissions" in settled[0].reason


def test_increments_count_as_tries():
    sender = make(max_tries=3)
    sender.submit(message_of())
    send(sender, 0.0)
    again(sender, 1, 0.1), again(sender, 2, 0.2)
    sender.on_ack(Ack(0, again=True, attempts=3), 0.3)
    sends, settled = sender.poll(0.3)
    assert (sends, settled[0].tries, settled[0].acknowledged) == ([], 3, False)


def test_a_fragment_without_an_increment_is_sent_as_a_copy():
    sender = make()
    sender.submit(
        [
            frame_of(fragment=0, fragments=2),
            frame_of(fragment=1, fragments=2),
            frame_of(round=1, fragment=1, fragments=2),
        ]
    )
    send(sender, 0.0)
    assert again(sender, 1, 0.1) == [[(0, 0), (1, 1)]]
    assert again(sender, 2, 0.2) == [[(0, 0), (0, 1)]]


def test_increments_without_a_first_round_are_refused():
    with pytest.raises(
        FrameError,
        match=r"increments are of the fragments \[1\]; allowed are those of the first round, \[0\]",
    ):
        make().submit([frame_of(fragments=2), frame_of(round=1, fragment=1, fragments=2)])
    with pytest.raises(FrameError, match=r"\[0\]; allowed .* \[\]"):
        make().submit([frame_of(round=2)])
