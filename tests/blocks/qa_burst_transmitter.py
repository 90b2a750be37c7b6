# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Burst transmitter: samples, tags, gaps, shared bursts, zero fill, end of stream, bad input."""

from __future__ import annotations

import time

import numpy as np
import pmt
import pytest
from gnuradio import blocks, gr, semcom
from gnuradio import pdu as gr_pdu
from gnuradio.semcom import notices, pdu

from semcom_core.errors import ConfigError
from semcom_core.phy import Layout, PhyConfig, Transmitter


def send(flowgraph, collect, post, frames, end=True, **settings):
    """Run a finite transmitter over some frames; returns it, its samples, its tags and its
    notices.
    """
    transmitter = semcom.burst_transmitter(finite=True, **settings)
    sink, said = blocks.vector_sink_c(), collect(transmitter, "feedback")
    flowgraph.connect(transmitter, sink)
    for message in [*map(pdu.frame_pdu, frames), *([pdu.end_pdu()] if end else [])]:
        transmitter.handle_frame(message)
    flowgraph.start()
    said.wait(len({f.header.message_id for f in frames}))
    return transmitter, sink, said


def samples_of(sink, count):
    """What the sink has got, once it is `count` samples; the notice of the last burst comes before
    its last samples.
    """
    end = time.monotonic() + 15
    while sink.nitems_read(0) < count and time.monotonic() < end:
        time.sleep(0.01)
    return np.array(sink.data(), np.complex64)


def test_bursts_tags_and_notices(flowgraph, collect, post, make_frame):
    frames = [make_frame(i, length=50 + i) for i in range(3)]
    transmitter, sink, said = send(flowgraph, collect, post, frames, gap_samples=100)
    bursts = [Transmitter().burst([f]) for f in frames]
    gap = np.zeros(100, np.complex64)
    expected = np.concatenate([gap, bursts[0], gap, bursts[1], gap, bursts[2], gap])
    assert np.array_equal(samples_of(sink, len(expected)), expected)
    tags = [(t.offset, pmt.symbol_to_string(t.key), pmt.to_long(t.value)) for t in sink.tags()]
    first, second, third = (len(b) + 100 for b in bursts)
    starts, lengths = (0, first + 100, first + second + 100), (first + 100, second, third)
    assert tags == [
        (start, "packet_len", length) for start, length in zip(starts, lengths, strict=True)
    ]
    found = [notices.read_notice(m) for m in said.wait(3)]
    assert [(n.state, n.message_id) for n in found] == [("transmitted", i) for i in range(3)]


@pytest.mark.parametrize(
    "before, own, arrives",
    [(0, 0, False), (16384, 32768, True)],
    ids=["usual buffers", "larger ones"],
)
def test_a_long_burst_and_a_tagged_stream_block(
    before, own, arrives, flowgraph, collect, post, make_frame
):
    """GNU Radio's tagged stream blocks take whole bursts, which its usual buffers do not hold."""
    frames = [make_frame(i, length=4000) for i in range(2)]
    transmitter = semcom.burst_transmitter(finite=True, messages_per_burst=2)
    mux, sink = blocks.tagged_stream_mux(gr.sizeof_gr_complex, "packet_len"), blocks.vector_sink_c()
    for block, size in ((transmitter, before), (mux, own)):
        if size:
            block.set_min_output_buffer(size)
    flowgraph.connect(transmitter, mux, sink)
    for message in [*map(pdu.frame_pdu, frames), pdu.end_pdu()]:
        transmitter.handle_frame(message)
    flowgraph.run()
    length = Layout(PhyConfig()).burst_samples([4000, 4000]) + 2 * 1024
    assert 8191 < length < 16384
    assert len(sink.data()) == (length if arrives else 0)


@pytest.mark.parametrize("before", [0, 16384])
def test_a_long_burst_to_a_pdu(before, flowgraph, collect, make_frame):
    """A tagged stream block without stream output needs the buffer before it alone."""
    transmitter = semcom.burst_transmitter(finite=True)
    to_pdu = gr_pdu.tagged_stream_to_pdu(gr.types.complex_t, "packet_len")
    found = collect(to_pdu, "pdus")
    if before:
        transmitter.set_min_output_buffer(before)
    flowgraph.connect(transmitter, to_pdu)
    for message in (pdu.frame_pdu(make_frame(length=4095)), pdu.end_pdu()):
        transmitter.handle_frame(message)
    flowgraph.run()
    messages = found.wait(1) if before else found.wait(0)
    lengths = [pmt.length(pmt.cdr(message)) for message in messages]
    assert lengths == ([6492 + 2 * 1024] if before else [])


def test_messages_share_a_burst_and_fragments_stay_together(flowgraph, collect, post, make_frame):
    frames = [make_frame(0, 0, 2), make_frame(0, 1, 2), make_frame(1), make_frame(2)]
    transmitter, sink, _ = send(
        flowgraph, collect, post, frames, messages_per_burst=2, gap_samples=0
    )
    modem = Transmitter()
    expected = np.concatenate([modem.burst(frames[:3]), modem.burst(frames[3:])])
    assert np.array_equal(samples_of(sink, len(expected)), expected)
    assert transmitter.bursts == 2


