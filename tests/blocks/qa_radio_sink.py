# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Radio sink: bursts whole however they come, continuous samples, permission, one radio for both
directions, its end.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import pmt
import pytest
from gnuradio import blocks, gr, semcom
from gnuradio.semcom import notices

from semcom_core.errors import ConfigError
from semcom_core.radio.recording import read_recording
from tests.blocks.radio_stand_in import said, stand_in, wait_for  # noqa: F401 (a fixture)


def tag(offset: int, length: int):
    return gr.tag_utils.python_to_tag(
        (offset, pmt.intern("packet_len"), pmt.from_long(length), pmt.PMT_F)
    )


def message_tag(offset: int):
    return gr.tag_utils.python_to_tag(
        (offset, pmt.intern("message_id"), pmt.from_long(9), pmt.PMT_F)
    )


class pieces_on_demand(gr.sync_block):
    """A source of ones that gives as many as it is told; 0 ends its stream."""

    def __init__(self, tags):
        gr.sync_block.__init__(self, "pieces_on_demand", None, [np.complex64])
        self.set_blkd_input_timer_value(1)
        self.tags, self.wanted = tags, []

    def give(self, count: int) -> None:
        self.wanted.append(count)

    def work(self, input_items, output_items):
        if not self.wanted:
            return 0
        count = self.wanted.pop(0)
        output_items[0][:count] = 1
        for given in self.tags:
            self.add_item_tag(0, given)
        self.tags = []
        return count or -1


def late_after(seconds: float, monkeypatch) -> None:
    """Set how long the next sample of a burst may take; the class hides its module's name."""
    monkeypatch.setattr(sys.modules["gnuradio.semcom.radio_sink"], "LATE_S", seconds)


def wait_until(holds) -> None:
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def bursts_of(monkeypatch) -> list[np.ndarray]:
    """What a recording in the place of a radio is given, piece by piece."""
    found = []
    monkeypatch.setattr(
        "semcom_core.radio.file_radio.FileRadio.write",
        lambda self, samples, timeout_s: found.append(samples) or len(found) - 1,
    )
    return found


@pytest.mark.parametrize("piece", [1, 7, 100_000])
def test_bursts_are_whole_however_they_come(piece, flowgraph, monkeypatch, tmp_path):
    x = np.zeros(400, np.complex64)
    x[10:110], x[110:115], x[200:400] = (
        1,
        2,
        3,
    )  # silence, two bursts back to back, silence, a third one
    tags = [tag(10, 100), tag(110, 5), tag(200, 200)]
    found = bursts_of(monkeypatch)
    source, sink = (
        blocks.vector_source_c(x.tolist(), False, 1, tags),
        semcom.radio_sink(profile="file", address=str(tmp_path / "some")),
    )
    flowgraph.connect(source, sink)
    flowgraph.run(piece)
    assert [(len(burst), burst[0]) for burst in found] == [(100, 1), (5, 2), (200, 3)]


@pytest.mark.parametrize("piece", [1, 7, 100_000])
def test_bursts_shorter_than_their_tags_are_sent_and_told(
    piece, flowgraph, collect, monkeypatch, tmp_path
):
    x = np.zeros(400, np.complex64)
    x[10:70], x[70:120], x[300:400] = 1, 2, 3
    tags = [tag(10, 100), tag(70, 50), tag(300, 500)]  # the next tag, a whole burst, the end
    late_after(0.5, monkeypatch)
    found = bursts_of(monkeypatch)
    source = blocks.vector_source_c(x.tolist(), False, 1, [*tags, message_tag(69)])
    sink = semcom.radio_sink(profile="file", address=str(tmp_path / "some"))
    told = collect(sink, "feedback")
    flowgraph.connect(source, sink)
    flowgraph.run(piece)
    assert [(len(burst), burst[0], burst[-1]) for burst in found] == [
        (60, 1, 1),
        (50, 2, 2),
        (100, 3, 3),
    ]
    said_ = [notices.read_notice(message) for message in told.wait(3 + (piece > 1))]
    reasons = [notice.reason for notice in said_ if notice.state == "refused"]
    assert reasons[0] == (
        "tag packet_len promises 100 samples, 60 had come when the next tag came; these are sent "
        "as a burst"
    )
    if piece > 1:  # one at a time, the end of the stream ends the listeners first
        assert reasons[1] == (
            "tag packet_len promises 500 samples, 100 had come and no more within 0.5 s; these "
            "are sent as a burst"
        )
    assert [notice.message_id for notice in said_ if notice.state == "transmitted"] == [9]
    assert sink.refused == 2


