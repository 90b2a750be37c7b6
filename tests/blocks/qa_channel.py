# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Channel: the SNR convention, terms, end of stream, tags, changes while it runs, bad values."""

from __future__ import annotations

import logging
import time

import numpy as np
import pmt
import pytest
from gnuradio import blocks, gr, pdu, semcom

from semcom_core.channel import parse_channel
from semcom_core.errors import ConfigError
from semcom_core.phy import Layout, PhyConfig, Transmitter
from semcom_core.units import complex_noise

INF = float("inf")


def through(flowgraph, samples, later=(), **settings):
    """A channel and what comes out of it; `later` holds names and values of setters."""
    channel, sink = semcom.channel(**settings), blocks.vector_sink_c()
    for name, value in dict(later).items():
        getattr(channel, f"set_{name}")(value)
    flowgraph.connect(blocks.vector_source_c(samples.tolist(), False), channel, sink)
    flowgraph.run()
    return channel, np.array(sink.data(), np.complex64)


class Pulled:
    """A channel between a source and a sink of messages: samples go in and come out when the test
    says so.
    """

    def __init__(self, flowgraph, **settings):
        self.source, self.channel = (
            pdu.pdu_to_tagged_stream(gr.types.complex_t, "length"),
            semcom.channel(**settings),
        )
        self.sink = blocks.vector_sink_c()
        flowgraph.connect(self.source, self.channel, self.sink)
        flowgraph.start()

    def send(self, samples) -> np.ndarray:
        """Send samples through a channel that gives out as many; what came out of them."""
        before = len(self.sink.data())
        message = pmt.cons(pmt.make_dict(), pmt.to_pmt(np.asarray(samples, np.complex64)))
        self.source.to_basic_block()._post(pmt.intern("pdus"), message)
        end = time.monotonic() + 20
        while len(self.sink.data()) < before + len(samples):
            assert time.monotonic() < end
            time.sleep(0.005)
        return np.array(self.sink.data()[before:], np.complex64)


@pytest.mark.parametrize("snr_db", [0.0, 5.0, 20.0])
def test_noise_power_is_n0(flowgraph, snr_db):
    """400,000 samples: the power is known to 0.16 % (one deviation)."""
    config = PhyConfig(amplitude=0.5)
    silence = np.zeros(400_000, np.complex64)
    _, noise = through(
        flowgraph, silence, later={"snr_db": snr_db}, channel="awgn:50", phy={"amplitude": 0.5}
    )
    n0 = config.rms**2 / Layout(config).occupancy * 10 ** (-snr_db / 10)
    assert np.mean(np.abs(noise) ** 2) == pytest.approx(n0, rel=0.01)


def test_symbol_power_is_the_transmitters(make_frame):
    modem = Transmitter()
    burst = modem.burst([make_frame(length=4000)])
    carriers = np.fft.fft(burst[1000 : 1000 + 70 * 40].reshape(40, 70)[:, 6:], axis=1, norm="ortho")
    measured = (
        np.mean(np.abs(carriers) ** 2) / modem.layout.occupancy
    )  # over 2,000 carriers, whatever the alignment: 10 %
    assert measured == pytest.approx(
        parse_channel("clean").for_modem(PhyConfig()).signal.carrier_power, rel=0.1
    )


def test_clean_channel_changes_nothing(flowgraph):
    x = complex_noise(100_000, 1.0, np.random.default_rng(1))
    _, y = through(flowgraph, x, channel="clean")
    assert np.array_equal(x, y)


@pytest.mark.parametrize(
    "text",
    [
        "taps:0,-6,-10",
        "tdl-a:10,300ns,30kmh+sco:40ppm+cfo:12khz+iq:1db+dc:5%",
        "delay:700.5+rayleigh:12",
    ],
)
def test_stream_is_the_cores_with_its_tail(flowgraph, text):
    """Whatever the scheduler's cuts: the same samples as by one call of the core, its tail
    included.
    """
    x = complex_noise(30_000, 1.0, np.random.default_rng(1))
    _, y = through(flowgraph, x, channel=text, seed=5)
    stream = parse_channel(text).for_modem(PhyConfig()).stream(np.random.default_rng(5))
    expected = np.concatenate([stream.push(x), stream.end()])
    assert len(y) == len(expected) > len(x) and np.allclose(y, expected, atol=1e-5)


def test_empty_stream_ends(flowgraph):
    _, y = through(flowgraph, np.zeros(0, np.complex64), channel="awgn:10+delay:0.5")
    assert len(y) < 200 and np.isfinite(y).all()


def test_seed_repeats_and_a_restart_begins_anew(flowgraph):
    silence = np.zeros(1000, np.complex64)
    _, y = through(flowgraph, silence, channel="awgn:0", seed=5)
    top_block = gr.top_block()
    source, channel, sink = (
        blocks.vector_source_c(silence.tolist(), False),
        semcom.channel("awgn:0", seed=5),
        blocks.vector_sink_c(),
    )
    top_block.connect(source, channel, sink)
    for _ in range(3):
        source.rewind()
        sink.reset()
        top_block.run()
        assert np.array_equal(y, np.array(sink.data(), np.complex64))


