# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clocks for a rate, and configurations of the FIR filters."""

from __future__ import annotations

import errno

import pytest

from semcom_core.errors import RadioError
from semcom_core.radio.virtual.iio.rates import (
    MAX_ADC_HZ,
    MAX_PLL_HZ,
    MIN_CONVERTER_HZ,
    check_factor,
    clock_chain,
    parse_fir,
)
from semcom_core.radio.virtual.iio.rates import FirConfig as Fir

HEAD = "RX 3 GAIN -6 DEC 2\nTX 3 GAIN 0 INT 2\n"


@pytest.mark.parametrize("rate_hz, decimation, interpolation, rx, tx", [
    (30_720_000, 1, 1, (983_040_000, 245_760_000, 122_880_000, 61_440_000, 30_720_000, 30_720_000),
     (983_040_000, 245_760_000, 122_880_000, 61_440_000, 30_720_000, 30_720_000)),
    (61_440_000, 1, 1, (983_040_000, 491_520_000, 245_760_000, 122_880_000, 61_440_000, 61_440_000),
     (983_040_000, 245_760_000, 122_880_000, 61_440_000, 61_440_000, 61_440_000)),
    (3_000_000, 1, 1, (1_152_000_000, 36_000_000, 12_000_000, 6_000_000, 3_000_000, 3_000_000),
     (1_152_000_000, 36_000_000, 12_000_000, 6_000_000, 3_000_000, 3_000_000)),
    (1_000_000, 4, 4, (1_024_000_000, 32_000_000, 16_000_000, 8_000_000, 4_000_000, 1_000_000),
     (1_024_000_000, 32_000_000, 16_000_000, 8_000_000, 4_000_000, 1_000_000)),
])  # fmt: skip
def test_clocks_by_hand(rate_hz, decimation, interpolation, rx, tx):
    chain = clock_chain(rate_hz, decimation, interpolation)
    assert (chain.rx, chain.tx) == (rx, tx)


@pytest.mark.parametrize("fir", [1, 2, 4])
def test_clocks_stay_in_their_ranges_over_all_rates(fir):
    lowest = -(-MIN_CONVERTER_HZ // (12 * fir))
    for rate_hz in range(lowest, 61_440_000 // fir, 333_333):
        chain = clock_chain(rate_hz, fir, fir)
        assert chain.rx[-1] == chain.tx[-1] == rate_hz
        assert (
            MIN_CONVERTER_HZ <= chain.rx[1] <= MAX_ADC_HZ
            and chain.rx[0] <= MAX_PLL_HZ
            and chain.rx[0] % chain.rx[1] == 0
        )


@pytest.mark.parametrize(
    "rate_hz, fir", [(25_000_000 // 12, 1), (25_000_000 // 48, 4), (61_440_001, 1), (0, 1)]
)
def test_rates_without_clocks_are_refused(rate_hz, fir):
    with pytest.raises(RadioError, match=f"sampling_frequency is {rate_hz}; allowed") as caught:
        clock_chain(rate_hz, fir, fir)
    assert caught.value.errno == errno.EINVAL


def test_highest_oversampling_takes_the_fastest_converter_clock():
    assert (
        clock_chain(5_000_000, 1, 1, nominal=False).rx[1]
        == 60_000_000
        > clock_chain(5_000_000, 1, 1).rx[1]
    )


@pytest.mark.parametrize("text, expected", [
    (HEAD + "1,2\n" * 64, Fir(64, 2, 64, 2)),
    ("# a comment\r\n" + HEAD.replace("\n", "\r\n") + "\r\n".join(["-5 , 7"] * 16), Fir(16, 2, 16, 2)),
    ("RX 1 GAIN 0 DEC 4\n" + "3\n" * 32, Fir(32, 4, 48, 1)),
    ("TX 2 GAIN 0 INT 4\n" + "3\n" * 32, Fir(48, 1, 32, 4)),
])  # fmt: skip
def test_filter_configuration(text, expected):
    assert parse_fir(text, Fir(48, 1, 48, 1)) == expected


@pytest.mark.parametrize("text, words", [
    ("", "lacks lines"), ("1,1\n" * 16, "lacks lines"), (HEAD.replace("3 G", "0 G") + "1,1\n" * 16, "lacks lines"),
    (HEAD, "has 0 taps"), (HEAD + "1,1\n" * 17, "has 17 taps"), (HEAD + "1,1\n" * 144, "has 144 taps"),
])  # fmt: skip
def test_filter_configuration_is_refused(text, words):
    with pytest.raises(RadioError, match=words) as caught:
        parse_fir(text, Fir())
    assert caught.value.errno == errno.EINVAL


@pytest.mark.parametrize("factor, taps, most", [(0, 16, 128), (3, 16, 128), (4, 129, 128)])
def test_filter_that_cannot_be_switched_on(factor, taps, most):
    with pytest.raises(RadioError, match="allowed"):
        check_factor("receive", factor, taps, most)
