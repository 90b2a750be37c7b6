# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Multipath: 3GPP's tapped delay lines TDL-A to TDL-E, and fixed taps one sample apart.

The paths of a TDL fade independently with Jakes' spectrum; the first one of TDL-D and TDL-E is
Rician: a line of sight and a scattered part at the same delay, K apart. Powers are normalised to
sum 1, so the mean power is 1. Without a speed the channel stands still: one realisation a stream.

Source: 3GPP TR 38.901, section 7.7.2 with its tables 7.7.2-1 to 7.7.2-5 (profiles), 7.7.3 (scaling
of the delays; 100 ns is its nominal delay spread).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from semcom_core.channel.base import (
    Processor,
    Signal,
    Term,
    has_unit,
    number,
    shown,
    snr_of,
    written,
)
from semcom_core.channel.fading import Motion, PathFilter, Paths
from semcom_core.channel.filters import Fir
from semcom_core.channel.registry import expect, term
from semcom_core.errors import ConfigError
from semcom_core.units import db_to_linear

#: Name: pairs of (delay over the root mean square delay spread, power in dB).
PROFILES: dict[str, tuple[tuple[float, float], ...]] = {
    "tdl-a": (
        (0.0000, -13.4), (0.3819, 0.0), (0.4025, -2.2), (0.5868, -4.0), (0.4610, -6.0),
        (0.5375, -8.2), (0.6708, -9.9), (0.5750, -10.5), (0.7618, -7.5), (1.5375, -15.9),
        (1.8978, -6.6), (2.2242, -16.7), (2.1718, -12.4), (2.4942, -15.2), (2.5119, -10.8),
        (3.0582, -11.3), (4.0810, -12.7), (4.4579, -16.2), (4.5695, -18.3), (4.7966, -18.9),
        (5.0066, -16.6), (5.3043, -19.9), (9.6586, -29.7),
    ),
    "tdl-b": (
        (0.0000, 0.0), (0.1072, -2.2), (0.2155, -4.0), (0.2095, -3.2), (0.2870, -9.8),
        (0.2986, -1.2), (0.3752, -3.4), (0.5055, -5.2), (0.3681, -7.6), (0.3697, -3.0),
        (0.5700, -8.9), (0.5283, -9.0), (1.1021, -4.8), (1.2756, -5.7), (1.5474, -7.5),
        (1.7842, -1.9), (2.0169, -7.6), (2.8294, -12.2), (3.0219, -9.8), (3.6187, -11.4),
        (4.1067, -14.9), (4.2790, -9.2), (4.7834, -11.3),
    ),
    "tdl-c": (
        (0.0000, -4.4), (0.2099, -1.2), (0.2219, -3.5), (0.2329, -5.2), (0.2176, -2.5),
        (0.6366, 0.0), (0.6448, -2.2), (0.6560, -3.9), (0.6584, -7.4), (0.7935, -7.1),
        (0.8213, -10.7), (0.9336, -11.1), (1.2285, -5.1), (1.3083, -6.8), (2.1704, -8.7),
        (2.7105, -13.2), (4.2589, -13.9), (4.6003, -13.9), (5.4902, -15.8), (5.6077, -17.1),
        (6.3065, -16.0), (6.6374, -15.7), (7.0427, -21.6), (8.6523, -22.8),
    ),
    "tdl-d": (
        (0.0000, -13.5), (0.0350, -18.8), (0.6120, -21.0), (1.3630, -22.8), (1.4050, -17.9),
        (1.8040, -20.1), (2.5960, -21.9), (1.7750, -22.9), (4.0420, -27.8), (7.9370, -23.6),
        (9.4240, -24.8), (9.7080, -30.0), (12.5250, -27.7),
    ),
    "tdl-e": (
        (0.0000, -22.03), (0.5133, -15.8), (0.5440, -18.1), (0.5630, -19.8), (0.5440, -22.9),
        (0.7112, -22.4), (1.9092, -18.6), (1.9293, -20.8), (1.9589, -22.6), (2.6426, -22.3),
        (3.7136, -25.6), (5.4524, -20.2), (12.0034, -29.8), (20.6519, -29.2),
    ),
}  # fmt: skip
#: Power of the line of sight, dB, at delay 0. It gives the first path K = 13.3 dB and 22 dB.
SIGHT_DB = {"tdl-d": -0.2, "tdl-e": -0.03}
#: Longest delay of a path, samples.
LONGEST = 1024
#: Channel strings of the TDLs.
_USAGE = (
    "tdl-a or tdl-b or tdl-c or tdl-d or tdl-e[:SNR_DB][,SPREADns][,KMHkmh or ,doppler=HZ][,fc=HZ]"
)
#: Most taps of fixed multipath.
MOST_TAPS = 64


