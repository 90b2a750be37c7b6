# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carrier frequency offset and constant delay."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from semcom_core.channel.base import Processor, Signal, Term, number, phasor, shown
from semcom_core.channel.filters import Fir, windowed_sinc
from semcom_core.channel.registry import expect, term

#: Half the length of the fractional-delay filter, samples, and its Kaiser window's beta.
HALF_LENGTH = 48
BETA = 9.0


class Rotation(Processor):
    """Shifts the frequency of samples.

    Args:
        step: turns a sample.
        turns: where the phase begins.
    """

    def __init__(self, step: float, turns: float = 0.0):
        self.step = step
        self._turns = turns
        self._position = 0

    @property
    def turns(self) -> float:
        """Phase of the next sample, turns."""
        return (self._turns + self._position * self.step) % 1.0

    def __call__(self, samples: np.ndarray) -> np.ndarray:
        index = np.arange(self._position, self._position + len(samples))
        self._position += len(samples)
        return samples * phasor(self._turns + index * self.step)


@term("cfo", "cfo:HZ (or cfo:12khz)")
@dataclass(frozen=True)
class Cfo(Term):
    """Carrier frequency offset, Hz; the phase begins at 0, and does not jump when the offset is
    changed in a running stream.
    """

    offset_hz: float = 0.0

    @classmethod
    def parse(cls, values: list[str], options: dict[str, str]) -> Cfo:
        expect("cfo", values, options, (1,))
        return cls(number(values[0], "frequency offset", -1e9, 1e9, "frequency"))

    def start(self, signal: Signal, rng: np.random.Generator) -> Processor:
        return Rotation(self.offset_hz / signal.rate_hz)

    def resume(self, old: Processor, signal: Signal, rng: np.random.Generator) -> Processor:
        """The rotation from the phase of the old one on (see Term)."""
        turns = old.turns if isinstance(old, Rotation) else 0.0
        return Rotation(self.offset_hz / signal.rate_hz, turns)

    def __str__(self) -> str:
        return f"cfo:{shown(self.offset_hz)}"


class Late(Processor):
    """Delays a stream.

    Args:
        whole: whole samples of the delay.
        fraction: filter that delays by the rest, if there is one.
    """

    def __init__(self, whole: int, fraction: Fir | None):
        self._late = np.zeros(whole, np.complex64)
        self._fraction = fraction
        self.tail = whole + fraction.tail if fraction else whole
        self.latency = fraction.latency if fraction else 0

    @property
    def held(self) -> int:
        return self._fraction.held if self._fraction else 0

    def __call__(self, samples: np.ndarray) -> np.ndarray:
        moved = self._fraction(samples) if self._fraction else samples
        line = np.concatenate([self._late, moved])
        self._late = line[len(moved) :]
        return line[: len(moved)]


@term("delay", "delay:SAMPLES")
@dataclass(frozen=True)
class Delay(Term):
    """Delay in samples, which may be fractional: a Kaiser-windowed sinc. Its tail lengthens the
    samples.
    """

    delay_samples: float = 0.0

    @classmethod
    def parse(cls, values: list[str], options: dict[str, str]) -> Delay:
        expect("delay", values, options, (1,))
        return cls(number(values[0], "delay in samples", 0.0, 1e6))

    def start(self, signal: Signal, rng: np.random.Generator) -> Processor:
        whole = int(self.delay_samples)
        part = self.delay_samples - whole
        taps = windowed_sinc(np.arange(-HALF_LENGTH, HALF_LENGTH + 1) - part, HALF_LENGTH, BETA)
        return Late(whole, Fir(taps, HALF_LENGTH) if part else None)

    def __str__(self) -> str:
        return f"delay:{shown(self.delay_samples)}"
