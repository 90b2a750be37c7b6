# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the receiver reaches over channels; statistical, each tolerance with its reason."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from semcom_core.channel import parse_channel
from semcom_core.phy import PROFILES, PhyConfig, Receiver
from semcom_core.units import complex_noise, linear_to_db


def through(channel, bursts, stream, rng):
    """Frames received when each burst goes through its own realisation of the channel, amid
    noise.
    """
    receiver, found = Receiver(), []
    for frames in bursts:
        found += (
            receiver.push(parse_channel(channel).through_samples(stream(frames), rng))
            + receiver.flush()
        )
    return found, receiver.stats


def errors(found, sent):
    return [np.mean(np.abs(a.symbols - b.symbols) ** 2) for a, b in zip(found, sent, strict=True)]


def test_headers_at_0_db_with_frequency_offset_and_delay(frame, stream, rng):
    """0.995 are read (bench, 4000 bursts); of 150, losing 6 or more would happen once in 1000
    times.
    """
    receiver, right = Receiver(), 0
    for number in range(150):
        channel = parse_channel(f"awgn:0+cfo:{rng.uniform(-49e3, 49e3)}+delay:{rng.uniform(0, 8)}")
        sent = frame(140, message_id=number)
        found = receiver.push(channel.through_samples(stream([sent]), rng)) + receiver.flush()
        right += [f.header for f in found] == [sent.header]
    assert right > 144


@pytest.mark.parametrize("snr_db", [0, 5, 15, 25])
def test_implementation_loss(frame, stream, rng, snr_db):
    """Limit 0.7 dB; 30 frames of 150 symbols leave 0.07 dB of deviation. noise_var must say what
    the error is.
    """
    sent = [frame(150, message_id=i) for i in range(30)]
    found, _ = through(f"awgn:{snr_db}+cfo:-31khz+delay:3.4", [[f] for f in sent], stream, rng)
    pairs = [(f, sent[f.header.message_id]) for f in found]
    assert len(pairs) >= 29
    squares = [np.mean(np.abs(f.symbols - s.symbols) ** 2) for f, s in pairs]
    assert snr_db - linear_to_db(np.mean(1 / np.array(squares))) < 0.7
    claimed = np.mean([np.mean(f.noise_var) for f, _ in pairs])
    assert linear_to_db(np.mean(squares) / claimed) == pytest.approx(0, abs=0.4)
    assert np.mean([f.snr_db for f, _ in pairs]) == pytest.approx(snr_db, abs=0.6)
    assert np.allclose([f.cfo_hz for f, _ in pairs], -31e3, atol=250)


def test_symbols_are_unbiased(frame, stream, rng):
    """The gain of y on x is 1 at 0 dB: 40 frames of 1000 symbols fix it to 0.5 %, the channel
    estimate's error to 2 % a frame.
    """
    sent = [frame(1000, message_id=i) for i in range(40)]
    found, _ = through("awgn:0", [[f] for f in sent], stream, rng)
    gains = [np.vdot(sent[f.header.message_id].symbols, f.symbols) / 1000 for f in found]
    assert np.mean(np.real(gains)) == pytest.approx(1, abs=0.025)
    assert np.mean(np.imag(gains)) == pytest.approx(0, abs=0.025)


@pytest.mark.parametrize("delay", [0.0, 0.5, 3.25])
def test_error_without_noise(frame, stream, rng, delay):
    """At most -38 dB: what a fractional delay smears across symbol borders."""
    sent = [frame(600, message_id=i) for i in range(5)]
    found, _ = through(f"clean+delay:{delay}+cfo:11khz", [[f] for f in sent], stream, rng)
    assert linear_to_db(np.mean(errors(found, sent))) < -38