def test_changes_while_it_runs(flowgraph):
    pulled, ones = Pulled(flowgraph, channel="rayleigh:60,doppler=1hz", seed=3), np.ones(1280)
    before = pulled.send(ones)
    pulled.channel.set_snr_db(INF)
    after = pulled.send(ones)
    gap = abs(after[0] - before[-200:].mean())
    assert (
        gap < 0.05 and np.abs(np.diff(after)).max() < 1e-3
    )  # 1 Hz: fading goes on where it was, without the noise
    pulled.channel.set_channel("dc:0")
    assert np.allclose(pulled.send(ones), 1)
    pulled.channel.set_cfo_hz(1000.0)
    first = pulled.send(ones)
    pulled.channel.set_cfo_hz(-1000.0)
    second = pulled.send(ones)
    steps = (
        np.angle(np.concatenate([first, second])[1:] * np.concatenate([first, second])[:-1].conj())
        / (2 * np.pi)
        * 1e6
    )
    assert np.allclose(steps[:1279], 1000, atol=0.5) and np.allclose(steps[1280:], -1000, atol=0.5)
    assert abs(steps[1279]) <= 1000.5  # the phase does not jump
    assert pulled.channel.terms == "dc:0%+cfo:-1000"


def test_bad_values_are_refused_while_it_runs_with_one_line_each(flowgraph, caplog):
    pulled = Pulled(flowgraph, channel="cfo:100")
    before = pulled.channel.terms
    channels = ["fog:3", "", 5, "awgn:3+rayleigh:3", "tdl-a:10,1s"]
    numbers = [
        ("snr_db", np.nan),
        ("snr_db", "x"),
        ("snr_db", -61),
        ("cfo_hz", 6e5),
        ("cfo_hz", np.nan),
        ("cfo_hz", [1]),
    ]
    for name, value in [*(("channel", text) for text in channels), *numbers]:
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            getattr(pulled.channel, f"set_{name}")(value)
        (record,) = caplog.records
        assert "\n" not in record.getMessage() and name in record.getMessage()
        assert pulled.channel.terms == before
    assert np.allclose(np.abs(pulled.send(np.ones(640))), 1)


@pytest.mark.parametrize(
    "settings",
    [
        {"channel": "fog"},
        {"channel": ""},
        {"channel": None},
        {"snr_db": np.nan},
        {"snr_db": "x"},
        {"cfo_hz": 6e5},
        {"seed": -1},
        {"snr_db": [1]},
        {"snr_db": -INF},
        {"cfo_hz": "12khz"},
        {"cfo_hz": [1]},
        {"cfo_hz": np.nan},
        {"seed": "x"},
        {"seed": None},
        {"phy": {"nonesuch": 1}},
        {"channel": "tdl-a:10,1s"},
        {"channel": "rayleigh:3,doppler=1mhz"},
    ],
)
def test_bad_arguments(settings):
    with pytest.raises(ConfigError, match="allowed") as caught:
        semcom.channel(**settings)
    assert "\n" not in str(caught.value)


def test_snr_and_offset_beside_the_terms():
    channel = semcom.channel("taps:0,-6+rayleigh:3", snr_db=10.0, cfo_hz=500.0)
    assert channel.terms == "taps:0,-6+rayleigh:10+cfo:500"
    channel.set_channel("cfo:7+awgn:1")
    assert channel.terms == "cfo:500+awgn:10"
    channel.set_snr_db(None)
    channel.set_cfo_hz(None)
    assert channel.terms == "cfo:7+awgn:1"
    channel.set_snr_db(INF)
    assert channel.terms == "cfo:7"
    channel.set_channel("awgn:1")
    channel.set_cfo_hz(None)
    assert channel.terms == "clean"
    assert (
        parse_channel(semcom.channel("rayleigh:30kmh,fc=24ghz", cfo_hz=-1 / 3).terms)
        .terms[1]
        .offset_hz
        == -1 / 3
    )


def test_malformed_samples_do_no_harm(flowgraph):
    """NaN, Inf and huge samples count as 0, and leave no trace once they have passed."""
    bad = np.array([np.nan, np.inf, -np.inf, 1e38, 1 + 1j * np.nan, 1e-45] * 500, np.complex64)
    x = np.concatenate([bad, np.ones(20_000, np.complex64)])
    _, y = through(
        flowgraph,
        x,
        channel="pa:6+taps:0,-6+tdl-a:100ns,3kmh+delay:3.5+sco:10ppm+phase-noise:-80+impulse:100,10+iq:1db+adc:8",
    )
    assert np.isfinite(y).all() and np.abs(y).max() < 100
    assert np.mean(np.abs(y[-5000:-200]) ** 2) > 1e-4
