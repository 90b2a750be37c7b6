# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Noise, or none. The stream adds the noise itself (see semcom_core.channel.channel), so these
terms change nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from semcom_core.channel.base import Processor, Term, expect, shown, snr_of, term


@term("clean", "clean")
@dataclass(frozen=True)
class Clean(Term):
    """No noise and nothing else."""

    symbol_level = True

    @classmethod
    def parse(cls, values, options):
        expect("clean", values, options, (0,))
        return cls()

    def start(self, signal, rng):
        return Processor(lambda samples: samples)

    def __str__(self):
        return "clean"


@term("awgn", "awgn:SNR_DB")
@dataclass(frozen=True)
class Awgn(Term):
    """White Gaussian noise at an SNR (see semcom_core.units)."""

    snr_db: float = 0.0
    symbol_level = True

    @classmethod
    def parse(cls, values, options):
        expect("awgn", values, options, (1,))
        return cls(snr_of(values))

    def start(self, signal, rng):
        return Processor(lambda samples: samples)

    def __str__(self):
        return f"awgn:{shown(self.snr_db)}"
