# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Radio check: noise floor, test tone, sweep of the receive gain, carrier offset and link budget.

check() measures a receiver, and with a transmitter the link between both; findings() judges each
measurement and says what to change. Levels are in dB of full scale, a sample of modulus 1.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import repeat

import numpy as np

from semcom_core.phy import Layout, PhyConfig
from semcom_core.radio.diagnostics.measure import (
    BackgroundTransmitter,
    ToneReport,
    imbalance,
    measure_noise_db,
    measure_tone,
)
from semcom_core.radio.process.supervisor import RadioProcess
from semcom_core.radio.profile import RadioProfile
from semcom_core.units import linear_to_db

#: Samples of a measurement.
COUNT = 1 << 16
#: Time left out after a setting has changed, s: samples of before wait in buffers.
SETTLE_S = 0.6
#: Frequency of the tone over the sample rate, and its amplitude over what the profile allows.
TONE_SHARE = 1 / 8
TONE_AMPLITUDE = 0.5
#: Number of gains in a sweep.
GAINS = 7
#: Longest wait for samples, s.
PATIENCE_S = 30.0

#: Acceptable DC offset and image, dB relative to the tone, at most.
DC_DB = -20.0
IMAGE_DB = -25.0
#: Headroom to full scale, dB.
ROOM_DB = 3.0
#: SNR of a tone that can be trusted, dB.
TRUSTED_DB = 8.0
#: SNR at which bursts carry texts and pictures alike, dB, and the one below which it is worth a
#: change.
GOOD_DB = 10.0
LEAST_DB = 6.0
#: Rise of the noise from the lowest gain to the highest, dB; with less, the noise comes from the
#: converter and not from the antenna.
RISE_DB = 3.0
#: Tolerance of crystals in radios without a reference, parts in a million.
CRYSTAL_PPM = 25.0


@dataclass(frozen=True)
class GainStep:
    """One step of the sweep.

    Args:
        gain_db: receive gain, dB.
        noise_db: noise in the whole band, dB of full scale.
        tone: the tone; None without a transmitter.
    """

    gain_db: float
    noise_db: float
    tone: ToneReport | None = None


