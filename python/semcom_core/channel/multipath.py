# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixed multipath."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from semcom_core.channel.base import Term, expect, term
from semcom_core.channel.fir import Fir
from semcom_core.channel.values import number, shown
from semcom_core.units import db_to_linear


@term("taps", "taps:DB,DB,... (gains of paths one sample apart)")
@dataclass(frozen=True)
class Taps(Term):
    """Fixed multipath: paths at successive samples, powers normalised to sum 1, phases drawn once a stream."""

    gains_db: tuple[float, ...] = (0.0,)

    @classmethod
    def parse(cls, values, options):
        expect("taps", values, options, tuple(range(1, 65)))
        return cls(tuple(number(value, "tap gain in dB", -200.0, 100.0, "ratio") for value in values))

    def taps(self, rng: np.random.Generator) -> np.ndarray:
        """One realisation of the paths, complex (taps,): energy 1, the first phase 0, the others uniform."""
        size = np.sqrt(db_to_linear(self.gains_db))
        phase = 2 * np.pi * rng.random(len(size))
        return size * np.exp(1j * (phase - phase[0])) / np.linalg.norm(size)

    def start(self, signal, rng):
        return Fir(self.taps(rng))

    def __str__(self):
        return "taps:" + ",".join(shown(gain) for gain in self.gains_db)
