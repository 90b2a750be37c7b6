# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Acknowledgements: every value survives the header, and nothing else is taken for one."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from semcom_core.errors import ConfigError, FrameError
from semcom_core.link.ack import ACK, POLL, Ack, control_frame, is_control, poll_header
from semcom_core.phy import FrameHeader, Receiver, Transmitter, header
from semcom_core.text import TEXT_CODECS


def test_every_bitmap_survives_the_header():
    for bitmap in range(65536):
        ack = Ack(7, bitmap)
        assert Ack.from_header(ack.to_header()) == ack


@pytest.mark.parametrize("done, again", [(True, False), (False, True), (True, True)])
def test_every_count_and_snr_survives_the_header(done, again):
    levels = [None, *np.arange(-20, 43.75, 0.25)]
    assert len(levels) == 256
    for attempts, snr_db in itertools.product(range(256), levels):
        ack = Ack(7, 0, done, again, attempts, snr_db)
        assert Ack.from_header(ack.to_header()) == ack


@pytest.mark.parametrize(
    "snr_db, travels_as",
    [(6.3, 6.25), (-99.0, -20.0), (99.0, 43.5), (math.inf, 43.5), (math.nan, None)],
)
def test_snr_travels_in_steps(snr_db, travels_as):
    assert Ack.from_header(Ack(0, done=True, snr_db=snr_db).to_header()).snr_db == travels_as


def test_every_message_number_survives_the_bits_on_air():
    for message_id in range(256):
        ack = (
            Ack(message_id, 0xA5C3 ^ message_id)
            if message_id % 2
            else Ack(message_id, again=True, attempts=message_id, snr_db=5.25)
        )
        assert Ack.from_header(header.unpack(header.pack(ack.to_header()))) == ack


def test_control_frames_cross_the_modem():
    headers = [Ack(255, 0, True, True, 255, 43.5).to_header(), Ack(0).to_header(), poll_header(9)]
    samples = np.concatenate([Transmitter().burst([control_frame(h)]) for h in headers])
    receiver = Receiver()
    assert [f.header for f in [*receiver.push(samples), *receiver.flush()]] == headers


def test_lacking_fragments():
    assert Ack(0, 0b1011).lacking(range(4)) == {2}
    assert Ack(0, 65535).lacking(range(16)) == set()
    assert Ack(0).lacking({3, 5}) == {3, 5}
    assert Ack(0, again=True).lacking(range(4)) == Ack(0, done=True).lacking(range(4)) == set()


def test_control_numbers_are_no_codecs():
    assert not {ACK, POLL} & {number for number, _ in TEXT_CODECS.values()}
    assert [is_control(FrameHeader(number)) for number in (1, 2, POLL, ACK)] == [
        False,
        False,
        True,
        True,
    ]


@pytest.mark.parametrize("settings, name", [
    ({"message_id": 256}, "message_id"), ({"message_id": -1}, "message_id"), ({"bitmap": 65536}, "bitmap"),
    ({"bitmap": 1, "done": True}, "bitmap"), ({"bitmap": 1, "again": True}, "bitmap"), ({"attempts": 256, "done": True}, "attempts"),
    ({"attempts": 1}, "attempts"), ({"snr_db": 3.0}, "snr_db"),
])  # fmt: skip
def test_values_out_of_range(settings, name):
    with pytest.raises(ConfigError, match=f"^{name} is .*; allowed is"):
        Ack(**{"message_id": 0, **settings})


@pytest.mark.parametrize(
    "other",
    [
        FrameHeader(2, 3, 0, 15),
        FrameHeader(ACK, 3, 0, 14),
        FrameHeader(ACK, 3, 0, 15, 1),
        poll_header(3),
    ],
)
def test_other_headers_are_refused(other):
    with pytest.raises(FrameError, match="acknowledgement"):
        Ack.from_header(other)
