# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The check of a radio, or of a pair: noise floor, a tone from one to the other, a sweep of the
receive gain, the link's budget.

What a check means: findings in words, each with what to change.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from itertools import repeat

import numpy as np

from semcom_core.phy import Layout, PhyConfig
from semcom_core.radio.diagnostics.measure import (
    Feeder,
    ToneReport,
    imbalance,
    measure_noise_db,
    measure_tone,
)
from semcom_core.radio.process.supervisor import RadioProcess
from semcom_core.radio.profile import RadioProfile
from semcom_core.units import linear_to_db

#: Samples of a measurement; time that is left out after a setting has changed, s: old samples wait
#: in buffers.
COUNT = 1 << 16
SETTLE_S = 0.6
#: The tone: its share of the sample rate, and its amplitude of what the profile allows.
TONE_SHARE = 1 / 8
TONE_AMPLITUDE = 0.5
#: Gains of a sweep.
GAINS = 7
#: Longest wait for samples, s.
PATIENCE_S = 30.0


@dataclass(frozen=True)
class GainStep:
    """One step of the sweep: receive gain, dB, and what was measured there; without a transmitter
    only the noise.
    """

    gain_db: float
    noise_db: float
    tone: ToneReport | None = None


@dataclass(frozen=True)
class CheckReport:
    """What a check has found.

    Args:
        rate_hz, lo_hz: sample rate and frequency of the receiver, Hz.
        gain_db: receive gain of the profile, dB.
        sent_hz: frequency of the tone that was sent, with the difference of the two radios'
            settings, Hz; None without a transmitter.
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
    """A tone as a radio is to send it: one piece, complex64, to be repeated; its frequency, Hz; its
    level at the converter, dB.
    """
    turns = TONE_SHARE * np.arange(profile.buffer_size // 8 * 8)
    level_db = float(20 * np.log10(TONE_AMPLITUDE * profile.amplitude))
    return (
        (TONE_AMPLITUDE * np.exp(2j * np.pi * turns)).astype(np.complex64),
        TONE_SHARE * profile.rate_hz,
        level_db,
    )


def check(
    receiver: RadioProcess, transmitter: RadioProcess | None, progress=lambda words: None
) -> CheckReport:
    """Measure a radio, with a transmitter also the way to it. Both must be started; they may be the
    same.

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
        return CheckReport(
            **common, quiet_db=quiet_db, steps=steps, overruns=receiver.counts["overruns"]
        )
    piece, tone_hz, sent_db = tone_of(transmitter.profile)
    with Feeder(transmitter, repeat(piece)):
        progress("tone")
        heard = measure_tone(capture(receiver, profile.rx_gain_db), profile.rate_hz)
        steps = _sweep(receiver, progress, with_tone=True)
    sent_hz = tone_hz + transmitter.profile.tx_lo_hz - profile.rx_lo_hz
    overruns = receiver.counts["overruns"]
    return CheckReport(
        **common,
        quiet_db=quiet_db,
        steps=steps,
        sent_hz=sent_hz,
        sent_db=sent_db,
        tone=heard,
        overruns=overruns,
    )


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
    parts = []
    left = count
    end = time.monotonic() + patience_s
    while left:
        parts.append(radio.read(left, max(0.0, end - time.monotonic())))
        left -= len(parts[-1])
    return np.concatenate(parts)


def _sweep(radio: RadioProcess, progress, with_tone: bool = False) -> tuple[GainStep, ...]:
    """Measure at gains over the whole range; the profile's is set again afterwards."""
    before, (low, high), steps = radio.profile.rx_gain_db, radio.profile.limits.rx_gain_db, []
    for gain_db in np.clip(np.linspace(low, high, GAINS).round(), low, high):
        progress(f"receive gain {gain_db:g} dB")
        samples = capture(radio, float(gain_db))
        rate_hz = radio.profile.rate_hz
        tone = measure_tone(samples, rate_hz) if with_tone else None
        steps.append(GainStep(float(gain_db), measure_noise_db(samples, rate_hz), tone))
    radio.set(rx_gain_db=before)
    return tuple(steps)


#: What is good enough: DC and image below the tone, dB; room to full scale, dB; SNR of a tone that
#: can be trusted, dB.
DC_DB = -20.0
IMAGE_DB = -25.0
ROOM_DB = 3.0
TRUSTED_DB = 8.0
#: SNR at which bursts carry texts and pictures alike, dB, and the one below which it is worth a
#: change.
GOOD_DB = 10.0
LEAST_DB = 6.0
#: Noise must rise by this much from the lowest gain, dB, or else the converter and not the antenna
#: makes it.
RISE_DB = 3.0
#: Crystals of radios without a reference are good for this much, parts in a million.
CRYSTAL_PPM = 25.0


def findings(report: CheckReport) -> list[tuple[bool, str]]:
    """(whether it is well, words) for each thing that was measured."""
    found = [(report.overruns == 0, _overruns(report)), *_noise(report)]
    if report.tone is None:
        return found
    if report.tone.snr_db < TRUSTED_DB:
        hint = (
            "raise the transmit gain by steps, check antennas or cable, and that both are "
            "tuned "
            "to the same frequency"
        )
        return [
            *found,
            (
                False,
                f"tone: {report.tone.snr_db:.1f} dB over the noise, too weak to measure by; {hint}",
            ),
        ]
    return [
        *found,
        _level(report),
        _dc(report),
        _image(report),
        _carrier(report),
        _budget(report),
        _best_gain(report),
    ]


