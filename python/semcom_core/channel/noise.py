# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""White Gaussian noise, or none.

The channel adds the noise itself (see channel), so these terms state the SNR and change nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from semcom_core.channel.base import Processor, Signal, Term, shown, snr_of, written
from semcom_core.channel.registry import expect, term


@term("clean", "clean")
@dataclass(frozen=True)
class Clean(Term):
    """No noise and nothing else."""

    symbol_level = True

    @classmethod
    def parse(cls, values: list[str], options: dict[str, str]) -> Clean:
        expect("clean", values, options, (0,))
        return cls()

    def start(self, signal: Signal, rng: np.random.Generator) -> Processor:
        return Processor(lambda samples: samples)

    def __str__(self) -> str:
        return "clean"


@term("awgn", "awgn:SNR_DB")
@dataclass(frozen=True)
class Awgn(Term):
    """White Gaussian noise at an SNR (see semcom_core.units)."""

    snr_db: float | None = 0.0
    symbol_level = True

    @classmethod
    def parse(cls, values: list[str], options: dict[str, str]) -> Awgn:
        expect("awgn", values, options, (1,))
        return cls(snr_of(values))

    def start(self, signal: Signal, rng: np.random.Generator) -> Processor:
        return Processor(lambda samples: samples)

    def __str__(self) -> str:
        return written("awgn", None if self.snr_db is None else shown(self.snr_db))
