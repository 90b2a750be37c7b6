# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text encoder and decoder: frames as the codec makes them, order, losses, worker processes that
end.
"""

from __future__ import annotations

import os
import signal
import time

import numpy as np
import pmt
import pytest
import yaml
from gnuradio import semcom
from gnuradio.semcom import notices, pdu

from semcom_core.errors import ConfigError
from semcom_core.text import TEXT_CODECS, load_codec


def told(collector, state, count):
    """Notices of one state, as soon as there are `count`; fewer after a time limit."""
    end, found = time.monotonic() + 20, []
    while len(found) < count and time.monotonic() < end:
        time.sleep(0.01)
        found = [n for n in map(notices.read_notice, collector.wait(0)) if n.state == state]
    return found


def test_frames_are_the_codecs(flowgraph, collect, post):
    encoder = semcom.text_encoder(codec="deflate", snr_db=7.0)
    out = collect(encoder, "out")
    flowgraph.start()
    post(encoder, "in", pdu.text_pdu("A sentence.", message_id=9))
    post(encoder, "in", pdu.end_pdu())
    messages = out.wait(2)
    (expected,) = load_codec("deflate").encode("A sentence.", snr_db=7.0, message_id=9)
    frame = pdu.read_frame(messages[0])
    assert frame.header == expected.header
    assert np.array_equal(frame.symbols, expected.symbols)
    assert pdu.is_end(messages[1])
    assert encoder.encoded == 1


def test_snr_is_tunable_and_ids_are_counted(flowgraph, collect, post):
    encoder = semcom.text_encoder(codec="deflate", snr_db=0.0)
    out = collect(encoder, "out")
    flowgraph.start()
    post(encoder, "in", pdu.text_pdu("The same sentence.", message_id=255))
    out.wait(1)
    encoder.set_snr_db(15.0)
    post(encoder, "in", pdu.text_pdu("The same sentence."))
    low, high = (pdu.read_frame(m).header for m in out.wait(2))
    assert (low.message_id, high.message_id) == (255, 0)
    assert high.length < low.length / 2
    encoder.set_snr_db(float("nan"))
    assert encoder.snr_db == 15.0


def test_full_queue_drops_and_says_so(flowgraph, collect, post):
    encoder = semcom.text_encoder(codec="deflate", queue_size=2)
    lost = collect(encoder, "feedback")
    flowgraph.start()
    for i in range(5):  # while the codec loads
        post(encoder, "in", pdu.text_pdu("x", message_id=i))
    found = told(lost, "lost", 3)
    assert [(n.state, n.message_id, n.cause) for n in found] == [
        ("lost", i, "dropped") for i in (2, 3, 4)
    ]
    assert encoder.dropped == 3


def test_end_passes_a_full_queue(flowgraph, collect, post):
    encoder = semcom.text_encoder(codec="deflate", queue_size=1)
    out = collect(encoder, "out")
    flowgraph.start()
    for message in (
        pdu.text_pdu("x", message_id=0),
        pdu.text_pdu("y", message_id=1),
        pdu.end_pdu(),
    ):  # while the codec loads
        post(encoder, "in", message)
    frame, end = out.wait(2)
    assert pdu.read_frame(frame).header.message_id == 0
    assert pdu.is_end(end)
    assert encoder.dropped == 1


def test_process_that_dies_costs_one_message(flowgraph, collect, post):
    encoder = semcom.text_encoder(codec="deflate")
    out, lost = collect(encoder, "out"), collect(encoder, "feedback")
    flowgraph.start()
    post(encoder, "in", pdu.text_pdu("before"))
    assert len(out.wait(1)) == 1
    os.kill(encoder.worker._pipe.process.pid, signal.SIGSTOP)
    post(encoder, "in", pdu.text_pdu("during", message_id=1))
    while len(encoder.worker.jobs):
        time.sleep(0.01)
    os.kill(encoder.worker._pipe.process.pid, signal.SIGKILL)
    assert told(lost, "lost", 1)[0].message_id == 1
    post(encoder, "in", pdu.text_pdu("after", message_id=2))
    assert pdu.read_frame(out.wait(2)[1]).header.message_id == 2
    assert encoder.worker.starts == 2


def test_stop_leaves_no_process(flowgraph, collect, post):
    encoder = semcom.text_encoder(codec="deflate")
    out = collect(encoder, "out")
    flowgraph.start()
    post(encoder, "in", pdu.text_pdu("x"))
    out.wait(1)
    pid = encoder.worker._pipe.process.pid
    begin = time.monotonic()
    flowgraph.stop()
    flowgraph.wait()
    assert time.monotonic() - begin < 5
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_codec_that_does_not_load_fails(flowgraph, collect, post):
    encoder = semcom.text_encoder(codec="deflate", options={"no_such_setting": 1})
    said = collect(encoder, "feedback")
    flowgraph.start()
    post(encoder, "in", pdu.text_pdu("x", message_id=3))
    (failed,), (lost,) = told(said, "failed", 1), told(said, "lost", 1)
    assert "no_such_setting" in failed.reason
    assert (lost.state, lost.message_id) == ("lost", 3)


def test_bad_messages_and_arguments(flowgraph, collect, post):
    encoder = semcom.text_encoder(codec="deflate")
    out = collect(encoder, "out")
    flowgraph.start()
    post(encoder, "in", pmt.from_long(1))
    post(encoder, "in", pdu.text_pdu("good"))
    assert len(out.wait(1)) == 1
    assert encoder.refused == 1
    with pytest.raises(ConfigError, match="spinal"):
        semcom.text_encoder(codec="morse")
    with pytest.raises(ConfigError, match="queue_size"):
        semcom.text_encoder(codec="deflate", queue_size=-1)


@pytest.mark.parametrize("block", ["text_encoder", "text_decoder", "acknowledger"])
def test_catalogue_offers_every_codec(block, repository):
    entry = yaml.safe_load(
        (repository / f"gr-semcom/grc/semcom_{block}.block.yml").read_text(encoding="utf-8")
    )
    (codec,) = [parameter for parameter in entry["parameters"] if parameter["id"] == "codec"]
    assert [name for name in codec["options"] if name] == list(TEXT_CODECS)
    assert len(codec["option_labels"]) == len(codec["options"])
    assert (
        all(f"'{name}'" in entry["asserts"][0] for name in TEXT_CODECS) or block == "acknowledger"
    )
