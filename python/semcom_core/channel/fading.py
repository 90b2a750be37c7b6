# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flat block fading: one complex gain for each block, mean power 1. block=0 (the default) is one gain a call."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from semcom_core.channel.base import Term, expect, number, shown, term
from semcom_core.units import db_to_linear


def block_gains(count: int, block: int, factor: float, rng: np.random.Generator) -> np.ndarray:
    """Rician gains, complex64 (count,), constant over blocks.

    Args:
        factor: power of the fixed part over that of the scattered part, as a ratio; 0 is Rayleigh fading.
    """
    blocks = 1 if block == 0 else -(-count // block)
    scattered = rng.standard_normal((blocks, 2)) @ np.array([1, 1j]) / np.sqrt(2)
    fixed = np.exp(2j * np.pi * rng.random(blocks)) if factor else 0.0
    gains = (np.sqrt(factor) * fixed + scattered) / np.sqrt(factor + 1)
    return np.repeat(gains, block or max(count, 1))[:count].astype(np.complex64)


@term("rayleigh", "rayleigh[:SNR_DB[,block=N]]")
@dataclass(frozen=True)
class Rayleigh(Term):
    """Rayleigh fading, constant over blocks of N (symbols, or samples with the modem), with noise when an SNR is given."""

    snr_db: float | None = None
    block: int = 0
    symbol_level = True

    @classmethod
    def parse(cls, values, options):
        expect("rayleigh", values, options, (0, 1), ("block",))
        snr_db = number(values[0], "SNR in dB", -60.0, 100.0) if values else None
        return cls(snr_db, int(number(options.get("block", "0"), "block length", 0, 1e9)))

    def gains(self, count, rng):
        return block_gains(count, self.block, 0.0, rng)

    def __str__(self):
        return written("rayleigh", [self.snr_db], self.block)


@term("rician", "rician[:SNR_DB[,K_DB][,block=N]]")
@dataclass(frozen=True)
class Rician(Term):
    """Block Rician fading with factor K (6 dB unless given), with noise when an SNR is given."""

    snr_db: float | None = None
    k_db: float = 6.0
    block: int = 0
    symbol_level = True

    @classmethod
    def parse(cls, values, options):
        expect("rician", values, options, (0, 1, 2), ("block",))
        snr_db = number(values[0], "SNR in dB", -60.0, 100.0) if values else None
        k_db = number(values[1], "Rician factor in dB", -40.0, 60.0) if len(values) > 1 else cls.k_db
        return cls(snr_db, k_db, int(number(options.get("block", "0"), "block length", 0, 1e9)))

    def gains(self, count, rng):
        return block_gains(count, self.block, float(db_to_linear(self.k_db)), rng)

    def __str__(self):
        return written("rician", [] if self.snr_db is None else [self.snr_db, self.k_db], self.block)


def written(name: str, values: list[float | None], block: int) -> str:
    """A fading term as it is written in a channel string."""
    parts = [shown(value) for value in values if value is not None] + ([f"block={block}"] if block else [])
    return f"{name}:{','.join(parts)}" if parts else name
