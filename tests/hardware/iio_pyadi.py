# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Uses a Pluto by pyadi-iio as its documentation shows; prints what it found as JSON.

iio_pyadi.py URI
"""

from __future__ import annotations

import json
import sys

import adi
import numpy as np

SIZE, TONE = 4000, 100


def loudest(sdr) -> tuple[int, float]:
    """The strongest frequency of a buffer, in whole periods of it, and its share of full scale; the
    first buffers are old.
    """
    for _ in range(5):
        spectrum = np.fft.fft(sdr.rx()) / SIZE / 2048
    bin_ = int(np.abs(spectrum).argmax())
    return bin_ - SIZE * (bin_ > SIZE // 2), float(np.abs(spectrum).max())


def configured(uri: str):
    sdr = adi.Pluto(uri=uri)
    sdr.sample_rate = 1_000_000
    sdr.rx_lo, sdr.tx_lo = 915_000_000, 915_000_000
    sdr.rx_rf_bandwidth, sdr.tx_rf_bandwidth = 1_000_000, 1_500_000
    sdr.gain_control_mode_chan0 = "manual"
    sdr.rx_hardwaregain_chan0, sdr.tx_hardwaregain_chan0 = 40, -10
    sdr.rx_buffer_size = SIZE
    return sdr


def main() -> None:
    sdr, found = configured(sys.argv[1]), {}
    found["rates"] = (
        sdr.sample_rate,
        bool(sdr.rx_dec8_filter_en),
        bool(sdr.tx_int8_filter_en),
        sdr.filter,
        sdr.loopback,
    )
    sdr.tx_cyclic_buffer = True
    sdr.tx(0.5 * 2**15 * np.exp(2j * np.pi * TONE / SIZE * np.arange(SIZE)))
    found["cyclic"] = loudest(sdr)
    sdr.tx_destroy_buffer()
    sdr.dds_single_tone(-125_000, 0.25)
    found["dds"] = loudest(sdr)
    sdr.disable_dds()
    found["silence"] = loudest(sdr)[1]
    sdr.rx_destroy_buffer()
    sdr.sample_rate = 5_000_000
    found["faster"] = sdr.sample_rate, sdr._get_iio_dev_attr_str("rx_path_rates")
    for name, value in (
        ("rx_lo", 6_000_000_000),
        ("tx_hardwaregain_chan0", 1),
        ("sample_rate", 70_000_000),
    ):
        try:
            setattr(sdr, name, value)
        except OSError as error:
            found[name] = error.errno
    sdr.rx_buffer_size = 2 * SIZE
    found["longer"] = len(sdr.rx())
    sdr.rx_destroy_buffer()
    print(json.dumps(found))


if __name__ == "__main__":
    main()
