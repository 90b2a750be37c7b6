# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Transmit-receive switch: what is silenced, however the stream is cut into pieces."""

from __future__ import annotations

import numpy as np
import pytest
from gnuradio import blocks, semcom
from gnuradio.semcom import notices

from semcom_core.errors import ConfigError

COUNT = 60000


def expected(own, air, hold):
    """The definition, sample by sample."""
    out, since = air.copy(), hold + 1
    for k in range(len(own)):
        since = 0 if own[k] != 0 else since + 1
        if since <= hold:
            out[k] = 0
    return out


def streams(seed=0):
    """Own samples that are on now and then, and noise from the air."""
    rng = np.random.default_rng(seed)
    own = np.zeros(COUNT, np.complex64)
    for begin in rng.integers(0, COUNT, 8):
        own[begin : begin + int(rng.integers(1, 4000))] = 0.1j
    return own, (rng.normal(size=COUNT) + 1j).astype(np.complex64)


@pytest.mark.parametrize("hold", [0, 777])
def test_silenced_while_on_and_after(hold, flowgraph):
    own, air = streams()
    switch, sink = semcom.half_duplex(hold_samples=hold), blocks.vector_sink_c()
    flowgraph.connect(blocks.vector_source_c(own.tolist()), (switch, 0))
    flowgraph.connect(blocks.vector_source_c(air.tolist()), (switch, 1))
    flowgraph.connect(switch, sink)
    flowgraph.run()
    out = np.array(sink.data(), np.complex64)
    assert np.array_equal(out, expected(own, air, hold))
    assert switch.muted == np.count_nonzero(out == 0)


@pytest.mark.parametrize("piece", [1, 7, 1000])
def test_pieces_do_not_matter(piece):
    own, air = (x[:8000] for x in streams(2))
    switch, out = semcom.half_duplex(hold_samples=300), np.zeros(8000, np.complex64)
    for k in range(0, 8000, piece):
        assert switch.work([own[k : k + piece], air[k : k + piece]], [out[k : k + piece]]) == len(
            out[k : k + piece]
        )
    assert np.array_equal(out, expected(own, air, 300))


def test_start_and_setter():
    switch, ones, out = (
        semcom.half_duplex(hold_samples=10),
        np.ones(5, np.complex64),
        np.zeros(5, np.complex64),
    )
    switch.work([ones, ones], [out])
    assert not out.any()
    switch.start()  # a new run: the transmitter of the last one is forgotten
    switch.work([0 * ones, ones], [out])
    assert out.all() and switch.muted == 0
    switch.work([ones, ones], [out])
    switch.set_hold_samples(2)
    switch.work([0 * ones, ones], [out])
    assert np.array_equal(out, [0, 0, 1, 1, 1])


def test_defect_in_work_ends_the_run(flowgraph, collect):
    switch = semcom.half_duplex()
    switch.hold_samples = "many"  # whatever may go wrong
    said = collect(switch, "feedback")
    for port in (0, 1):
        flowgraph.connect(blocks.null_source(8), (switch, port))
    flowgraph.connect(switch, blocks.null_sink(8))
    flowgraph.run()
    assert notices.read_notice(said.wait(1)[0]).state == "failed"


@pytest.mark.parametrize("hold", [-1, 2**31, float("nan")])
def test_bad_arguments(hold):
    with pytest.raises(ConfigError, match="hold_samples"):
        semcom.half_duplex(hold_samples=hold)
