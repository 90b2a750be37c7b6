# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings that change while a flowgraph runs: the value allowed is taken, another is refused with
one line and changes nothing.
"""

from __future__ import annotations

import time

import numpy as np
import pytest
from gnuradio import blocks, semcom
from gnuradio.semcom import pdu

from semcom_core.phy import PhyConfig, ReceivedFrame, Transmitter
from semcom_core.text import load_codec

MADE = {
    "text_encoder": {"codec": "deflate"},
    "text_decoder": {"codec": "deflate"},
    "link_monitor": {"console": False},
}
MADE |= {"image_encoder": {"codec": "jpeg"}, "image_decoder": {"codec": "jpeg"}}
#: Block: setting, a value that is allowed, and values that are not.
TABLE = [
    ("text_source", "texts", ["a", "b"], [["\ud800"], [5], 5]),
    ("text_source", "text_file", "", ["/no/such/file", "a\0b"]),
    ("text_source", "period_s", 0.5, [-1, float("nan"), "soon"]),
    ("text_source", "repeat", True, []),
    ("text_source", "window", 3, [-1, 256, None]),
    ("text_encoder", "snr_db", 3.0, [float("nan"), 100, "loud"]),
    ("text_encoder", "codec", "deflate", ["morse", None, []]),
    ("text_encoder", "options", {"margin_db": 1.0}, ["margin", 5, [1]]),
    ("text_encoder", "queue_size", 5, [-1, 1 << 30, "many"]),
    ("text_encoder", "timeout_s", 5.0, [0, -1, float("nan")]),
    ("text_encoder", "harq", True, []),
    ("text_encoder", "adapt", True, []),
    ("text_encoder", "margin_db", 2.0, [float("nan"), 1000, "wide"]),
    ("text_decoder", "codec", "deflate", ["morse"]),
    ("text_decoder", "options", {"margin_db": 1.0}, [5]),
    ("text_decoder", "queue_size", 5, [-1]),
    ("text_decoder", "timeout_s", 5.0, [0]),
    ("text_decoder", "fragment_timeout_s", 0.0, [-1, float("inf")]),
    ("text_sink", "console", False, []),
    ("text_sink", "json_lines", True, []),
    ("text_sink", "text_file", "", ["/no/such/folder/file"]),
    ("text_sink", "lines", 3, [0, 1001, "two"]),
    ("burst_transmitter", "phy", {"headroom_db": 9.0}, [{"odd": 1}, {"headroom_db": 99.0}, 5]),
    ("burst_transmitter", "messages_per_burst", 4, [0, 257]),
    ("burst_transmitter", "gap_samples", 0, [-1, 1 << 21]),
    ("burst_transmitter", "zero_fill", True, []),
    ("burst_transmitter", "finite", True, []),
    ("burst_transmitter", "queue_size", 9, [0, None]),
    ("burst_receiver", "phy", {"key": "k"}, [{"odd": 1}, 5]),
    ("image_source", "path", "", ["/no/such/file", "a\0b"]),
    ("image_source", "period_s", 0.5, [-1]),
    ("image_source", "repeat", True, []),
    ("image_source", "window", 3, [-1, 256, None]),
    ("image_encoder", "snr_db", 3.0, [float("nan"), 100, "loud"]),
    ("image_encoder", "codec", "softcast", ["spinal", None, []]),
    ("image_encoder", "options", {"cbr": 0.5}, ["cbr", 5]),
    ("image_encoder", "importance", "sam", ["sun", None, []]),
    ("image_encoder", "queue_size", 5, [-1]),
    ("image_encoder", "timeout_s", 5.0, [0]),
    ("image_decoder", "codec", "softcast", ["spinal"]),
    ("image_decoder", "options", {"cbr": 0.5}, [5]),
    ("image_decoder", "queue_size", 5, [-1]),
    ("image_decoder", "timeout_s", 5.0, [0]),
    ("image_decoder", "fragment_timeout_s", 0.0, [-1, float("inf")]),
    ("image_sink", "console", False, []),
    ("image_sink", "folder", "", ["/proc/no/such", "a\0b"]),
    ("image_sink", "prefix", "got", ["", "a/b", 5]),
    ("image_sink", "json_file", "", ["/no/such/folder/file"]),
    ("link_monitor", "expected", 4, [-1]),
    ("link_monitor", "min_rate", 0.5, [-0.1, 1.1, float("nan")]),
    ("link_monitor", "timeout_s", 9.0, [-1, 0.01, "long"]),
    ("link_monitor", "console", False, []),
    ("link_monitor", "report_file", "", ["/no/such/folder/file"]),
]


@pytest.mark.parametrize(
    ("name", "setting", "good", "bad"), TABLE, ids=[f"{row[0]}.{row[1]}" for row in TABLE]
)
def test_setting(name, setting, good, bad, caplog):
    block = getattr(semcom, name)(**MADE.get(name, {}))
    change = getattr(block, f"set_{setting}")
    change(good)
    assert getattr(block, setting) == good and not caplog.records
    for value in bad:
        caplog.clear()
        change(value)
        assert getattr(block, setting) == good
        (record,) = caplog.records
        line = record.getMessage()
        assert line.startswith(f"{name}: {setting} stays {good!r}: ") and "\n" not in line


def test_every_setter_is_in_the_table():
    ours = {name: getattr(semcom, name) for name, *_ in TABLE}
    bases = [
        (name, base)
        for name, cls in ours.items()
        for base in cls.__mro__
        if base.__module__.startswith("gnuradio.semcom")
    ]
    setters = {
        (name, method[4:]) for name, base in bases for method in vars(base) if method[:4] == "set_"
    }
    assert {(name, setting) for name, setting, *_ in TABLE} == {
        s for s in setters if s[1] != "msg_handler"
    }


def test_other_texts_start_at_the_first(flowgraph, collect):
    source = semcom.text_source(texts=["old"], period_s=30.0, repeat=True)
    out = collect(source, "out")
    flowgraph.start()
    out.wait(1)
    source.set_texts(["new", "newer"])
    source.set_period_s(0.05)
    assert [pdu.read_text(m)[1] for m in out.wait(4)][:4] == ["old", "new", "newer", "new"]


def test_a_list_may_come_later_and_a_full_window_open(flowgraph, collect):
    source = semcom.text_source(window=1)
    out = collect(source, "out")
    flowgraph.start()
    time.sleep(0.1)
    source.set_texts(["a", "b"])
    assert len(out.wait(2, limit_s=0.5)) == 1
    source.set_window(0)
    assert pdu.is_end(out.wait(3)[2])


def test_other_codec_settings_hold_for_the_next_text(flowgraph, collect, post):
    encoder = semcom.text_encoder(codec="deflate", snr_db=10.0)
    out, said = collect(encoder, "out"), collect(encoder, "feedback")
    flowgraph.start()
    post(encoder, "in", pdu.text_pdu("The same text.", message_id=1))
    out.wait(1)
    encoder.set_options({"efficiency": 0.2})
    post(encoder, "in", pdu.text_pdu("The same text.", message_id=2))
    encoder_options = encoder.options
    first, second = (pdu.read_frame(m).header.length for m in out.wait(2))
    assert second > 3 * first and encoder_options == {"efficiency": 0.2}
    encoder.set_options({"no_such_setting": 1})
    post(encoder, "in", pdu.text_pdu("The same text.", message_id=3))
    assert (
        pdu.read_frame(out.wait(3)[2]).header.length == second
    )  # the former settings are in force again
    assert encoder.options == {"efficiency": 0.2} and encoder.worker.options == {"efficiency": 0.2}
    states = [pdu.read_meta(m)["state"] for m in said.wait(0)]
    assert states.count("refused") == 1 and "failed" not in states


def test_a_decoder_whose_new_codec_does_not_load_keeps_the_old_one(flowgraph, collect, post):
    decoder = semcom.text_decoder(codec="deflate")
    out = collect(decoder, "out")
    flowgraph.start()
    decoder.set_options({"no_such_setting": 1})
    (frame,) = load_codec("deflate").encode("Still here.", 10.0)
    received = ReceivedFrame(
        frame.header, frame.symbols, np.full(len(frame.symbols), 0.01, np.float32)
    )
    post(decoder, "in", pdu.frame_pdu(received))
    assert pdu.read_text(out.wait(1)[0])[1] == "Still here."
    assert decoder.options == {}


def test_other_keys_of_the_modem_hold_from_the_next_burst_on(flowgraph, collect, post, make_frame):
    transmitter, receiver = semcom.burst_transmitter(zero_fill=True), semcom.burst_receiver()
    out = collect(receiver, "out")
    flowgraph.connect(transmitter, blocks.throttle(8, 1e6), receiver)
    flowgraph.start()
    post(transmitter, "in", pdu.frame_pdu(make_frame(1)))
    assert len(out.wait(1)) == 1
    transmitter.set_phy({"key": "secret"})
    post(
        transmitter, "in", pdu.frame_pdu(make_frame(2))
    )  # the receiver has another key: nothing comes
    assert len(out.wait(2, limit_s=1.0)) == 1
    receiver.set_phy({"key": "secret"})
    time.sleep(0.5)
    post(transmitter, "in", pdu.frame_pdu(make_frame(3)))
    first, last = (pdu.read_frame(m) for m in out.wait(2))
    assert (first.header.message_id, last.header.message_id) == (1, 3)
    assert last.start_sample > 500_000  # counted from the start of the stream, not from the change


def test_a_burst_cut_by_the_end_of_a_file_is_read_as_far_as_it_goes(
    flowgraph, make_frame, tmp_path
):
    burst = Transmitter(PhyConfig()).burst([make_frame(5, length=600)])
    np.concatenate([np.zeros(500, np.complex64), burst[: len(burst) // 2]]).tofile(tmp_path / "cut")
    receiver = semcom.burst_receiver()
    flowgraph.connect(blocks.file_source(8, str(tmp_path / "cut"), False), receiver)
    flowgraph.start()
    flowgraph.wait()
    assert (receiver.frames, receiver.receiver.stats.truncated) == (1, 1)
