# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Phase noise of a free-running oscillator: the phase is a Wiener process, the line is Lorentzian.

    L(f) = (B / 2 pi) / ((B / 2)^2 + f^2),    E (phase(t + T) - phase(t))^2 = 2 pi B T

with the line's full width B at half its height, Hz. Far from the carrier L(f) = B / (2 pi f^2), 20 dB a decade. So a level L at an
offset f states B (the smaller of the two solutions), if L f is at most 1 / (2 pi).

Source: A. Demir, A. Mehrotra, J. Roychowdhury, "Phase noise in oscillators: a unifying theory and numerical methods for
characterization", IEEE Trans. Circuits Syst. I 47 (2000).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from semcom_core.channel.base import Processor, Term, expect, phasor, term
from semcom_core.channel.values import number, shown, written
from semcom_core.errors import ConfigError
from semcom_core.units import db_to_linear


class Wander(Processor):
    """Turns samples by a random walk that begins at phase 0.

    Args:
        deviation: standard deviation of a step, turns.
    """

    def __init__(self, deviation: float, rng: np.random.Generator):
        self._deviation, self._rng, self._turns = deviation, rng, 0.0

    def __call__(self, samples):
        if not len(samples):
            return samples
        steps = self._deviation * self._rng.standard_normal(len(samples), dtype=np.float32).astype(float)
        turns = np.cumsum(np.concatenate([[self._turns], steps]))
        self._turns = turns[-1]
        return samples * phasor(turns[:-1])


@term("phase-noise", "phase-noise:DBC_PER_HZ[,at=HZ]")
@dataclass(frozen=True)
class PhaseNoise(Term):
    """Phase noise by its level in dBc/Hz at an offset from the carrier (10 kHz unless given)."""

    level_db: float = -80.0
    at_hz: float = 10e3

    @classmethod
    def parse(cls, values, options):
        expect("phase-noise", values, options, (1,), ("at",))
        level_db = number(values[0], "phase noise in dBc/Hz", -250.0, 0.0)
        return cls(level_db, number(options.get("at", f"{cls.at_hz}"), "offset from the carrier", 1.0, 1e9, "frequency"))

    def __post_init__(self):
        if db_to_linear(self.level_db) * self.at_hz > 1 / (2 * np.pi):
            most = -10 * np.log10(2 * np.pi * self.at_hz)
            raise ConfigError(f"channel term {str(self)!r} is no oscillator; allowed at {shown(self.at_hz)} Hz is up to {most:.1f} dBc/Hz")

    @property
    def width_hz(self) -> float:
        """Full width of the line at half its height, Hz."""
        level = float(db_to_linear(self.level_db))
        flat = 2 * np.pi * level * self.at_hz
        return float(2 * flat * self.at_hz / (1 + np.sqrt(1 - flat**2)))

    def start(self, signal, rng):
        return Wander(np.sqrt(self.width_hz / (2 * np.pi * signal.rate_hz)), rng)

    def __str__(self):
        return written("phase-noise", shown(self.level_db), "" if self.at_hz == PhaseNoise.at_hz else f"at={shown(self.at_hz)}")