def test_multipath_and_frequency_offset_at_5_db(frame, stream, rng):
    """0/-6/-10 dB at 0/1/2 samples with any phases: every header of 60 is read; erased or noisy
    symbols say so.

    (y - x)^2 / noise_var averages 1 over 9000 symbols; 0.15 allows for the estimates that frames
    share.
    """
    sent = [frame(150, message_id=i) for i in range(60)]
    found, _ = through("awgn:5+cfo:12khz+taps:0,-6,-10", [[f] for f in sent], stream, rng)
    assert [f.header for f in found] == [f.header for f in sent]
    there = [np.isfinite(f.noise_var) for f in found]
    ratios = [
        np.abs(f.symbols - s.symbols)[k] ** 2 / f.noise_var[k]
        for f, s, k in zip(found, sent, there, strict=True)
    ]
    assert np.mean(np.concatenate(ratios)) == pytest.approx(1, abs=0.15)
    assert np.mean(np.concatenate(there)) > 0.99


def test_many_frames_a_burst_at_3_db(frame, stream, rng):
    sent = [frame(140, message_id=i) for i in range(32)]
    found, _ = through("awgn:3+cfo:-40khz", [sent], stream, rng)
    assert [f.header.message_id for f in found] == list(range(32))
    assert linear_to_db(np.mean(errors(found, sent))) == pytest.approx(-3, abs=0.5)


def test_clocks_20_ppm_apart_over_a_long_frame(frame, stream, rng):
    """Resampled by 1 + 2e-5 (0.13 samples over the burst); untracked, the outer carriers would turn
    by 0.3 rad: -15 dB.
    """
    sent = frame(4095)
    samples = stream([sent])
    at = np.arange(len(samples)) * (1 + 2e-5)
    taps = np.arange(-32, 33)
    near = np.round(at).astype(int)
    late = np.sinc(at[:, None] - near[:, None] - taps) * np.kaiser(65, 8)
    slow = np.sum(late * samples[np.clip(near[:, None] + taps, 0, len(samples) - 1)], axis=1)
    found = Receiver().push(slow + complex_noise(len(slow), 1e-5, rng))
    assert linear_to_db(errors(found, [sent])[0]) < -26


def test_noise_alone_gives_no_frame(rng):
    receiver = Receiver()
    assert receiver.push(complex_noise(2_000_000, 1.0, rng)) == []
    assert receiver.stats.bursts <= 2 and 100 < receiver.stats.openings


@pytest.mark.parametrize("tone", [0.0, 0.11, -0.25, 0.374])
def test_a_tone_is_no_burst(rng, tone):
    receiver = Receiver()
    samples = 10 * np.exp(2j * np.pi * tone * np.arange(200_000)) + complex_noise(200_000, 1.0, rng)
    assert receiver.push(samples) == [] and receiver.stats.bursts == 0


@pytest.mark.parametrize(
    "change",
    [
        {"chirps": 3, "repeats": 16},
        {"prefix": 16, "backoff": 6, "taper": 4, "guard": 8},
        {"taper": 0, "guard": 0},
    ],
)
def test_a_profile_is_data_only(frame, stream, rng, monkeypatch, change):
    """Other dimensions of preamble, prefix and guard work by changing the table: 10 bursts of two
    frames at 6 dB.
    """
    monkeypatch.setitem(PROFILES, "changed", replace(PROFILES["standard"], **change))
    config = PhyConfig(profile="changed")
    bursts = [[frame(100, message_id=i), frame(77, message_id=i + 100)] for i in range(10)]
    samples = parse_channel("awgn:6+cfo:30khz+delay:2.3").through_samples(
        stream(*bursts, config=config), rng
    )
    found = Receiver(config).push(samples)
    assert [f.header.message_id for f in found] == [
        f.header.message_id for frames in bursts for f in frames
    ]


def test_long_frame_at_0_db(frame, stream, rng):
    """4095 symbols with 4 pilots a symbol: the phase track holds over 6000 samples, 0.7 dB at most
    is lost.

    A frame has one channel estimate however long it is, so single ones lie up to 1 dB off; the mean
    of six does not.
    """
    sent = [frame(4095, message_id=i) for i in range(6)]
    found, _ = through("awgn:0+cfo:37khz+delay:1.5", [[f] for f in sent], stream, rng)
    squares = [np.mean(np.abs(f.symbols - sent[f.header.message_id].symbols) ** 2) for f in found]
    assert len(found) >= 5 and linear_to_db(np.mean(squares)) < 0.7
