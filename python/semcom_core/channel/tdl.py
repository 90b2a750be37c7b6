# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""3GPP's tapped delay lines TDL-A to TDL-E, by delay spread and speed.

Each path fades independently with Jakes' spectrum. The powers are normalised to sum 1, so the mean power is 1. Without a speed the
channel stands still: one realisation a stream.

Source: 3GPP TR 38.901, section 7.7.2 (profiles), 7.7.3 (scaling of the delays; 100 ns is its nominal delay spread).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from semcom_core.channel.base import Signal, Term, expect, term
from semcom_core.channel.motion import Motion
from semcom_core.channel.paths import PathFilter, Paths
from semcom_core.channel.tdl_profiles import PROFILES, SIGHT_DB
from semcom_core.channel.values import has_unit, number, shown, snr_of, written
from semcom_core.errors import ConfigError
from semcom_core.units import db_to_linear

#: Longest delay of a path, samples.
LONGEST = 1024
_USAGE = "tdl-a or tdl-b or tdl-c or tdl-d or tdl-e[:SNR_DB][,SPREADns][,KMHkmh or ,doppler=HZ][,fc=HZ]"


@dataclass(frozen=True)
class Tdl(Term):
    """A tapped delay line, with noise when an SNR is given."""

    snr_db: float | None = None
    spread_ns: float = 100.0
    motion: Motion = Motion()

    @classmethod
    def parse(cls, values, options):
        motion, rest = Motion.read(values, options)
        spreads = [value for value in rest if has_unit(value, "time")]
        rest = [value for value in rest if value not in spreads]
        expect(cls.name, rest, options, (0, 1), Motion.OPTIONS)
        expect(cls.name, spreads, {}, (0, 1))
        spread_ns = number(spreads[0], "delay spread", 0.0, 1e9, "time") if spreads else cls.spread_ns
        return cls(snr_of(rest), spread_ns, motion)

    def paths(self, rate_hz: float) -> Paths:
        """Paths at a sample rate; powers of sum 1."""
        delays, powers_db = np.array(PROFILES[self.name]).T
        powers, factors = db_to_linear(powers_db), np.zeros(len(delays))
        if self.name in SIGHT_DB:
            sight = float(db_to_linear(SIGHT_DB[self.name]))
            factors[0] = sight / powers[0]
            powers[0] += sight
        return Paths(delays * (self.spread_ns * 1e-9 * rate_hz), powers / powers.sum(), factors)

    def start(self, signal: Signal, rng):
        paths = self.paths(signal.rate_hz)
        if max(paths.delays) > LONGEST:
            most = self.spread_ns * LONGEST / max(paths.delays)
            raise ConfigError(f"channel delay spread is {self.spread_ns:g} ns; allowed is 0 to {most:g} ns at this sample rate")
        return PathFilter(paths, self.motion.doppler(signal), rng)

    def __str__(self):
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
