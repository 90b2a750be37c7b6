# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Image encoder: frames as the codec makes them, order, what is refused, importance, the
catalogue.
"""

from __future__ import annotations

import numpy as np
import pmt
import pytest
import yaml
from gnuradio import semcom
from gnuradio.semcom import notices, pdu
from gnuradio.semcom.pdu import picture_pdu

from semcom_core.errors import ConfigError
from semcom_core.image import IMAGE_CODECS, load_image_codec
from tests.blocks.pictures import OPTIONS, picture


def lost(collector, count):
    """The notices of losses, as soon as there are notices enough."""
    return [n for n in map(notices.read_notice, collector.wait(count)) if n.state == "lost"]


def test_frames_are_the_codecs_and_the_end_comes_last(flowgraph, collect, post):
    encoder = semcom.image_encoder(codec="jpeg", snr_db=7.0, options=OPTIONS)
    out, said = collect(encoder, "out"), collect(encoder, "feedback")
    flowgraph.start()
    tiny = np.zeros((1, 1, 3), np.uint8)
    for message in (
        picture_pdu(picture(), message_id=255),
        picture_pdu(tiny),
        pmt.from_long(1),
        pdu.end_pdu(),
    ):
        post(encoder, "in", message)
    expected = load_image_codec("jpeg", **OPTIONS).encode(picture(), 7.0, 255)
    messages = out.wait(len(expected) + 1, 60)
    frames = [pdu.read_frame(m) for m in messages[:-1]]
    assert [f.header for f in frames] == [f.header for f in expected]
    assert all(np.array_equal(a.symbols, b.symbols) for a, b in zip(frames, expected, strict=True))
    assert [pdu.is_last(m) for m in messages[:-1]] == [False] * (len(frames) - 1) + [True]
    assert pdu.is_end(messages[-1]) and (encoder.encoded, encoder.refused, encoder.lost) == (
        1,
        1,
        1,
    )
    (gone,) = lost(
        said, 4
    )  # loading, ready, refused, and the picture of one pixel, which has no room for a file
    assert gone.message_id == 0 and "cbr" in gone.reason


def test_full_queue_drops_and_says_so(flowgraph, collect, post):
    encoder = semcom.image_encoder(codec="jpeg", options=OPTIONS, queue_size=1)
    said = collect(encoder, "feedback")
    flowgraph.start()
    for number in range(3):  # while the codec loads
        post(encoder, "in", picture_pdu(picture(), message_id=number))
    assert [(n.message_id, n.cause) for n in lost(said, 3)] == [(1, "dropped"), (2, "dropped")]
    assert encoder.dropped == 2


def test_bad_arguments():
    for settings in (
        {"codec": "spinal"},
        {"importance": "odd"},
        {"snr_db": 99},
        {"queue_size": -1},
        {"options": 5},
    ):
        with pytest.raises(ConfigError):
            semcom.image_encoder(**{"codec": "jpeg", **settings})


@pytest.mark.parametrize("block", ["image_encoder", "image_decoder"])
def test_catalogue_offers_every_codec(block, repository):
    entry = yaml.safe_load(
        (repository / f"gr-semcom/grc/semcom_{block}.block.yml").read_text(encoding="utf-8")
    )
    (codec,) = [parameter for parameter in entry["parameters"] if parameter["id"] == "codec"]
    assert codec["options"] == list(IMAGE_CODECS)
    assert len(codec["option_labels"]) == len(codec["options"])
    assert all(f"'{name}'" in entry["asserts"][0] for name in IMAGE_CODECS)
