# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends a counting pattern by gr-iio and receives it at the same time; prints what came of it as JSON.

    iio_gnuradio.py URI RATE_HZ SAMPLES FILTER
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
from gnuradio import blocks, gr, iio

BUFFER = 32768
#: Longest wait for the samples, s.
LIMIT_S = 90.0


def pattern() -> np.ndarray:
    """complex64 (BUFFER,), all different, in steps of the ADC: a count in I, and its carries in Q."""
    number = np.arange(BUFFER)
    return ((number % 2048 - 1024 + 1j * (number // 2048 + 1)) / 2048).astype(np.complex64)


def numbers(samples: np.ndarray) -> np.ndarray:
    """The counts that samples hold; -1 where there is silence."""
    words = np.rint(samples.view(np.float32).reshape(-1, 2) * 2048).astype(int)
    return np.where(words[:, 1] > 0, words[:, 0] + 1024 + (words[:, 1] - 1) * 2048, -1)


class FullDuplex(gr.top_block):
    """Pattern to the sink, source to a file in memory, with the calls that the companion's Pluto blocks make."""

    def __init__(self, uri: str, rate_hz: int, samples: int, filter_source: str):
        super().__init__("full duplex")
        self.source = iio.fmcomms2_source_fc32(uri, [True, True], BUFFER)
        self.source.set_frequency(2_450_000_000)
        self.source.set_samplerate(rate_hz)
        for _ in range(2):  # this version of gr-iio writes the mode that was set before
            self.source.set_gain_mode(0, "manual")
        self.source.set_gain(0, 40)
        self.source.set_quadrature(True)
        self.source.set_filter_params(filter_source, "", 0, 0)
        self.sink = iio.fmcomms2_sink_fc32(uri, [True, True], BUFFER, False)
        self.sink.set_bandwidth(rate_hz)
        self.sink.set_frequency(2_450_000_000)
        self.sink.set_samplerate(rate_hz)
        self.sink.set_attenuation(0, 10.0)
        self.sink.set_filter_params(filter_source, "", 0, 0)
        self.pattern = blocks.vector_source_c(pattern(), True)
        self.head, self.kept = blocks.head(gr.sizeof_gr_complex, samples), blocks.vector_sink_c(reserve_items=samples)
        self.connect(self.pattern, self.sink)
        self.connect(self.source, self.head, self.kept)


def main() -> None:
    uri, rate_hz, samples, filter_source = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    flowgraph = FullDuplex(uri, rate_hz, samples, filter_source)
    deadline = time.monotonic() + LIMIT_S
    flowgraph.start()
    while flowgraph.head.nitems_written(0) < samples and time.monotonic() < deadline:
        time.sleep(0.05)
    flowgraph.stop()
    flowgraph.wait()
    heard = numbers(np.array(flowgraph.kept.data(), np.complex64))
    first = int(np.argmax(heard >= 0))
    jumps = int(np.count_nonzero(np.diff(heard[first:]) % BUFFER != 1))
    print(json.dumps({"samples": len(heard), "first": first, "jumps": jumps}), flush=True)


if __name__ == "__main__":
    main()
