# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a receiver's quadrature mixer does wrong: unequal branches and a constant.

With the gain g and the phase error p of the quadrature branch against the other one,

    y = K1 x + K2 conj(x),    K1 = (1 + g exp(-jp)) / 2,    K2 = (1 - g exp(jp)) / 2
    image rejection = |K1|^2 / |K2|^2 = (1 + 2 g cos p + g^2) / (1 - 2 g cos p + g^2)

1 dB and 5 degrees reject the image by 22.8 dB.

Source: M. Valkama, M. Renfors, V. Koivunen, "Advanced methods for I/Q imbalance compensation in communication receivers",
IEEE Trans. Signal Process. 49 (2001).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from semcom_core.channel.base import Processor, Term, expect, term
from semcom_core.channel.values import has_unit, number, shown, written


@term("iq", "iq:GAIN_DB[,PHASEdeg]")
@dataclass(frozen=True)
class Iq(Term):
    """Gain (dB) and phase error (degrees) of the quadrature branch of the receiver."""

    gain_db: float = 0.0
    phase_deg: float = 0.0
    place = "receiver"

    @classmethod
    def parse(cls, values, options):
        angles = [value for value in values if has_unit(value, "angle")]
        gains, angles = ([value for value in values if value not in angles], angles) if angles else (values[:1], values[1:])
        expect("iq", values, options, (1, 2) if max(len(gains), len(angles)) < 2 else ())
        gain_db = number(gains[0], "IQ gain error", -40.0, 40.0, "ratio") if gains else 0.0
        return cls(gain_db, number(angles[0], "IQ phase error", -90.0, 90.0, "angle") if angles else 0.0)

    @property
    def factors(self) -> tuple[complex, complex]:
        """K1 and K2."""
        branch = 10 ** (self.gain_db / 20) * np.exp(1j * np.deg2rad(self.phase_deg))
        return complex((1 + branch.conj()) / 2), complex((1 - branch) / 2)

    def start(self, signal, rng):
        direct, image = self.factors
        return Processor(lambda samples: (direct * samples + image * samples.conj()).astype(np.complex64))

    def __str__(self):
        return written("iq", shown(self.gain_db, "db"), shown(self.phase_deg, "deg"))


@term("dc", "dc:PERCENT[,deg=DEGREES]")
@dataclass(frozen=True)
class Dc(Term):
    """Constant added by the receiver, percent of the root mean square of the signal; its phase is drawn unless given."""

    percent: float = 0.0
    phase_deg: float | None = None
    place = "receiver"

    @classmethod
    def parse(cls, values, options):
        expect("dc", values, options, (1,), ("deg",))
        percent = number(values[0], "DC offset", 0.0, 1e4, "percent")
        return cls(percent, number(options["deg"], "phase of the DC offset", -360.0, 360.0, "angle") if "deg" in options else None)

    def start(self, signal, rng):
        drawn = 2 * np.pi * rng.random()
        phase = drawn if self.phase_deg is None else np.deg2rad(self.phase_deg)
        constant = np.complex64(self.percent / 100 * np.sqrt(signal.power) * np.exp(1j * phase))
        return Processor(lambda samples: samples + constant)

    def __str__(self):
        return written("dc", shown(self.percent, "%"), "" if self.phase_deg is None else f"deg={shown(self.phase_deg)}")
