# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Impulses and carriers: how often, how long, how strong."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from semcom_core.channel import parse_channel


def alone(text, count, power=1.0, seed=5):
    """What a term adds to silence while the signal has a power."""
    return replace(parse_channel(text), sample_power=power).through_samples(
        np.zeros(count), np.random.default_rng(seed)
    )


def test_impulses_come_at_random_with_their_rate_and_power():
    """2,000 single samples in 1 s: their count is known to 2.2 %, their power to 2.2 %; gaps are
    exponential.
    """
    y = alone("impulse:2khz,20", 1_000_000, power=0.5)
    at = np.flatnonzero(y)
    assert len(at) == pytest.approx(2000, rel=0.09)
    assert np.mean(np.abs(y[at]) ** 2) == pytest.approx(50, rel=0.09)
    assert np.std(np.diff(at)) / np.mean(np.diff(at)) == pytest.approx(1, abs=0.1)


def test_impulses_have_their_length_and_add_up():
    """The mean power is rate x length x power, also where impulses overlap."""
    y = alone("impulse:50,10,300", 1_000_000)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], y != 0, [0]])))
    lengths = edges[1::2] - edges[::2]
    assert np.median(lengths) == 300 and 30 <= len(lengths) <= 70
    dense = alone("impulse:20khz,0,200", 1_000_000)
    assert np.mean(np.abs(dense) ** 2) == pytest.approx(4.0, rel=0.1)


def test_impulses_without_number_take_bounded_memory():
    """One a sample, each longer than all the samples: (t + 1) of them at sample t, their power
    known to 1.5 %; some arrays of 8192.
    """
    stream = replace(parse_channel("impulse:1mhz,0,1000000"), sample_power=2.0).stream(
        np.random.default_rng(5)
    )
    tracemalloc.start()
    y = np.concatenate([stream.push(np.zeros(8192)) for _ in range(2)])
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert np.mean(np.abs(y) ** 2 / np.arange(1, len(y) + 1)) == pytest.approx(2, rel=0.06)
    assert most < 4e6


def test_no_impulses():
    assert not alone("impulse:0,20", 1000).any()


@pytest.mark.parametrize("offset_hz", [50e3, -125e3])
def test_tone_has_its_power_and_frequency(offset_hz):
    y = alone(f"tone:20,{offset_hz}", 10_000, power=2.0)
    assert np.allclose(np.abs(y), np.sqrt(200), rtol=1e-5)
    assert np.allclose(np.angle(y[1:] * y[:-1].conj()) / (2 * np.pi) * 1e6, offset_hz, atol=5)
    assert alone(f"tone:20,{offset_hz}", 1, seed=6)[0] != pytest.approx(
        alone(f"tone:20,{offset_hz}", 1)[0], abs=0.01
    )


def test_keyed_tone_is_on_half_the_time():
    y = alone("tone:0,0,keyed=1khz", 100_000)
    assert np.allclose(np.abs(y[y != 0]), 1, atol=1e-5)
    assert np.mean(y != 0) == pytest.approx(0.5, abs=1e-3)
    switches = np.flatnonzero(np.diff(y != 0))
    assert len(switches) in (199, 200) and set(np.diff(switches)) <= {499, 500, 501}
