# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Burst receiver: frames from samples in any split, end of stream, hostile samples, throughput."""

from __future__ import annotations

import sys
import time

import numpy as np
import pmt
import pytest
from gnuradio import blocks, gr, semcom
from gnuradio.semcom import notices, pdu

from semcom_core.errors import ConfigError
from semcom_core.phy import PhyConfig, ReceiverStats, Transmitter
from semcom_core.units import complex_noise

# the class hides its module's name in the package
UnreadableBursts = sys.modules["gnuradio.semcom.burst_receiver"].UnreadableBursts


def samples_of(frames, gap=500, snr_db=15.0):
    """Bursts of some frames with gaps, in noise."""
    modem, rng = Transmitter(), np.random.default_rng(1)
    x = np.concatenate(
        [np.concatenate([np.zeros(gap), modem.burst([f])]) for f in frames] + [np.zeros(gap)]
    )
    power = PhyConfig().rms ** 2 / modem.layout.occupancy
    return (x + complex_noise(len(x), power * 10 ** (-snr_db / 10), rng)).astype(np.complex64)


def receive(flowgraph, collect, samples, max_items=None):
    receiver = semcom.burst_receiver()
    out = collect(receiver, "out")
    source = blocks.vector_source_c(samples.tolist(), False)
    if max_items:
        source.set_max_noutput_items(max_items)
    flowgraph.connect(source, receiver)
    flowgraph.start()
    return receiver, out


@pytest.mark.parametrize("max_items", [None, 37])
def test_frames_come_back(flowgraph, collect, make_frame, max_items):
    sent = [make_frame(i, length=40 + 30 * i) for i in range(4)]
    receiver, out = receive(flowgraph, collect, samples_of(sent), max_items)
    found = [pdu.read_frame(m) for m in out.wait(4)]
    assert [f.header.message_id for f in found] == [0, 1, 2, 3]
    for frame, original in zip(found, sent, strict=True):
        assert np.mean(np.abs(frame.symbols - original.symbols) ** 2) < 3 * 10**-1.5
        assert frame.noise_var.shape == frame.symbols.shape
        assert abs(frame.snr_db - 15) < 3  # one short frame measures its noise to about 1 dB
        assert abs(frame.cfo_hz) < 500
        assert frame.crc_ok
    assert receiver.frames == 4


def test_end_of_stream_completes_the_last_burst(flowgraph, collect, make_frame):
    samples = samples_of([make_frame(9)], gap=300)
    receiver, out = receive(flowgraph, collect, samples[: len(samples) - 300])
    assert [pdu.read_frame(m).header.message_id for m in out.wait(1)] == [9]


def test_the_tag_of_a_recordings_end_completes_the_last_burst_and_says_so(
    flowgraph, collect, make_frame
):
    samples = samples_of([make_frame(1)], gap=0)
    tag = gr.tag_utils.python_to_tag((len(samples) - 1, pmt.intern("eof"), pmt.PMT_T))
    receiver = semcom.burst_receiver()
    out = collect(receiver, "out")
    flowgraph.connect(blocks.vector_source_c(samples.tolist(), False, 1, [tag]), receiver)
    flowgraph.start()
    frame, end = out.wait(2)
    assert pdu.read_frame(frame).header.message_id == 1 and pdu.is_end(end)


def shifted(samples, cfo_hz):
    return samples * np.exp(2j * np.pi * cfo_hz / 1e6 * np.arange(len(samples)))


@pytest.mark.parametrize(
    "kind, told", [("144 kHz off", 1), ("as they should be", 0), ("both", 0), ("none", 0)]
)
def test_bursts_that_cannot_be_read_are_told_once(kind, told, flowgraph, collect, make_frame):
    samples = samples_of([make_frame(i) for i in range(40)], gap=3000)
    if kind in ("144 kHz off", "both"):
        samples = shifted(samples, 144e3)
    if kind == "both":
        samples = np.concatenate([samples[: len(samples) // 2], samples_of([make_frame(7)])] * 2)
    if kind == "none":
        samples = complex_noise(1_000_000, 0.01, np.random.default_rng(3))
    receiver = semcom.burst_receiver()
    said = collect(receiver, "feedback")
    flowgraph.connect(blocks.vector_source_c(samples.tolist()), receiver)
    flowgraph.run()
    notices_ = [notices.read_notice(message) for message in said.wait(told)]
    assert [notice.state for notice in notices_] == ["unreadable"] * told
    if told:
        assert notices_[0].count >= 3
        assert "beyond the 55000 Hz that are searched" in notices_[0].reason
        assert "semcom radios check" in notices_[0].reason


def test_bursts_that_cannot_be_read_are_told_again_after_a_while():
    stats = ReceiverStats(samples=1000)
    told = UnreadableBursts(stats)

    def after(seconds, unreadable=0, headers_ok=0):
        stats.samples += int(seconds * 1e6)
        stats.unreadable += unreadable
        stats.headers_ok += headers_ok
        return told.update(stats, 1e6)

    assert [after(1, unreadable=1) for _ in range(4)] == [0, 0, 3, 0]
    assert [after(25, unreadable=1) for _ in range(12)] == [0] * 11 + [13]  # 300 s later
    assert after(400) == 0
    assert [after(61, unreadable=1) for _ in range(9)] == [0] * 9  # too seldom
    assert [after(1, unreadable=1) for _ in range(2)] == [0, 11]
    assert [after(400, unreadable=2), after(1, unreadable=1, headers_ok=1)] == [0, 0]
    assert [after(1, unreadable=1) for _ in range(3)] == [0, 0, 3]


def test_hostile_samples_do_no_harm(flowgraph, collect, make_frame):
    samples = samples_of([make_frame(1), make_frame(2)], gap=3000)
    samples[100:140] = np.nan
    samples[140:160] = np.inf
    samples[160:170] = 1e30
    receiver, out = receive(flowgraph, collect, samples)
    assert [pdu.read_frame(m).header.message_id for m in out.wait(2)] == [1, 2]


def test_sustains_one_msps(flowgraph):
    receiver = semcom.burst_receiver()
    seconds = 3
    noise = complex_noise(1_000_000, 0.01, np.random.default_rng(2))
    source, head = blocks.vector_source_c(noise.tolist(), True), blocks.head(8, seconds * 1_000_000)
    flowgraph.connect(source, head, receiver)
    begin = time.process_time()
    flowgraph.start()
    flowgraph.wait()
    assert receiver.nitems_read(0) == seconds * 1_000_000
    assert (
        time.process_time() - begin < seconds
    )  # processor time of the whole flowgraph: one core is enough


def test_bad_arguments():
    with pytest.raises(ConfigError, match="profile"):
        semcom.burst_receiver(phy={"profile": "odd"})
