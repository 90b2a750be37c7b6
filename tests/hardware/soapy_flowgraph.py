# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flowgraphs by gr-soapy or gr-uhd from alice to bob. `soapy_flowgraph.py soapy|uhd TASK` ends with
a line of JSON: what it found.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import pmt
from gnuradio import blocks, gr
from soapy_links import BURSTS, GAP_SAMPLES

RATE_HZ, LO_HZ, STEP = 1e6, 2.45e9, 64
GAP_S = GAP_SAMPLES / RATE_HZ
SETTLING = 100  # samples in which the link's interpolation answers to the tone's beginning
LIMIT_S = 20


def soapy_pair(length_tag: str):
    """gr-soapy's source at bob and sink at alice, tuned 50 kHz apart."""
    from gnuradio import soapy

    source = soapy.source("driver=air,serial=bob", "fc32", 1, "", "", [""], [""])
    sink = soapy.sink("driver=air,serial=alice", "fc32", 1, "", "", [""], [""])
    for block, gain_db, lo_hz in ((source, 40, LO_HZ), (sink, 60, LO_HZ + 50e3)):
        block.set_sample_rate(0, RATE_HZ)
        block.set_frequency(0, lo_hz)
        block.set_gain(0, gain_db)
    if length_tag:
        sink.set_length_tag_name(length_tag)
    return source, sink


def uhd_pair(length_tag: str):
    """gr-uhd's source at bob and sink at alice, tuned 50 kHz apart, half of it digitally."""
    from gnuradio import uhd

    args = uhd.stream_args("fc32", channels=[0])
    source = uhd.usrp_source("type=soapy,driver=air,serial=bob", args)
    sink = uhd.usrp_sink("type=soapy,driver=air,serial=alice", args, length_tag)
    for block, gain_db, lo_hz in ((source, 40, LO_HZ), (sink, 60, LO_HZ + 50e3)):
        block.set_samp_rate(RATE_HZ)
        block.set_center_freq(uhd.tune_request(lo_hz, 25e3))
        block.set_gain(gain_db)
    return source, sink


PAIRS = {"soapy": soapy_pair, "uhd": uhd_pair}


class Bursts(gr.sync_block):
    """Tagged bursts of ones, from a time on; first some zeros, which gr-soapy 3.10.5's sink drops
    with all that follows at once.
    """

    def __init__(self, begin_s: float | None):
        super().__init__("bursts", None, [np.complex64])
        self._todo, self._begin_s, self._left, self._number = [100, *BURSTS], begin_s, 0, -1

    def work(self, inputs, outputs) -> int:
        if not self._left:
            if not self._todo:
                return -1
            time.sleep(0.3 if self._number == 0 else GAP_S)
            self._left, self._number = self._todo.pop(0), self._number + 1
            self.add_item_tag(
                0, self.nitems_written(0), pmt.intern("packet_len"), pmt.from_long(self._left)
            )
            if self._begin_s is not None:
                whole, part = divmod(self._begin_s + GAP_S * self._number, 1)
                at = pmt.make_tuple(pmt.from_uint64(int(whole)), pmt.from_double(part))
                self.add_item_tag(0, self.nitems_written(0), pmt.intern("tx_time"), at)
        count = min(self._left, len(outputs[0]))
        outputs[0][:count] = float(self._number > 0)
        self._left -= count
        return count


def receive(top_block: gr.top_block, source, count: int) -> blocks.vector_sink_c:
    """Run a flowgraph until its source has given so many samples, or the time is up."""
    head, received = blocks.head(gr.sizeof_gr_complex, count), blocks.vector_sink_c()
    top_block.connect(source, head, received)
    top_block.start()
    end = time.monotonic() + LIMIT_S
    while head.nitems_written(0) < count and time.monotonic() < end:
        time.sleep(0.02)
    top_block.stop()
    top_block.wait()
    return received


def tone(kind: str) -> dict:
    """A tone through everything: its frequency, its amplitude, and how often its phase jumps."""
    source, sink = PAIRS[kind]("")
    top_block = gr.top_block()
    wave = blocks.vector_source_c(
        (0.5 * np.exp(2j * np.pi * np.arange(STEP) / STEP)).astype(np.complex64), True
    )
    top_block.connect(wave, sink)
    heard = np.array(receive(top_block, source, 1_000_000).data())
    on = np.flatnonzero(np.abs(heard) > 0.25)
    heard = heard[on[0] + SETTLING : on[-1] + 1]
    steps = np.angle(heard[1:] * heard[:-1].conj()) / (2 * np.pi) * RATE_HZ
    return {"samples": len(heard), "frequency": float(np.median(steps)), "amplitude": float(np.mean(np.abs(heard))),
            "jumps": int(np.count_nonzero(np.abs(steps - np.median(steps)) > 1000))}  # fmt: skip


def bursts(kind: str) -> dict:
    """Lengths of the bursts that were heard, and where they began after the first."""
    source, sink = PAIRS[kind]("packet_len")
    begin_s = source.get_time_now().get_real_secs() + 0.8 if kind == "uhd" else None
    top_block, sent = gr.top_block(), Bursts(begin_s)
    top_block.connect(sent, sink)
    heard = np.abs(receive(top_block, source, 1_500_000).data()) > 0.5
    edges = np.flatnonzero(np.diff(np.concatenate([[0], heard, [0]]).astype(int)))
    return {
        "lengths": (edges[1::2] - edges[::2]).tolist(),
        "starts": (edges[::2] - edges[:1]).tolist(),
    }


def finite(kind: str) -> dict:
    """So many samples from a set time on, by UHD's own calls."""
    from gnuradio import uhd

    source, _ = PAIRS[kind]("")
    source.set_time_now(uhd.time_spec(50.0))
    got = source.finite_acquisition(12_345)
    top_block = gr.top_block()
    source.set_start_time(uhd.time_spec(51.0))
    received = receive(top_block, source, 1000)
    began = [
        pmt.to_python(tag.value)
        for tag in received.tags()
        if pmt.symbol_to_string(tag.key) == "rx_time"
    ]
    return {
        "count": len(got),
        "began": sum(began[0]),
        "locked": source.get_sensor("lo_locked", 0).to_bool(),
    }


def lost(kind: str) -> dict:
    """Receive and send while the air goes away; the flowgraph can still be stopped."""
    source, sink = PAIRS[kind]("")
    top_block, counted = gr.top_block(), blocks.null_sink(gr.sizeof_gr_complex)
    zeros = blocks.null_source(gr.sizeof_gr_complex)
    top_block.connect(zeros, sink)
    top_block.connect(source, counted)
    top_block.start()
    while counted.nitems_read(0) < 100_000:
        time.sleep(0.01)
    print("streaming", flush=True)
    sys.stdin.readline()
    time.sleep(0.3)
    top_block.stop()
    top_block.wait()
    return {"stopped": True}


if __name__ == "__main__":
    print(
        json.dumps(
            {"tone": tone, "bursts": bursts, "finite": finite, "lost": lost}[sys.argv[2]](
                sys.argv[1]
            )
        )
    )
