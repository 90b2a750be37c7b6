# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A thread that keeps a radio transmitting, for measurements.

What received samples tell of a radio: a tone's frequency and level, DC offset, IQ imbalance, noise,
clipping.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from semcom_core.errors import ConfigError, RadioError
from semcom_core.radio.process.supervisor import RadioProcess
from semcom_core.units import linear_to_db


class Feeder:
    """Transmits while the `with` block runs; at its end it raises RadioError where the radio was
    lost meanwhile.

    Args:
        radio: in mode continuous, started.
        pieces: samples, complex64, without end.
    """

    def __init__(self, radio: RadioProcess, pieces: Iterator[np.ndarray]):
        self._radio = radio
        self._pieces = pieces
        self._ended = threading.Event()
        self._failure: RadioError | None = None
        self._thread = threading.Thread(target=self._run, name="feeder", daemon=True)

    def _run(self) -> None:
        piece = next(self._pieces)
        while not self._ended.is_set():
            try:
                self._radio.write(piece, 1.0)
            except TimeoutError:  # it has no room: the same piece again
                continue
            except RadioError as error:
                self._failure = error
                return
            piece = next(self._pieces)

    def __enter__(self) -> Feeder:
        self._thread.start()
        return self

    def __exit__(self, *exception) -> None:
        self._ended.set()
        self._thread.join()
        if self._failure is not None:
            raise self._failure


#: Bins left and right of a line that belong to it: the main lobe of the window and what a drifting
#: oscillator adds.
LOBE = 6
#: Samples at which measuring makes sense at least.
FEWEST = 4096


@dataclass(frozen=True)
class Spectrum:
    """Power a bin of a windowed transform; a tone of amplitude a has the power a^2 in its lobe.

    Args:
        power: float (n,), DC in the middle.
        hz: frequency of each bin, Hz.
    """

    power: np.ndarray
    hz: np.ndarray

    def around(self, hz: float) -> slice:
        """The bins of a line."""
        middle = int(np.argmin(np.abs(self.hz - hz)))
        return slice(max(0, middle - LOBE), middle + LOBE + 1)

    def line(self, hz: float) -> float:
        """Power of a line, less the noise in its bins."""
        return max(
            float(self.power[self.around(hz)].sum()) - self.noise_bin * (2 * LOBE + 1), 1e-20
        )

    @property
    def noise_bin(self) -> float:
        """Mean power of the noise in a bin, from the median (ln 2 of the mean of an exponential
        distribution), which lines do not move.
        """
        return max(float(np.median(self.power)) / np.log(2), 1e-30)


@dataclass(frozen=True)
class ToneReport:
    """A tone as received; levels are relative to full scale, a sample of modulus 1.

    Args:
        hz: its frequency, Hz.
        level_db: its power, dB.
        dc_db: power of the DC offset, dB.
        image_db: power at the mirrored frequency over that of the tone, dB: what IQ imbalance
            makes.
        noise_db: power of the noise in the whole band, dB.
        snr_db: tone over noise, dB.
        peak: largest real or imaginary part.
        clipped: share of samples at the largest value where that is near full scale, 0 to 1.
    """

    hz: float
    level_db: float
    dc_db: float
    image_db: float
    noise_db: float
    snr_db: float
    peak: float
    clipped: float


def spectrum(samples: np.ndarray, rate_hz: float) -> Spectrum:
    """Spectrum of samples, complex (n,), under a Blackman-Harris window (F. J. Harris, Proc. IEEE
    1978).

    Raises:
        ConfigError: there are fewer than FEWEST samples.
    """
    if len(samples) < FEWEST:
        raise ConfigError(f"samples to measure are {len(samples)}; at least {FEWEST} are needed")
    phase = 2 * np.pi * np.arange(len(samples)) / len(samples)
    window = (
        0.35875
        - 0.48829 * np.cos(phase)
        + 0.14128 * np.cos(2 * phase)
        - 0.01168 * np.cos(3 * phase)
    )
    transform = np.fft.fftshift(np.fft.fft(np.asarray(samples) * window))
    scale = len(samples) * np.sum(window**2)
    return Spectrum(
        np.abs(transform) ** 2 / scale, np.fft.fftshift(np.fft.fftfreq(len(samples), 1 / rate_hz))
    )


def measure_tone(samples: np.ndarray, rate_hz: float) -> ToneReport:
    """The strongest line that is not DC.

    Args:
        samples: complex (n,), full scale 1; at least FEWEST.
        rate_hz: sample rate, Hz.
    """
    seen = spectrum(samples, rate_hz)
    power = seen.power.copy()
    power[seen.around(0.0)] = 0
    peak = int(np.argmax(power))
    hz = float(seen.hz[peak] + _offset(seen.power, peak) * (seen.hz[1] - seen.hz[0]))
    tone = seen.line(hz)
    noise = seen.noise_bin * len(power)
    parts = np.abs(np.asarray(samples, np.complex64).view(np.float32))
    largest = float(parts.max())
    clipped = float(np.mean(parts >= 0.999 * largest)) if largest > 0.95 else 0.0
    levels = {
        "level_db": tone,
        "dc_db": seen.line(0.0),
        "image_db": seen.line(-hz) / tone,
        "noise_db": noise,
        "snr_db": tone / noise,
    }
    return ToneReport(
        hz=hz,
        peak=largest,
        clipped=clipped,
        **{name: float(linear_to_db(value)) for name, value in levels.items()},
    )


def measure_noise_db(samples: np.ndarray, rate_hz: float) -> float:
    """Power of the noise in the whole band over full scale, dB, whatever lines are in it."""
    seen = spectrum(samples, rate_hz)
    return float(linear_to_db(seen.noise_bin * len(seen.power)))


def imbalance(image_db: float) -> str:
    """Gain or phase error that would make an image of this level alone, in words."""
    ratio = 10 ** (image_db / 20)
    gain_db = 20 * np.log10((1 + ratio) / max(1 - ratio, 1e-9))
    phase_deg = 2 * np.degrees(np.arctan(ratio))
    return f"as {gain_db:.2f} dB or {phase_deg:.2f} degrees would make"


def _offset(power: np.ndarray, peak: int) -> float:
    """Place of a maximum between bins: a parabola through the logarithms of three of them."""
    if not 0 < peak < len(power) - 1:
        return 0.0
    left, middle, right = np.log(np.maximum(power[peak - 1 : peak + 2], 1e-30))
    curve = left - 2 * middle + right
    return float(0.5 * (left - right) / curve) if curve < 0 else 0.0
