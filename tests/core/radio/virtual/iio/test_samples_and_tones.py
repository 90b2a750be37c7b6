# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words of the converters, and the tone generators."""

from __future__ import annotations

import numpy as np
import pytest

from semcom_core.radio.virtual.iio.buffers import PERIOD, adc_words, from_dac_words
from semcom_core.radio.virtual.iio.buffers import DdsTones as Tones


@pytest.mark.parametrize("sample, words", [
    (0.5 - 0.25j, [1024, -512]), (1 - 1j, [2047, -2048]), (3 - 7j, [2047, -2048]), (0.3 / 2048 + 0.7j / 2048, [0, 1]),
])  # fmt: skip
def test_adc_has_12_bits_and_clips(sample, words):
    assert adc_words(np.array([sample], np.complex64)).tolist() == words


@pytest.mark.parametrize(
    "mask, words", [(1, [1024, 512]), (2, [-1024, 0]), (3, [1024, -1024, 512, 0])]
)
def test_adc_channels_of_a_mask(mask, words):
    made = adc_words(np.array([0.5 - 0.5j, 0.25], np.complex64), mask)
    assert made.tolist() == words and made.dtype == np.dtype("<i2")


@pytest.mark.parametrize("mask, expected", [(1, [0.5, -1]), (2, [0.5j, -1j]), (3, [0.5 - 1j])])
def test_dac_words(mask, expected):
    made = from_dac_words(np.array([16384, -32768], "<i2").tobytes(), mask)
    assert made.dtype == np.complex64 and made.tolist() == expected


def made_tones(*settings: tuple[int, str, str], rate_hz: int = 4_000_000) -> tuple[Tones, list]:
    changes = []
    tones = Tones(lambda: rate_hz, lambda: changes.append(1))
    for number, name, text in settings:
        tones.bindings()[f"tone{number}_{name}"].write(text)
    return tones, changes


def test_two_generators_make_a_complex_tone():
    on = [(number, "raw", "1") for number in range(4)]
    tones, changes = made_tones(*on, (0, "frequency", "125000"), (0, "phase", "90000"), (0, "scale", "0.5"),
                                (2, "frequency", "125000"), (2, "scale", "0.5"))  # fmt: skip
    expected = 0.5 * np.exp(2j * np.pi * 125_000 / 4e6 * np.arange(PERIOD))
    assert np.abs(tones.period() - expected).max() < 1e-6 and len(changes) == 9


def test_generator_that_is_off_is_silent():
    tones, _ = made_tones((1, "frequency", "500000"), (1, "scale", "1"))
    assert not tones.audible and not tones.period().any()
    tones.bindings()["tone1_raw"].write("1")
    assert (
        tones.audible
        and np.abs(tones.period()).max() == pytest.approx(1)
        and not tones.period().imag.any()
    )


def test_periods_join_without_a_step():
    tones, _ = made_tones(
        (0, "raw", "1"), (0, "frequency", "123456"), (0, "scale", "0.7"), (0, "phase", "12345")
    )
    twice = np.tile(tones.period().real, 2)
    assert np.abs(np.diff(twice, n=2)).max() < 0.7 * (2 * np.pi * 123_500 / 4e6) ** 2
