# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finite-length limits of the complex AWGN channel."""

from __future__ import annotations

import numpy as np
import pytest

from semcom_core.errors import ConfigError
from semcom_core.metrics import (
    bound_uses,
    dispersion_bits,
    limit_rate,
    limit_uses,
    normal_error_rate,
)
from semcom_core.units import complex_noise, db_to_linear


def test_bound_is_bits_over_capacity():
    assert bound_uses(100, 0.0) == pytest.approx(100)
    assert bound_uses([30, 60], 10 * np.log10(7)) == pytest.approx([10, 20])


def test_dispersion_at_0_db_and_in_the_limits():
    squared = np.log2(np.e) ** 2
    assert dispersion_bits(0.0) == pytest.approx(0.75 * squared)
    assert dispersion_bits(60.0) == pytest.approx(squared, rel=1e-5)
    assert dispersion_bits(-60.0) == pytest.approx(2e-6 * squared, rel=1e-4)


@pytest.mark.parametrize("snr_db", [-3.0, 0.0, 10.0])
def test_dispersion_is_the_variance_of_the_information_density(snr_db):
    # Density of a constant-envelope input against the capacity-achieving output law. The sample
    # variance of 200,000 values of a nearly Gaussian law is within 4 sqrt(2 / 200,000) = 1.3 % of
    # the truth; 3 % leaves room for the heavier tails.
    snr = db_to_linear(snr_db)
    noise = complex_noise(200_000, 1.0, np.random.default_rng(1))
    output = np.sqrt(snr) + noise
    density = np.log2(1 + snr) + np.log2(np.e) * (
        np.abs(output) ** 2 / (1 + snr) - np.abs(noise) ** 2
    )
    assert np.mean(density) == pytest.approx(np.log2(1 + snr), abs=0.02)
    assert np.var(density) == pytest.approx(dispersion_bits(snr_db), rel=0.03)


def test_real_channel_value_by_hand():
    # 500 real uses at 0 dB per real use are 250 complex ones: C = 1/2, V = 3/8 log2(e)^2 a real
    # use, Qinv(1e-3) = 3.0902.
    by_hand = 500 * 0.5 - np.sqrt(500 * 0.375) * np.log2(np.e) * 3.0902 + 0.5 * np.log2(500)
    assert limit_rate(250, 0.0, 1e-3) == pytest.approx(by_hand, abs=0.01)


def test_limit_uses_inverts_limit_rate():
    bits, snr_db = np.array([[50.0], [150.0], [800.0]]), np.array([-5.0, 0.0, 12.0])
    uses = limit_uses(bits, snr_db, 0.01)
    assert uses.shape == (3, 3)
    assert limit_rate(uses, snr_db, 0.01) == pytest.approx(np.broadcast_to(bits, (3, 3)), abs=1e-6)
    assert normal_error_rate(bits, uses, snr_db) == pytest.approx(np.full((3, 3), 0.01), rel=1e-6)


def test_limit_ratio_of_a_sentence():
    # Published for sentences of about 150 bits: 1.30, 1.25, 1.21, 1.18, 1.15 at 0, 3, 6, 9, 12 dB.
    # The error probability is not given there; at 0.3 % the ratios agree within 0.02.
    snr_db = np.array([0.0, 3.0, 6.0, 9.0, 12.0])
    ratio = limit_uses(150, snr_db, 0.003) / bound_uses(150, snr_db)
    assert ratio == pytest.approx([1.30, 1.25, 1.21, 1.18, 1.15], abs=0.02)


def test_long_messages_approach_capacity():
    ratio = limit_uses(1e8, 3.0, 1e-3) / bound_uses(1e8, 3.0)
    assert 1 < ratio < 1.001


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: limit_uses(100, 0.0, 0.0), "error_rate is 0"),
        (lambda: limit_uses(100, 0.0, 0.6), "error_rate is 0.6"),
        (lambda: limit_uses(0, 0.0, 0.1), "bits is 0"),
        (lambda: limit_rate(0, 0.0, 0.1), "uses is 0"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ConfigError, match=message):
        call()
