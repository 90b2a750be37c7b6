# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moving channels against closed forms: Jakes' spectrum, Rayleigh and Rician envelopes, 3GPP's
profiles.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import j0
from scipy.stats import kstest, rayleigh, rice

from semcom_core.channel import parse_channel
from semcom_core.channel.fading import BETA, HALF_LENGTH, SIGHT, WAVES, JakesGains, Motion
from semcom_core.channel.filters import windowed_sinc
from semcom_core.channel.tdl import PROFILES
from semcom_core.units import db_to_linear

DOPPLER = 0.01
#: Realisations, and what a mean over them is good to: four deviations.
COUNT, TOLERANCE = 5_000, 4 / np.sqrt(5_000)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(4)


def gains(factor, at, rng):
    """Gains of COUNT realisations at times in samples, (COUNT, n)."""
    return JakesGains(DOPPLER, np.ones(COUNT), np.full(COUNT, factor), rng)(np.asarray(at, float))


def response(text, rng, rate_hz, samples=1):
    """What comes out for an impulse, or for `samples` ones."""
    return parse_channel(text, rate_hz).through_samples(np.ones(samples), rng)


def test_autocorrelation_is_j0(rng):
    """Over realisations, at lags up to two periods of the Doppler shift."""
    lags = np.array([0, 10, 25, 38.3, 50, 75, 100, 150, 200])
    h = gains(0.0, 1000 + lags, rng)
    assert np.mean(h * h[:, :1].conj(), axis=0) == pytest.approx(
        j0(2 * np.pi * DOPPLER * lags), abs=TOLERANCE
    )
    assert np.mean(h[:, 0] * h[:, 3]) == pytest.approx(0, abs=TOLERANCE)


@pytest.mark.parametrize("factor", [0.0, 4.0])
def test_envelope_has_the_distribution(rng, factor):
    """Kolmogorov-Smirnov distance below that of probability 1e-4 for so many realisations, plus
    1/(8 WAVES) for the count of waves.
    """
    size = np.abs(gains(factor, [123.0], rng)[:, 0])
    scale = np.sqrt(0.5 / (1 + factor))
    law = rice(np.sqrt(2 * factor), scale=scale) if factor else rayleigh(scale=scale)
    assert kstest(size, law.cdf).statistic < 2.2 / np.sqrt(COUNT) + 1 / (8 * WAVES)


@pytest.mark.parametrize(
    "text, factor",
    [
        ("rayleigh:doppler=100hz", 0.0),
        ("rician:k=6,doppler=100hz", 10**0.6),
        ("tdl-e:0ns,doppler=100hz", 10**2.2),
    ],
)
def test_stream_has_its_mean_power_and_factor(rng, text, factor):
    """2 s at 100 Hz, 200 periods: the line of sight and the power of the rest; of TDL-E the first
    path is 22 dB K and 0.91 of all.
    """
    h = response(text, rng, 1e4, 20_000)[-20_000:]
    sight = (
        np.abs(np.mean(h * np.exp(-2j * np.pi * SIGHT * 0.01 * np.arange(len(h))))) ** 2
        if factor
        else 0.0
    )
    share = factor / (1 + factor) * (0.907 if "tdl" in text else 1)
    assert sight == pytest.approx(share, abs=0.05)
    assert np.mean(np.abs(h) ** 2) == pytest.approx(1, abs=0.1)


def test_speed_and_carrier_give_the_doppler_shift():
    signal = parse_channel("clean", rate_hz=1e6).signal
    assert Motion(speed_kmh=30.0).doppler(signal) * 1e6 == pytest.approx(
        68.1, abs=0.1
    )  # 8.33 m/s over a wavelength of 12.2 cm
    assert Motion(speed_kmh=30.0, carrier_hz=4.9e9).doppler(signal) * 1e6 == pytest.approx(
        136.2, abs=0.2
    )


@pytest.mark.parametrize("text", ["rayleigh:30kmh", "rayleigh:300kmh", "tdl-a:0ns,30kmh"])
def test_gains_are_smooth_from_sample_to_sample(rng, text):
    """Beyond three times the Doppler shift the spectrum of the gain is 60 dB below its power."""
    h = response(text, rng, 1e6, 1 << 18)[: 1 << 18]
    h = h[64:-64] * np.blackman(len(h) - 128)
    spectrum, at_hz = np.abs(np.fft.fft(h)) ** 2, np.abs(np.fft.fftfreq(len(h), 1e-6))
    limit_hz = 3 * (681 if "300" in text else 68.1)
    assert spectrum[at_hz > limit_hz].sum() < 1e-6 * spectrum.sum()


