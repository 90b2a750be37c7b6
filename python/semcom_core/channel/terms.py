# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Noise, frequency offset, delay and fixed multipath."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from semcom_core.channel.base import Term, expect, number, shown, term
from semcom_core.errors import ConfigError
from semcom_core.units import db_to_linear

#: Half the length of the fractional-delay filter, samples, and its Kaiser window's beta.
HALF_LENGTH, BETA = 48, 9.0
_HERTZ = {"mhz": 1e6, "khz": 1e3, "hz": 1.0}


@term("clean", "clean")
@dataclass(frozen=True)
class Clean(Term):
    """No noise and nothing else."""

    symbol_level = True

    @classmethod
    def parse(cls, values, options):
        expect("clean", values, options, (0,))
        return cls()

    def gains(self, count, rng):
        return 1.0

    def __str__(self):
        return "clean"


@term("awgn", "awgn:SNR_DB")
@dataclass(frozen=True)
class Awgn(Term):
    """White Gaussian noise at an SNR (see semcom_core.units)."""

    snr_db: float = 0.0
    symbol_level = True

    @classmethod
    def parse(cls, values, options):
        expect("awgn", values, options, (1,))
        return cls(number(values[0], "SNR in dB", -60.0, 100.0))

    def gains(self, count, rng):
        return 1.0

    def __str__(self):
        return f"awgn:{shown(self.snr_db)}"


@term("cfo", "cfo:HZ (or cfo:12khz)")
@dataclass(frozen=True)
class Cfo(Term):
    """Carrier frequency offset, Hz; the phase begins at 0."""

    offset_hz: float = 0.0

    @classmethod
    def parse(cls, values, options):
        expect("cfo", values, options, (1,))
        text = values[0].lower()
        unit = next((suffix for suffix in _HERTZ if text.endswith(suffix)), "")
        return cls(number(text.removesuffix(unit), "frequency offset", -1e9, 1e9) * _HERTZ.get(unit, 1.0))

    def apply(self, samples, rate_hz, rng):
        turns = np.arange(len(samples)) * (self.offset_hz / rate_hz)
        return (samples * np.exp(2j * np.pi * (turns % 1.0))).astype(np.complex64)

    def __str__(self):
        return f"cfo:{shown(self.offset_hz)}"


@term("delay", "delay:SAMPLES")
@dataclass(frozen=True)
class Delay(Term):
    """Delay in samples, which may be fractional: a Kaiser-windowed sinc. Its tail lengthens the samples."""

    delay_samples: float = 0.0

    @classmethod
    def parse(cls, values, options):
        expect("delay", values, options, (1,))
        return cls(number(values[0], "delay in samples", 0.0, 1e6))

    def apply(self, samples, rate_hz, rng):
        whole = int(self.delay_samples)
        part = self.delay_samples - whole
        late = np.concatenate([np.zeros(whole, dtype=np.complex64), samples])
        if part == 0 or not len(samples):
            return late.astype(np.complex64)
        reach = np.arange(-HALF_LENGTH, HALF_LENGTH + 1) - part
        window = np.i0(BETA * np.sqrt(np.maximum(1 - (reach / (HALF_LENGTH + 1)) ** 2, 0))) / np.i0(BETA)
        return np.convolve(late, np.sinc(reach) * window)[HALF_LENGTH:].astype(np.complex64)

    def __str__(self):
        return f"delay:{shown(self.delay_samples)}"


@term("taps", "taps:DB,DB,... (gains of paths one sample apart)")
@dataclass(frozen=True)
class Taps(Term):
    """Fixed multipath: paths at successive samples, powers normalised to sum 1, phases drawn once a call."""

    gains_db: tuple[float, ...] = (0.0,)

    @classmethod
    def parse(cls, values, options):
        expect("taps", values, options, tuple(range(1, 65)))
        return cls(tuple(number(value, "tap gain in dB", -200.0, 100.0) for value in values))

    def taps(self, rng: np.random.Generator) -> np.ndarray:
        """One realisation of the paths, complex (taps,): energy 1, the first phase 0, the others uniform."""
        size = np.sqrt(db_to_linear(self.gains_db))
        phase = 2 * np.pi * rng.random(len(size))
        return size * np.exp(1j * (phase - phase[0])) / np.linalg.norm(size)

    def apply(self, samples, rate_hz, rng):
        if not len(samples):
            return samples
        return np.convolve(samples, self.taps(rng)).astype(np.complex64)

    def __str__(self):
        return "taps:" + ",".join(shown(gain) for gain in self.gains_db)


def check_one_snr(terms: list[Term]) -> None:
    """Raise ConfigError when more than one term sets the SNR."""
    setters = [str(one) for one in terms if one.snr_db is not None]
    if len(setters) > 1:
        raise ConfigError(f"channel has the SNR set by {' and '.join(setters)}; allowed is one term that sets it")
