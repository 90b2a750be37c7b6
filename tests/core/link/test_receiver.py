# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Receiving end: what it answers, decodes and delivers, by virtual time."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from semcom_core.link import Ack
from tests.core.link.receiving import ids, make, receive


def test_message_is_decoded_delivered_and_acknowledged(message, heard):
    receiver = make()
    frames = [heard(f) for f in message(5, 3)]
    assert receive(receiver, [frames[2], frames[0]]).decode == []
    (group,) = receive(receiver, [frames[1]], 0.05).decode
    assert [f.header.fragment for f in group] == [0, 1, 2]
    receiver.on_decoded(5, "the text", True, 0.07)
    actions = receiver.poll(0.07)
    assert actions.acks == [Ack(5, done=True, attempts=1, snr_db=pytest.approx(10.0))]
    (delivery,) = actions.deliveries
    assert (delivery.message_id, delivery.guess, delivery.decoded, delivery.attempts) == (
        5,
        "the text",
        True,
        1,
    )
    assert receiver.next_time() == math.inf


def test_answer_waits_for_further_fragments(message, heard):
    receiver = make()
    frames = [heard(f) for f in message(0, 3)]
    assert receive(receiver, frames[:1], 0.0).acks == []
    assert receive(receiver, frames[2:], 0.09).acks == []
    assert receiver.next_time() == pytest.approx(0.19)
    assert receiver.poll(0.19).acks == [Ack(0, 0b101)]


def test_slow_decoder_is_excused(message, heard):
    receiver = make()
    receive(receiver, map(heard, message(0)), 0.0)
    assert receiver.poll(0.1).acks == [Ack(0, 1)]
    receiver.on_poll(0, 3.0)
    assert receiver.poll(3.0).acks == [Ack(0, 1)]


def test_duplicates_are_acknowledged_again_and_not_delivered(deliver, message, heard):
    receiver = make()
    assert len(deliver(receiver, 0).deliveries) == 1
    actions = receive(receiver, map(heard, message(0)), 1.0)
    assert (actions.decode, actions.deliveries, actions.acks) == ([], [], [])
    assert receiver.poll(1.1).acks == [Ack(0, done=True, attempts=1, snr_db=pytest.approx(10.0))]
    assert receiver.counts["duplicates"] == 1


def test_undecoded_message_is_asked_for_and_copies_combined(message, heard):
    receiver, rng = make(), np.random.default_rng(4)
    (sent,) = message(0, length=1000)
    for tries in (1, 2, 3):
        ((frame,),) = receive(receiver, [heard(sent, 1.0, rng)], float(tries)).decode
        assert frame.noise_var == pytest.approx(np.full(1000, 1 / tries))
        assert np.mean(np.abs(frame.symbols - sent.symbols) ** 2) == pytest.approx(
            1 / tries, rel=0.13
        )  # 4 sigma
        receiver.on_decoded(0, f"guess {tries}", tries == 3, float(tries))
        actions = receiver.poll(float(tries))
        assert actions.acks == [
            Ack(0, done=tries == 3, again=tries < 3, attempts=tries, snr_db=0.0)
        ]
    assert [(d.guess, d.decoded, d.attempts) for d in actions.deliveries] == [("guess 3", True, 3)]


def test_copies_that_come_while_the_decoder_works_are_tried_next(message, heard):
    receiver = make()
    receive(receiver, map(heard, message(0)), 0.0)
    assert receive(receiver, map(heard, message(0)), 0.2).decode == []
    receiver.on_decoded(0, "guess", False, 0.5)
    actions = receiver.poll(0.5)
    assert len(actions.decode) == 1
    assert not any(ack.again for ack in actions.acks)


def test_part_of_a_further_copy_is_tried_when_no_more_comes(message, heard):
    receiver = make()
    frames = [heard(f) for f in message(0, 2)]
    receive(receiver, frames)
    receiver.on_decoded(0, "guess", False, 0.1)
    assert receive(receiver, frames[:1], 1.0).decode == []
    assert len(receiver.poll(1.1).decode) == 1


