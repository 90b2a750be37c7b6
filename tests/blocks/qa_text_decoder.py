# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text decoder: texts back, marks, fragments, other codecs, bad input."""

from __future__ import annotations

import numpy as np
import pytest
from gnuradio import semcom
from gnuradio.semcom import notices, pdu

from semcom_core.channel import parse_channel
from semcom_core.phy import ReceivedFrame
from semcom_core.text import load_codec

LONG = " ".join(f"Sentence number {i} of {7919 * i % 10007}." for i in range(600))


def received(text, message_id=0, snr_db=12.0, channel="awgn:15"):
    """Frames of a text as a receiver would hand them on."""
    rng = np.random.default_rng(message_id)
    for frame in load_codec("deflate").encode(text, snr_db=snr_db, message_id=message_id):
        symbols, noise_var = parse_channel(channel).through_symbols(frame.symbols, rng)
        noise_var = np.broadcast_to(noise_var, symbols.shape).astype(np.float32)
        yield pdu.frame_pdu(
            ReceivedFrame(frame.header, symbols, noise_var, snr_db=15.0, cfo_hz=100.0)
        )


def start(flowgraph, collect, **settings):
    decoder = semcom.text_decoder(codec="deflate", **settings)
    out = collect(decoder, "out")
    flowgraph.start()
    return decoder, out


def test_text_comes_back(flowgraph, collect, post):
    decoder, out = start(flowgraph, collect)
    for frame in received("Grüße aus dem Kanal.", 77):
        post(decoder, "in", frame)
    meta, text = pdu.read_text(out.wait(1)[0])
    assert text == "Grüße aus dem Kanal."
    assert (meta["message_id"], meta["decoded"], meta["snr_db"], meta["cfo_hz"]) == (
        77,
        True,
        15.0,
        100.0,
    )
    assert meta["uses"] == sum(
        len(frame.symbols) for frame in map(pdu.read_frame, received("Grüße aus dem Kanal.", 77))
    )
    assert decoder.decoded == 1


def test_the_end_is_handed_on_after_all_messages(flowgraph, collect, post):
    decoder, out = start(flowgraph, collect, fragment_timeout_s=0)
    for frame in [*received("A whole one.", 1), pdu.end_pdu()]:
        post(decoder, "in", frame)
    whole, end = out.wait(2)
    assert pdu.read_text(whole)[1] == "A whole one." and pdu.is_end(end)


def test_hopeless_text_is_marked(flowgraph, collect, post):
    decoder, out = start(flowgraph, collect)
    for frame in received("This will not survive.", 5, channel="awgn:-10"):
        post(decoder, "in", frame)
    meta, _ = pdu.read_text(out.wait(1)[0])
    assert meta["decoded"] is False
    assert meta["message_id"] == 5
    assert decoder.marked == 1


def test_fragments_in_any_order(flowgraph, collect, post):
    decoder, out = start(flowgraph, collect)
    frames = list(received(LONG, 1))
    assert len(frames) > 1
    for frame in reversed(frames):
        post(decoder, "in", frame)
    assert pdu.read_text(out.wait(1)[0])[1] == LONG


def test_missing_fragment_does_not_hold_up_the_next(flowgraph, collect, post):
    decoder, out = start(flowgraph, collect, fragment_timeout_s=0.0)
    for frame in [*list(received(LONG, 1))[:-1], *received("Next.", 2)]:
        post(decoder, "in", frame)
    (first, _), (second, text) = (pdu.read_text(m) for m in out.wait(2))
    assert (first["message_id"], first["decoded"]) == (1, False)
    assert (second["message_id"], second["decoded"], text) == (2, True, "Next.")


def test_missing_fragment_times_out(flowgraph, collect, post):
    decoder, out = start(flowgraph, collect, fragment_timeout_s=0.2)
    for frame in list(received(LONG, 1))[:-1]:
        post(decoder, "in", frame)
    assert pdu.read_text(out.wait(1)[0])[0]["decoded"] is False


def test_full_queue_drops_and_says_so(flowgraph, collect, post):
    decoder = semcom.text_decoder(codec="deflate", queue_size=1)
    lost = collect(decoder, "feedback")
    frames = [frame for i in range(3) for frame in received("x", i)]
    flowgraph.start()
    for frame in frames:  # while the codec loads
        post(decoder, "in", frame)
    found = [n for n in map(notices.read_notice, lost.wait(3)) if n.state == "lost"]
    assert [(n.message_id, n.cause) for n in found] == [(1, "dropped"), (2, "dropped")]
    assert decoder.dropped == 2


def test_other_codecs_and_bad_messages_are_dropped(flowgraph, collect, post, make_frame):
    decoder, out = start(flowgraph, collect)
    other = make_frame(codec=3)
    post(
        decoder,
        "in",
        pdu.frame_pdu(ReceivedFrame(other.header, other.symbols, np.ones(60, np.float32))),
    )
    post(decoder, "in", pdu.frame_pdu(make_frame(codec=2)))  # as sent: no noise variance
    post(decoder, "in", pdu.text_pdu("no frame"))
    for frame in received("Good.", 3):
        post(decoder, "in", frame)
    assert pdu.read_text(out.wait(1)[0])[1] == "Good."
    assert (decoder.other_codec, decoder.refused) == (1, 2)


def test_another_text_codec_at_the_far_end_is_told_once(
    flowgraph, collect, post, make_frame, caplog
):
    decoder, out = start(flowgraph, collect)
    for codec in (3, 3, 24, 9, 30):  # 9 is of a picture, 30 an acknowledgement
        other = make_frame(codec=codec)
        variances = np.ones(60, np.float32)
        post(decoder, "in", pdu.frame_pdu(ReceivedFrame(other.header, other.symbols, variances)))
    for frame in received("Good.", 3):
        post(decoder, "in", frame)
    out.wait(1)
    assert decoder.other_codec == 5
    assert [r.getMessage() for r in caplog.records if "number" in r.getMessage()] == [
        f"text_decoder: frames of codec number {number} are left aside; this end has deflate"
        for number in (3, 24)
    ]


def test_erased_symbols_are_no_obstacle(flowgraph, collect, post):
    decoder, out = start(flowgraph, collect)
    (frame,) = (
        pdu.read_frame(m)
        for m in received("Some symbols are gone.", 4, snr_db=3.0, channel="awgn:12")
    )
    symbols, noise_var = frame.symbols.copy(), frame.noise_var.copy()
    symbols[::10], noise_var[::10] = 0, np.inf
    post(decoder, "in", pdu.frame_pdu(ReceivedFrame(frame.header, symbols, noise_var)))
    assert pdu.read_text(out.wait(1)[0])[1] == "Some symbols are gone."


def test_bad_arguments():
    with pytest.raises(ValueError, match="deflate"):
        semcom.text_decoder(codec="morse")
