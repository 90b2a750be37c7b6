# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gains of block fading, estimated from pilots: symbols stay unbiased and their noise variances
true.
"""

from __future__ import annotations

import numpy as np
import pytest

from semcom_core.bench.text.link import pilot_uses, receive_with_pilots
from semcom_core.channel import parse_channel
from semcom_core.errors import ConfigError
from semcom_core.phy import Frame, FrameHeader


def frame(length: int, rng) -> Frame:
    symbols = (
        (rng.standard_normal(length) + 1j * rng.standard_normal(length)) / np.sqrt(2)
    ).astype(np.complex64)
    return Frame(FrameHeader(codec=1, length=length), symbols)


@pytest.mark.parametrize(("snr_db", "pilots"), [(0.0, 1), (6.0, 2), (12.0, 4)])
def test_noise_variances_are_true(snr_db, pilots):
    rng, channel = np.random.default_rng(5), parse_channel(f"rayleigh:{snr_db},block=32")
    ratios, bias = [], []
    for _ in range(60):
        sent = frame(4000, rng)
        got = receive_with_pilots(sent, channel, pilots, rng)
        error, good = got.symbols - sent.symbols, np.isfinite(got.noise_var)
        ratios.append(np.mean(np.abs(error[good]) ** 2 / got.noise_var[good]))
        bias.append(np.mean((error * sent.symbols.conj())[good & (got.noise_var < 1)]))
    # Some 8,000 blocks share a gain error each, so the mean of |e|^2 / v is 1 within 1 /
    # sqrt(8,000) = 1.1 % (four of them); the same for the bias, whose terms have a variance below
    # 1.
    assert np.mean(ratios) == pytest.approx(1, abs=0.045) and abs(np.mean(bias)) < 0.045


def test_estimation_costs_what_theory_says():
    """With P pilots the noise of a symbol of power 1 is N0 (1 + 1 / (P + N0)) for the same gain
    estimate.
    """
    rng, channel = np.random.default_rng(6), parse_channel("rayleigh:10,block=40")
    n0 = 0.1
    medians = []
    for pilots in (1, 8):
        got = [
            receive_with_pilots(frame(3200, rng), channel, pilots, rng).noise_var for _ in range(40)
        ]
        medians.append(float(np.median(np.concatenate(got))))

    def median(pilots: int) -> float:  # |h'|^2 is exponential with mean 1 / (1 + N0 / P)
        return (n0 / (pilots + n0) + n0) / (np.log(2) / (1 + n0 / pilots))

    # The median of some 3,500 exponential gains is within 1 / (ln 2 sqrt(3,500)) = 2.4 % (four of
    # them).
    assert medians == pytest.approx([median(1), median(8)], rel=0.1)


def test_a_frame_keeps_its_length_and_its_pilots_are_counted():
    channel, rng = parse_channel("rician:9,block=16"), np.random.default_rng(1)
    got = receive_with_pilots(frame(100, rng), channel, 2, rng)
    assert got.symbols.shape == got.noise_var.shape == (100,) and got.symbols.dtype == np.complex64
    assert (
        len(np.unique(got.noise_var)) == 8
        and pilot_uses(100, channel, 2) == 16
        and pilot_uses(98, channel, 2) == 14
    )


@pytest.mark.parametrize(
    ("channel", "pilots", "message"),
    [
        ("awgn:5", 1, "channel 'awgn:5' has no fading blocks"),
        ("rayleigh:5,block=8", 8, "pilots is 8; allowed is 0 to 7"),
    ],
)
def test_channels_without_room_for_pilots_are_refused(channel, pilots, message):
    with pytest.raises(ConfigError, match=message):
        receive_with_pilots(
            frame(20, np.random.default_rng(1)),
            parse_channel(channel),
            pilots,
            np.random.default_rng(1),
        )
