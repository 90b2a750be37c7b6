# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Channels: their strings, their noise, what each term does."""

from __future__ import annotations

import numpy as np
import pytest

from semcom_core.channel import TERMS, parse_channel
from semcom_core.errors import ConfigError
from semcom_core.phy import Frame, FrameHeader, Layout, PhyConfig, Transmitter
from semcom_core.units import complex_noise


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(4)


def burst(rng, length=4000, **config) -> np.ndarray:
    symbols = complex_noise(length, 1.0, rng)
    symbols /= np.sqrt(np.mean(np.abs(symbols) ** 2))
    return Transmitter(PhyConfig(**config)).burst(
        [Frame(FrameHeader(codec=3, length=length), symbols)]
    )


@pytest.mark.parametrize(
    "text, canonical",
    [
        ("clean", "clean"),
        ("awgn:5", "awgn:5"),
        ("awgn:-2.50", "awgn:-2.5"),
        ("rayleigh", "rayleigh"),
        ("rayleigh:10,block=64", "rayleigh:10,block=64"),
        ("rician:3", "rician:3,6"),
        ("rician:3,9,block=5", "rician:3,9,block=5"),
        ("awgn:5+cfo:12khz+taps:0,-6,-10+delay:3.4", "awgn:5+cfo:12000+taps:0,-6,-10+delay:3.4"),
        (" awgn:5 + cfo:-300Hz", "awgn:5+cfo:-300"),
        ("cfo:0.02MHz", "cfo:20000"),
    ],
)
def test_string_round_trips(text, canonical):
    assert str(parse_channel(text)) == canonical
    assert str(parse_channel(canonical)) == canonical
    assert parse_channel(canonical) == parse_channel(text)


@pytest.mark.parametrize(
    "text, named",
    [
        ("", "''"),
        ("nonesuch:3", "nonesuch"),
        ("awgn", "awgn"),
        ("awgn:x", "'x'"),
        ("awgn:nan", "'nan'"),
        ("awgn:inf", "'inf'"),
        ("awgn:5,6", "5,6"),
        ("awgn:5+rayleigh:3", "rayleigh:3"),
        ("cfo:3,4", "3,4"),
        ("cfo:12parsec", "12parsec"),
        ("taps:", "''"),
        ("delay:-1", "'-1'"),
        ("rayleigh:1,blok=3", "blok=3"),
        ("rayleigh:1,block=-2", "'-2'"),
        ("clean:1", "'1'"),
        ("awgn:5+", "''"),
    ],
)
def test_refuses_in_one_line_what_is_not_allowed(text, named):
    with pytest.raises(ConfigError, match="allowed") as caught:
        parse_channel(text)
    assert named in str(caught.value) and "\n" not in str(caught.value)


def test_unknown_term_is_told_all_the_terms():
    with pytest.raises(ConfigError) as caught:
        parse_channel("fog:3")
    assert all(name in str(caught.value) for name in TERMS)


@pytest.mark.parametrize("snr_db", [-5, 0, 12])
def test_noise_power_of_symbols_is_n0(rng, snr_db):
    """400000 symbols: N0 to 0.16 % (one deviation), half of it in each real dimension."""
    x = complex_noise(400_000, 1.0, rng)
    y, noise_var = parse_channel(f"awgn:{snr_db}").through_symbols(x, rng)
    n0 = 10 ** (-snr_db / 10)
    assert np.mean(np.abs(y - x) ** 2) == pytest.approx(n0, rel=0.01)
    assert np.var((y - x).real) == pytest.approx(n0 / 2, rel=0.01)
    assert np.allclose(noise_var, n0) and noise_var.dtype == np.float32 and y.dtype == np.complex64


