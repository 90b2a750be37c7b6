# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sampling-clock offset by resampling.

A receiver whose clock is fast by e takes its sample m at the time m / (1 + e) of the transmitter's
clock. Each sample is interpolated by a windowed sinc, exact to -60 dB for frequencies up to 0.45 of
the sample rate. The time is taken as m - m e / (1 + e), of which the second part is small, so that
its rounding error stays below 1e-9 samples for hours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from semcom_core.channel.base import Processor, Signal, Term, number, shown
from semcom_core.channel.filters import Varying, windowed_sinc
from semcom_core.channel.registry import expect, term

#: Half the length of the windowed sinc, samples, and its Kaiser window's beta.
HALF_LENGTH = 24
BETA = 6.8
#: Longest block of outputs over which taps go along a straight line, and samples that the clock may
#: gain in a block: the line is then good to (2 pi f 0.016)^2 / 8 at the frequency f, -70 dB at 0.5.
LONGEST_BLOCK = 128
GAINED = 0.016


@term("sco", "sco:PPM (receiver's clock fast by so much)")
@dataclass(frozen=True)
class Sco(Term):
    """Sampling-clock offset of the receiver, parts per million. It does not change the carrier
    frequency: see cfo.
    """

    offset_ppm: float = 0.0

    @classmethod
    def parse(cls, values: list[str], options: dict[str, str]) -> Sco:
        expect("sco", values, options, (1,))
        return cls(number(values[0], "sampling-clock offset", -1000.0, 1000.0, "parts per million"))

    def start(self, signal: Signal, rng: np.random.Generator) -> Processor:
        return Resampler(self.offset_ppm * 1e-6)

    def __str__(self) -> str:
        return f"sco:{shown(self.offset_ppm, 'ppm')}"


class Resampler(Varying):
    """Resamples a stream.

    Args:
        fast: by how much the receiver's clock is fast, a ratio such as 40e-6.
    """

    def __init__(self, fast: float):
        self._fast = fast
        self._early = fast / (1 + fast)
        block = LONGEST_BLOCK
        while block * abs(self._early) > GAINED:
            block //= 2
        # one tap more: fractions reach past 0 and 1 within a block
        super().__init__(block, HALF_LENGTH + 1, HALF_LENGTH + 1)

    def starts(self, blocks: np.ndarray) -> np.ndarray:
        outputs = blocks * self.block
        return outputs - np.ceil(outputs * self._early).astype(np.int64)

    def taps(self, blocks: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        outputs = blocks * self.block
        # how much later than `starts` the first output is, 0 to 1
        late = np.ceil(outputs * self._early) - outputs * self._early
        at = np.arange(-self.ahead, self.behind + 1)
        first = windowed_sinc(at + late[:, None], HALF_LENGTH, BETA)
        end = late - self.block * self._early
        return first, windowed_sinc(at + end[:, None], HALF_LENGTH, BETA)

    def due(self, taken: int) -> int:
        return taken + round(taken * self._fast)
