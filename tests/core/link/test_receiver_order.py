# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Receiving end: the order of messages, where it begins, and what is not waited for."""

from __future__ import annotations

import pytest

from tests.core.link.receiving import ids, make, receive


def test_order_is_kept(deliver):
    receiver = make()
    assert ids(deliver(receiver, 0).deliveries) == [0]
    assert [ids(deliver(receiver, i).deliveries) for i in (3, 2)] == [[], []]
    assert ids(deliver(receiver, 1).deliveries) == [1, 2, 3]


def test_order_on_request_only(deliver):
    receiver = make(in_order=False)
    assert [ids(deliver(receiver, i).deliveries) for i in (0, 3, 1)] == [[0], [3], [1]]


def test_gap_is_passed_over_after_the_patience(deliver):
    receiver = make(patience_s=5.0)
    deliver(receiver, 7, 1.0)
    assert ids(deliver(receiver, 9, 2.0).deliveries) == []
    assert receiver.next_time() == 7.0
    assert ids(receiver.poll(7.0).deliveries) == [9]
    assert ids(deliver(receiver, 8, 8.0).deliveries) == [8], "late, but not lost"


def test_order_across_the_wrap_and_many_rounds(deliver):
    receiver = make()
    found = ids(deliver(receiver, 0).deliveries)
    for first in range(1, 1025, 2):  # each pair the wrong way round, but for the first message
        for i in (first + 1, first):
            found += ids(deliver(receiver, i % 256, now=float(first), variant=i).deliveries)
    assert found == [i % 256 for i in range(1025)]


def test_what_the_sender_can_no_longer_send_is_not_waited_for(deliver, message, heard):
    receiver = make(window=4)
    deliver(receiver, 0)
    receive(receiver, map(heard, message(2, 2)[:1]), 0.5)
    assert [ids(deliver(receiver, i, 1.0).deliveries) for i in (3, 4, 5)] == [[], [], []]
    actions = deliver(
        receiver, 6, 1.0
    )  # the sender's window now begins at 3: no 1 will come, nor the rest of 2
    assert actions.deliveries == []
    assert receiver.counts["lost"] == 0
    receiver.on_decoded(2, "half", False, 1.2)
    deliveries = receiver.poll(1.2).deliveries
    assert [(d.message_id, d.decoded) for d in deliveries] == [
        (2, False),
        (3, True),
        (4, True),
        (5, True),
        (6, True),
    ]


@pytest.mark.parametrize("first", [0, 30])
def test_sender_that_starts_anew_is_understood(first, deliver):
    receiver = make()
    assert [ids(deliver(receiver, i).deliveries) for i in range(first, first + 9)] == [
        [i] for i in range(first, first + 9)
    ]
    assert [ids(deliver(receiver, i, variant=1).deliveries) for i in range(3)] == [[0], [1], [2]]


def test_receiver_that_comes_late_begins_where_the_sender_is(deliver):
    receiver = make(window=8)
    assert ids(deliver(receiver, 200).deliveries) == [200]
    assert ids(deliver(receiver, 201).deliveries) == [201]


def test_outage_is_passed_over(deliver):
    receiver = make(window=4)
    deliver(receiver, 0)
    assert ids(deliver(receiver, 50, 1.0).deliveries) == [50]


def test_a_message_settled_long_after_its_successor_keeps_its_turn(deliver, message, heard):
    """The decoder took longer over the first than the patience: it is delivered, then the second,
    and nothing stops.
    """
    receiver = make(patience_s=5.0)
    deliver(receiver, 0, 0.0)
    receive(receiver, map(heard, message(1)), 1.0)
    assert ids(deliver(receiver, 2, 1.5).deliveries) == []
    receiver.on_decoded(1, "one", True, 9.0)
    assert ids(receiver.poll(9.0).deliveries) == [1, 2]
    assert ids(receiver.poll(20.0).deliveries) == []


def test_what_was_settled_long_ago_does_not_swallow_a_new_message(deliver):
    """The same short text under the same number, two patiences later, is a message of its own."""
    receiver = make(patience_s=5.0)
    assert ids(deliver(receiver, 0, 0.0).deliveries) == [0]
    assert ids(deliver(receiver, 0, 1.0).deliveries) == []
    assert ids(deliver(receiver, 0, 12.0).deliveries) == [0]


def test_a_longer_message_under_a_settled_number_is_not_taken_for_a_copy(deliver, message, heard):
    receiver = make()
    deliver(receiver, 0, 0.0)
    assert receive(receiver, map(heard, message(0, 2)[1:]), 1.0).deliveries == []
    receive(receiver, map(heard, message(0, 2)[:1]), 1.0)
    receiver.on_decoded(0, "longer", True, 1.1)
    assert ids(receiver.poll(1.1).deliveries) == [0]
    assert receiver.counts["duplicates"] == 0
