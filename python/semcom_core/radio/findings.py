# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check means: findings in words, each with what to change."""

from __future__ import annotations

import math

from semcom_core.phy import Layout, PhyConfig
from semcom_core.radio.check import TONE_AMPLITUDE, CheckReport, GainStep
from semcom_core.radio.measure import imbalance
from semcom_core.units import linear_to_db

#: What is good enough: DC and image below the tone, dB; room to full scale, dB; SNR of a tone that can be trusted, dB.
DC_DB, IMAGE_DB, ROOM_DB, TRUSTED_DB = -20.0, -25.0, 3.0, 8.0
#: SNR at which bursts carry texts and pictures alike, dB, and the one below which it is worth a change.
GOOD_DB, LEAST_DB = 10.0, 6.0
#: Noise must rise by this much from the lowest gain, dB, or else the converter and not the antenna makes it.
RISE_DB = 3.0
#: Crystals of radios without a reference are good for this much, parts in a million.
CRYSTAL_PPM = 25.0


def findings(report: CheckReport) -> list[tuple[bool, str]]:
    """(whether it is well, words) for each thing that was measured."""
    found = [(report.overruns == 0, _overruns(report)), *_noise(report)]
    if report.tone is None:
        return found
    if report.tone.snr_db < TRUSTED_DB:
        hint = "raise the transmit gain by steps, check antennas or cable, and that both are tuned to the same frequency"
        return [*found, (False, f"tone: {report.tone.snr_db:.1f} dB over the noise, too weak to measure by; {hint}")]
    return [*found, _level(report), _dc(report), _image(report), _carrier(report), _budget(report), _best_gain(report)]


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
    return f"samples: lost {report.overruns} times at {report.rate_hz / 1e6:g} Msps; lower rate_hz, or raise buffer_size"


def _noise(report: CheckReport) -> list[tuple[bool, str]]:
    rise_db = report.steps[-1].noise_db - report.steps[0].noise_db
    words = f"noise: {report.quiet_db:.1f} dB of full scale at gain {report.gain_db:g} dB, rises by {rise_db:.1f} dB over all gains"
    hint = "the gain does nothing: is the antenna port the right one?"
    return [(rise_db >= RISE_DB, words if rise_db >= RISE_DB else f"{words}; {hint}")]


def _level(report: CheckReport) -> tuple[bool, str]:
    tone = report.tone
    words = f"tone: {tone.level_db:.1f} dB of full scale, {tone.snr_db:.1f} dB over the noise of the band, peak {tone.peak:.2f}"
    if tone.clipped > 0:
        return False, f"{words}, clipped; lower rx_gain_db, or put an attenuator in"
    return True, words


def _dc(report: CheckReport) -> tuple[bool, str]:
    over_db = report.tone.dc_db - report.tone.level_db
    words = f"DC offset: {over_db:.1f} dB over the tone"
    return (True, words) if over_db <= DC_DB else (False, f"{words}; let the radio track it, or tune 0.1 of the rate beside the signal")


def _image(report: CheckReport) -> tuple[bool, str]:
    image_db = report.tone.image_db
    words = f"IQ imbalance: image {image_db:.1f} dB over the tone, {imbalance(image_db)}"
    return (True, words) if image_db <= IMAGE_DB else (False, f"{words}; let the radio's quadrature tracking run, or calibrate it")


def _carrier(report: CheckReport) -> tuple[bool, str]:
    limit_hz = PhyConfig().max_cfo_hz
    words = f"carrier offset: {report.cfo_hz:.0f} Hz, {report.cfo_ppm:.2f} ppm"
    advice = f"add {report.cfo_hz:.0f} Hz to rx_lo_hz (--lo-hz of the receiver; a Pluto: correct xo_correction by {report.cfo_ppm:.2f} ppm)"
    if abs(report.cfo_ppm) > 2 * CRYSTAL_PPM:
        return False, f"{words}, more than two crystals of {CRYSTAL_PPM:g} ppm make; are both tuned to the same frequency?"
    return (True, words) if abs(report.cfo_hz) <= 0.8 * limit_hz else (False, f"{words}; the modem finds {limit_hz:.0f} Hz: {advice}")


def _budget(report: CheckReport) -> tuple[bool, str]:
    """What bursts of the modem would have, whose carriers have another power than the tone."""
    snr_db = report.tone.snr_db + float(linear_to_db(Layout(PhyConfig()).carrier_power / TONE_AMPLITUDE**2))
    path_db = report.tone.level_db - report.sent_db
    words = f"link budget: {path_db:.1f} dB from converter to converter; bursts arrive with an SNR of about {snr_db:.0f} dB"
    advice = f"raise tx_gain_db by {math.ceil(GOOD_DB - snr_db)} dB where the law allows it"
    return (True, words) if snr_db >= LEAST_DB else (False, f"{words}; {advice}")


def _best_gain(report: CheckReport) -> tuple[bool, str]:
    best = best_step(report)
    if best is None:
        return False, "receive gain: the tone comes near full scale at each gain; put an attenuator in, or lower tx_gain_db"
    now = min(report.steps, key=lambda step: abs(step.gain_db - report.gain_db))
    words = f"receive gain: best near {best.gain_db:g} dB ({best.tone.snr_db:.1f} dB SNR, peak {best.tone.peak:.2f})"
    well = now.tone.snr_db > best.tone.snr_db - 3 and has_room(now)
    return well, words if well else f"{words}; set rx_gain_db={best.gain_db:g}"
