# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Streams: cuts, ends, seeds, where the noise comes, and changes while they run."""

from __future__ import annotations

import numpy as np
import pytest

from semcom_core.channel import parse_channel
from semcom_core.errors import ConfigError
from semcom_core.phy import Layout, PhyConfig
from semcom_core.units import complex_noise

EVERY = [
    "clean",
    "awgn:5",
    "cfo:12khz",
    "taps:0,-6,-10",
    "delay:3",
    "delay:3.4",
    "rayleigh:10",
    "rayleigh:block=64",
    "rician:block=7",
    "rayleigh:30kmh",
    "rician:doppler=20khz",
    "tdl-a:100ns",
    "tdl-c:10,300ns,120kmh",
    "tdl-e:2us,30kmh",
    "sco:40ppm",
    "sco:-1000ppm",
    "phase-noise:-80",
    "iq:1db,5deg",
    "dc:10%",
    "adc:6",
    "pa:3",
    "impulse:2khz,20,50",
    "tone:20,50khz,keyed=500",
    "pa:6+tdl-a:10,100ns,3kmh+sco:20ppm+cfo:12khz+phase-noise:-80+iq:1db,5deg+dc:10%+adc:8",
]


def seeded(seed=3):
    return np.random.default_rng(seed)


@pytest.fixture
def samples():
    return complex_noise(12_000, 1.0, seeded(1))


@pytest.mark.parametrize("text", EVERY)
def test_cuts_do_not_matter(samples, text):
    """One call, and pieces of all sorts, of none and of one sample: the same samples."""
    channel = parse_channel(text, carrier_power=1.0)
    whole, stream = channel.through_samples(samples, seeded()), channel.stream(seeded())
    cuts = np.cumsum([1, 0, 1, 5, 64, 63, 65, 2, 3000, 129, 1])
    pieces = [stream.push(piece) for piece in np.split(samples, cuts)] + [stream.end()]
    assert all(piece.dtype == np.complex64 for piece in pieces)
    assert len(whole) >= len(samples) - 12 and np.isfinite(whole).all()
    assert np.allclose(np.concatenate(pieces), whole, atol=1e-6, rtol=0) and sum(
        map(len, pieces)
    ) == len(whole)


@pytest.mark.parametrize("text", EVERY)
def test_what_is_held_is_counted_and_comes_out(samples, text):
    stream = parse_channel(text).stream(seeded())
    given = len(stream.push(samples[:5000]))
    held = stream.held
    assert 0 <= held < 400 and abs(given + held - 5000) <= 6
    assert len(stream.end()) >= held


def test_same_fading_at_another_snr_and_without_noise(samples):
    """What a receiver that knows the channel needs: the response again, by the state of the
    generator.
    """
    channel = parse_channel("tdl-a:10,300ns,30kmh+impulse:500,10+cfo:1khz")
    clean = channel.noiseless().through_samples(samples, seeded())
    for snr_db in (10, 20):
        noise = channel.with_snr(snr_db).through_samples(samples, seeded()) - clean
        n0 = channel.with_snr(snr_db).noise_power(samples)
        assert np.mean(np.abs(noise) ** 2) == pytest.approx(n0, rel=0.05)
    assert not np.allclose(
        clean[:100], channel.noiseless().through_samples(samples, seeded(4))[:100]
    )


def test_terms_of_one_name_fade_apart(samples):
    twice = parse_channel("rayleigh+rayleigh").through_samples(samples, seeded())
    once = parse_channel("rayleigh").through_samples(samples, seeded())
    assert not np.allclose(twice / samples, (once / samples) ** 2)


def test_generator_gives_one_integer(samples):
    """So what comes after does not depend on the terms, nor on the length."""
    used, other = seeded(), seeded()
    parse_channel("tdl-a:10,30kmh+impulse:1khz,3").through_samples(samples, used)
    parse_channel("clean").through_symbols(samples[:3], other)
    assert used.random() == other.random()


def test_noise_comes_before_the_receiver_and_after_the_transmitter():
    """A DC offset and a converter act on the noise; an amplifier, wherever it is written, does
    not.
    """
    silence = np.zeros(20_000)
    assert np.mean(
        parse_channel("dc:300%,deg=0+awgn:10").through_samples(silence, seeded())
    ).real == pytest.approx(3 * 0.316, rel=0.01)
    assert (
        len(np.unique(parse_channel("adc:2+awgn:0").through_samples(silence, seeded()).real)) <= 4
    )
    amplified = parse_channel("awgn:0+pa:-40").through_samples(silence, seeded())
    assert np.array_equal(amplified, parse_channel("awgn:0").through_samples(silence, seeded()))


def test_modem_sets_rate_and_powers():
    config = PhyConfig(amplitude=0.5, rate_hz=2e6)
    signal = parse_channel("awgn:10").for_modem(config).signal
    assert (signal.rate_hz, signal.power, signal.carrier_power) == (
        2e6,
        config.rms**2,
        Layout(config).carrier_power,
    )