@dataclass(frozen=True)
class CheckReport:
    """Results of a check.

    Args:
        rate_hz: sample rate of the receiver, Hz.
        lo_hz: frequency of the receiver, Hz.
        gain_db: receive gain of the profile, dB.
        quiet_db: noise with the transmitter on but silent, dB of full scale.
        steps: the sweep of the receive gain.
        sent_hz: frequency of the tone relative to the receiver's, Hz, by the settings of both
            radios; None without a transmitter.
        sent_db: level of the tone at the transmitter's converter, dB of full scale.
        tone: the tone at the profile's gain; None without a transmitter.
        overruns: how often samples were lost while measuring.
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
        """Carrier frequency offset, Hz: received less transmitted frequency of the tone."""
        if self.tone is None or self.sent_hz is None:
            return None
        return self.tone.hz - self.sent_hz

    @property
    def cfo_ppm(self) -> float | None:
        """Carrier frequency offset in parts in a million of the carrier."""
        return None if self.cfo_hz is None else self.cfo_hz / self.lo_hz * 1e6


def check(
    receiver: RadioProcess,
    transmitter: RadioProcess | None,
    progress: Callable[[str], None] = lambda words: None,
) -> CheckReport:
    """Measure a receiver, and with a transmitter the link from it. Both must be started; they may
    be the same radio.

    Args:
        receiver: the radio that receives; its gain is restored afterwards.
        transmitter: the radio that sends, in mode continuous; None: nothing is sent.
        progress: called with the name of each measurement.

    Raises:
        RadioError: a radio is gone.
        TimeoutError: no samples come.
    """
    profile = receiver.profile
    progress("noise floor")
    quiet_db = measure_noise_db(capture(receiver, profile.rx_gain_db), profile.rate_hz)
    sent_hz = None
    sent_db = 0.0
    tone = None
    if transmitter is None:
        steps = _sweep(receiver, progress)
    else:
        piece, tone_hz, sent_db = tone_piece(transmitter.profile)
        sent_hz = tone_hz + transmitter.profile.tx_lo_hz - profile.rx_lo_hz
        with BackgroundTransmitter(transmitter, repeat(piece)):
            progress("tone")
            tone = measure_tone(capture(receiver, profile.rx_gain_db), profile.rate_hz)
            steps = _sweep(receiver, progress, with_tone=True)
    return CheckReport(
        rate_hz=profile.rate_hz,
        lo_hz=profile.rx_lo_hz,
        gain_db=profile.rx_gain_db,
        quiet_db=quiet_db,
        steps=steps,
        sent_hz=sent_hz,
        sent_db=sent_db,
        tone=tone,
        overruns=receiver.counts["overruns"],
    )


def tone_piece(profile: RadioProfile) -> tuple[np.ndarray, float, float]:
    """The tone that a radio sends.

    Returns:
        (one piece, complex64, to be repeated; frequency, Hz; level at the converter, dB of full
        scale).
    """
    turns = TONE_SHARE * np.arange(profile.buffer_size // 8 * 8)
    piece = (TONE_AMPLITUDE * np.exp(2j * np.pi * turns)).astype(np.complex64)
    level_db = float(20 * np.log10(TONE_AMPLITUDE * profile.amplitude))
    return piece, TONE_SHARE * profile.rate_hz, level_db


def capture(radio: RadioProcess, gain_db: float) -> np.ndarray:
    """COUNT samples at a receive gain in dB, complex64."""
    radio.set(rx_gain_db=gain_db)
    take_samples(radio, int(SETTLE_S * radio.profile.rate_hz))
    return take_samples(radio, COUNT)


def take_samples(radio: RadioProcess, count: int, patience_s: float = PATIENCE_S) -> np.ndarray:
    """The next samples of a radio.

    Args:
        radio: it receives, and is started.
        count: number of samples, at least 1.
        patience_s: longest wait for all of them, s.

    Returns:
        complex64 (count,).

    Raises:
        TimeoutError: they do not come.
        RadioError: the radio is gone.
    """
    parts = []
    left = count
    deadline = time.monotonic() + patience_s
    while left:
        parts.append(radio.read(left, max(0.0, deadline - time.monotonic())))
        left -= len(parts[-1])
    return np.concatenate(parts)


def _sweep(
    radio: RadioProcess, progress: Callable[[str], None], with_tone: bool = False
) -> tuple[GainStep, ...]:
    """Measure at gains over the whole range, and restore the gain afterwards."""
    before_db = radio.profile.rx_gain_db
    low_db, high_db = radio.profile.limits.rx_gain_db
    steps = []
    for gain_db in np.clip(np.linspace(low_db, high_db, GAINS).round(), low_db, high_db):
        progress(f"receive gain {gain_db:g} dB")
        samples = capture(radio, float(gain_db))
        rate_hz = radio.profile.rate_hz
        tone = measure_tone(samples, rate_hz) if with_tone else None
        steps.append(GainStep(float(gain_db), measure_noise_db(samples, rate_hz), tone))
    radio.set(rx_gain_db=before_db)
    return tuple(steps)


def findings(report: CheckReport) -> list[tuple[bool, str]]:
    """(whether it is acceptable, words) for each measurement; the words say what to change."""
    found = [_overruns(report), _noise(report)]
    tone = report.tone
    if tone is None:
        return found
    if tone.snr_db < TRUSTED_DB:
        words = (
            f"tone: {tone.snr_db:.1f} dB over the noise, too weak to measure by; raise the "
            "transmit gain by steps, check antennas or cable, and that both are tuned to the same "
            "frequency"
        )
        return [*found, (False, words)]
    return [
        *found,
        _level(tone),
        _dc(tone),
        _image(tone),
        _carrier(report),
        _budget(report, tone),
        _best_gain(report),
    ]


def best_step(report: CheckReport) -> GainStep | None:
    """The highest gain, with headroom, of those whose SNR is within 1 dB of the best."""
    usable = [
        (step, step.tone)
        for step in report.steps
        if step.tone is not None and has_headroom(step.tone)
    ]
    best_db = max((tone.snr_db for _, tone in usable), default=0.0)
    return next((step for step, tone in reversed(usable) if tone.snr_db > best_db - 1), None)


def has_headroom(tone: ToneReport) -> bool:
    """Whether the tone stays ROOM_DB below full scale."""
    return tone.peak < 10 ** (-ROOM_DB / 20)


def _overruns(report: CheckReport) -> tuple[bool, str]:
    rate = f"{report.rate_hz / 1e6:g} Msps"
    if report.overruns == 0:
        return True, f"samples: none lost at {rate}"
    return (
        False,
        f"samples: lost {report.overruns} times at {rate}; lower rate_hz, or raise buffer_size",
    )


def _noise(report: CheckReport) -> tuple[bool, str]:
    rise_db = report.steps[-1].noise_db - report.steps[0].noise_db
    words = (
        f"noise: {report.quiet_db:.1f} dB of full scale at gain {report.gain_db:g} dB, rises "
        f"by {rise_db:.1f} dB over all gains"
    )
    if rise_db >= RISE_DB:
        return True, words
    return False, f"{words}; the gain does nothing: is the antenna port the right one?"


def _level(tone: ToneReport) -> tuple[bool, str]:
    words = (
        f"tone: {tone.level_db:.1f} dB of full scale, {tone.snr_db:.1f} dB over the noise of "
        f"the band, peak {tone.peak:.2f}"
    )
    if tone.clipped > 0:
        return False, f"{words}, clipped; lower rx_gain_db, or put an attenuator in"
    return True, words


def _dc(tone: ToneReport) -> tuple[bool, str]:
    relative_db = tone.dc_db - tone.level_db
    words = f"DC offset: {relative_db:.1f} dB over the tone"
    if relative_db <= DC_DB:
        return True, words
    return False, f"{words}; let the radio track it, or tune 0.1 of the rate beside the signal"


def _image(tone: ToneReport) -> tuple[bool, str]:
    words = f"IQ imbalance: image {tone.image_db:.1f} dB over the tone, {imbalance(tone.image_db)}"
    if tone.image_db <= IMAGE_DB:
        return True, words
    return False, f"{words}; let the radio's quadrature tracking run, or calibrate it"


def _carrier(report: CheckReport) -> tuple[bool, str]:
    cfo_hz = report.cfo_hz
    cfo_ppm = report.cfo_ppm
    assert cfo_hz is not None and cfo_ppm is not None  # there is a tone
    words = f"carrier offset: {cfo_hz:.0f} Hz, {cfo_ppm:.2f} ppm"
    if abs(cfo_ppm) > 2 * CRYSTAL_PPM:
        return (
            False,
            f"{words}, more than two crystals of {CRYSTAL_PPM:g} ppm make; are both tuned to the "
            "same frequency?",
        )
    limit_hz = PhyConfig(rate_hz=report.rate_hz).searched_cfo_hz
    if abs(cfo_hz) <= 0.8 * limit_hz:
        return True, words
    return (
        False,
        f"{words}; the modem finds {limit_hz:.0f} Hz: add {cfo_hz:.0f} Hz to rx_lo_hz (--lo-hz of "
        f"the receiver; a Pluto: correct xo_correction by {cfo_ppm:.2f} ppm)",
    )


def _budget(report: CheckReport, tone: ToneReport) -> tuple[bool, str]:
    """The SNR that bursts of the modem would have: their carriers have another power than the
    tone.
    """
    carrier_gain = Layout(PhyConfig()).carrier_power / TONE_AMPLITUDE**2
    snr_db = tone.snr_db + float(linear_to_db(carrier_gain))
    path_db = tone.level_db - report.sent_db
    words = (
        f"link budget: {path_db:.1f} dB from converter to converter; bursts arrive with an SNR of "
        f"about {snr_db:.0f} dB"
    )
    if snr_db >= LEAST_DB:
        return True, words
    missing_db = math.ceil(GOOD_DB - snr_db)
    return False, f"{words}; raise tx_gain_db by {missing_db} dB where the law allows it"


def _best_gain(report: CheckReport) -> tuple[bool, str]:
    best = best_step(report)
    if best is None or best.tone is None:
        return (
            False,
            "receive gain: the tone comes near full scale at each gain; put an attenuator in, or "
            "lower tx_gain_db",
        )
    words = (
        f"receive gain: best near {best.gain_db:g} dB ({best.tone.snr_db:.1f} dB SNR, peak "
        f"{best.tone.peak:.2f})"
    )
    now = min(report.steps, key=lambda step: abs(step.gain_db - report.gain_db)).tone
    if now is not None and now.snr_db > best.tone.snr_db - 3 and has_headroom(now):
        return True, words
    return False, f"{words}; set rx_gain_db={best.gain_db:g}"
