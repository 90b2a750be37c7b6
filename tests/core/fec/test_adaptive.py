# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Choice of modulation and rate."""

from __future__ import annotations

import numpy as np
import pytest

from semcom_core.errors import ConfigError
from semcom_core.fec import BITS_PER_SYMBOL, MAX_RATE, MIN_RATE, choose_mode, mode_for_rate
from semcom_core.units import capacity_bits


def test_rate_is_the_efficient_share_of_capacity():
    assert choose_mode(6.0, 0.7).rate == pytest.approx(0.7 * capacity_bits(6.0))


def test_margin_lowers_the_snr():
    assert choose_mode(6.0, 0.7, margin_db=2.0) == choose_mode(4.0, 0.7)


@pytest.mark.parametrize(
    ("snr_db", "rate"),
    [(-40.0, MIN_RATE), (80.0, MAX_RATE), (np.inf, MAX_RATE), (-np.inf, MIN_RATE)],
)
def test_rate_stays_in_range(snr_db, rate):
    assert choose_mode(snr_db).rate == rate


def test_modulation_grows_with_rate_and_leaves_redundancy():
    modes = [mode_for_rate(rate) for rate in np.linspace(MIN_RATE, MAX_RATE, 200)]
    orders = [BITS_PER_SYMBOL[mode.modulation] for mode in modes]
    assert orders == sorted(orders)
    assert set(orders) == {2, 4, 6, 8}
    assert all(mode.rate <= 0.9 * order for mode, order in zip(modes, orders, strict=True))


def test_uses_round_up():
    assert mode_for_rate(1.0).uses(7) == 7
    assert mode_for_rate(1.2).uses(7) == 6


@pytest.mark.parametrize("rate", [0.0, 8.0, np.nan])
def test_bad_rate_is_refused(rate):
    with pytest.raises(ConfigError, match="rate is"):
        mode_for_rate(rate)


def test_bad_snr_or_efficiency_is_refused():
    with pytest.raises(ConfigError, match="snr_db is nan"):
        choose_mode(np.nan)
    with pytest.raises(ConfigError, match="efficiency is 1.5"):
        choose_mode(5.0, 1.5)