def test_changes_keep_the_state_of_what_stays():
    """Fading goes on at another SNR; the phase of a frequency offset does not jump; an added term
    changes nothing else.
    """
    ones = np.ones(6400)
    stream = parse_channel("rayleigh:20,doppler=50hz+cfo:1khz").stream(seeded())
    going_on = parse_channel("rayleigh:doppler=50hz+cfo:1khz").stream(seeded())
    stream.push(ones)
    going_on.push(ones)
    stream.set_channel(parse_channel("cfo:1khz+rayleigh:doppler=50hz+iq:0db"))
    assert np.allclose(stream.push(ones), going_on.push(ones), atol=1e-5)
    stream.set_channel(parse_channel("rayleigh:doppler=50hz+cfo:-3khz"))
    before, after = going_on.push(ones)[0], stream.push(ones)
    assert abs(after[0] - before) < 1e-4
    assert np.angle(np.mean(after[1:] * after[:-1].conj())) / (2 * np.pi) * 1e6 == pytest.approx(
        -3000, abs=60
    )


@pytest.mark.parametrize("text", ["delay:0.5", "sco:0.001ppm", "tdl-a:0ns,0kmh", "taps:0,-100"])
def test_what_a_term_held_comes_out_when_it_goes(samples, text):
    """The stream does not lose a sample when a term with a filter is taken out."""
    stream = parse_channel(f"{text}+cfo:0").stream(seeded())
    first = stream.push(samples[:5000])
    stream.set_channel(parse_channel("cfo:0"))
    out = np.concatenate([first, stream.push(samples[5000:])])
    assert len(out) == len(samples) and np.allclose(out[5000:], samples[5000:])


def test_refused_change_leaves_the_stream_as_it_was(samples):
    stream, untouched = (parse_channel("tdl-a:100ns,30kmh").stream(seeded()) for _ in range(2))
    first = stream.push(samples[:3000])
    with pytest.raises(ConfigError):
        stream.set_channel(parse_channel("cfo:1+tdl-b:1s"))
    out = np.concatenate([first, stream.push(samples[3000:])])
    assert np.allclose(out, untouched.push(samples))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e38, 1e20j, complex(1, np.nan)])
@pytest.mark.parametrize("text", EVERY)
def test_malformed_samples_count_as_zero(samples, text, bad):
    spoilt, mended = samples[:3000].copy(), samples[:3000].copy()
    spoilt[[0, 1000, 1001]], mended[[0, 1000, 1001]] = bad, 0
    channel = parse_channel(text)
    assert channel.noise_power(spoilt) == channel.noise_power(mended) < 1
    assert np.array_equal(
        channel.through_samples(spoilt, seeded()), channel.through_samples(mended, seeded())
    )


def test_symbols_fade_as_samples_do():
    """Without the modem a symbol counts as a sample."""
    channel, ones = parse_channel("rician:60,3,doppler=1khz"), np.ones(5000)
    _, noise_var = channel.through_symbols(ones, seeded())
    gain = channel.noiseless().through_samples(ones, seeded())
    assert np.allclose(1e-6 / noise_var, np.abs(gain) ** 2, rtol=1e-3)


@pytest.mark.parametrize(
    "text",
    [
        "awgn:-60",
        "rician:-60,60,30kmh",
        "tdl-e:30kmh",
        "taps:100,-200",
        "delay:0.5",
        "sco:1000ppm",
        "cfo:500khz",
        "phase-noise:-60",
        "iq:40db,90deg",
        "dc:10000%",
        "adc:24,clip=80",
        "adc:1,clip=-40",
        "pa:-40,p=10",
        "pa:80,p=0.1",
        "impulse:1mhz,100,1000",
        "tone:100,1khz",
    ],
)
def test_largest_samples_and_settings_do_not_overflow(text):
    x = np.full(3000, 9e14 + 9e14j, np.complex64)
    with np.errstate(over="raise", invalid="raise"):
        assert np.isfinite(parse_channel(text).through_samples(x, seeded())).all()


@pytest.mark.parametrize("text", EVERY)
def test_stream_ends_once(samples, text):
    """What a second end would give, a tail of its own, is not there; samples after the end are
    refused.
    """
    stream = parse_channel(text, carrier_power=1.0).stream(seeded())
    out = [stream.push(samples[:3000]), stream.end()]
    assert np.array_equal(
        np.concatenate(out),
        parse_channel(text, carrier_power=1.0).through_samples(samples[:3000], seeded()),
    )
    stream.set_channel(parse_channel("cfo:3"))
    assert len(stream.end()) == 0
    with pytest.raises(ConfigError, match="3000 samples after its end; allowed"):
        stream.push(samples[:3000])