@dataclass(frozen=True)
class Tdl(Term):
    """A tapped delay line, with noise when an SNR is given.

    Args:
        snr_db: mean SNR, dB; None: without noise.
        spread_ns: RMS delay spread, ns.
        motion: Doppler spectrum; without a speed the channel stands still.
    """

    snr_db: float | None = None
    spread_ns: float = 100.0
    motion: Motion = Motion()

    @classmethod
    def parse(cls, values: list[str], options: dict[str, str]) -> Tdl:
        motion, rest = Motion.read(values, options)
        spreads = [value for value in rest if has_unit(value, "time")]
        rest = [value for value in rest if value not in spreads]
        expect(cls.name, rest, options, (0, 1), Motion.OPTIONS)
        expect(cls.name, spreads, {}, (0, 1))
        spread_ns = cls.spread_ns
        if spreads:
            spread_ns = number(spreads[0], "delay spread", 0.0, 1e9, "time")
        return cls(snr_of(rest), spread_ns, motion)

    def paths(self, rate_hz: float) -> Paths:
        """Paths at a sample rate; powers of sum 1."""
        delays, powers_db = np.array(PROFILES[self.name]).T
        powers = db_to_linear(powers_db)
        factors = np.zeros(len(delays))
        if self.name in SIGHT_DB:
            sight = float(db_to_linear(SIGHT_DB[self.name]))
            factors[0] = sight / powers[0]
            powers[0] += sight
        return Paths(delays * (self.spread_ns * 1e-9 * rate_hz), powers / powers.sum(), factors)

    def start(self, signal: Signal, rng: np.random.Generator) -> Processor:
        paths = self.paths(signal.rate_hz)
        longest = float(np.max(paths.delays))
        if longest > LONGEST:
            most = self.spread_ns * LONGEST / longest
            raise ConfigError(
                f"channel delay spread is {self.spread_ns:g} ns; allowed is 0 to {most:g} ns at "
                "this sample rate"
            )
        return PathFilter(paths, self.motion.doppler(signal), rng)

    def __str__(self) -> str:
        snr = None if self.snr_db is None else shown(self.snr_db)
        return written(self.name, snr, shown(self.spread_ns, "ns"), *self.motion.parts())


@term("tdl-a", _USAGE)
class TdlA(Tdl):
    """Without line of sight, 23 paths."""


@term("tdl-b", _USAGE)
class TdlB(Tdl):
    """Without line of sight, 23 paths of like power."""


@term("tdl-c", _USAGE)
class TdlC(Tdl):
    """Without line of sight, 24 paths."""


@term("tdl-d", _USAGE)
class TdlD(Tdl):
    """With line of sight, K = 13.3 dB."""


@term("tdl-e", _USAGE)
class TdlE(Tdl):
    """With line of sight, K = 22 dB."""


@term("taps", "taps:DB,DB,... (gains of paths one sample apart)")
@dataclass(frozen=True)
class Taps(Term):
    """Fixed multipath: paths at successive samples, powers normalised to sum 1, phases drawn once a
    stream.
    """

    gains_db: tuple[float, ...] = (0.0,)

    @classmethod
    def parse(cls, values: list[str], options: dict[str, str]) -> Taps:
        expect("taps", values, options, tuple(range(1, MOST_TAPS + 1)))
        gains = (number(value, "tap gain in dB", -200.0, 100.0, "ratio") for value in values)
        return cls(tuple(gains))

    def taps(self, rng: np.random.Generator) -> np.ndarray:
        """One realisation of the paths, complex (taps,): energy 1, the first phase 0, the others
        uniform.
        """
        size = np.sqrt(db_to_linear(self.gains_db))
        phase = 2 * np.pi * rng.random(len(size))
        return size * np.exp(1j * (phase - phase[0])) / np.linalg.norm(size)

    def start(self, signal: Signal, rng: np.random.Generator) -> Processor:
        return Fir(self.taps(rng))

    def __str__(self) -> str:
        return "taps:" + ",".join(shown(gain) for gain in self.gains_db)
