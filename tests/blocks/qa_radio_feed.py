# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The feed of a transmitter: pieces in their order, tags, whole transfers, zeros between, and when
a piece has left.
"""

from __future__ import annotations

import socket
import time

import numpy as np
import pmt
import pytest
from gnuradio import blocks
from gnuradio.semcom.radio.process import radio_feed

from semcom_core.radio.process.child import BURST_HEADER as PIECE
from tests.blocks.radio_stand_in import wait_for


@pytest.fixture
def make_feed(flowgraph):
    """make_feed(...): a feed at work, its vector sink, and send(number, samples)."""
    ends = []

    def make(**settings):
        ours, theirs = socket.socketpair()
        ends.extend([ours, theirs])
        feed, sink = radio_feed(theirs, **settings), blocks.vector_sink_c()
        flowgraph.connect(feed, sink)

        def send(number: int, samples: list, chunk: int = 1 << 20) -> None:
            data = PIECE.pack(number, len(samples)) + np.array(samples, np.complex64).tobytes()
            for begin in range(0, len(data), chunk):
                ours.sendall(data[begin : begin + chunk])

        flowgraph.start()
        return feed, sink, send

    yield make
    for end in ends:
        end.close()


def tags_of(sink) -> dict[int, int]:
    return {tag.offset: pmt.to_long(tag.value) for tag in sink.tags()}


@pytest.mark.parametrize("chunk", [3, 1 << 20])
def test_bursts_with_tags_and_nothing_between(chunk, make_feed):
    feed, sink, send = make_feed(tag="packet_len", prime=4)
    send(0, [1] * 10, chunk)
    send(1, [2] * 20_000)
    send(2, [3], chunk)
    wait_for(sink, 20_015)
    assert np.array_equal(sink.data(), [0] * 4 + [1] * 10 + [2] * 20_000 + [3])
    assert tags_of(sink) == {0: 4, 4: 10, 14: 20_000, 20_014: 1}
    assert [feed.left(taken) for taken in (13, 14, 20_013, 20_015, 20_015)] == [
        -1,
        0,
        None,
        2,
        None,
    ]


def test_whole_transfers_push_a_burst_out(make_feed):
    """100 samples, and 500 more that must be taken before they have left, are 6 transfers of
    100.
    """
    feed, sink, send = make_feed(multiple=100, settle=500)
    send(0, [1] * 90)
    wait_for(sink, 600)
    time.sleep(0.2)
    assert np.array_equal(sink.data(), [1] * 90 + [0] * 510)
    assert feed.left(589) is None and feed.left(590) == 0
    send(1, [2] * 110)
    wait_for(sink, 1300)
    time.sleep(0.2)
    assert np.array_equal(sink.data()[600:], [2] * 110 + [0] * 590)


def test_continuous_is_filled_with_zeros_and_has_no_tags(make_feed):
    _, sink, send = make_feed(continuous=True)
    wait_for(sink, 5000)
    send(0, [1] * 7000)
    while np.count_nonzero(sink.data()) < 7000:
        time.sleep(0.01)
    out = np.array(sink.data())
    first = np.flatnonzero(out)[0]
    assert (
        first >= 5000
        and np.array_equal(out[first : first + 7000], np.ones(7000))
        and not tags_of(sink)
    )
