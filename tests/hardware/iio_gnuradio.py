# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends a counting pattern by gr-iio and receives it at the same time; prints what came of it as
JSON.

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
    """complex64 (BUFFER,), all different, in steps of the ADC: a count in I, and its carries in
    Q.
    """
    number = np.arange(BUFFER)
    return ((number % 2048 - 1024 + 1j * (number // 2048 + 1)) / 2048).astype(np.complex64)


def numbers(samples: np.ndarray) -> np.ndarray:
    """The counts that samples hold; -1 where there is silence."""
    words = (samples.view(np.float32).reshape(-1, 2) * 2048).astype(np.int32)
    return np.where(words[:, 1] > 0, words[:, 0] + 1024 + (words[:, 1] - 1) * 2048, -1)


class Check(gr.sync_block):
    """Follows the counts of a stream; from silence to the first count, which is 0, is no jump.

    Args:
        samples: how many to look at; it takes more, and passes over them.
    """

    def __init__(self, samples: int):
        gr.sync_block.__init__(self, "check", in_sig=[np.complex64], out_sig=None)
        self.samples, self.seen, self.first, self.jumps, self._last = samples, 0, None, 0, -1

    def work(self, input_items, output_items) -> int:
        heard = numbers(input_items[0][: self.samples - self.seen])
        if len(heard):
            if self.first is None and heard.max() >= 0:
                self.first = self.seen + int(np.argmax(heard >= 0))
            before = np.concatenate([[self._last], heard[:-1]])
            jumped = ((heard - before) % BUFFER != 1) & ((heard >= 0) | (before >= 0))
            self.jumps += int(np.count_nonzero(jumped))
            self.seen, self._last = self.seen + len(heard), int(heard[-1])
        return len(input_items[0])


class FullDuplex(gr.top_block):
    """Pattern to the sink, source to the check, with the calls that the companion's Pluto blocks
    make.
    """

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
        self.check = Check(samples)
        self.connect(self.pattern, self.sink)
        self.connect(self.source, self.check)


def main() -> None:
    uri, rate_hz, samples, filter_source = (
        sys.argv[1],
        int(sys.argv[2]),
        int(sys.argv[3]),
        sys.argv[4],
    )
    flowgraph = FullDuplex(uri, rate_hz, samples, filter_source)
    deadline = time.monotonic() + LIMIT_S
    flowgraph.start()
    while flowgraph.check.seen < samples and time.monotonic() < deadline:
        time.sleep(0.05)
    flowgraph.stop()
    flowgraph.wait()
    check = flowgraph.check
    print(
        json.dumps({"samples": check.seen, "first": check.first, "jumps": check.jumps}), flush=True
    )


if __name__ == "__main__":
    main()
