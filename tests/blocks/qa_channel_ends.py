# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The channel's two ends: backpressure, ends of both neighbours, failures, tags."""

from __future__ import annotations

import numpy as np
import pmt
import pytest
from gnuradio import blocks, gr, semcom
from gnuradio.semcom.channel import ChannelQueue

from semcom_core.units import complex_noise


def test_slow_sink_loses_nothing(flowgraph):
    """The queue is bounded: a sink that is slower than the source makes it wait."""
    x = complex_noise(400_000, 1.0, np.random.default_rng(1))
    sink = blocks.vector_sink_c()
    throttle = blocks.throttle(gr.sizeof_gr_complex, 1e6)
    flowgraph.connect(
        blocks.vector_source_c(x.tolist(), False), semcom.channel("clean"), throttle, sink
    )
    flowgraph.run()
    assert np.array_equal(x, np.array(sink.data(), np.complex64))


def test_ends_when_what_comes_after_it_ends(flowgraph):
    """Neither an endless source nor a full queue holds the flowgraph up."""
    sink = blocks.vector_sink_c()
    flowgraph.connect(
        blocks.null_source(gr.sizeof_gr_complex),
        semcom.channel("awgn:3"),
        blocks.head(gr.sizeof_gr_complex, 100_000),
        sink,
    )
    flowgraph.run()
    assert len(sink.data()) == 100_000


@pytest.mark.parametrize("end", ["_inlet", "_outlet"])
def test_failure_ends_the_flowgraph_and_is_reported(flowgraph, collect, monkeypatch, end):
    def fail(*arguments):
        raise RuntimeError("broken")

    monkeypatch.setattr(ChannelQueue, "push" if end == "_inlet" else "pop", fail)
    channel = semcom.channel("clean")
    notices = collect(channel, "feedback")
    flowgraph.connect(
        blocks.null_source(gr.sizeof_gr_complex), channel, blocks.null_sink(gr.sizeof_gr_complex)
    )
    flowgraph.run()
    (notice,) = notices.wait(1)
    assert pmt.to_python(pmt.car(notice))["state"] == "failed"


def test_tags_stay_with_their_samples(flowgraph):
    """A clock that is fast by 1000 ppm: the sample 90,000 comes out as 90,090, and so does its
    tag.
    """
    x = np.zeros(100_000, np.complex64)
    tags = [
        gr.tag_utils.python_to_tag((at, pmt.intern("mark"), pmt.from_long(at), pmt.PMT_F))
        for at in (0, 5, 90_000)
    ]
    source, sink = blocks.vector_source_c(x.tolist(), False, 1, tags), blocks.vector_sink_c()
    flowgraph.connect(source, semcom.channel("sco:1000ppm"), sink)
    flowgraph.run()
    found = {pmt.to_long(tag.value): tag.offset for tag in sink.tags()}
    assert found.keys() == {0, 5, 90_000}
    assert all(
        abs(offset - at * 1.001) <= 10 for at, offset in found.items()
    )  # within a piece the clock gains 8 samples
