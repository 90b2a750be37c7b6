# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes through the air: values, powers, frequencies."""

from __future__ import annotations

import math

import numpy as np
import pytest

from semcom_core.channel import parse_channel
from semcom_core.phy import PhyConfig
from tests.core.radio.virtual.air.two_radios import (
    LEAD_S,
    LIMIT_S,
    LONG_S,
    PIECE,
    REFERENCE_RX_DB,
    REFERENCE_TX_DB,
    air,
    begin,
    carry,
    hold,
    noise,
    strongest_hz,
    tone,
)


@pytest.mark.parametrize("pacing", ["elastic", "real"])
def test_a_clean_path_changes_no_sample(pacing):
    x = noise(10 * PIECE + 17)
    y = carry(air(pacing=pacing), x, more=8)
    start = begin(y, x)
    assert np.array_equal(y[start : start + len(x)], x)
    assert not y[:start].any() and not y[start + len(x) :].any()


def test_gains_of_transmitter_path_and_receiver_multiply():
    medium, x = air({"gain_db": -6.0}), noise(2 * PIECE)
    medium.radios["a"].tx.tune(gain_db=REFERENCE_TX_DB - 3)
    medium.radios["b"].rx.tune(gain_db=REFERENCE_RX_DB + 5)
    y = carry(medium, x)
    start = begin(y, x)
    assert np.allclose(y[start : start + len(x)], x * 10 ** (-4 / 20), atol=1e-6)


def test_a_receiver_clips_at_full_scale():
    medium = air()
    medium.radios["b"].rx.tune(gain_db=REFERENCE_RX_DB + 20)
    y = carry(medium, noise(2 * PIECE))
    assert np.abs(y.real).max() == 1.0 and np.abs(y.imag).max() == 1.0


def test_noise_has_the_power_that_the_modem_means():
    y = carry(air({"channel": "awgn:10", "gain_db": -3.0}), np.zeros(1, np.complex64), more=40)
    expected = parse_channel("awgn:10").for_modem(PhyConfig()).noise_power() * 10**-0.3
    assert np.mean(np.abs(y) ** 2) == pytest.approx(
        expected, rel=0.02
    )  # 160,000 samples: five standard deviations are 1.3 %


def test_noise_depends_on_seed_and_sample_index_alone():
    def received(cut, seed=1):
        medium = air({"channel": "awgn:10"}, seed=seed)
        release = hold(medium)
        receiver = medium.radios["b"].rx
        receiver.open(100_000)
        release(math.inf)
        got = [receiver.read(count, LIMIT_S) for count in cut]
        assert got[0].index == 0 and not any(one.lost for one in got)
        return {
            got[0].index + i: value
            for i, value in enumerate(np.concatenate([one.samples for one in got]))
        }

    first, second, other = received([20000]), received([7, 9000, 10993]), received([20000], seed=2)
    common = sorted(first.keys() & second.keys())
    assert len(common) == 20000 and all(first[i] == second[i] for i in common)
    assert not any(first[i] == other[i] for i in first.keys() & other.keys())


def test_carrier_offset_comes_from_tuning_oscillator_and_path():
    medium = air({"channel": "cfo:-5khz"}, ppm=4)
    medium.radios["a"].tx.tune(lo_hz=2.4e9 + 30e3)
    medium.radios["b"].rx.tune(lo_hz=2.4e9)
    y = carry(medium, tone(1e3, 10 * PIECE))
    assert strongest_hz(y) == pytest.approx(1e3 + 30e3 - 5e3 - 9600, abs=5)


def test_what_lies_outside_the_band_of_the_receiver_is_not_heard():
    medium = air()
    medium.radios["a"].tx.tune(lo_hz=2.4504e9)
    medium.radios["b"].rx.tune(lo_hz=2.45e9)
    y = carry(
        medium, tone(-300e3, 10 * PIECE) + tone(300e3, 10 * PIECE)
    )  # at 100 kHz, and at 700 kHz, which would fold to -300 kHz
    spectrum = np.abs(np.fft.fft(y[2 * PIECE : 8 * PIECE]))
    frequency = np.fft.fftfreq(len(spectrum), 1e-6)
    assert (
        spectrum[np.argmin(abs(frequency - 100e3))]
        > 1000 * spectrum[np.argmin(abs(frequency + 300e3))]
    )
    medium.close()
    medium.radios["a"].tx.tune(lo_hz=2.5e9)
    assert not carry(medium, tone(0, 2 * PIECE)).any()


@pytest.mark.parametrize("channel", ["tdl-a:100ns,3kmh", "delay:2.5", "taps:0,-6"])
def test_what_a_path_does_does_not_depend_on_how_it_is_read(channel):
    def received(piece: int) -> np.ndarray:
        medium = air({"channel": channel}, pacing="real")
        sender, receiver = medium.radios["a"].tx, medium.radios["b"].rx
        sender.open(round(LONG_S * 1e6))
        receiver.open(round(LONG_S * 1e6))
        at_s = medium.clock.now() + LEAD_S
        sender.write(noise(40_000), LIMIT_S, at_s=at_s, end=True)
        begin = receiver.read(1, LIMIT_S).index + 1
        got = [receiver.read(round(at_s * 1e6) - begin, LIMIT_S)]
        got += [receiver.read(piece, LIMIT_S) for _ in range(60_000 // piece)]
        assert not any(one.lost for one in got)
        return np.concatenate([one.samples for one in got[1:]])[:60_000]

    whole, cut = received(60_000), received(4000)
    assert np.abs(whole).max() > 0.1 and np.allclose(whole, cut, atol=1e-5)


def test_rates_may_differ():
    x = tone(40e3, 10 * PIECE)
    y = carry(air(), x, rate_hz=1e6, receive_hz=1.5e6)
    assert strongest_hz(y, 1.5e6) == pytest.approx(40e3, abs=10)
    middle = y[8 * PIECE : 12 * PIECE]
    assert np.abs(middle).std() < 0.005 and np.abs(middle).mean() == pytest.approx(0.5, abs=0.01)


def test_a_path_delays_also_by_fractions_of_a_sample():
    spectrum = np.fft.fft(noise(10 * PIECE))
    spectrum[int(0.4 * len(spectrum)) : int(0.6 * len(spectrum))] = 0
    x = np.fft.ifft(spectrum).astype(np.complex64)
    medium = air({"delay_s": 2.5e-6})
    y = carry(medium, x)
    start = begin(y, x) - 4
    shift = [np.vdot(x, y[start + k : start + k + len(x)]).real for k in range(9)]
    best = sorted(np.argsort(shift)[-2:])
    assert best[1] - best[0] == 1 and shift[best[0]] == pytest.approx(
        shift[best[1]], rel=0.02
    )  # halfway between two samples
