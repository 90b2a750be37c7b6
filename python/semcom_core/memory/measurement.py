# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Channel state in the memory: items of measured SNR, offsets and channel, and the SNR to come.

The SNR of a slot is predicted from the remembered ones, in dB, as a Gaussian process about their
mean, with the correlation (Matern's of 3/2)

    E f(s) f(t) = power (1 - share) (1 + x) exp(-x),    x = sqrt(3) |s - t| / tau

The rest of the power, the share, is what does not last to the next slot: errors of measurement,
short interference. How fast the channel changes (tau), and this share, are the likeliest of a few.
A measurement that the others do not expect within three deviations, as a collision makes it, is
then trusted little. The rate is chosen for the SNR d whose expected throughput is the largest,

    capacity(d) P(SNR >= d)

Source: C. E. Rasmussen, C. K. I. Williams, "Gaussian Processes for Machine Learning", 2006
(section 5.4.2 for what the others expect).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from scipy.special import ndtr

from semcom_core.errors import ConfigError
from semcom_core.frame import ReceivedFrame
from semcom_core.memory.item import CSI, MemoryItem, pack_arrays
from semcom_core.units import capacity_bits

#: Name in the payload of SNR, frequency offset and level.
_NUMBERS = "snr_cfo_level"
#: Correlation times tried, slots, and shares of the power that do not last.
_TAUS = (2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
_SHARES = (0.003, 0.02, 0.1, 0.3, 0.7)
#: Fewest measurements of which a spread is estimated, and the deviation assumed before, dB.
_FEWEST = 4
_UNKNOWN_DB = 3.0
#: Deviations from which on a measurement is trusted little, and the power of its error over that of
#: the process then.
_UNEXPECTED = 3.0
_UNTRUSTED = 30.0
#: Least deviation of the process, dB, and of a prediction as a share of its power.
_LEAST_DB = 0.3
_LEAST_SHARE = 1e-3
#: Deviations about the mean at which a rate is tried.
_TRIED = np.linspace(-3.0, 1.0, 41)


def _no_channel() -> np.ndarray:
    return np.zeros(0, np.complex64)


@dataclass(frozen=True)
class Measurement:
    """What a receiver measured of one frame.

    Args:
        slot: in which it came.
        snr_db: SNR, dB.
        cfo_hz: carrier frequency offset, Hz.
        level_db: level of the preamble, dB over full scale.
        channel: gains of the active carriers, complex64 (A,); empty without a modem.
    """

    slot: int
    snr_db: float
    cfo_hz: float = 0.0
    level_db: float = 0.0
    channel: np.ndarray = field(default_factory=_no_channel)


@dataclass(frozen=True)
class SnrPrediction:
    """Mean and standard deviation of the SNR of a slot, dB."""

    mean_db: float
    deviation_db: float

    def design_db(self) -> float:
        """SNR for which to choose a rate: that of the largest expected throughput without a second
        try, dB.
        """
        tried = self.mean_db + self.deviation_db * _TRIED
        expected = capacity_bits(tried) * ndtr(-_TRIED)
        return float(tried[int(expected.argmax())])


def frame_item(key: int, slot: int, frame: ReceivedFrame) -> MemoryItem:
    """CSI item of what was measured of a received frame.

    Args:
        key, slot: as of MemoryItem.
        frame: as received.
    """
    return measurement_item(
        key, Measurement(slot, frame.snr_db, frame.cfo_hz, frame.level_db, frame.channel)
    )


def measurement_item(key: int, measured: Measurement) -> MemoryItem:
    """CSI item of a measurement; its embedding is the share of each carrier in the channel's power.

    Args:
        key: as of MemoryItem.
        measured: the measurement.

    Raises:
        ConfigError: a value is not finite.
    """
    channel = np.asarray(measured.channel, np.complex64)
    numbers = np.array([measured.snr_db, measured.cfo_hz, measured.level_db], np.float64)
    if not (np.isfinite(numbers).all() and np.isfinite(channel).all()):
        raise ConfigError(f"measurement has {numbers.tolist()}; allowed are finite numbers")
    power = np.abs(channel) ** 2
    share = (power / max(float(power.sum()), 1e-30)).astype(np.float32)
    payload = pack_arrays({_NUMBERS: numbers, "channel": channel})
    return MemoryItem(key, CSI, measured.slot, share, 1.0, payload, False)


def measurement_of(item: MemoryItem) -> Measurement:
    """The measurement in a CSI item.

    Raises:
        ConfigError: the item holds none.
    """
    arrays = item.arrays if item.modality == CSI else {}
    numbers = arrays.get(_NUMBERS, np.zeros(0))
    channel = arrays.get("channel")
    if numbers.shape != (3,) or channel is None or channel.ndim != 1:
        raise ConfigError(f"item {item.key} holds no measurement; allowed is a CSI item of one")
    snr_db, cfo_hz, level_db = (float(number) for number in numbers)
    return Measurement(item.slot, snr_db, cfo_hz, level_db, channel)


def measurements(items: Iterable[MemoryItem]) -> list[Measurement]:
    """The measurements among items; CSI items of another kind are passed over."""
    return [
        measurement_of(item) for item in items if item.modality == CSI and _NUMBERS in item.arrays
    ]


def predict_snr(items: Iterable[MemoryItem], slot: int) -> SnrPrediction:
    """Prediction of the SNR of a slot from the measurements in a memory.

    Args:
        items: of any kind; measurements up to the slot count.
        slot: that is asked for.

    Raises:
        ConfigError: there is no such measurement.
    """
    found = [one for one in measurements(items) if one.slot <= slot]
    if not found:
        raise ConfigError(f"no measurement is remembered up to slot {slot}; allowed is one or more")
    return predict(np.array([m.slot for m in found]), np.array([m.snr_db for m in found]), slot)


def predict(slots: np.ndarray, snr_db: np.ndarray, slot: int) -> SnrPrediction:
    """Prediction of the SNR of a slot.

    Args:
        slots: of the measurements, (N,), N >= 1.
        snr_db: measured, float (N,), dB.
        slot: that is asked for.
    """
    if len(snr_db) < _FEWEST:
        return SnrPrediction(float(snr_db[int(np.argmax(slots))]), _UNKNOWN_DB)
    times = np.asarray(slots, float)
    values = np.asarray(snr_db, float)
    errors = np.zeros(len(values))
    fits = _fits(times, values, errors, slot)
    unexpected = max(fits, key=_likelihood).unexpected(values)
    if unexpected.any():
        fits = _fits(times, values, np.where(unexpected, _UNTRUSTED, 0.0), slot)
    best = max(fits, key=_likelihood)
    return SnrPrediction(best.predicted, math.sqrt(best.variance))


@dataclass(frozen=True)
class _Fit:
    """A Gaussian process: its log likelihood, its mean and power, the measurements' covariance over
    that power, (N, N), and mean and variance of its prediction.
    """

    likelihood: float
    mean: float
    power: float
    covariance: np.ndarray
    predicted: float
    variance: float

    def unexpected(self, values: np.ndarray) -> np.ndarray:
        """Which measurements (N,) are far from what the others predict, bool (N,)."""
        inverse = np.linalg.inv(self.covariance)
        own = np.diag(inverse)
        residual = inverse @ (values - self.mean) / own
        return residual**2 > _UNEXPECTED**2 * self.power / own


def _likelihood(fit: _Fit) -> float:
    return fit.likelihood


def _fits(times: np.ndarray, values: np.ndarray, errors: np.ndarray, slot: int) -> list[_Fit]:
    """The processes of all correlation times and shares.

    Args:
        times, values: of the measurements, float (N,).
        errors: power of further errors of each over that of the process, float (N,).
        slot: that is asked for.
    """
    distances = np.abs(times[:, None] - times)
    ahead = np.abs(slot - times)
    found = []
    for tau in _TAUS:
        lasting = _correlation(distances / tau)
        to_slot = _correlation(ahead / tau)
        for share in _SHARES:
            covariance = (1 - share) * lasting + np.diag(share + errors)
            found.append(_fit(covariance, (1 - share) * to_slot, values))
    return found


def _correlation(distance: np.ndarray) -> np.ndarray:
    """Matern's correlation of 3/2 at distances in correlation times."""
    x = math.sqrt(3) * distance
    return (1 + x) * np.exp(-x)


def _fit(covariance: np.ndarray, to_slot: np.ndarray, values: np.ndarray) -> _Fit:
    """The process of a covariance over its power; mean and power are the likeliest ones."""
    count = len(values)
    lower = np.linalg.cholesky(covariance)
    white = np.linalg.solve(lower, np.stack([values, np.ones(count), to_slot], 1))
    mean = float(white[:, 0] @ white[:, 1] / (white[:, 1] @ white[:, 1]))
    rest = white[:, 0] - mean * white[:, 1]
    power = max(float(rest @ rest) / count, _LEAST_DB**2)
    likelihood = -0.5 * count * math.log(power) - float(np.log(np.diag(lower)).sum())
    gain = white[:, 2]
    variance = power * max(1 - float(gain @ gain), _LEAST_SHARE)
    return _Fit(likelihood, mean, power, covariance, mean + float(gain @ rest), variance)
