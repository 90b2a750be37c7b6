# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ledger of a link: bounded in an endless run, means of what was measured."""

from __future__ import annotations

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
