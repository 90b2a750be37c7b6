# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The check of a radio, or of a pair: noise floor, a tone from one to the other, a sweep of the receive gain, the link's budget."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import repeat

import numpy as np

from semcom_core.radio.feeder import Feeder
from semcom_core.radio.measure import ToneReport, measure_noise_db, measure_tone
from semcom_core.radio.process import RadioProcess
from semcom_core.radio.profile import RadioProfile

#: Samples of a measurement; time that is left out after a setting has changed, s: old samples wait in buffers.
COUNT, SETTLE_S = 1 << 16, 0.6
#: The tone: its share of the sample rate, and its amplitude of what the profile allows.
TONE_SHARE, TONE_AMPLITUDE = 1 / 8, 0.5
#: Gains of a sweep.
GAINS = 7
#: Longest wait for samples, s.
PATIENCE_S = 30.0


@dataclass(frozen=True)
class GainStep:
    """One step of the sweep: receive gain, dB, and what was measured there; without a transmitter only the noise."""

    gain_db: float
    noise_db: float
    tone: ToneReport | None = None


@dataclass(frozen=True)
class CheckReport:
    """What a check has found.

    Args:
        rate_hz, lo_hz: sample rate and frequency of the receiver, Hz.
        gain_db: receive gain of the profile, dB.
        sent_hz: frequency of the tone that was sent, with the difference of the two radios' settings, Hz; None without a transmitter.
        quiet_db: noise with the transmitter on but silent, of full scale, dB.
        tone: the tone at the profile's gain; None without a transmitter.
        steps: the sweep.
        sent_db: level of the tone at the transmitter's converter, of full scale, dB.
        overruns: samples were lost so often while measuring.
    """

    rate_hz: float
    lo_hz: float
    gain_db: float
    quiet_db: float
    steps: tuple[GainStep, ...]
    sent_hz: float | None = None
    sent_db: float = 0.0
    tone: ToneReport | None = None
    overruns: int = 0

    @property
    def cfo_hz(self) -> float | None:
        """Carrier frequency offset: where the tone is over where it should be, Hz."""
        return None if self.tone is None else self.tone.hz - self.sent_hz

    @property
    def cfo_ppm(self) -> float | None:
        """The same in parts in a million of the frequency."""
        return None if self.tone is None else self.cfo_hz / self.lo_hz * 1e6


def tone_of(profile: RadioProfile) -> tuple[np.ndarray, float, float]:
    """A tone as a radio is to send it: one piece, complex64, to be repeated; its frequency, Hz; its level at the converter, dB."""
    turns = TONE_SHARE * np.arange(profile.buffer_size // 8 * 8)
    level_db = float(20 * np.log10(TONE_AMPLITUDE * profile.amplitude))
    return (TONE_AMPLITUDE * np.exp(2j * np.pi * turns)).astype(np.complex64), TONE_SHARE * profile.rate_hz, level_db


def check(receiver: RadioProcess, transmitter: RadioProcess | None, progress=lambda words: None) -> CheckReport:
    """Measure a radio, with a transmitter also the way to it. Both must be started; they may be the same.

    Args:
        receiver: the radio that listens; its gain is as before afterwards.
        transmitter: the radio that sends, in mode continuous; None: nothing is sent.
        progress: told what is done.

    Raises:
        RadioError: a radio is gone.
        TimeoutError: no samples come.
    """
    profile = receiver.profile
    common = {"rate_hz": profile.rate_hz, "lo_hz": profile.rx_lo_hz, "gain_db": profile.rx_gain_db}
    progress("noise floor")
    quiet_db = measure_noise_db(capture(receiver, profile.rx_gain_db), profile.rate_hz)
    if transmitter is None:
        steps = _sweep(receiver, progress)
        return CheckReport(**common, quiet_db=quiet_db, steps=steps, overruns=receiver.counts["overruns"])
    piece, tone_hz, sent_db = tone_of(transmitter.profile)
    with Feeder(transmitter, repeat(piece)):
        progress("tone")
        heard = measure_tone(capture(receiver, profile.rx_gain_db), profile.rate_hz)
        steps = _sweep(receiver, progress, with_tone=True)
    sent_hz = tone_hz + transmitter.profile.tx_lo_hz - profile.rx_lo_hz
    overruns = receiver.counts["overruns"]
    return CheckReport(**common, quiet_db=quiet_db, steps=steps, sent_hz=sent_hz, sent_db=sent_db, tone=heard, overruns=overruns)


def capture(radio: RadioProcess, gain_db: float) -> np.ndarray:
    """COUNT samples at a gain, complex64."""
    radio.set(rx_gain_db=gain_db)
    take(radio, int(SETTLE_S * radio.profile.rate_hz))
    return take(radio, COUNT)


def take(radio: RadioProcess, count: int, patience_s: float = PATIENCE_S) -> np.ndarray:
    """The next samples of a radio, complex64 (count,).

    Raises:
        TimeoutError: they do not come.
        RadioError: the radio is gone.
    """
    parts, left, end = [], count, time.monotonic() + patience_s
    while left:
        parts.append(radio.read(left, max(0.0, end - time.monotonic())))
        left -= len(parts[-1])
    return np.concatenate(parts)


def _sweep(radio: RadioProcess, progress, with_tone: bool = False) -> tuple[GainStep, ...]:
    """Measure at gains over the whole range; the profile's is set again afterwards."""
    before, (low, high), steps = radio.profile.rx_gain_db, radio.profile.limits.rx_gain_db, []
    for gain_db in np.clip(np.linspace(low, high, GAINS).round(), low, high):
        progress(f"receive gain {gain_db:g} dB")
        samples, rate_hz = capture(radio, float(gain_db)), radio.profile.rate_hz
        tone = measure_tone(samples, rate_hz) if with_tone else None
        steps.append(GainStep(float(gain_db), measure_noise_db(samples, rate_hz), tone))
    radio.set(rx_gain_db=before)
    return tuple(steps)
