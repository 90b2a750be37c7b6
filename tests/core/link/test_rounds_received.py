# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Receiving end with increments: what it collects, decodes and answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from semcom_core.link import Ack
from tests.core.link.receiving import make, receive
from tests.core.link.round_codec import frame_of


@pytest.fixture
def hear(heard):
    """hear(receiver, now, frames): the frames come in noise; (round, fragment) of each message that
    is to be decoded then.
    """

    def run(receiver, now, *frames, noise_var=0.1):
        actions = receive(
            receiver,
            [
                heard(f, noise_var, np.random.default_rng(int(1000 * now) + k))
                for k, f in enumerate(frames)
            ],
            now,
        )
        return [[(f.header.round, f.header.fragment) for f in group] for group in actions.decode]

    return run


def undecoded(receiver, now):
    """The decoder has failed; what is answered then."""
    receiver.on_decoded(0, "guess", False, now)
    return receiver.poll(now).acks


def test_increments_go_to_the_decoder_with_what_was_there(hear):
    receiver = make()
    assert hear(receiver, 0.0, frame_of()) == [[(0, 0)]]
    assert undecoded(receiver, 0.1) == [Ack(0, again=True, attempts=1, snr_db=pytest.approx(10.0))]
    assert hear(receiver, 0.2, frame_of(round=1)) == [[(0, 0), (1, 0)]]
    undecoded(receiver, 0.3)
    assert hear(receiver, 0.4, frame_of(round=2)) == [[(0, 0), (1, 0), (2, 0)]]
    receiver.on_decoded(0, "the text", True, 0.5)
    actions = receiver.poll(0.5)
    assert actions.acks == [Ack(0, done=True, attempts=3, snr_db=pytest.approx(10.0))]
    assert [(d.guess, d.decoded, d.attempts) for d in actions.deliveries] == [("the text", True, 3)]
    assert (receiver.counts["increments"], receiver.counts["copies"]) == (2, 0)


def test_copies_of_each_round_are_combined(hear, heard):
    receiver = make()
    for now, sent in enumerate([frame_of(), frame_of(round=1), frame_of(), frame_of(round=1)]):
        (group,) = receive(
            receiver, [heard(sent, 1.0, np.random.default_rng(now))], float(now)
        ).decode
        undecoded(receiver, now + 0.5)
    assert [(f.header.round, f.noise_var[0]) for f in group] == [
        (0, pytest.approx(0.5)),
        (1, pytest.approx(0.5)),
    ]
    assert receiver.counts["copies"] == 2


def test_a_fragment_is_there_when_any_round_of_it_is(hear):
    receiver = make(ack_delay_s=0.0)
    frames = [
        heard_frame
        for heard_frame in (
            frame_of(fragment=0, fragments=2),
            frame_of(round=2, fragment=1, fragments=2),
        )
    ]
    assert hear(receiver, 0.0, frames[0]) == []
    assert receiver.poll(0.0).acks == [] and receiver.counts["acks"] == 1
    assert hear(receiver, 1.0, frames[1]) == [[(0, 0), (2, 1)]]


def test_part_of_an_increment_is_tried_when_no_more_comes(hear):
    receiver = make()
    hear(receiver, 0.0, frame_of(fragments=2), frame_of(fragment=1, fragments=2))
    undecoded(receiver, 0.1)
    assert hear(receiver, 1.0, frame_of(round=1, fragment=1, fragments=2)) == []
    (group,) = receiver.poll(1.1).decode
    assert [(f.header.round, f.header.fragment) for f in group] == [(0, 0), (0, 1), (1, 1)]


def test_a_late_increment_of_a_settled_message_is_acknowledged_and_not_delivered(hear):
    receiver = make(ack_delay_s=0.0)
    hear(receiver, 0.0, frame_of())
    receiver.on_decoded(0, "the text", True, 0.1)
    assert len(receiver.poll(0.1).deliveries) == 1
    actions = receive(receiver, [], 1.0)
    assert hear(receiver, 1.0, frame_of(round=1)) == []
    assert (actions.deliveries, receiver.counts["duplicates"]) == ([], 1)


def test_another_message_under_the_number_replaces_what_is_collected(hear):
    receiver = make()
    hear(receiver, 0.0, frame_of())
    undecoded(receiver, 0.1)
    hear(receiver, 0.2, frame_of(round=1))
    undecoded(receiver, 0.3)
    assert hear(receiver, 0.4, frame_of(variant=1)) == [[(0, 0)]]


def test_frames_of_another_codec_are_no_increments(hear, message):
    receiver = make()
    hear(receiver, 0.0, frame_of())
    (other,) = message(0)
    assert hear(receiver, 0.1, other) == [[(0, 0)]]


def test_snr_is_that_of_the_frames_since_the_last_attempt(hear):
    receiver = make()
    hear(receiver, 0.0, frame_of(), noise_var=0.5)
    assert undecoded(receiver, 0.1)[0].snr_db == pytest.approx(3.01, abs=0.01)
    hear(receiver, 0.2, frame_of(round=1), noise_var=0.125)
    assert undecoded(receiver, 0.3)[0].snr_db == pytest.approx(9.03, abs=0.01)


def test_snr_that_is_not_known_is_not_told(heard):
    receiver = make()
    receive(receiver, [replace(heard(frame_of()), snr_db=float("nan"))])
    assert undecoded(receiver, 0.1) == [Ack(0, again=True, attempts=1)]
