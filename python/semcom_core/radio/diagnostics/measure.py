# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tone measurements: frequency, level, DC offset, IQ image, noise and clipping of received samples.

A windowed spectrum gives the power of each line, and the median of its bins that of the noise.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from semcom_core.errors import ConfigError, RadioError
from semcom_core.radio.process.supervisor import RadioProcess
from semcom_core.units import linear_to_db

#: Bins on each side of a line that belong to it: the main lobe of the window, and the drift of an
#: oscillator.
LOBE = 6
#: Fewest samples of a measurement.
FEWEST = 4096


@dataclass(frozen=True)
class Spectrum:
    """Power spectrum of windowed samples; a tone of amplitude a has the power a^2 in its lobe.

    Args:
        power: of each bin, float (n,), DC in the middle.
        hz: frequency of each bin, float (n,), Hz.
    """

    power: np.ndarray
    hz: np.ndarray

    def around(self, hz: float) -> slice:
        """The bins of a line at a frequency in Hz."""
        middle = int(np.argmin(np.abs(self.hz - hz)))
        return slice(max(0, middle - LOBE), middle + LOBE + 1)

    def line(self, hz: float) -> float:
        """Power of a line at a frequency in Hz, less the noise in its bins."""
        return max(
            float(self.power[self.around(hz)].sum()) - self.noise_bin * (2 * LOBE + 1), 1e-20
        )

    @property
    def noise_bin(self) -> float:
        """Mean power of the noise in a bin, from the median, which lines do not move; of an
        exponential distribution it is ln 2 of the mean.
        """
        return max(float(np.median(self.power)) / np.log(2), 1e-30)


@dataclass(frozen=True)
class ToneReport:
    """Measurements of a received tone; levels are relative to full scale, a sample of modulus 1.

    Args:
        hz: its frequency, Hz.
        level_db: its power, dB.
        dc_db: power of the DC offset, dB.
        image_db: power at the mirrored frequency over that of the tone, dB, caused by IQ
            imbalance.
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
    """Measure the strongest line that is not DC.

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
    return ToneReport(
        hz=hz,
        level_db=float(linear_to_db(tone)),
        dc_db=float(linear_to_db(seen.line(0.0))),
        image_db=float(linear_to_db(seen.line(-hz) / tone)),
        noise_db=float(linear_to_db(noise)),
        snr_db=float(linear_to_db(tone / noise)),
        peak=largest,
        clipped=clipped,
    )


def measure_noise_db(samples: np.ndarray, rate_hz: float) -> float:
    """Power of the noise in the whole band, dB of full scale, without the lines in it.

    Args:
        samples: complex (n,), full scale 1; at least FEWEST.
        rate_hz: sample rate, Hz.
    """
    seen = spectrum(samples, rate_hz)
    return float(linear_to_db(seen.noise_bin * len(seen.power)))


def imbalance(image_db: float) -> str:
    """The gain error or phase error that causes an image of this level, in words."""
    ratio = 10 ** (image_db / 20)
    gain_db = 20 * np.log10((1 + ratio) / max(1 - ratio, 1e-9))
    phase_deg = 2 * np.degrees(np.arctan(ratio))
    return f"as {gain_db:.2f} dB or {phase_deg:.2f} degrees would make"


def _offset(power: np.ndarray, peak: int) -> float:
    """Position of a maximum between bins, -0.5 to 0.5, by a parabola through three logarithms."""
    if not 0 < peak < len(power) - 1:
        return 0.0
    left, middle, right = np.log(np.maximum(power[peak - 1 : peak + 2], 1e-30))
    curve = left - 2 * middle + right
    return float(0.5 * (left - right) / curve) if curve < 0 else 0.0


class BackgroundTransmitter:
    """A thread that transmits while the `with` block runs; the end of the block raises RadioError
    where the radio was lost meanwhile.

    Args:
        radio: in mode continuous, started.
        pieces: samples, each complex64 (n,), without end.
    """

    def __init__(self, radio: RadioProcess, pieces: Iterator[np.ndarray]):
        self._radio = radio
        self._pieces = pieces
        self._ended = threading.Event()
        self._failure: RadioError | None = None
        self._thread = threading.Thread(target=self._run, name="radio transmitter", daemon=True)

    def _run(self) -> None:
        piece = next(self._pieces)
        while not self._ended.is_set():
            try:
                self._radio.write(piece, 1.0)
            except TimeoutError:  # the queue is full: the same piece again
                continue
            except RadioError as error:
                self._failure = error
                return
            piece = next(self._pieces)

    def __enter__(self) -> BackgroundTransmitter:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        if self._failure is not None:
            raise self._failure