def test_each_fragment_of_a_picture_has_a_burst_of_its_own(flowgraph, collect, post, make_frame):
    pictures = [[make_frame(number, i, 40, codec=12) for i in range(40)] for number in (0, 1)]
    broken = [make_frame(2, i, 3, codec=12) for i in range(3)]
    broken[1].symbols[0] = np.nan
    text = make_frame(3)
    frames = [*pictures[0], text, *broken, *pictures[1]]
    transmitter, sink, said = send(
        flowgraph, collect, post, frames, gap_samples=0, messages_per_burst=8
    )
    modem = Transmitter()
    expected = np.concatenate(
        [modem.burst([f]) for f in [*pictures[0], text, broken[0], *pictures[1]]]
    )
    assert np.array_equal(samples_of(sink, len(expected)), expected)
    found = [notices.read_notice(m) for m in said.wait(4)]
    assert [(n.state, n.message_id) for n in found] == [
        ("transmitted", 0),
        ("transmitted", 3),
        ("lost", 2),
        ("transmitted", 1),
    ]
    assert transmitter.bursts == 82


def test_part_of_a_message_leaves_at_once(flowgraph, collect, make_frame):
    transmitter, sink = semcom.burst_transmitter(gap_samples=0), blocks.vector_sink_c()
    said = collect(transmitter, "feedback")
    flowgraph.connect(transmitter, sink)
    frames = [make_frame(0, 1, 5), make_frame(0, 3, 5)]
    transmitter.handle_frame(pdu.frame_pdu(frames[0]))
    transmitter.handle_frame(pdu.frame_pdu(frames[1], last=True))
    flowgraph.start()
    assert [notices.read_notice(m).state for m in said.wait(1)] == ["transmitted"]
    expected = Transmitter().burst(frames)
    assert np.array_equal(samples_of(sink, len(expected)), expected)


def test_shared_burst_keeps_to_the_modems_limit(flowgraph, collect, post, make_frame):
    transmitter, _, _ = send(
        flowgraph,
        collect,
        post,
        [make_frame(i) for i in range(6)],
        messages_per_burst=100,
        phy={"max_frames": 4},
    )
    assert transmitter.bursts == 2


def test_burst_longer_than_any_buffer(flowgraph, collect, post, make_frame):
    frames = [make_frame(0, i, 16, 4095) for i in range(16)]
    _, sink, _ = send(flowgraph, collect, post, frames, gap_samples=0)
    expected = Transmitter().burst(frames)
    assert np.array_equal(samples_of(sink, len(expected)), expected)


def test_zero_fill(flowgraph, collect, post, make_frame):
    transmitter = semcom.burst_transmitter(zero_fill=True, gap_samples=0)
    head, sink, said = (
        blocks.head(8, 200000),
        blocks.vector_sink_c(),
        collect(transmitter, "feedback"),
    )
    flowgraph.connect(transmitter, blocks.throttle(8, 1e6), head, sink)
    flowgraph.start()
    post(transmitter, "in", pdu.frame_pdu(make_frame(0)))
    said.wait(1)
    samples, burst = samples_of(sink, 200000), Transmitter().burst([make_frame(0)])
    begin = sink.tags()[0].offset
    assert np.array_equal(samples[begin : begin + len(burst)], burst)
    assert not samples[:begin].any()
    assert not samples[begin + len(burst) :].any()


def test_bad_frames_do_not_stop_the_stream(flowgraph, collect, post, make_frame):
    broken = make_frame(1)
    broken.symbols[3] = np.nan
    transmitter, sink, said = send(flowgraph, collect, post, [make_frame(0), broken, make_frame(2)])
    found = [notices.read_notice(m) for m in said.wait(3)]
    assert [(n.state, n.message_id) for n in found] == [
        ("transmitted", 0),
        ("lost", 1),
        ("transmitted", 2),
    ]
    transmitter.handle_frame(pdu.text_pdu("no frame"))
    assert transmitter.refused == 1


def test_full_queue_drops(make_frame):
    transmitter = semcom.burst_transmitter(queue_size=2)
    for i in range(5):
        transmitter.handle_frame(pdu.frame_pdu(make_frame(i)))
    assert transmitter.dropped == 3


def test_idle_takes_little_processor_time(flowgraph):
    transmitter = semcom.burst_transmitter(zero_fill=False)
    flowgraph.connect(transmitter, blocks.null_sink(8))
    flowgraph.start()
    time.sleep(0.2)
    begin = time.process_time()
    time.sleep(1.0)
    assert time.process_time() - begin < 0.4  # measured: 0.002


def test_defect_in_work_ends_the_run(flowgraph, collect, post, make_frame):
    transmitter = semcom.burst_transmitter()
    transmitter.transmitter = None  # whatever may go wrong
    said = collect(transmitter, "feedback")
    sink = blocks.null_sink(8)
    flowgraph.connect(transmitter, sink)
    flowgraph.start()
    post(transmitter, "in", pdu.frame_pdu(make_frame()))
    notice = notices.read_notice(said.wait(1)[0])
    assert (notice.state, notice.block) == ("failed", "burst_transmitter")
    assert "NoneType" in notice.reason


def test_bad_arguments():
    for settings in (
        {"messages_per_burst": 0},
        {"gap_samples": -1},
        {"queue_size": 0},
        {"phy": {"profile": "odd"}},
        {"phy": {"odd": 1}},
    ):
        with pytest.raises(ConfigError):
            semcom.burst_transmitter(**settings)
