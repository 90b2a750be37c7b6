# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sending end: what it sends when, by virtual time."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from semcom_core.errors import FrameError
from semcom_core.link import Ack, ArqSender, SenderConfig
from semcom_core.phy import Frame, FrameHeader

WHOLE = 0b111


def make(**settings):
    return ArqSender(
        SenderConfig(**{"timeout_s": 1.0, "longest_s": 100.0, **settings}), np.random.default_rng(0)
    )


def acquainted(**settings):
    """A sender that the far end has answered once, with nothing measured."""
    sender = make(**settings)
    sender.submit([Frame(FrameHeader(2, 200), np.zeros(0, np.complex64))])
    sender.poll(0)
    sender.on_ack(Ack(200, done=True), 0)
    sender.poll(0)
    return sender


def numbers(sends):
    """(message, fragment) of the frames of each send."""
    return [[(f.header.message_id, f.header.fragment) for f in frames] for frames in sends]


def start(sender, frames, now=0.0):
    """Submit a message, send it, and have it transmitted at once."""
    sender.submit(frames)
    sends, _ = sender.poll(now)
    sender.on_transmitted(frames[0].header.message_id, now)
    return sends


def test_acknowledged_message_is_settled(message):
    sender = make()
    assert numbers(start(sender, message(7, 3))) == [[(7, 0), (7, 1), (7, 2)]]
    sender.on_ack(Ack(7, done=True), 0.5)
    sends, (settled,) = sender.poll(0.5)
    assert sends == []
    assert (
        settled.message_id,
        settled.acknowledged,
        settled.decoded,
        settled.tries,
        settled.reason,
    ) == (7, True, True, 1, "")
    assert (sender.pending, sender.next_time()) == (0, math.inf)


def test_selective_repeat_sends_what_is_lacking(message):
    sender = make()
    start(sender, message(0, 3))
    sender.on_ack(Ack(0, 0b101), 0.5)
    assert numbers(sender.poll(0.5)[0]) == [[(0, 1)]]


def test_answer_may_come_before_the_word_of_the_transmitter(message):
    sender = make()
    sender.submit(message(0, 3))
    sender.poll(0)
    sender.on_ack(Ack(0, 0b101), 0.5)
    assert numbers(sender.poll(0.5)[0]) == [[(0, 1)]]


def test_stop_and_wait_sends_all_again_and_one_message_at_a_time(message):
    sender = make(mode="stop-and-wait")
    sender.submit(message(1))
    assert numbers(start(sender, message(0, 3))) == [[(1, 0)]]
    sender.on_transmitted(1, 0.0)
    sender.on_ack(Ack(1, done=True), 0.1)
    assert numbers(sender.poll(0.1)[0]) == [[(0, 0), (0, 1), (0, 2)]]
    sender.on_transmitted(0, 0.2)
    sender.on_ack(Ack(0, 0b101), 0.5)
    assert numbers(sender.poll(0.5)[0]) == [[(0, 0), (0, 1), (0, 2)]]


def test_window_limits_the_span_of_numbers(message):
    sender = acquainted(window=4)
    for i in range(254, 262):
        sender.submit(message(i % 256))
    assert numbers(sender.poll(0)[0]) == [[(254, 0)], [(255, 0)], [(0, 0)], [(1, 0)]]
    for i in (255, 0):  # the oldest holds the window
        sender.on_ack(Ack(i, done=True), 0.1)
        assert sender.poll(0.1)[0] == []
    sender.on_ack(Ack(254, done=True), 0.2)
    assert numbers(sender.poll(0.2)[0]) == [[(2, 0)], [(3, 0)], [(4, 0)]]


def test_first_message_travels_alone_until_it_is_answered(message):
    sender = make()
    for i in range(3):
        sender.submit(message(i))
    assert numbers(sender.poll(0)[0]) == [[(0, 0)]]
    sender.on_transmitted(0, 0)
    sender.on_ack(Ack(0, 1), 0.1)  # it is there, though not yet decoded
    assert numbers(sender.poll(0.1)[0]) == [[(1, 0)], [(2, 0)]]


def test_number_in_use_waits(message):
    sender = make()
    start(sender, message(5))
    assert start(sender, message(5, variant=1)) == []
    sender.on_ack(Ack(5, done=True), 0.1)
    assert numbers(sender.poll(0.1)[0]) == [[(5, 0)]]


def test_undecoded_message_is_sent_again_as_a_whole(message):
    sender = make()
    start(sender, message(0, 3))
    sender.on_ack(Ack(0, again=True), 0.5)
    assert numbers(sender.poll(0.5)[0]) == [[(0, 0), (0, 1), (0, 2)]]
    sender.on_ack(Ack(0, again=True), 0.6)  # said twice: one copy is enough
    assert sender.poll(0.6) == ([], [])


def test_undecoded_message_is_tried_no_more_than_allowed(message):
    sender = make(max_tries=3)
    start(sender, message())
    for k in range(3):
        sender.on_ack(Ack(0, again=True, attempts=k + 1), k + 0.5)
        sends, settled = sender.poll(k + 0.5)
        sender.on_transmitted(0, k + 0.5)
    assert (sends, settled[0].tries, settled[0].acknowledged) == ([], 3, False)


def test_delivered_undecoded(message):
    sender = make()
    start(sender, message())
    sender.on_ack(Ack(0, done=True, again=True), 0.5)
    (settled,) = sender.poll(0.5)[1]
    assert (settled.acknowledged, settled.decoded) == (True, False)


def test_far_end_that_has_forgotten_gets_all_again(message):
    sender = make()
    start(sender, message(0, 3))
    sender.on_ack(Ack(0, WHOLE), 0.5)
    sender.on_ack(Ack(0, 0), 0.6)
    assert numbers(sender.poll(0.6)[0]) == [[(0, 0), (0, 1), (0, 2)]]


def test_stray_acknowledgements_are_counted(message):
    sender = make(window=1)
    sender.submit(message(0))
    sender.on_ack(Ack(0, done=True), 0.0)  # not sent yet
    sender.on_ack(Ack(9, done=True), 0.0)
    sender.on_transmitted(77, 0.0)
    assert (sender.counts["stray_acks"], sender.pending) == (2, 1)


def test_full_queue_refuses(message):
    sender = make(window=1, queue_size=2)
    start(sender, message(0))
    assert [sender.submit(message(i)) for i in (1, 2, 3)] == [True, True, False]
    assert sender.counts["dropped"] == 1


def test_settings_change_while_running(message):
    sender = acquainted(window=1)
    for i in range(3):
        sender.submit(message(i))
    assert len(sender.poll(0)[0]) == 1
    sender.config = replace(sender.config, window=3)
    assert len(sender.poll(0.1)[0]) == 2


def test_bad_messages_are_refused(message):
    for frames in ([], [*message(0), *message(1)]):
        with pytest.raises(FrameError, match="one is allowed"):
            make().submit(frames)
