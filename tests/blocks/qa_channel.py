# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Channel: the SNR convention, frequency offset, paths, runtime setters."""

from __future__ import annotations

import numpy as np
import pytest
from gnuradio import blocks, gr, semcom

from semcom_core.errors import ConfigError
from semcom_core.phy import Layout, PhyConfig, Transmitter


def through(flowgraph, samples, later=(), **settings):
    """A channel and what comes out of it; `later` holds names and values of setters."""
    channel, sink = semcom.channel(**settings), blocks.vector_sink_c()
    for name, value in dict(later).items():
        getattr(channel, f"set_{name}")(value)
    flowgraph.connect(blocks.vector_source_c(samples.tolist(), False), channel, sink)
    flowgraph.run()
    return channel, np.array(sink.data(), np.complex64)


@pytest.mark.parametrize("snr_db", [0.0, 5.0, 20.0])
def test_noise_power_is_n0(flowgraph, snr_db):
    _, noise = through(flowgraph, np.zeros(1_000_000, np.complex64), later={"snr_db": snr_db}, snr_db=50.0)
    config = PhyConfig()
    n0 = config.rms**2 / Layout(config).occupancy * 10 ** (-snr_db / 10)
    # GNU Radio's noise comes from a table of 16,384 draws, whose power is within 4 sigma = 3.2 % of its mean
    assert np.mean(np.abs(noise) ** 2) == pytest.approx(n0, rel=0.032)


def test_symbol_power_is_the_transmitters(make_frame):
    modem = Transmitter()
    burst = modem.burst([make_frame(length=4000)])
    carriers = np.fft.fft(burst[1000 : 1000 + 70 * 40].reshape(40, 70)[:, 6:], axis=1, norm="ortho")
    measured = np.mean(np.abs(carriers) ** 2) / modem.layout.occupancy  # over 2,000 carriers, whatever the alignment: 10 %
    assert measured == pytest.approx(semcom.channel().symbol_power, rel=0.1)


def test_clean_channel_changes_nothing(flowgraph):
    x = np.exp(2j * np.pi * 0.01 * np.arange(5000)).astype(np.complex64)
    _, y = through(flowgraph, x, snr_db=float("inf"))
    lag = int(np.argmax(np.abs(np.correlate(x[:4000], y[50:300], "valid")))) - 50
    z = y[100:4000] / x[100 + lag : 4000 + lag]
    assert np.max(np.abs(z - z[0])) < 1e-3
    assert abs(z[0]) == pytest.approx(1, abs=1e-3)


def test_frequency_offset(flowgraph):
    _, y = through(flowgraph, np.ones(20000, np.complex64), snr_db=float("inf"), cfo_hz=12345.0)
    y = y[1000:-1000]
    assert np.angle(np.mean(y[1:] * y[:-1].conj())) / (2 * np.pi) * 1e6 == pytest.approx(12345.0, abs=1)


def test_paths(flowgraph):
    x = np.zeros(2000, np.complex64)
    x[1000] = 1
    _, y = through(flowgraph, x, snr_db=float("inf"), taps_db=[0, -6, -10], seed=3)
    first = int(np.argmax(np.abs(y)))
    powers_db = 10 * np.log10(np.abs(y[first : first + 3]) ** 2)
    assert powers_db - powers_db[0] == pytest.approx([0, -6, -10], abs=0.05)
    assert np.sum(np.abs(y) ** 2) == pytest.approx(1, abs=1e-3)


def test_runs_repeat(flowgraph):
    _, y = through(flowgraph, np.zeros(1000, np.complex64), snr_db=0.0, seed=5)
    _, z = through(gr.top_block(), np.zeros(1000, np.complex64), snr_db=0.0, seed=5)
    assert np.array_equal(y, z)


def test_setters():
    channel = semcom.channel()
    channel.set_cfo_hz(-4000.0)
    channel.set_taps_db([0, -3])
    channel.set_sampling_offset_ppm(20.0)
    assert channel.model.frequency_offset() == pytest.approx(-0.004)
    assert np.sum(np.abs(channel.model.taps()) ** 2) == pytest.approx(1)
    assert channel.model.timing_offset() == pytest.approx(1 - 20e-6)


@pytest.mark.parametrize(
    "settings",
    [{"snr_db": np.nan}, {"cfo_hz": 6e5}, {"taps_db": []}, {"taps_db": [np.nan]}, {"sampling_offset_ppm": 1e4}, {"seed": -1}],
)
def test_bad_arguments(settings):
    with pytest.raises(ConfigError):
        semcom.channel(**settings)
