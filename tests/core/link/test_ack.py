# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Acknowledgements: every value survives the header, and nothing else is taken for one."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from semcom_core.errors import ConfigError, FrameError
from semcom_core.link.ack import ACK, POLL, Ack, control_frame, is_control, poll_header
from semcom_core.phy import FrameHeader, Receiver, Transmitter, header
from semcom_core.text import TEXT_CODECS


def test_every_bitmap_and_flag_survives_the_header():
    for bitmap, done, again in itertools.product(range(65536), (False, True), (False, True)):
        ack = Ack(7, bitmap, done, again)
        assert Ack.from_header(ack.to_header()) == ack


def test_every_message_number_survives_the_bits_on_air():
    for message_id in range(256):
        ack = Ack(message_id, 0xA5C3 ^ message_id, again=bool(message_id % 2))
        assert Ack.from_header(header.unpack(header.pack(ack.to_header()))) == ack


def test_control_frames_cross_the_modem():
    headers = [Ack(255, 65535, True, True).to_header(), Ack(0).to_header(), poll_header(9)]
    samples = np.concatenate([Transmitter().burst([control_frame(h)]) for h in headers])
    receiver = Receiver()
    assert [f.header for f in [*receiver.push(samples), *receiver.flush()]] == headers


def test_lacking_fragments():
    assert Ack(0, 0b1011).lacking(range(4)) == {2}
    assert Ack(0, 65535).lacking(range(16)) == set()
    assert Ack(0).lacking({3, 5}) == {3, 5}


def test_control_numbers_are_no_codecs():
    assert not {ACK, POLL} & {number for number, _ in TEXT_CODECS.values()}
    assert [is_control(FrameHeader(number)) for number in (1, 2, POLL, ACK)] == [False, False, True, True]


@pytest.mark.parametrize("settings", [{"message_id": 256}, {"message_id": -1}, {"message_id": 0, "bitmap": 65536}])
def test_values_out_of_range(settings):
    with pytest.raises(ConfigError, match="allowed is 0 to"):
        Ack(**settings)


@pytest.mark.parametrize("other", [FrameHeader(2, 3, 0, 15), FrameHeader(ACK, 3, 0, 14), FrameHeader(ACK, 3, 0, 15, 1), poll_header(3)])
def test_other_headers_are_refused(other):
    with pytest.raises(FrameError, match="acknowledgement"):
        Ack.from_header(other)
