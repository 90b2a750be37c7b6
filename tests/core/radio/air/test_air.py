# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes through the air: values, powers, frequencies, and what happens to who is late."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from semcom_core.channel import parse_channel
from semcom_core.errors import ConfigError
from semcom_core.phy import PhyConfig
from semcom_core.radio.air import Air, LateError, RadioClosed, air_plan

PIECE = 4096
REFERENCE_TX_DB, REFERENCE_RX_DB = -10.0, 40.0


def air(link=None, pacing="elastic", seed=1, **radio) -> Air:
    """Radio a, which b hears."""
    radios = {"a": {"kind": "pluto"}, "b": {"kind": "pluto", "address": "127.0.0.2", **radio}}
    return Air(air_plan({"pacing": pacing, "seed": seed, "radios": radios, "links": [{"from": "a", "to": "b", **(link or {})}]}))


def carry(medium: Air, x: np.ndarray, more: int = 2, rate_hz: float = 1e6, receive_hz: float | None = None) -> np.ndarray:
    """What b receives while a sends x in pieces."""
    sender, receiver = medium.radios["a"].tx, medium.radios["b"].rx
    sender.tune(rate_hz=rate_hz)
    receiver.tune(rate_hz=receive_hz or rate_hz)
    receiver.open(4 * PIECE)
    sender.open(4 * PIECE)
    pieces = np.split(x, range(PIECE, len(x), PIECE))

    def send():
        for number, piece in enumerate(pieces):
            sender.write(piece, 10, end=number == len(pieces) - 1)

    thread = threading.Thread(target=send)
    thread.start()
    total = int(len(x) * receiver.rate_hz / rate_hz) // PIECE + more
    got = [receiver.read(PIECE, 10) for _ in range(total)]
    thread.join()
    assert sum(reading.lost for reading in got) == 0
    return np.concatenate([reading.samples for reading in got])


def noise(count: int, seed: int = 5) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (0.2 * (rng.standard_normal(count) + 1j * rng.standard_normal(count))).clip(-0.7, 0.7).astype(np.complex64)


def begin(y: np.ndarray, x: np.ndarray) -> int:
    """Where x begins in y."""
    return int(np.argmax(np.abs(np.correlate(y, x[:512], "valid"))))


def tone(hz: float, count: int, rate_hz: float = 1e6) -> np.ndarray:
    return (0.5 * np.exp(2j * np.pi * hz / rate_hz * np.arange(count))).astype(np.complex64)


def strongest_hz(y: np.ndarray, rate_hz: float = 1e6) -> float:
    spectrum = np.abs(np.fft.fft(y * np.hanning(len(y)), 1 << 18))
    return float(np.fft.fftfreq(1 << 18)[np.argmax(spectrum)] * rate_hz)


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
    assert np.mean(np.abs(y) ** 2) == pytest.approx(expected, rel=0.02)  # 160,000 samples: five standard deviations are 1.3 %


def test_noise_depends_on_seed_and_sample_index_alone():
    def received(cut, seed=1):
        medium = air({"channel": "awgn:10"}, seed=seed)
        receiver = medium.radios["b"].rx
        receiver.open(100_000)
        got = [receiver.read(count, 10) for count in cut]
        return {got[0].index + i: value for i, value in enumerate(np.concatenate([one.samples for one in got]))}

    first, second, other = received([20000]), received([7, 9000, 10993]), received([20000], seed=2)
    common = sorted(first.keys() & second.keys())
    assert len(common) > 10000 and all(first[i] == second[i] for i in common)
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
    y = carry(medium, tone(-300e3, 10 * PIECE) + tone(300e3, 10 * PIECE))  # at 100 kHz, and at 700 kHz, which would fold to -300 kHz
    spectrum = np.abs(np.fft.fft(y[2 * PIECE : 8 * PIECE]))
    frequency = np.fft.fftfreq(len(spectrum), 1e-6)
    assert spectrum[np.argmin(abs(frequency - 100e3))] > 1000 * spectrum[np.argmin(abs(frequency + 300e3))]
    medium.close()
    medium.radios["a"].tx.tune(lo_hz=2.5e9)
    assert not carry(medium, tone(0, 2 * PIECE)).any()


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
    assert best[1] - best[0] == 1 and shift[best[0]] == pytest.approx(shift[best[1]], rel=0.02)  # halfway between two samples


