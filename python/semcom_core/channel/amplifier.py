# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The transmitter's amplifier, after Rapp: amplitudes saturate smoothly, phases stay.

    y = x / (1 + (|x| / A)^(2p))^(1 / 2p),    A = backoff dB over the root mean square of the samples

Source: C. Rapp, "Effects of HPA-nonlinearity on a 4-DPSK/OFDM-signal for a digital sound broadcasting system", Proc. 2nd European
Conf. Satellite Communications, 1991.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from semcom_core.channel.base import Processor, Term, expect, term
from semcom_core.channel.values import number, shown, written


@term("pa", "pa:BACKOFF_DB[,p=SMOOTHNESS]")
@dataclass(frozen=True)
class Pa(Term):
    """Amplifier whose saturation lies so many dB over the signal's root mean square; p is 2 unless given."""

    backoff_db: float = 10.0
    smoothness: float = 2.0
    place = "transmitter"

    @classmethod
    def parse(cls, values, options):
        expect("pa", values, options, (1,), ("p",))
        backoff_db = number(values[0], "backoff", -40.0, 80.0, "ratio")
        return cls(backoff_db, number(options.get("p", f"{cls.smoothness}"), "smoothness of the amplifier", 0.1, 10.0))

    def start(self, signal, rng):
        saturation = np.sqrt(signal.power) * 10 ** (self.backoff_db / 20)
        power = 2 * self.smoothness

        def amplify(samples: np.ndarray) -> np.ndarray:
            drive = np.abs(samples).astype(float) / saturation
            over = np.maximum(drive, 1.0)
            below = np.minimum(drive, 1 / over)  # at most 1, so that its power does not overflow
            return (samples * ((1 + below**power) ** (-1 / power) / over)).astype(np.complex64)

        return Processor(amplify)

    def __str__(self):
        return written("pa", shown(self.backoff_db), "" if self.smoothness == Pa.smoothness else f"p={shown(self.smoothness)}")
