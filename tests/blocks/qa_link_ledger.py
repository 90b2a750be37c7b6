# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ledger of a link: bounded in an endless run, means of what was measured."""

from __future__ import annotations

import pytest
from gnuradio.semcom.monitor.ledger import LinkLedger


def test_does_not_grow_in_an_endless_run():
    def elements(ledger):
        return sum(len(value) for value in vars(ledger).values() if hasattr(value, "__len__"))

    for paired in (True, False):
        ledger = LinkLedger(history=100, paired=paired)
        sizes = []
        for i in range(3000):
            ledger.receive({"message_id": i % 256, "snr_db": float(i), "cfo_hz": -float(i)}, "x")
            ledger.settle(i % 256, "lost")
            sizes.append(elements(ledger))
        assert sizes[-1] == sizes[1500] < 400
        assert ledger.report()["received"] == 3000
        assert (ledger.report()["snr_db"], ledger.report()["cfo_hz"]) == (1499.5, -1499.5)


def test_leaves_out_what_was_not_measured():
    ledger = LinkLedger(paired=False)
    for snr_db in (float("nan"), 4.0, float("inf"), 6.0):
        ledger.receive({"snr_db": snr_db, "cfo_hz": 100.0}, "x")
    assert (ledger.report()["snr_db"], ledger.report()["cfo_hz"]) == (5.0, 100.0)


@pytest.mark.parametrize(
    "numbers, missed",
    [
        ([0, 1, 2, 3], 0),
        ([7, 8, 11, 12], 2),  # the first one may be any
        ([254, 255, 0, 1], 0),
        ([250, 254, 1], 5),  # 251 to 253, 255, 0
        ([3, 6, 4, 7], 1),  # 4 is late
        ([3, 3, 4], 0),
        ([100, 0, 1, 3], 1),  # a sender that began again
        ([200, 2, 3], 57),  # as good as a gap
        ([20, 160, 161, 163], 1),  # too far for one
        ([*range(5), *range(6, 256), *range(7)], 1),  # once round: 5 is another one
        ([1, 130], 0),
        ([1, 129], 127),
    ],
)
def test_messages_left_out_at_a_receiver_are_counted_by_their_numbers(numbers, missed):
    ledger = LinkLedger(paired=False)
    for message_id in numbers:
        ledger.receive({"message_id": message_id}, "x")
    assert ledger.report()["missed"] == missed
    assert (f"missed {missed}" in ledger.line()) == (missed > 0)


def test_messages_reported_lost_are_not_missed():
    ledger = LinkLedger(paired=False)
    for event in (1, 2, "lost 3", 4, 6, "lost 5"):
        if isinstance(event, int):
            ledger.receive({"message_id": event}, "x")
        else:
            ledger.settle(int(event.split()[1]), "lost")
    report = ledger.report()
    assert (report["missed"], report["lost"], report["received"]) == (0, 2, 4)


def test_messages_without_a_number_and_a_link_with_both_ends_miss_nothing():
    for ledger in (LinkLedger(paired=False), LinkLedger(paired=True)):
        for message_id in (1, -1, 2) if not ledger.paired else (1, 9):
            ledger.receive({"message_id": message_id}, "x")
        assert ledger.report()["missed"] == 0