def test_standing_paths_stay_and_differ_between_streams(rng):
    first, second = (response("tdl-a:100ns", rng, 1e6, 5000)[100:4900] for _ in range(2))
    assert np.ptp(np.abs(first)) < 1e-4 and not np.allclose(first, second, atol=0.01)


@pytest.mark.parametrize("name", sorted(PROFILES))
def test_table_has_unit_delay_spread(name):
    """The tables are normalised: 1 to their four digits, of TDL-D to its three."""
    paths = parse_channel(f"{name}:1000ns").terms[0].paths(1e6)
    mean = np.sum(np.multiply(paths.powers, paths.delays))
    spread = np.sqrt(np.sum(paths.powers * (np.asarray(paths.delays) - mean) ** 2))
    assert spread == pytest.approx(1, abs=0.01 if name == "tdl-d" else 5e-4)
    assert np.sum(paths.powers) == pytest.approx(1)


@pytest.mark.parametrize("name, k_db", [("tdl-d", 13.3), ("tdl-e", 22.0)])
def test_first_path_is_rician(name, k_db):
    """The first path with its line of sight has the mean power 0 dB before all are normalised."""
    paths = parse_channel(name).terms[0].paths(1e6)
    assert 10 * np.log10(paths.factors[0]) == pytest.approx(k_db, abs=0.01) and not np.any(
        paths.factors[1:]
    )
    assert paths.powers[0] / paths.powers[1] == pytest.approx(
        1 / db_to_linear(PROFILES[name][1][1]), rel=1e-3
    )


@pytest.mark.parametrize("name", ["tdl-a", "tdl-c", "tdl-d"])
def test_impulse_response_has_the_profile(rng, name):
    """600 realisations at 50 Msps, 300 ns: the power-delay profile, its power 1 and its root mean
    square delay spread of 300 ns.

    The power at one delay deviates by as much as it is, so its mean by 4 %, and the total by 2 %.
    The tails of the interpolation add less than 2 % to the spread.
    """
    profile = np.mean(
        [np.abs(response(f"{name}:300ns", rng, 50e6)) ** 2 for _ in range(600)], axis=0
    )
    at_ns = np.arange(len(profile)) * 20.0
    mean = np.sum(profile * at_ns) / profile.sum()
    assert profile.sum() == pytest.approx(1, abs=0.1)
    assert np.sqrt(np.sum(profile * (at_ns - mean) ** 2) / profile.sum()) == pytest.approx(
        300, rel=0.1
    )
    paths = parse_channel(f"{name}:300ns").terms[0].paths(50e6)
    expected = np.sinc(np.arange(len(profile))[:, None] - paths.delays) ** 2 @ paths.powers
    assert np.all(np.abs(profile - expected) < 0.2 * expected + 1e-3)


@pytest.mark.parametrize("most, error_db", [(0.42, -59), (0.44, -57)])
def test_delay_has_its_accuracy(most, error_db):
    """The worst of all fractions of a sample and all frequencies, to 1 dB of what the module
    states.
    """
    at, frequencies = np.arange(-HALF_LENGTH, HALF_LENGTH + 2), np.linspace(0, most, 150)
    turns = np.exp(-2j * np.pi * np.outer(frequencies, at))
    lates = np.linspace(0, 1, 41)[:, None]
    errors = windowed_sinc(at - lates, HALF_LENGTH, BETA) @ turns.T - np.exp(
        -2j * np.pi * frequencies * lates
    )
    assert error_db - 1 < 20 * np.log10(np.abs(errors).max()) < error_db


def test_paths_come_at_their_fractional_delays(rng):
    """A standing TDL-A against its paths summed in the frequency domain, up to 0.44 of the sample
    rate; the errors of its paths add.
    """
    channel, frequencies = parse_channel("tdl-a:100ns"), np.array([-0.44, -0.2, 0.0, 0.1, 0.44])
    path = channel.terms[0].start(channel.signal, np.random.default_rng(3))
    again = JakesGains(
        0.0,
        *(getattr(channel.terms[0].paths(1e6), key) for key in ("powers", "factors")),
        np.random.default_rng(3),
    )
    delays = channel.terms[0].paths(1e6).delays
    wanted = again(np.zeros(1))[:, 0] @ np.exp(-2j * np.pi * np.outer(delays, frequencies))
    impulse = np.zeros(200, np.complex64)
    impulse[100] = 1
    h = path(impulse)
    got = h @ np.exp(-2j * np.pi * np.outer(np.arange(len(h)) - 100, frequencies))
    assert np.abs(got - wanted).max() < 1e-3 * np.sqrt(len(delays))
