# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Acknowledger and text decoder with increments."""

from __future__ import annotations

import pytest
from gnuradio import semcom
from gnuradio.semcom import pdu
from gnuradio.semcom import pdu as message_pdu
from gnuradio.semcom.worker import process as codec_pipe

from semcom_core.link import Ack
from tests.blocks import round_program
from tests.blocks.qa_acknowledger import acks, answer, heard
from tests.core.link.round_codec import frame_of, message_of, noisy


@pytest.fixture
def rig(flowgraph, collect, post):
    """rig(settings): an acknowledger that runs, what comes out of its ports, and a way to give it
    messages.
    """

    def make(**settings):
        block = semcom.acknowledger(**settings)
        ports = {port: collect(block, port) for port in ("out", "ack", "text")}
        flowgraph.start()
        return block, ports, lambda port, *messages: [post(block, port, m) for m in messages]

    return make


def test_increments_go_to_the_decoder_with_what_was_there(rig):
    block, ports, give = rig(codec="spinal", ack_delay_s=30.0)
    count = 0
    for attempts in (1, 2, 3):
        give("in", *(heard(frame_of(0, attempts - 1, k, 2)) for k in (0, 1)))
        count += 2 * attempts
        handed = ports["out"].wait(count)[-2 * attempts :]
        headers = [pdu.read_frame(m).header for m in handed]
        assert [(h.round, h.fragment) for h in headers] == [
            (r, k) for r in range(attempts) for k in (0, 1)
        ]
        assert [message_pdu.rounds_of(m) for m in handed] == [attempts] * len(handed)
        assert [pdu.is_last(m) for m in handed] == [False] * (len(handed) - 1) + [True]
        give("decoded", answer(0, "text 0", decoded=attempts == 3))
        expected = Ack(0, done=attempts == 3, again=attempts < 3, attempts=attempts, snr_db=0.0)
        assert acks(ports["ack"].wait(attempts))[-1] == expected
    assert pdu.read_text(ports["text"].wait(1)[0])[0]["attempts"] == 3
    assert (block.other_codec, block.counts["increments"]) == (0, 4)


def test_part_of_an_increment_goes_with_the_key_last(rig):
    _, ports, give = rig()
    give("in", *(heard(frame_of(0, 0, k, 2)) for k in (0, 1)))
    ports["out"].wait(2)
    give("decoded", answer(0, "guess", decoded=False))
    ports["ack"].wait(1)
    give("in", heard(frame_of(0, 1, 1, 2)))
    handed = ports["out"].wait(5)[2:]
    assert [(pdu.read_frame(m).header.round, pdu.is_last(m), message_pdu.rounds_of(m)) for m in handed] == [
        (0, False, 2), (0, False, 2), (1, True, 2),
    ]  # fmt: skip


@pytest.mark.parametrize("count, decoded", [(1, False), (2, False), (3, True), (4, True)])
def test_rounds_are_decoded_together(count, decoded, flowgraph, collect, post, monkeypatch):
    monkeypatch.setattr(codec_pipe, "PROGRAM", round_program.__file__)
    decoder = semcom.text_decoder(codec="spinal")
    out = collect(decoder, "out")
    flowgraph.start()
    sent = [frame_of(8, r, k, 2, params=26) for r in range(count) for k in (0, 1)]  # for 6 dB
    for message in message_pdu.message_pdus(
        noisy(3.0)(sent)
    ):  # 1.7 times as many symbols are needed
        post(decoder, "in", message)
    meta, text = pdu.read_text(out.wait(1)[0])
    assert (meta["message_id"], meta["decoded"], text) == (
        8,
        decoded,
        "text 8" if decoded else "a guess",
    )
    assert (decoder.other_codec, decoder.refused) == (0, 0)


def test_an_incomplete_round_is_decoded_with_the_others(flowgraph, collect, post, monkeypatch):
    monkeypatch.setattr(codec_pipe, "PROGRAM", round_program.__file__)
    decoder = semcom.text_decoder(codec="spinal", fragment_timeout_s=0.2)
    out = collect(decoder, "out")
    flowgraph.start()
    frames = noisy(20.0)(message_of(2, fragments=2, rounds=2))
    for message in message_pdu.message_pdus(
        [frames[0], frames[3]]
    ):  # each fragment of another round, the last with the key
        post(decoder, "in", message)
    for frame in noisy(20.0)(
        message_of(3, fragments=2, rounds=2)[:3]
    ):  # a fragment is missing, and the key
        post(decoder, "in", pdu.frame_pdu(frame, rounds=2))
    found = [(pdu.read_text(m)[1], pdu.read_text(m)[0]["decoded"]) for m in out.wait(2)]
    assert found == [("text 2", True), ("text 3", True)]