def test_what_comes_late_of_a_burst_is_sent_too(flowgraph, monkeypatch, tmp_path):
    late_after(0.3, monkeypatch)
    found = bursts_of(monkeypatch)
    sink = semcom.radio_sink(profile="file", address=str(tmp_path / "some"))
    source = pieces_on_demand([tag(0, 60)])
    flowgraph.connect(source, sink)
    flowgraph.start()
    source.give(40)
    wait_until(lambda: len(found) == 1)
    source.give(20)
    wait_until(lambda: len(found) == 2)
    source.give(0)
    flowgraph.wait()
    assert [len(burst) for burst in found] == [40, 20]
    assert sink.refused == 1


def test_a_burst_cut_short_by_a_stop_is_sent_and_told(flowgraph, monkeypatch, tmp_path, caplog):
    found = bursts_of(monkeypatch)
    sink = semcom.radio_sink(profile="file", address=str(tmp_path / "some"))
    source = pieces_on_demand([tag(0, 60)])
    flowgraph.connect(source, sink)
    flowgraph.start()
    source.give(40)
    wait_until(lambda: sink.nitems_read(0) >= 39)
    flowgraph.stop()
    flowgraph.wait()
    assert [len(burst) for burst in found] == [40]
    assert "promises 60 samples, 40 had come when the flowgraph stopped" in caplog.text


@pytest.mark.parametrize(
    "value, said_",
    [
        (pmt.from_long(0), "'0'"),
        (pmt.from_long(-5), "'-5'"),
        (pmt.from_long((1 << 24) + 1), "'16777217'"),
        (pmt.from_double(10.0), "'10'"),
        (pmt.intern("ten"), "'ten'"),
    ],
)
def test_a_tag_that_is_no_length_fails(value, said_, flowgraph, collect, tmp_path):
    sink = semcom.radio_sink(profile="file", address=str(tmp_path / "some"))
    told = collect(sink, "feedback")
    odd = gr.tag_utils.python_to_tag((0, pmt.intern("packet_len"), value, pmt.PMT_F))
    flowgraph.connect(blocks.vector_source_c([1.0] * 10, False, 1, [odd]), sink)
    flowgraph.run()
    assert said(told, 2) == ["ready", "failed"]
    assert (
        f"tag packet_len is {said_}; allowed is a whole number of samples, 1 to 16777216"
        in notices.read_notice(told.wait(2)[1]).reason
    )


def test_continuous_samples_are_all_written_and_the_amplitude_scales(flowgraph, tmp_path):
    x = np.arange(100_000, dtype=np.complex64)
    sink = semcom.radio_sink(
        profile="file",
        address=str(tmp_path / "some"),
        mode="continuous",
        overrides={"amplitude": 0.5},
    )
    flowgraph.connect(blocks.vector_source_c(x.tolist()), sink)
    flowgraph.run()
    assert np.array_equal(read_recording(tmp_path / "some").samples, x / 2)


def test_samples_without_a_tag_fail(flowgraph, collect, tmp_path):
    sink = semcom.radio_sink(profile="file", address=str(tmp_path / "some"))
    notices_ = collect(sink, "feedback")
    flowgraph.connect(blocks.vector_source_c([1.0] * 10), sink)
    flowgraph.run()
    assert said(notices_, 2) == ["ready", "failed"]
    assert "no tag packet_len" in notices.read_notice(notices_.wait(2)[1]).reason


