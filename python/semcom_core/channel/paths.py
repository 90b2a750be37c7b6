# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moving paths: a tapped delay line whose paths fade independently, at delays that may be fractions of a sample.

    y(t) = sum over paths of h_l(t) x(t - d_l)

A delay is a windowed sinc, exact to -59 dB for frequencies up to 0.42 of the sample rate, and to -57 dB up to 0.44. Gains are JakesGains.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from semcom_core.channel.fir import windowed_sinc
from semcom_core.channel.jakes import JakesGains
from semcom_core.channel.varying import Varying

#: Half the length of the windowed sinc, samples, and its Kaiser window's beta.
HALF_LENGTH, BETA = 16, 6.0
#: Longest block of outputs over which gains go along a straight line, and cycles of the Doppler shift that a block may last:
#: the line is then good to (2 pi 0.0125)^2 / 8 = -62 dB.
LONGEST_BLOCK, CYCLES = 64, 0.0125


@dataclass(frozen=True)
class Paths:
    """Paths of a channel.

    Args:
        delays: in samples, (L,).
        powers: mean powers, (L,).
        factors: Rician factors as ratios, (L,); 0 is Rayleigh fading.
    """

    delays: Sequence[float]
    powers: Sequence[float]
    factors: Sequence[float]


class PathFilter(Varying):
    """Moving paths on a stream.

    Args:
        doppler: largest Doppler shift, in cycles a sample.
    """

    def __init__(self, paths: Paths, doppler: float, rng: np.random.Generator):
        block = LONGEST_BLOCK
        while block > 1 and block * doppler > CYCLES:
            block //= 2
        delays = np.asarray(paths.delays, float)
        whole = bool(np.all(delays == np.rint(delays)))
        ahead, behind = (0, int(delays.max())) if whole else (HALF_LENGTH, int(np.ceil(delays.max())) + HALF_LENGTH)
        super().__init__(block, ahead, behind)
        self._shapes = windowed_sinc(np.arange(-ahead, behind + 1)[:, None] - delays, HALF_LENGTH, BETA)  # (taps, L)
        self._gains = JakesGains(doppler, paths.powers, paths.factors, rng)

    def taps(self, blocks, starts):
        edges = np.arange(blocks[0], blocks[-1] + 2) * self.block
        taps = (self._shapes @ self._gains(edges)).T
        return taps[:-1], taps[1:]
