# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carrier frequency offset."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from semcom_core.channel.base import Processor, Term, expect, phasor, term
from semcom_core.channel.values import number, shown


class Rotation(Processor):
    """Turns samples at a constant frequency.

    Args:
        step: turns a sample.
        turns: where the phase begins.
    """

    def __init__(self, step: float, turns: float = 0.0):
        self.step, self._turns, self._position = step, turns, 0

    @property
    def turns(self) -> float:
        """Phase of the next sample, turns."""
        return (self._turns + self._position * self.step) % 1.0

    def __call__(self, samples):
        index = np.arange(self._position, self._position + len(samples))
        self._position += len(samples)
        return samples * phasor(self._turns + index * self.step)


@term("cfo", "cfo:HZ (or cfo:12khz)")
@dataclass(frozen=True)
class Cfo(Term):
    """Carrier frequency offset, Hz; the phase begins at 0, and does not jump when the offset is changed in a running stream."""

    offset_hz: float = 0.0

    @classmethod
    def parse(cls, values, options):
        expect("cfo", values, options, (1,))
        return cls(number(values[0], "frequency offset", -1e9, 1e9, "frequency"))

    def start(self, signal, rng):
        return Rotation(self.offset_hz / signal.rate_hz)

    def resume(self, old, signal, rng):
        return Rotation(self.offset_hz / signal.rate_hz, old.turns)

    def __str__(self):
        return f"cfo:{shown(self.offset_hz)}"