def test_hopeless_message_is_delivered_marked_with_the_best_guess(message, heard):
    receiver = make(max_tries=3)
    for tries, score in enumerate([-5.0, -1.0, -3.0]):
        receive(receiver, map(heard, message(0)), float(tries))
        receiver.on_decoded(0, f"guess {tries}", False, tries + 0.5, score)
    actions = receiver.poll(2.5)
    assert [(d.guess, d.decoded, d.attempts) for d in actions.deliveries] == [("guess 1", False, 3)]
    assert actions.acks == [Ack(0, done=True, again=True, attempts=3, snr_db=pytest.approx(10.0))]
    assert receiver.counts["marked"] == 1


def test_decoder_that_cannot_even_guess(message, heard):
    receiver = make(max_tries=2)
    for now in (0.0, 1.0):
        receive(receiver, map(heard, message(0)), now)
        receiver.on_decoded(0, None, False, now)
    (delivery,) = receiver.poll(1.0).deliveries
    assert (delivery.guess, receiver.counts["lost"]) == (None, 1)


def test_silent_message_is_delivered_as_it_is(message, heard):
    receiver = make(patience_s=5.0)
    receive(receiver, map(heard, message(0, 2)[:1]), 0.0)
    receiver.poll(0.1)
    assert receiver.next_time() == 5.0
    (group,) = receiver.poll(5.0).decode
    assert len(group) == 1
    receiver.on_decoded(0, "half", False, 5.5)
    (delivery,) = receiver.poll(5.5).deliveries
    assert (delivery.guess, delivery.decoded) == ("half", False)


def test_decoder_that_never_answers_is_not_waited_for(message, heard):
    receiver = make(patience_s=5.0)
    receive(receiver, map(heard, message(0)), 0.0)
    deliveries = [
        d for _ in range(4) for d in receiver.poll(min(receiver.next_time(), 1e9)).deliveries
    ]
    assert [(d.message_id, d.guess) for d in deliveries] == [(0, None)]
    receiver.on_decoded(0, "late", True, 20.0)
    assert receiver.poll(20.0).deliveries == []


def test_decoder_with_a_queue_is_waited_for(message, heard):
    receiver = make(patience_s=5.0)
    for i in range(3):
        receive(receiver, map(heard, message(i)), 0.0)
    found = []
    for i, now in enumerate((4.0, 8.0, 12.0)):
        receiver.on_decoded(i, f"text {i}", True, now)
        found += receiver.poll(now).deliveries
    assert [(d.message_id, d.decoded) for d in found] == [(0, True), (1, True), (2, True)]


def test_other_message_under_a_number_in_use_replaces_it(message, heard):
    receiver = make()
    receive(receiver, map(heard, message(0)), 0.0)
    ((frame,),) = receive(receiver, map(heard, message(0, variant=1)), 0.1).decode
    assert np.mean(np.abs(frame.symbols - message(0, variant=1)[0].symbols) ** 2) < 0.2
    receiver.on_decoded(0, "the first text", True, 0.2)
    receiver.on_decoded(0, "the second text", True, 0.3)
    assert [d.guess for d in receiver.poll(0.3).deliveries] == ["the second text"]


def test_poll_for_what_was_never_heard():
    receiver = make()
    receiver.on_poll(17, 0.0)
    assert receiver.poll(0.0).acks == [Ack(17)]


def test_stray_answers_of_the_decoder(deliver):
    receiver = make()
    receiver.on_decoded(3, "what?", True, 0.0)
    assert receiver.poll(0.0).deliveries == []
    assert ids(deliver(receiver, 0).deliveries) == [0]


def test_settings_change_while_running(message, heard):
    receiver = make(max_tries=9)
    receive(receiver, map(heard, message(0)), 0.0)
    receiver.config = replace(receiver.config, max_tries=1)
    receiver.on_decoded(0, "guess", False, 0.5)
    assert [d.decoded for d in receiver.poll(0.5).deliveries] == [False]