def test_source_and_sink_of_one_address_share_a_process(flowgraph, stand_in, tmp_path):  # noqa: F811
    x = np.arange(1, 1001, dtype=np.complex64)
    source, sink, heard = (
        semcom.radio_source(**stand_in("echo")),
        semcom.radio_sink(**stand_in("echo")),
        blocks.vector_sink_c(),
    )
    flowgraph.connect(blocks.vector_source_c(x.tolist(), True, 1, [tag(0, 1000)]), sink)
    flowgraph.connect(source, blocks.head(8, 1000), heard)
    flowgraph.start()
    wait_for(heard, 1000)
    assert np.array_equal(heard.data(), x)
    assert (tmp_path / "lives").read_bytes() == b"."


def test_blocks_that_do_not_agree_fail(flowgraph, collect, stand_in):  # noqa: F811
    source, sink = (
        semcom.radio_source(**stand_in("echo"), rate_hz=2e6),
        semcom.radio_sink(**stand_in("echo")),
    )
    notices_ = collect(source, "feedback")
    flowgraph.connect(blocks.null_source(8), sink)
    flowgraph.connect(source, blocks.null_sink(8))
    flowgraph.run()
    assert (
        "rate_hz of the radio's sink is 1000000, of its source 2000000.0"
        in notices.read_notice(notices_.wait(1)[0]).reason
    )


@pytest.mark.parametrize("dead", ["refuse", "recording"])
def test_a_radio_that_never_comes_keeps_no_other_one_waiting(
    dead,
    flowgraph,
    stand_in,  # noqa: F811
    monkeypatch,
    tmp_path,
):
    found = bursts_of(monkeypatch)
    settings = (
        {**stand_in("refuse"), "retries": 0}
        if dead == "refuse"
        else {"profile": "file", "address": str(tmp_path / "nothing")}
    )
    sink = semcom.radio_sink(profile="file", address=str(tmp_path / "some"))
    flowgraph.connect(blocks.vector_source_c([1.0] * 10, True, 1, [tag(0, 10)]), sink)
    flowgraph.connect(semcom.radio_source(**settings), blocks.null_sink(8))
    flowgraph.start()
    end = time.monotonic() + 20
    while not found:
        assert time.monotonic() < end
        time.sleep(0.02)
    assert len(found[0]) == 10


def test_what_had_not_left_is_sent_again(flowgraph, stand_in):  # noqa: F811
    source, sink, heard = (
        semcom.radio_source(**stand_in("late")),
        semcom.radio_sink(**stand_in("late")),
        blocks.vector_sink_c(),
    )
    flowgraph.connect(blocks.vector_source_c([5.0] * 300, True, 1, [tag(0, 300)]), sink)
    flowgraph.connect(source, blocks.head(8, 300), heard)
    flowgraph.start()
    wait_for(heard, 300)
    assert set(heard.data()) == {5}


def test_transmission_needs_permission_outside_the_open_bands():
    settings = {"profile": "pluto", "lo_hz": 950e6}
    with pytest.raises(ConfigError, match="mobile telephony, 900 MHz"):
        semcom.radio_sink(**settings)
    assert semcom.radio_sink(**settings, i_may_transmit=True).radio_profile.tx_lo_hz == 950e6
    assert semcom.radio_sink(profile="virtual-pluto", lo_hz=950e6).radio_profile.tx_gain_db == -10


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"mode": "loud"}, "mode is 'loud'"),
        ({"profile": "pluto", "gain_db": 5}, "tx_gain_db of profile pluto is 5"),
        ({"profile": "hackrf", "rate_hz": 1e3}, "rate_hz of profile hackrf is 1000"),
    ],
)
def test_bad_arguments(settings, message):
    with pytest.raises(ConfigError, match=message):
        semcom.radio_sink(**settings)
