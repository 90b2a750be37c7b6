# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The transmitter's bursts: length, level, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from semcom_core.errors import FrameError
from semcom_core.phy import Frame, FrameHeader, Layout, PhyConfig, Transmitter


@pytest.mark.parametrize("lengths", [[0], [1], [16], [17], [140], [100, 60, 7], [4095]])
def test_burst_is_as_long_as_the_layout_says(frame, lengths):
    burst = Transmitter().burst([frame(n) for n in lengths])
    assert burst.dtype == np.complex64
    assert len(burst) == Layout(PhyConfig()).burst_samples(lengths)


def test_burst_begins_at_once_and_ends_with_its_guard(frame):
    burst = Transmitter().burst([frame(140)])
    profile = PhyConfig().dimensions
    quiet = profile.guard - profile.taper
    assert (
        np.abs(burst[0]) > 0
        and np.all(burst[len(burst) - quiet :] == 0)
        and np.abs(burst[-quiet - 1]) > 0
    )


@pytest.mark.parametrize("amplitude, headroom_db", [(1.0, 10.0), (0.5, 12.0), (2047.0, 8.0)])
def test_level_and_peak_are_those_configured(frame, amplitude, headroom_db):
    """Mean power over 4000 random symbols: within 5 % (their own power is exact, the header's and
    pilots' too).
    """
    config = PhyConfig(amplitude=amplitude, headroom_db=headroom_db)
    burst = Transmitter(config).burst([frame(4000)])
    assert np.abs(burst).max() <= amplitude * (1 + 1e-6)
    assert np.mean(np.abs(burst) ** 2) == pytest.approx(config.rms**2, rel=0.05)


def test_preamble_is_as_strong_as_the_payload(frame):
    layout = Layout(PhyConfig())
    burst = Transmitter().burst([frame(4000)])
    power = np.abs(burst) ** 2
    preamble, rest = (
        power[: layout.preamble_samples].mean(),
        power[layout.preamble_samples :].mean(),
    )
    assert preamble == pytest.approx(rest, rel=0.05)


def test_carriers_at_dc_stay_empty(frame):
    layout = Layout(PhyConfig())
    burst = Transmitter().burst([frame(300)])
    symbols = burst[layout.preamble_samples :][: 8 * layout.symbol_samples].reshape(8, -1)[
        :, layout.profile.prefix :
    ]
    spectrum = np.abs(np.fft.fft(symbols, axis=1)) ** 2
    assert spectrum[:, [-1, 0, 1]].max() < 1e-4 * spectrum[:, layout.bins].mean()


@pytest.mark.parametrize("count", [0, 33])
def test_refuses_bursts_of_no_or_too_many_frames(frame, count):
    with pytest.raises(FrameError, match=f"{count} frames"):
        Transmitter().burst([frame(1)] * count)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_refuses_symbols_that_are_not_finite(value):
    with pytest.raises(FrameError, match="NaN"):
        Transmitter().burst(
            [Frame(FrameHeader(codec=3, length=1), np.array([value], dtype=np.complex64))]
        )
