# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sampling-clock offset: a receiver whose clock is fast by e takes its sample m at the time m / (1
+ e) of the transmitter's clock.

Each sample is interpolated by a windowed sinc, exact to -60 dB for frequencies up to 0.45 of the
sample rate. The time is taken as m - m e / (1 + e), of which the second part is small, so that its
rounding error stays below 1e-9 samples for hours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from semcom_core.channel.base import Term, expect, number, shown, term
from semcom_core.channel.filters import Varying, windowed_sinc

#: Half the length of the windowed sinc, samples, and its Kaiser window's beta.
HALF_LENGTH = 24
BETA = 6.8
#: Longest block of outputs over which taps go along a straight line, and samples that the clock may
#: gain in a block: the line is then good to (2 pi f 0.016)^2 / 8 at the frequency f, -70 dB at 0.5.
LONGEST_BLOCK = 128
GAINED = 0.016


class Resampler(Varying):
    """A stream as a clock sees it that is fast by `fast`, a ratio such as 40e-6."""

    def __init__(self, fast: float):
        self._fast = fast
        self._early = fast / (1 + fast)
        block = LONGEST_BLOCK
        while block * abs(self._early) > GAINED:
            block //= 2
        super().__init__(
            block, HALF_LENGTH + 1, HALF_LENGTH + 1
        )  # one more: fractions reach past 0 and 1 within a block

    def starts(self, blocks):
        outputs = blocks * self.block
        return outputs - np.ceil(outputs * self._early).astype(np.int64)

    def taps(self, blocks, starts):
        outputs = blocks * self.block
        late = (
            np.ceil(outputs * self._early) - outputs * self._early
        )  # how much later than `starts` the first output is, 0 to 1
        at = np.arange(-self.ahead, self.behind + 1)
        first = windowed_sinc(at + late[:, None], HALF_LENGTH, BETA)
        return first, windowed_sinc(
            at + (late - self.block * self._early)[:, None], HALF_LENGTH, BETA
        )

    def due(self, taken):
        return taken + round(taken * self._fast)


@term("sco", "sco:PPM (receiver's clock fast by so much)")
@dataclass(frozen=True)
class Sco(Term):
    """Sampling-clock offset of the receiver, parts per million. It does not change the carrier
    frequency: see cfo.
    """

    offset_ppm: float = 0.0

    @classmethod
    def parse(cls, values, options):
        expect("sco", values, options, (1,))
        return cls(number(values[0], "sampling-clock offset", -1000.0, 1000.0, "parts per million"))

    def start(self, signal, rng):
        return Resampler(self.offset_ppm * 1e-6)

    def __str__(self):
        return f"sco:{shown(self.offset_ppm, 'ppm')}"