@pytest.mark.parametrize("config", [{}, {"amplitude": 0.25}, {"headroom_db": 14.0}])
@pytest.mark.parametrize("lead", [0, 100_000])
def test_noise_power_of_samples_is_n0_of_an_active_carrier(rng, config, lead):
    """Known carrier power, 3 dB SNR, whatever silence is about; 3 % for the burst's own power
    (header, pilots, payload).
    """
    layout = Layout(PhyConfig(**config))
    x = np.concatenate([np.zeros(lead, np.complex64), *(burst(rng, **config) for _ in range(5))])
    y = parse_channel("awgn:3").through_samples(x, rng)
    n0 = layout.carrier_power * 10**-0.3
    assert np.mean(np.abs(y - x) ** 2) == pytest.approx(n0, rel=0.03)
    on_carriers = np.fft.fft((y - x)[: len(x) // 64 * 64].reshape(-1, 64), axis=1, norm="ortho")[
        :, layout.bins
    ]
    assert np.mean(np.abs(on_carriers) ** 2) == pytest.approx(n0, rel=0.03)


def test_carrier_power_can_be_fixed(rng):
    y = parse_channel("awgn:10", carrier_power=40.0).through_samples(np.zeros(300_000), rng)
    assert np.mean(np.abs(y) ** 2) == pytest.approx(4.0, rel=0.01)


def test_silence_gets_the_noise_of_a_default_burst(rng):
    y = parse_channel("awgn:10").through_samples(np.zeros(300_000), rng)
    assert np.mean(np.abs(y) ** 2) == pytest.approx(
        0.1 * Layout(PhyConfig()).carrier_power, rel=0.01
    )


def test_clean_changes_nothing_and_reports_a_finite_variance(rng):
    x = complex_noise(100, 1.0, rng)
    y, noise_var = parse_channel("clean").through_symbols(x, rng)
    assert (
        np.array_equal(y, x)
        and np.all(np.isfinite(noise_var))
        and np.all((0 < noise_var) & (noise_var < 1e-5))
    )
    assert np.array_equal(parse_channel("clean").through_samples(x, rng), x)


@pytest.mark.parametrize(
    "text, fourth", [("rayleigh:10,block=8", 2.0), ("rician:10,6,block=8", None)]
)
def test_fading_is_unbiased_with_the_variance_it_reports(rng, text, fourth):
    """E|h|^2 = 1 and, for Rayleigh fading, E|h|^4 = 2, over 20000 blocks; (y - x)^2 / noise_var
    averages 1.
    """
    x = complex_noise(160_000, 1.0, rng)
    y, noise_var = parse_channel(text).through_symbols(x, rng)
    there = np.isfinite(noise_var)
    gain = 0.1 / noise_var[there]
    assert np.mean(np.abs(y - x)[there] ** 2 / noise_var[there]) == pytest.approx(1, rel=0.02)
    assert np.mean(gain) == pytest.approx(1, rel=0.05)
    if fourth:
        assert np.mean(gain**2) == pytest.approx(fourth, rel=0.1)
    blocks = noise_var.reshape(-1, 8)
    assert np.all(blocks == blocks[:, :1]) and len(np.unique(blocks[:, 0])) > 15_000


def test_deep_fades_are_erased(rng):
    y, noise_var = parse_channel("rayleigh:10,block=1").through_symbols(np.ones(200_000), rng)
    lost = np.isinf(noise_var)
    assert 5 <= lost.sum() <= 50 and np.all(y[lost] == 0) and not np.isnan(y).any()


@pytest.mark.parametrize("text", ["awgn:5+cfo:12khz", "taps:0,-6", "delay:1.5"])
def test_sample_terms_are_refused_for_symbols(rng, text):
    with pytest.raises(ConfigError, match="acts on samples"):
        parse_channel(text).through_symbols(np.ones(4), rng)


def test_frequency_offset_turns_by_its_hertz(rng):
    y = parse_channel("cfo:12.5khz", rate_hz=1e6).through_samples(np.ones(81), rng)
    assert np.allclose(y, np.exp(2j * np.pi * np.arange(81) / 80), atol=1e-5)


@pytest.mark.parametrize("delay", [0.0, 5.0, 0.5, 3.25])
def test_delay_delays(rng, delay):
    """A band-limited pulse, sampled delayed: within -60 dB."""
    at = np.arange(400)

    def pulse(late):
        return np.exp(-(((at - 150 - late) / 6) ** 2)) * np.exp(0.9j * (at - late))

    y = parse_channel(f"delay:{delay}").through_samples(pulse(0), rng)
    assert np.abs(y[:400] - pulse(delay)).max() < 1e-3
    assert len(y) >= 400 + delay


def test_taps_have_their_gains_energy_1_and_new_phases_each_call(rng):
    channel = parse_channel("taps:0,-6,-10")
    first, second = (channel.through_samples(np.array([1.0]), rng) for _ in range(2))
    gains = 10 ** (np.array([0, -6, -10]) / 10)
    assert np.allclose(np.abs(first) ** 2, gains / gains.sum(), rtol=1e-5)
    assert np.allclose(np.abs(first), np.abs(second)) and not np.allclose(first, second)


def test_same_generator_same_channel():
    channel, x = parse_channel("awgn:5+rayleigh+taps:0,-3"), np.ones(50)
    assert np.array_equal(*(channel.through_samples(x, np.random.default_rng(9)) for _ in range(2)))


def test_snr_can_be_changed_and_noise_left_out():
    channel = parse_channel("rician:4,9+taps:0,-6")
    assert (channel.snr_db, str(channel.with_snr(7))) == (4, "rician:7,9+taps:0,-6")
    assert parse_channel("awgn:3+cfo:10").noiseless().snr_db is None
    with pytest.raises(ConfigError, match="no SNR"):
        parse_channel("cfo:3").with_snr(1)


@pytest.mark.parametrize("snr_db", [np.nan, np.inf, -61, 101])
def test_snr_out_of_range_is_refused(snr_db):
    with pytest.raises(ConfigError, match=f"snr_db is {snr_db}; allowed is -60.0 to 100.0"):
        parse_channel("awgn:5").with_snr(snr_db)


def test_noise_alone_left_out_is_clean():
    assert parse_channel("awgn:5").noiseless() == parse_channel("clean")
    assert str(parse_channel("awgn:5+cfo:3").noiseless()) == "cfo:3"


@pytest.mark.parametrize("text", ["awgn:5+cfo:5+delay:2.5+taps:0,-3", "rayleigh:5", "clean"])
def test_nothing_in(rng, text):
    y = parse_channel(text).through_samples(np.zeros(0), rng)
    assert np.isfinite(y).all()
