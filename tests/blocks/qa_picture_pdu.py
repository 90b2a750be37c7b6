# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Picture PDUs: pixels and metadata both ways, and what is no picture."""

from __future__ import annotations

import numpy as np
import pmt
import pytest
from gnuradio.semcom import pdu
from gnuradio.semcom.pdu import (
    bytes_vector,
    is_picture,
    picture_pdu,
    read_picture_pdu,
    vector_bytes,
)

from semcom_core.errors import FrameError


@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 5, 3), (200, 301, 3)])
def test_pixels_and_metadata_come_back(shape):
    pixels = np.random.default_rng(1).integers(256, size=shape, dtype=np.uint8)
    message = picture_pdu(pixels, message_id=7, name="a.png", decoded=False, missing=2)
    meta, found = read_picture_pdu(message)
    assert np.array_equal(found, pixels)
    assert meta == {"message_id": 7, "name": "a.png", "decoded": False, "missing": 2}
    assert is_picture(message) and not is_picture(pdu.text_pdu("x")) and not is_picture(pmt.PMT_NIL)


def test_the_payload_is_an_ordinary_vector():
    pixels = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    message = picture_pdu(pixels[::-1])
    assert list(pmt.u8vector_elements(pmt.cdr(message))) == [6, 7, 8, 9, 10, 11, 0, 1, 2, 3, 4, 5]
    by_hand = pdu.make_pdu({"height": 2, "width": 2}, pixels.ravel())
    assert np.array_equal(read_picture_pdu(by_hand)[1], pixels)
    assert vector_bytes(bytes_vector(b"abc")) == b"abc"


@pytest.mark.parametrize(
    ("meta", "size", "words"),
    [
        ({"height": 2}, 12, "height and width are needed"),
        ({"height": 2, "width": 3}, 12, "12 bytes; 3x2 pixels"),
        ({"height": -2, "width": -2}, 12, "12 bytes; -2x-2 pixels"),
        ({"height": 0, "width": 0}, 0, "0 bytes; 0x0 pixels"),
        ({"height": 1, "width": 20000}, 60000, "allowed is 1 to 16383 a side"),
        ({"height": 2.0, "width": 2}, 12, "height is '2'; allowed is a whole number"),
    ],
)
def test_what_is_no_picture_is_refused(meta, size, words):
    with pytest.raises(FrameError, match=words):
        read_picture_pdu(pdu.make_pdu(meta, np.zeros(size, np.uint8)))


def test_other_payloads_and_pixels_are_refused():
    message = pmt.cons(
        pmt.car(pdu.make_pdu({"height": 1, "width": 1}, np.zeros(0, np.uint8))),
        pmt.init_f32vector(3, [0.0] * 3),
    )
    with pytest.raises(FrameError, match="a u8vector is needed"):
        read_picture_pdu(message)
    with pytest.raises(FrameError, match="allowed is uint8"):
        picture_pdu(np.zeros((4, 4), np.uint8))
