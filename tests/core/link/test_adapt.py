# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rate adaptation: the SNR that is designed for follows what was measured."""

from __future__ import annotations

import math

import numpy as np
import pytest

from semcom_core.errors import ConfigError
from semcom_core.link import SnrTracker


def test_what_was_set_holds_until_something_is_measured():
    tracker = SnrTracker(margin_db=2.0)
    assert tracker.design_db(7.0) == 7.0
    tracker.measure(12.0)
    assert tracker.design_db(7.0) == 10.0


def test_measurements_are_smoothed():
    tracker = SnrTracker()
    for snr_db in (8.0, 12.0, 4.0):
        tracker.measure(snr_db)
    assert tracker.mean_db == pytest.approx(8 + 4 / 4 - 5 / 4)
    rng = np.random.default_rng(1)
    found = []
    for _ in range(4000):
        tracker.measure(5 + rng.normal())
        found.append(tracker.mean_db)
    assert np.std(found[100:]) == pytest.approx(
        np.sqrt(1 / 7), rel=0.1
    )  # weight over 2 - weight of the variance


def test_a_step_is_followed():
    tracker = SnrTracker()
    tracker.measure(20.0)
    for _ in range(8):
        tracker.measure(0.0)
    assert tracker.design_db(0.0) == pytest.approx(20 * 0.75**8)


@pytest.mark.parametrize("measured, designed", [(-35.0, -20.0), (80.0, 60.0)])
def test_design_stays_within_what_a_codec_takes(measured, designed):
    tracker = SnrTracker()
    tracker.measure(measured)
    assert tracker.design_db(0.0) == designed


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_measurement_is_ignored(value):
    tracker = SnrTracker()
    tracker.measure(value)
    assert tracker.mean_db is None


@pytest.mark.parametrize("margin_db", [31, -31, math.nan])
def test_margin_out_of_range(margin_db):
    with pytest.raises(ConfigError, match="margin_db"):
        SnrTracker(margin_db)
