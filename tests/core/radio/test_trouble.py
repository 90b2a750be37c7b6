# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What client libraries print: letters for samples lost, sums of them, errors after which a radio
is gone, and words.
"""

from __future__ import annotations

import pytest

from semcom_core.radio.process.child import DriverLog as Trouble


@pytest.mark.parametrize(
    "text, overruns, underruns",
    [
        ("OOO", 3, 0),
        ("UUL", 0, 3),
        ("sOsUsO", 2, 1),
        ("tPtG", 0, 1),
        ("D[INFO] [UHD] linux; GNU C++", 1, 0),
        ("usrp_source :error: In the last 412 ms, 7 overflows occurred.", 7, 0),
        ("In the last 9 ms, 2 underflows occurred.", 0, 2),
        ("Opening the device", 0, 0),
        ("Using Volk machine: avx2", 0, 0),
        ("SUCCESS", 0, 0),
        ("", 0, 0),
    ],
)
def test_counts(text, overruns, underruns):
    trouble = Trouble()
    news = trouble.read(text)
    assert (news["overruns"], news["underruns"]) == (overruns, underruns)
    trouble.read("O\nO")
    assert trouble.counts["overruns"] == overruns + 2


@pytest.mark.parametrize("cut", range(0, 90, 7))
def test_a_piece_may_end_within_a_line(cut):
    sums = (
        "source :error: In the last 100 ms, 3 overflows occurred.\nsink :warning: In the last "
        "9 "
        "ms, 2 underflows occurred.\n"
    )
    text = "OO[INFO] UHD\n" + sums
    trouble = Trouble()
    news = trouble.read(text[:cut]) + trouble.read(text[cut:])
    assert (news["overruns"], news["underruns"]) == (5, 2)
    assert trouble.last.endswith("2 underflows occurred.")


def test_letters_in_the_midst_of_words_and_words_without_an_end():
    trouble = Trouble()
    assert trouble.read("Opening the dev")["overruns"] == 0 and trouble.read("O")["overruns"] == 1
    trouble.read("ice\n")
    assert trouble.last == "Opening the device"
    for part in ("Soapy source error: T", "IMEOUT\n") * 3:
        trouble.read(part)
    assert not trouble.gone
    trouble.read("no such de")
    assert trouble.last == "no such de"


def test_gone_after_several_errors_within_seconds(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("semcom_core.radio.process.child.time.monotonic", lambda: now[0])
    seldom, often = Trouble(), Trouble()
    for _ in range(10):
        seldom.read("source :warning: Soapy source error: STREAM_ERROR\n")
        seldom.read("sink :warning: Soapy sink error: TIMEOUT\n" * 50)
        now[0] += 10.0
    assert not seldom.gone
    for count in range(3):
        assert not often.gone, count
        often.read("USRP Source Block caught rx error: timeout\n")
        now[0] += 1.0
    assert often.gone


def test_last_words_are_one_bounded_line():
    trouble = Trouble()
    assert trouble.last == ""
    trouble.read("first\nRuntimeError: no such device\n\nOOO\n")
    assert trouble.last == "RuntimeError: no such device"
    trouble.read("x" * 100_000)
    assert trouble.last == "x" * 200
