# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuration and layout of bursts."""

from __future__ import annotations

import numpy as np
import pytest

from semcom_core.errors import ConfigError
from semcom_core.phy import Layout, PhyConfig


@pytest.mark.parametrize(
    "wrong",
    [
        {"profile": "nonesuch"},
        {"rate_hz": 0.0},
        {"max_cfo_hz": 62.6e3},
        {"max_cfo_hz": -1.0},
        {"max_cfo_hz": "wide"},
        {"max_cfo_hz": True},
        {"amplitude": 0.0},
        {"amplitude": float("nan")},
        {"headroom_db": 2.0},
        {"max_frames": 0},
    ],
)
def test_refuses_what_is_not_allowed(wrong):
    (name,) = wrong
    with pytest.raises(ConfigError, match=name):
        PhyConfig(**wrong)


@pytest.mark.parametrize("rate_hz", [100e3, 250e3, 500e3, 880e3, 1e6, 2e6])
def test_searched_offset_follows_the_sample_rate(rate_hz):
    assert PhyConfig(rate_hz=rate_hz).searched_cfo_hz == pytest.approx(0.055 * rate_hz)
    narrow = PhyConfig(rate_hz=rate_hz, max_cfo_hz=2e3)
    assert narrow.searched_cfo_hz == 2e3
    with pytest.raises(ConfigError, match=rf"max_cfo_hz is .*; allowed is 0.0 to {rate_hz / 16}"):
        PhyConfig(rate_hz=rate_hz, max_cfo_hz=0.0626 * rate_hz)


def test_standard_profile_has_the_documented_shape():
    layout = Layout(PhyConfig())
    assert (len(layout.carriers), len(layout.data), layout.is_pilot.sum()) == (52, 48, 4)
    assert not {-1, 0, 1} & set(layout.carriers.tolist())
    assert layout.occupancy == 52 / 64
    assert layout.overhead_samples <= 560


def test_one_message_of_100_to_190_symbols_costs_at_most_6_air_uses_each():
    layout = Layout(PhyConfig())
    lengths = np.arange(100, 191)
    assert max(layout.burst_samples([n]) / n for n in lengths) <= 6.0
    assert layout.burst_samples([100] * 8) / 800 <= 4.0
