# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guards: what is no message is counted and seldom logged; what nobody expected fails; settings are
refused or raised.
"""

from __future__ import annotations

import logging

import numpy as np
import pmt
import pytest
from gnuradio import gr
from gnuradio.semcom import notices, pdu
from gnuradio.semcom.guard import WORK_DONE, guarded_handler, guarded_work, tunable

from semcom_core.errors import FrameError, check_range


class guarded(gr.sync_block):
    """A block in which everything goes wrong that is told to."""

    def __init__(self, level=1):
        gr.sync_block.__init__(self, "guarded", [np.complex64], None)
        self.refused, self.defects = 0, []
        self.set_level(level)
        self.message_port_register_out(notices.FEEDBACK)

    @tunable
    def set_level(self, level):
        check_range("level", level, 0, 9)
        self.level = int(level)

    @guarded_handler
    def handle(self, message):
        raise message

    @guarded_work
    def work(self, input_items, output_items):
        return 1 // 0

    def on_defect(self, reason):
        self.defects.append(reason)


def test_refusals_are_counted_and_logged_at_powers_of_two(caplog):
    block = guarded()
    for _ in range(100):
        block.handle(FrameError("it is odd"))
    assert block.refused == 100 and not block.defects
    assert [record.getMessage().split()[3] for record in caplog.records] == [
        "1",
        "2",
        "4",
        "8",
        "16",
        "32",
        "64",
    ]
    assert all(record.levelno == logging.WARNING for record in caplog.records)


def test_defects_are_told_with_a_traceback(caplog):
    block = guarded()
    block.handle(KeyError("k"))
    assert block.work([], []) == WORK_DONE
    assert block.defects == [
        "KeyError: 'k'",
        "ZeroDivisionError: integer division or modulo by zero",
    ]
    assert [bool(record.exc_info) for record in caplog.records] == [True, True]


def test_settings_are_raised_in_the_constructor_and_refused_later(caplog):
    with pytest.raises(ValueError, match="level is 10; allowed is 0 to 9"):
        guarded(10)
    with pytest.raises(ValueError, match="level is 'high'; allowed is 0 to 9"):
        guarded("high")
    block = guarded(3)
    for value in (10, "high", None):
        block.set_level(value)
    block.set_level(4)
    assert block.level == 4 and len(caplog.records) == 3
    assert (
        caplog.records[0].getMessage() == "guarded: level stays 3: level is 10; allowed is 0 to 9"
    )


def test_a_block_without_the_port_says_nothing():
    silent = gr.basic_block("silent", None, None)
    assert not notices.has_port(silent, notices.FEEDBACK)
    notices.notify(silent, "failed", reason="nobody hears")
    assert notices.has_port(guarded(), notices.FEEDBACK)


def test_causes_are_checked():
    with pytest.raises(FrameError, match="cause 'odd'; allowed is one of '', 'dropped'"):
        notices.read_notice(pdu.make_pdu({"state": "lost", "cause": "odd"}, np.zeros(0, np.uint8)))


def test_metadata_of_another_kind_is_refused_and_foreign_entries_are_left_out():
    meta = pmt.dict_add(pmt.make_dict(), pmt.intern("message_id"), pmt.from_long(3))
    foreign = pmt.dict_add(
        pmt.dict_add(meta, pmt.from_long(1), pmt.from_long(2)),
        pmt.intern("freq"),
        pmt.cons(pmt.PMT_T, pmt.PMT_NIL),
    )
    assert pdu.read_meta(pmt.cons(foreign, pmt.PMT_NIL)) == {"message_id": 3}
    for key, value in (
        ("message_id", pmt.intern("3")),
        ("message_id", pmt.from_long(256)),
        ("decoded", pmt.from_long(1)),
    ):
        with pytest.raises(FrameError, match=f"{key} is .*; allowed is"):
            pdu.read_meta(pmt.cons(pmt.dict_add(meta, pmt.intern(key), value), pmt.PMT_NIL))


def test_received_symbols_that_are_no_numbers_are_refused(make_frame):
    from semcom_core.phy import ReceivedFrame

    frame = make_frame(length=3)
    for noise_var in ([0.1, -1.0, 0.1], [0.1, np.nan, 0.1]):
        message = pdu.frame_pdu(
            ReceivedFrame(frame.header, frame.symbols, np.array(noise_var, np.float32))
        )
        with pytest.raises(FrameError, match="negative or NaN"):
            pdu.read_frame(message)
