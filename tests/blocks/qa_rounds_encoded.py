# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text encoder with increments and with a rate that follows the measured SNR."""

from __future__ import annotations

import time

import numpy as np
import pmt
import pytest
from gnuradio import semcom
from gnuradio.semcom import pdu
from gnuradio.semcom import pdu as message_pdu
from gnuradio.semcom.worker import process as codec_pipe

from semcom_core.errors import ConfigError
from tests.blocks import round_program
from tests.core.link.round_codec import LEAST_DB, message_of


@pytest.fixture
def round_encoder(flowgraph, collect, post, monkeypatch):
    """round_encoder(settings): an encoder whose codec has increments, what it sends, and a way to
    give it messages.
    """

    def make(**settings):
        monkeypatch.setattr(codec_pipe, "PROGRAM", round_program.__file__)
        encoder = semcom.text_encoder(codec="spinal", **settings)
        out = collect(encoder, "out")
        flowgraph.start()

        return encoder, out, lambda port, *messages: [post(encoder, port, m) for m in messages]

    return make


def test_increments_follow_the_first_round(round_encoder):
    encoder, out, give = round_encoder(snr_db=6.0, options={"fragments": 2}, harq=True)
    give("in", pdu.text_pdu("text 5", message_id=5), pdu.end_pdu())
    frames = [(pdu.read_frame(m).header, pdu.is_last(m)) for m in out.wait(8)[:8]]
    expected = [(codec, k, 26, (codec, k) == (19, 1)) for codec in (1, 17, 18, 19) for k in (0, 1)]
    assert [(h.codec, h.fragment, h.params, last) for h, last in frames] == expected
    encoder.set_harq(False)
    give("in", pdu.text_pdu("text 6", message_id=6))
    end, *frames = out.wait(11)[8:]
    assert pdu.is_end(end)
    assert [pdu.read_frame(m).header.codec for m in frames] == [1, 1]


def test_increments_are_the_codecs_and_say_of_how_many_rounds(round_encoder):
    _, out, give = round_encoder(snr_db=-11.0, harq=True)  # params 9, as message_of has them
    give("in", pdu.text_pdu("text 3", message_id=3))
    messages = out.wait(4)
    assert [message_pdu.rounds_of(m) for m in messages] == [4] * 4
    for message, frame in zip(messages, message_of(3), strict=True):
        assert pdu.read_frame(message).header == frame.header
        assert np.array_equal(pdu.read_frame(message).symbols, frame.symbols)


def test_codec_without_increments_sends_its_one_round(flowgraph, collect, post):
    encoder = semcom.text_encoder(codec="deflate", snr_db=7.0, harq=True)
    out = collect(encoder, "out")
    flowgraph.start()
    post(encoder, "in", pdu.text_pdu("A sentence.", message_id=9))
    post(encoder, "in", pdu.end_pdu())
    message, end = out.wait(2)
    assert pdu.read_frame(message).header.codec == 2 and message_pdu.rounds_of(message) == 1
    assert pdu.is_end(end)


def test_rate_follows_the_measured_snr(round_encoder):
    encoder, out, give = round_encoder(snr_db=6.0, adapt=True, margin_db=2.0)

    def rate(count, *measured):
        give("snr", *(message_pdu.snr_pdu(snr_db, 0) for snr_db in measured))
        before = encoder.design_db
        while measured and encoder.design_db == before:
            time.sleep(0.01)
        give("in", pdu.text_pdu("text 0", message_id=0))
        return pdu.read_frame(out.wait(count)[-1]).header.params - LEAST_DB

    assert rate(1) == 6, "nothing is measured"
    assert rate(2, 12.0) == 10
    assert rate(3, 4.0) == 8, "a quarter of the way"
    give("snr", pdu.text_pdu("no SNR"), pmt.from_long(1), pdu.text_pdu("x", snr_db=float("nan")))
    while encoder.refused < 2:
        time.sleep(0.01)
    encoder.set_margin_db(-3.0)
    assert (rate(4), encoder.design_db) == (13, 13.0)
    encoder.set_adapt(False)
    assert rate(5) == 6


def test_harq_settings_are_tunable_and_checked(caplog):
    encoder = semcom.text_encoder(codec="deflate")
    assert (encoder.harq, encoder.adapt, encoder.margin_db) == (False, False, 0.0)
    encoder.set_harq(True), encoder.set_adapt(True), encoder.set_margin_db(4.0)
    encoder.set_margin_db(99.0)
    assert (encoder.harq, encoder.adapt, encoder.margin_db) == (True, True, 4.0)
    assert "margin_db stays 4.0: margin_db is 99.0; allowed is -30.0 to 30.0" in caplog.text
    with pytest.raises(ConfigError, match="margin_db"):
        semcom.text_encoder(codec="deflate", margin_db=-31)