def test_an_elastic_clock_waits_for_a_slow_reader_and_a_slow_writer():
    medium, x = air(), noise(12 * PIECE)
    sender, receiver = medium.radios["a"].tx, medium.radios["b"].rx
    receiver.open(2 * PIECE)
    sender.open(2 * PIECE)
    got = []

    def send():
        for piece in np.split(x, 12):
            time.sleep(0.02)  # five times as long as the piece lasts
            sender.write(piece, 10)

    thread = threading.Thread(target=send)
    thread.start()
    for _ in range(14):
        time.sleep(0.01)
        got.append(receiver.read(PIECE, 10))
    thread.join()
    y = np.concatenate([reading.samples for reading in got])
    start = begin(y, x)
    assert np.array_equal(y[start : start + len(x)], x[: len(y) - start])
    assert (sum(reading.lost for reading in got), receiver.overflows, sender.underflows) == (0, 0, 0)


def test_with_real_pacing_who_is_late_loses_and_it_is_counted():
    medium = air(pacing="real")
    sender, receiver = medium.radios["a"].tx, medium.radios["b"].rx
    receiver.open(PIECE)
    sender.open(PIECE)
    sender.write(noise(PIECE), 1)
    receiver.read(100, 1)
    time.sleep(0.05)
    late = receiver.read(100, 1)
    sender.write(noise(PIECE), 1)
    assert late.lost > 30_000 and (receiver.overflows, sender.underflows) == (1, 1)
    assert late.time_s == late.index / 1e6


def test_the_end_of_a_burst_is_no_underflow_and_times_are_kept():
    medium = air(pacing="real")
    sender = medium.radios["a"].tx
    sender.open(PIECE)
    sender.write(noise(100), 1, end=True)
    time.sleep(0.01)
    at_s = medium.clock.now() + 0.01
    sender.write(noise(100), 1, at_s=at_s, end=True)
    with pytest.raises(LateError):
        sender.write(noise(100), 1, at_s=at_s - 0.001)
    assert sender.underflows == 0
    first = round(at_s * 1e6)
    assert np.array_equal(sender.fetch(first, 100), noise(100)) and not sender.fetch(first - 50, 51)[:50].any()


def test_a_cyclic_buffer_goes_on_until_it_is_closed():
    medium, x = air(), tone(100e3, 1000)
    sender, receiver = medium.radios["a"].tx, medium.radios["b"].rx
    sender.open(PIECE)
    receiver.open(PIECE)
    sender.repeat(x)
    y = np.concatenate([receiver.read(PIECE, 5).samples for _ in range(5)])
    assert np.allclose(y[PIECE:], y[PIECE] / x[0] * tone(100e3, 4 * PIECE), atol=1e-4)
    sender.close()
    time.sleep(0.02)
    assert not np.concatenate([receiver.read(PIECE, 5).samples for _ in range(5)])[-PIECE:].any()


def test_waiting_ends_by_time_and_by_closing():
    medium = air()
    sender, receiver = medium.radios["a"].tx, medium.radios["b"].rx
    receiver.open(10 * PIECE)
    with pytest.raises(TimeoutError):
        receiver.read(2_000_000, 0.01)
    with pytest.raises(ConfigError, match="open"):
        receiver.open(PIECE)
    threading.Timer(0.05, medium.close).start()
    with pytest.raises(RadioClosed):
        receiver.read(2_000_000, 10)
    with pytest.raises(RadioClosed):
        sender.write(noise(1), 1)


def test_a_writer_waits_for_room():
    medium = air(pacing="real")
    sender = medium.radios["a"].tx
    sender.open(200_000)
    sender.write(noise(200_000), 1)
    with pytest.raises(TimeoutError):
        sender.write(noise(200_000), 0.01)
    sender.write(noise(100_000), 5)
    assert sender.queued > 100_000


def test_another_rate_throws_away_what_waits():
    medium = air(pacing="real")
    sender = medium.radios["a"].tx
    sender.open(200_000)
    sender.write(noise(200_000), 1)
    sender.tune(rate_hz=2e6)
    assert sender.queued == 0
    with pytest.raises(ConfigError, match="rate_hz is 1"):
        sender.tune(rate_hz=1)
