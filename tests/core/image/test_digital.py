# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes over a given number of channel uses."""

from __future__ import annotations

import numpy as np
import pytest

from semcom_core.errors import ConfigError, FrameError
from semcom_core.image.digital import INDICES, DigitalLink, index_for, rate_of, snr_db_of
from semcom_core.units import capacity_bits, complex_noise


def message(link: DigitalLink, seed: int = 0) -> bytes:
    return np.random.default_rng(seed).bytes(link.capacity_bytes)


@pytest.mark.parametrize("snr_db", [-4.0, 1.0, 5.5, 10.0, 16.0, 22.0])
def test_arrives_at_the_snr_of_its_index(snr_db):
    link, noise = DigitalLink(6000, index_for(snr_db)), 10 ** (-snr_db / 10)
    data, rng = message(link), np.random.default_rng(1)
    symbols = link.encode(data)
    assert (
        symbols.shape == (6000,) and abs(np.mean(np.abs(symbols) ** 2) - 1) < 0.05
    )  # QAM of 6000 symbols: 3 sigma is 0.03
    decoded, ok = link.decode(symbols + complex_noise(6000, noise, rng), np.full(6000, noise))
    assert ok and decoded == data


def test_is_marked_two_db_below_the_snr_of_its_index():
    link, noise = DigitalLink(6000, index_for(8.0)), 10**-0.6
    received = link.encode(message(link)) + complex_noise(6000, noise, np.random.default_rng(1))
    decoded, ok = link.decode(received, np.full(6000, noise))
    assert not ok and len(decoded) == link.capacity_bytes


@pytest.mark.parametrize("snr_db", [0.0, 9.0, 20.0])
def test_carries_nearly_what_the_channel_can(snr_db):
    bits = 8 * DigitalLink(73728, index_for(snr_db)).capacity_bytes / 73728
    assert 0.75 * capacity_bits(snr_db) < bits < 0.95 * capacity_bits(snr_db)


def test_rates_rise_with_the_index_and_stay_below_capacity():
    rates = [rate_of(i) for i in range(INDICES)]
    assert all(a < b or a == b == rates[-1] for a, b in zip(rates, rates[1:], strict=False))
    assert all(rate < capacity_bits(snr_db_of(i)) for i, rate in enumerate(rates))


@pytest.mark.parametrize("uses", [40, 90, 300, 2000])
def test_short_messages_arrive_too(uses):
    link, rng, noise = DigitalLink(uses, index_for(6.0)), np.random.default_rng(uses), 10**-0.6
    data = [message(link, seed) for seed in range(25)]
    sent = [
        link.decode(link.encode(d) + complex_noise(uses, noise, rng), np.full(uses, noise))
        for d in data
    ]
    assert sum(ok and got == d for d, (got, ok) in zip(data, sent, strict=True)) >= 24


def test_too_few_uses_carry_nothing_and_say_so():
    link = DigitalLink(5, 0)
    assert link.capacity_bytes == 0
    for call in (lambda: link.encode(b""), lambda: link.decode(np.zeros(5), np.ones(5))):
        with pytest.raises(FrameError, match="5 channel uses carry no byte"):
            call()


def test_zeros_fill_a_short_message():
    link = DigitalLink(500, index_for(10.0))
    decoded, ok = link.decode(link.encode(b"abc"), np.full(500, 1e-3))
    assert ok and decoded == b"abc" + bytes(link.capacity_bytes - 3)


def test_survives_a_lost_sixteenth_with_two_db_to_spare():
    link, noise = DigitalLink(16 * 400, index_for(7.0)), np.full((400, 16), 10**-0.9)
    data, rng = message(link), np.random.default_rng(3)
    received = (link.encode(data) + complex_noise(6400, 10**-0.9, rng)).reshape(400, 16)
    received[:, 5], noise[:, 5] = 0, np.inf
    assert link.decode(received.ravel(), noise.ravel()) == (data, True)


def test_nothing_received_is_no_message():
    link = DigitalLink(500, 20)
    assert not link.decode(np.zeros(500), np.full(500, np.inf))[1]


@pytest.mark.parametrize(
    ("snr_db", "margin_db", "index"),
    [(-6.0, 0, 0), (-50.0, 0, 0), (0.9, 0, 13), (10.0, 3.0, 26), (99.0, 0, 63)],
)
def test_index_is_made_for_no_more_than_the_channel(snr_db, margin_db, index):
    assert index_for(snr_db, margin_db) == index
    assert index == 0 or snr_db_of(index) <= snr_db - margin_db


def test_refuses_what_is_out_of_range():
    with pytest.raises(ConfigError, match="rate index is 64"):
        DigitalLink(100, 64)
    with pytest.raises(ConfigError, match="uses is 0"):
        DigitalLink(0, 3)
    link = DigitalLink(100, 30)
    with pytest.raises(FrameError, match=f"{link.capacity_bytes + 1} bytes for 100 uses"):
        link.encode(bytes(link.capacity_bytes + 1))
    with pytest.raises(FrameError, match="shape"):
        link.decode(np.zeros(99), np.ones(99))


def test_uniform_qam_carries_less_and_arrives_too():
    plain, shaped = (
        DigitalLink(4000, index_for(10.0), shaped=False),
        DigitalLink(4000, index_for(10.0)),
    )
    assert plain.capacity_bytes < 0.97 * shaped.capacity_bytes
    data, noise = message(plain), 10**-1.05
    symbols = plain.encode(data)
    assert len(np.unique(np.round(symbols, 4))) <= 256
    received = symbols + complex_noise(symbols.shape, noise, np.random.default_rng(1))
    assert plain.decode(received, np.full(4000, noise)) == (data, True)
