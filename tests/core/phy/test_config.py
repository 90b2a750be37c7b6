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
