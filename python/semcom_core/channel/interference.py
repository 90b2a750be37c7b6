# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interference of others: impulsive noise, and a continuous or keyed carrier.

Powers are relative to the mean power of the signal's samples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from semcom_core.channel.base import Processor, Signal, Term, number, phasor, shown, whole, written
from semcom_core.channel.registry import expect, term
from semcom_core.errors import ConfigError
from semcom_core.units import complex_noise, db_to_linear


@term("impulse", "impulse:PER_SECOND,POWER_DB[,SAMPLES]")
@dataclass(frozen=True)
class Impulse(Term):
    """Gaussian impulses at random times.

    Args:
        per_second: impulses a second on average.
        power_db: power over the signal's, dB.
        length: of an impulse, samples.
    """

    per_second: float = 0.0
    power_db: float = 0.0
    length: int = 1

    @classmethod
    def parse(cls, values: list[str], options: dict[str, str]) -> Impulse:
        expect("impulse", values, options, (2, 3))
        length = cls.length
        if len(values) > 2:
            length = whole(values[2], "length of an impulse in samples", 1, 1_000_000)
        rate = number(values[0], "impulses a second", 0.0, 1e9, "frequency")
        power_db = number(values[1], "power of an impulse in dB", -100.0, 100.0, "ratio")
        return cls(rate, power_db, length)

    def start(self, signal: Signal, rng: np.random.Generator) -> Processor:
        if self.per_second > signal.rate_hz:
            raise ConfigError(
                f"channel term {str(self)!r} is too fast; allowed is 0 to {signal.rate_hz:g} "
                "impulses a second"
            )
        power = signal.power * float(db_to_linear(self.power_db))
        return Impulses(self.per_second / signal.rate_hz, power, self.length, rng)

    def __str__(self) -> str:
        length = "" if self.length == Impulse.length else shown(self.length)
        return written("impulse", shown(self.per_second), shown(self.power_db), length)


class Impulses(Processor):
    """Adds bursts of Gaussian noise whose starts are a Poisson process.

    The sum of k bursts is Gaussian noise of k times the power, so each sample's noise is drawn
    once, however many bursts it is in.

    Args:
        mean: impulses a sample, on average.
        power: of an impulse's samples.
        length: samples of an impulse.
        rng: draws when they arrive and, through a Generator of their own, their samples.
    """

    def __init__(self, mean: float, power: float, length: int, rng: np.random.Generator):
        self._mean = mean
        self._size = np.float32(np.sqrt(power))
        self._length = length
        self._arrivals = rng
        self._values = np.random.default_rng(rng.integers(1 << 63))
        # starts of the impulses that reach the next sample, ascending
        self._starts = np.zeros(0, np.int64)
        self._position = 0

    def __call__(self, samples: np.ndarray) -> np.ndarray:
        at = np.arange(self._position, self._position + len(samples))
        starts = np.concatenate(
            [self._starts, np.repeat(at, self._arrivals.poisson(self._mean, len(at)))]
        )
        count = np.searchsorted(starts, at, "right") - np.searchsorted(
            starts, at - self._length, "right"
        )
        hit = np.flatnonzero(count)
        out = samples.copy()
        out[hit] += self._size * complex_noise(len(hit), count[hit], self._values)
        self._position += len(samples)
        self._starts = starts[starts > self._position - self._length]
        return out


@term("tone", "tone:POWER_DB,HZ[,keyed=HZ]")
@dataclass(frozen=True)
class Tone(Term):
    """A carrier beside the signal's, continuous or keyed.

    Args:
        power_db: power over the signal's, dB.
        offset_hz: frequency from the signal's carrier, Hz.
        keyed_hz: how often a second it goes on and off, Hz; 0: it stays on.
    """

    power_db: float = 0.0
    offset_hz: float = 0.0
    keyed_hz: float = 0.0

    @classmethod
    def parse(cls, values: list[str], options: dict[str, str]) -> Tone:
        expect("tone", values, options, (2,), ("keyed",))
        power_db = number(values[0], "power of the tone in dB", -100.0, 100.0, "ratio")
        offset_hz = number(values[1], "frequency of the tone", -1e9, 1e9, "frequency")
        keyed = options.get("keyed", "0")
        keyed_hz = number(keyed, "keying of the tone", 0.0, 1e9, "frequency")
        return cls(power_db, offset_hz, keyed_hz)

    def start(self, signal: Signal, rng: np.random.Generator) -> Processor:
        turns, begin = rng.random(2)
        size = np.sqrt(signal.power * float(db_to_linear(self.power_db)))
        return Carrier(
            size, self.offset_hz / signal.rate_hz, self.keyed_hz / signal.rate_hz, turns, begin
        )

    def __str__(self) -> str:
        keyed = f"keyed={shown(self.keyed_hz)}" if self.keyed_hz else ""
        return written("tone", shown(self.power_db), shown(self.offset_hz), keyed)


class Carrier(Processor):
    """Adds a carrier, steady or keyed on for the first half of each period.

    Args:
        size: amplitude.
        step: turns a sample.
        key: periods of the keying a sample; 0 is a steady carrier.
        turns, begin: phases of carrier and keying at the begin, turns.
    """

    def __init__(self, size: float, step: float, key: float, turns: float, begin: float):
        self._size = np.float32(size)
        self._step = step
        self._key = key
        self._turns = turns
        self._begin = begin
        self._position = 0

    def __call__(self, samples: np.ndarray) -> np.ndarray:
        at = np.arange(self._position, self._position + len(samples))
        self._position += len(samples)
        carrier = self._size * phasor(self._turns + at * self._step)
        if self._key:
            carrier = carrier * ((self._begin + at * self._key) % 1.0 < 0.5)
        return samples + carrier
