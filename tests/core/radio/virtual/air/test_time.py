# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time on the air: what happens to who is late, to bursts, cyclic buffers and who waits."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from semcom_core.errors import ConfigError
from semcom_core.radio.virtual.air import LateError, RadioClosed
from tests.core.radio.virtual.air.two_radios import (
    LEAD_S,
    LIMIT_S,
    LONG_S,
    PIECE,
    air,
    begin,
    noise,
    patient,
    tone,
)


def test_an_elastic_clock_waits_for_a_slow_reader_and_a_slow_writer():
    medium, x = air(), noise(12 * PIECE)
    sender, receiver = medium.radios["a"].tx, medium.radios["b"].rx
    receiver.open(2 * PIECE)
    sender.open(2 * PIECE)
    got = []

    def send():
        for piece in np.split(x, 12):
            time.sleep(0.02)  # five times as long as the piece lasts
            sender.write(piece, LIMIT_S)

    thread = threading.Thread(target=send)
    with patient():
        thread.start()
        for _ in range(14):
            time.sleep(0.01)
            got.append(receiver.read(PIECE, LIMIT_S))
        thread.join()
    y = np.concatenate([reading.samples for reading in got])
    start = begin(y, x)
    assert np.array_equal(y[start : start + len(x)], x[: len(y) - start])
    assert (sum(reading.lost for reading in got), receiver.overflows, sender.underflows) == (
        0,
        0,
        0,
    )


def test_with_real_pacing_who_is_late_loses_and_it_is_counted():
    medium = air(pacing="real")
    sender, receiver = medium.radios["a"].tx, medium.radios["b"].rx
    receiver.open(PIECE)
    sender.open(PIECE)
    sender.write(noise(PIECE), 1)
    receiver.read(100, 1)
    before = receiver.overflows
    time.sleep(0.05)
    late = receiver.read(100, 1)
    sender.write(noise(PIECE), 1)
    assert late.lost > 30_000 and (receiver.overflows - before, sender.underflows) == (1, 1)
    assert late.time_s == late.index / 1e6


def test_the_end_of_a_burst_is_no_underflow_and_times_are_kept():
    medium = air(pacing="real")
    sender = medium.radios["a"].tx
    sender.open(round(LONG_S * 1e6))
    sender.write(noise(100), 1, end=True)
    time.sleep(0.01)
    at_s = medium.clock.now() + LEAD_S
    sender.write(noise(100), 1, at_s=at_s, end=True)
    with pytest.raises(LateError):
        sender.write(noise(100), 1, at_s=at_s - 0.001)
    assert sender.underflows == 0
    first = round(at_s * 1e6)
    assert (
        np.array_equal(sender.fetch(first, 100), noise(100))
        and not sender.fetch(first - 50, 51)[:50].any()
    )


def test_a_cyclic_buffer_goes_on_until_it_is_closed():
    medium, x = air(), tone(100e3, 1000)
    sender, receiver = medium.radios["a"].tx, medium.radios["b"].rx
    sender.open(PIECE)
    receiver.open(PIECE)
    sender.repeat(x)
    y = np.concatenate([receiver.read(PIECE, 5).samples for _ in range(5)])
    assert np.allclose(y[PIECE:], y[PIECE] / x[0] * tone(100e3, 4 * PIECE), atol=1e-4)
    sender.close()
    stopped = round(medium.clock.now() * 1e6)
    assert np.array_equal(
        sender.fetch(stopped - 5000, 1000), sender.fetch(stopped - 4000, 1000)
    )  # what was sent can still be heard
    assert sender.fetch(stopped + 1000, 1000) is None
    time.sleep(0.02)
    assert not np.concatenate([receiver.read(PIECE, 5).samples for _ in range(5)])[-PIECE:].any()


def test_another_cyclic_buffer_takes_the_place_of_the_one_before():
    medium = air(pacing="real")
    sender = medium.radios["a"].tx
    sender.open(PIECE)
    for hz in (100e3, 200e3):
        sender.repeat(tone(hz, 1000))
        time.sleep(0.05)
    now = round(medium.clock.now() * 1e6)
    heard = sender.fetch(now, 1000)
    assert np.argmax(np.abs(np.fft.fft(heard))) == 200


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
    sender.open(2_000_000)
    sender.write(noise(2_000_000), 1)
    with pytest.raises(TimeoutError):
        sender.write(noise(2_000_000), 0.01)
    sender.write(noise(100_000), LIMIT_S)
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
