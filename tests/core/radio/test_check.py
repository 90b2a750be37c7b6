# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The check of a radio, on stand-ins whose faults are known: each is found, and the advice fits."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from semcom_core.errors import RadioError
from semcom_core.radio.diagnostics import check as checking
from semcom_core.radio.diagnostics.check import CheckReport, best_step, check, findings
from semcom_core.radio.profile import load_profile


class StandIn:
    """A radio that hears a tone with noise, DC and an image, and a transmitter that takes anything.

    Args:
        tone_db, noise_db: levels at receive gain 40 dB, dB.
        dc, image: amplitudes over that of the tone.
        cfo_hz: offset of the tone, Hz.
    """

    def __init__(
        self, tone_db=-20.0, noise_db=-60.0, dc=0.0, image=0.0, cfo_hz=0.0, stuck=False, overruns=0
    ):
        self.profile = load_profile("virtual-soapy")
        self.counts, self.pieces = Counter(overruns=overruns), 0
        self._tone, self._noise = 10 ** (tone_db / 20), 10 ** (noise_db / 20)
        self._dc, self._image, self._hz, self._stuck = dc, image, 125e3 + cfo_hz, stuck
        self._rng, self._at = np.random.default_rng(1), 0

    def set(self, **settings) -> None:
        self.profile = self.profile.with_settings(**settings)

    def write(self, samples, timeout_s) -> None:
        self.pieces += 1

    def read(self, count, timeout_s) -> np.ndarray:
        index = self._at + np.arange(count)
        self._at += count
        wave = np.exp(2j * np.pi * self._hz / 1e6 * index)
        heard = self._tone * (wave + self._image * wave.conj() + self._dc)
        heard = heard + self._noise / np.sqrt(2) * (
            self._rng.standard_normal(count) + 1j * self._rng.standard_normal(count)
        )
        samples = (
            heard * 10 ** ((0 if self._stuck else self.profile.rx_gain_db - 40) / 20)
        ).astype(np.complex64)
        parts = samples.view(np.float32)
        return np.clip(parts, -1, 1, out=parts).view(np.complex64)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(checking, "SETTLE_S", 0.001)
    monkeypatch.setattr(checking, "COUNT", 1 << 14)


def report_of(transmit=True, **faults) -> CheckReport:
    radio = StandIn(**faults)
    return check(radio, radio if transmit else None)


def wrong(report: CheckReport) -> list[str]:
    return [words for well, words in findings(report) if not well]


def test_a_good_pair_has_nothing_to_change_and_is_measured_right():
    report = report_of(tone_db=-26, cfo_hz=2345.0)
    assert wrong(report) == []
    assert report.cfo_hz == pytest.approx(2345, abs=2) and report.cfo_ppm == pytest.approx(
        2345 / 2450, rel=0.01
    )
    assert report.tone.level_db == pytest.approx(-26, abs=0.1) and report.quiet_db == pytest.approx(
        -60, abs=0.5
    )


@pytest.mark.parametrize(
    "faults, said",
    [
        ({"dc": 0.3}, "DC offset: -10.5 dB"),
        ({"image": 0.1}, "IQ imbalance: image -20.0 dB"),
        ({"cfo_hz": 50e3}, "add 50000 Hz to rx_lo_hz"),
        ({"cfo_hz": 200e3}, "tuned to the same frequency"),
        ({"tone_db": -57}, "too weak to measure by"),
        ({"tone_db": 4}, "clipped; lower rx_gain_db"),
        ({"stuck": True}, "is the antenna port the right one"),
        ({"overruns": 3}, "lost 3 times at 1 Msps"),
        ({"tone_db": -51.5}, "raise tx_gain_db"),
        ({"tone_db": -0.5}, "set rx_gain_db=25"),
    ],
)
def test_each_fault_is_found(faults, said):
    assert any(said in words for words in wrong(report_of(**faults))), wrong(report_of(**faults))


def test_without_a_transmitter_the_noise_is_measured():
    radio = StandIn(tone_db=-300)
    report = check(radio, None)
    assert radio.pieces == 0 and report.tone is None and report.cfo_hz is None
    assert len(report.steps) == checking.GAINS and wrong(report) == []


def test_gains_stay_within_the_limits_of_the_radio():
    radio = StandIn()
    radio.profile = load_profile("usrp-x3xx")
    assert check(radio, None).steps[-1].gain_db == 31.5


def test_a_transmitter_that_is_lost_is_an_error_and_no_finding():
    radio, lost = StandIn(), StandIn()

    def write(samples, timeout_s):
        raise RadioError("radio b is gone")

    lost.write = write
    with pytest.raises(RadioError, match="radio b is gone"):
        check(radio, lost)


def test_the_gain_is_as_before_afterwards_and_the_best_one_is_said():
    radio = StandIn()
    report = check(radio, radio)
    assert radio.profile.rx_gain_db == 40
    assert best_step(report).gain_db == 51 and best_step(report).tone.peak < 0.71