def best_step(report: CheckReport) -> GainStep | None:
    """The highest gain, with room to full scale, of those whose SNR is the best."""
    usable = [step for step in report.steps if step.tone is not None and has_room(step)]
    best_db = max((step.tone.snr_db for step in usable), default=0.0)
    return next((step for step in reversed(usable) if step.tone.snr_db > best_db - 1), None)


def has_room(step: GainStep) -> bool:
    """Whether the tone leaves room to full scale."""
    return step.tone.peak < 10 ** (-ROOM_DB / 20)


def _overruns(report: CheckReport) -> str:
    if report.overruns == 0:
        return f"samples: none lost at {report.rate_hz / 1e6:g} Msps"
    return (
        f"samples: lost {report.overruns} times at {report.rate_hz / 1e6:g} Msps; lower "
        "rate_hz, or raise buffer_size"
    )


def _noise(report: CheckReport) -> list[tuple[bool, str]]:
    rise_db = report.steps[-1].noise_db - report.steps[0].noise_db
    words = (
        f"noise: {report.quiet_db:.1f} dB of full scale at gain {report.gain_db:g} dB, rises "
        f"by {rise_db:.1f} dB over all gains"
    )
    hint = "the gain does nothing: is the antenna port the right one?"
    return [(rise_db >= RISE_DB, words if rise_db >= RISE_DB else f"{words}; {hint}")]


def _level(report: CheckReport) -> tuple[bool, str]:
    tone = report.tone
    words = (
        f"tone: {tone.level_db:.1f} dB of full scale, {tone.snr_db:.1f} dB over the noise of "
        f"the band, peak {tone.peak:.2f}"
    )
    if tone.clipped > 0:
        return False, f"{words}, clipped; lower rx_gain_db, or put an attenuator in"
    return True, words


def _dc(report: CheckReport) -> tuple[bool, str]:
    over_db = report.tone.dc_db - report.tone.level_db
    words = f"DC offset: {over_db:.1f} dB over the tone"
    return (
        (True, words)
        if over_db <= DC_DB
        else (False, f"{words}; let the radio track it, or tune 0.1 of the rate beside the signal")
    )


def _image(report: CheckReport) -> tuple[bool, str]:
    image_db = report.tone.image_db
    words = f"IQ imbalance: image {image_db:.1f} dB over the tone, {imbalance(image_db)}"
    return (
        (True, words)
        if image_db <= IMAGE_DB
        else (False, f"{words}; let the radio's quadrature tracking run, or calibrate it")
    )


def _carrier(report: CheckReport) -> tuple[bool, str]:
    limit_hz = PhyConfig().max_cfo_hz
    words = f"carrier offset: {report.cfo_hz:.0f} Hz, {report.cfo_ppm:.2f} ppm"
    advice = (
        f"add {report.cfo_hz:.0f} Hz to rx_lo_hz (--lo-hz of the receiver; a Pluto: correct "
        f"xo_correction by {report.cfo_ppm:.2f} ppm)"
    )
    if abs(report.cfo_ppm) > 2 * CRYSTAL_PPM:
        return (
            False,
            f"{words}, more than two crystals of {CRYSTAL_PPM:g} ppm make; are both tuned to the "
            "same frequency?",
        )
    return (
        (True, words)
        if abs(report.cfo_hz) <= 0.8 * limit_hz
        else (False, f"{words}; the modem finds {limit_hz:.0f} Hz: {advice}")
    )


def _budget(report: CheckReport) -> tuple[bool, str]:
    """What bursts of the modem would have, whose carriers have another power than the tone."""
    snr_db = report.tone.snr_db + float(
        linear_to_db(Layout(PhyConfig()).carrier_power / TONE_AMPLITUDE**2)
    )
    path_db = report.tone.level_db - report.sent_db
    words = (
        f"link budget: {path_db:.1f} dB from converter to converter; bursts arrive with an "
        "SNR "
        f"of about {snr_db:.0f} dB"
    )
    advice = f"raise tx_gain_db by {math.ceil(GOOD_DB - snr_db)} dB where the law allows it"
    return (True, words) if snr_db >= LEAST_DB else (False, f"{words}; {advice}")


def _best_gain(report: CheckReport) -> tuple[bool, str]:
    best = best_step(report)
    if best is None:
        return (
            False,
            "receive gain: the tone comes near full scale at each gain; put an attenuator in, or "
            "lower tx_gain_db",
        )
    now = min(report.steps, key=lambda step: abs(step.gain_db - report.gain_db))
    words = (
        f"receive gain: best near {best.gain_db:g} dB ({best.tone.snr_db:.1f} dB SNR, peak "
        f"{best.tone.peak:.2f})"
    )
    well = now.tone.snr_db > best.tone.snr_db - 3 and has_room(now)
    return well, words if well else f"{words}; set rx_gain_db={best.gain_db:g}"
