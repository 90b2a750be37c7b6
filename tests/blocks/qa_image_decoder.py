# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Image decoder: pictures back, fragments in any order, missing and late ones, marks, other codecs,
bad input.
"""

from __future__ import annotations

import numpy as np
import pytest
from gnuradio import semcom
from gnuradio.semcom import pdu
from gnuradio.semcom.pdu import read_picture_pdu

from semcom_core.errors import ConfigError
from semcom_core.frame import ReceivedFrame
from semcom_core.image import load_image_codec
from semcom_core.image.hybrid.layout import PROFILES
from tests.blocks.pictures import OPTIONS, picture, received


def start(flowgraph, collect, **settings):
    decoder = semcom.image_decoder(codec="jpeg", options=OPTIONS, **settings)
    out = collect(decoder, "out")
    flowgraph.start()
    return decoder, out


def test_pictures_come_back_whatever_the_order(flowgraph, collect, post, make_frame):
    decoder, out = start(flowgraph, collect)
    first, second = received(picture(1), 7), received(picture(2), 8)
    other = make_frame(codec=11, fragments=2)
    strays = [
        pdu.frame_pdu(ReceivedFrame(other.header, other.symbols, np.ones(60, np.float32))),
        pdu.frame_pdu(make_frame(codec=12)),
    ]
    strays.append(pdu.text_pdu("no frame"))
    for message in [
        *strays,
        *map(pdu.frame_pdu, [*first[::2], *second[::-1], *first[1::2], first[3]]),
    ]:
        post(decoder, "in", message)
    found = [read_picture_pdu(m) for m in out.wait(2, 60)]
    assert [
        (meta["message_id"], meta["decoded"], meta["missing"], meta["fragments"])
        for meta, _ in found
    ] == [(7, True, 0, 16), (8, True, 0, 16)]
    assert (found[0][0]["snr_db"], found[0][0]["cfo_hz"]) == (13.0, 50.0)
    expected = load_image_codec("jpeg", **OPTIONS).decode(second).pixels
    assert np.array_equal(found[1][1], expected)
    assert (decoder.other_codec, decoder.refused, decoder.decoded, decoder.late) == (1, 2, 2, 1)


def test_missing_fragments_are_waited_for_and_the_picture_is_marked(flowgraph, collect, post):
    decoder, out = start(flowgraph, collect, fragment_timeout_s=0.3)
    lacking, whole = received(picture(1), 1), received(picture(2), 2)
    for frame in [*lacking[:5], *lacking[11:], *whole]:
        post(decoder, "in", pdu.frame_pdu(frame))
    (first, pixels), (second, _) = (read_picture_pdu(m) for m in out.wait(2, 60))
    assert (first["message_id"], first["decoded"], first["missing"]) == (1, False, 6)
    assert first["reason"] and pixels.shape == picture().shape
    assert (second["message_id"], second["decoded"]) == (2, True)
    assert (decoder.decoded, decoder.marked) == (1, 1)


def test_bad_arguments():
    for settings in (
        {"codec": "deflate"},
        {"fragment_timeout_s": -1},
        {"timeout_s": 0},
        {"options": "cbr"},
    ):
        with pytest.raises(ConfigError):
            semcom.image_decoder(**{"codec": "jpeg", **settings})


def test_both_profiles_of_the_hybrid_codec_are_taken(flowgraph, collect, post):
    assert set(semcom.image_decoder(codec="hybrid").numbers) == set(PROFILES.values())
    decoder = semcom.image_decoder(codec="hybrid")
    out = collect(decoder, "out")
    flowgraph.start()
    for number, profile in enumerate(PROFILES):
        for frame in load_image_codec("hybrid", profile=profile, speed=10).encode(
            picture(height=192, width=192), 10.0, number
        ):
            heard = ReceivedFrame(
                frame.header, frame.symbols, np.full(len(frame.symbols), 0.01, np.float32)
            )
            post(decoder, "in", pdu.frame_pdu(heard))
    assert [read_picture_pdu(m)[0]["decoded"] for m in out.wait(2, 60)] == [True, True]
    assert decoder.other_codec == 0
