# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures in the books of a link: outcomes, PSNR, bounds, what is said too early."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from gnuradio.semcom import pdu
from gnuradio.semcom.monitor.ledger import (
    MOST_PICTURES,
    LinkLedger,
    Picture,
    judge,
    quality_db,
    read_content,
    write_report,
)
from gnuradio.semcom.pdu import picture_pdu

from semcom_core.metrics.image import MAX_PSNR_DB

SENT = Picture("a.png", np.full((4, 6, 3), 100, np.uint8))
NEAR = Picture("", np.full((4, 6, 3), 110, np.uint8))


def test_content_of_texts_and_pictures():
    assert read_content(pdu.text_pdu("x", message_id=1)) == ({"message_id": 1}, "x")
    meta, content = read_content(picture_pdu(SENT.pixels, message_id=2, name="a.png"))
    assert (meta["message_id"], content.name) == (2, "a.png") and np.array_equal(
        content.pixels, SENT.pixels
    )


@pytest.mark.parametrize(
    ("sent", "received", "decoded", "outcome"),
    [
        ("a", "a", True, "exact"),
        ("a", "b", True, "wrong"),
        ("a", "a", False, "marked"),
        (SENT, NEAR, True, "whole"),
        (SENT, SENT, False, "marked"),
        (SENT, "a", True, "wrong"),
    ],
)
def test_judgement(sent, received, decoded, outcome):
    assert judge(sent, received, decoded) == outcome


def test_psnr():
    assert quality_db(SENT, NEAR) == pytest.approx(20 * math.log10(255 / 10))
    assert quality_db(SENT, SENT) == MAX_PSNR_DB
    other = Picture("", np.zeros((6, 4, 3), np.uint8))
    for pair in [(SENT, other), (SENT, "a"), ("a", "a"), (SENT, Picture("", None)), (None, SENT)]:
        assert quality_db(*pair) is None


def test_pictures_are_counted_and_measured(tmp_path):
    ledger = LinkLedger()
    for number in range(4):
        ledger.send(number, SENT)
    ledger.receive({"message_id": 0, "decoded": True, "snr_db": 10.0, "cfo_hz": 1.0}, NEAR)
    ledger.receive(
        {"message_id": 1, "decoded": False, "reason": "2 of 16 fragments are missing"}, NEAR
    )
    ledger.receive({"message_id": 3, "decoded": True}, SENT)
    report = ledger.report()
    found = {
        name: report[name] for name in ("whole", "marked", "lost", "exact", "wrong", "text_right")
    }
    assert found == {"whole": 2, "marked": 1, "lost": 1, "exact": 0, "wrong": 0, "text_right": 0}
    assert report["psnr_db"] == pytest.approx((2 * 28.13 + MAX_PSNR_DB) / 3, abs=0.01)
    assert ledger.good_share("link", 0) == 0.5
    assert (
        ledger.line()
        == "sent 4, received 3, whole 2, marked 1, lost 1, SNR 10.0 dB, CFO 0.00 kHz, PSNR 52.09 dB"
    )
    assert [m["outcome"] for m in ledger.messages] == ["whole", "marked", "lost", "whole"]
    assert [m["reason"] for m in ledger.messages] == ["", "2 of 16 fragments are missing", "", ""]
    assert {m["sent"] for m in ledger.messages} == {"a.png"}
    write_report(tmp_path / "report.json", {"messages": list(ledger.messages)})
    assert json.loads((tmp_path / "report.json").read_text())["messages"][2]["psnr_db"] is None


def test_kept_pictures_are_bounded():
    ledger = LinkLedger()
    for number in range(MOST_PICTURES + 10):
        ledger.send(number % 256, SENT)
    assert ledger.pending == MOST_PICTURES and ledger.counts["lost"] == 10
    for number in range(50):
        ledger.receive({"message_id": 200 + number}, NEAR)
    assert all(event[3].pixels is None for event in ledger._early)
