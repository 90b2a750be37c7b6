# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flat fading of mean power 1: constant over blocks (block=0, the default, is one gain a stream), or with a Doppler spectrum.

With codec symbols, without the modem, a symbol counts as a sample: Doppler shifts are taken at the channel's rate_hz.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from semcom_core.channel.base import Processor, Term, expect, term
from semcom_core.channel.motion import Motion
from semcom_core.channel.paths import PathFilter, Paths
from semcom_core.channel.values import number, shown, snr_of, whole, written
from semcom_core.errors import ConfigError
from semcom_core.units import db_to_linear


class BlockGains(Processor):
    """Rician gains that are constant over blocks.

    Args:
        block: samples of a block; 0 is one block without an end.
        factor: power of the fixed part over that of the scattered part, as a ratio; 0 is Rayleigh fading.
    """

    def __init__(self, block: int, factor: float, rng: np.random.Generator):
        self._block, self._factor, self._rng = block, factor, rng
        self._gain, self._index, self._position = self._draw(1), 0, 0

    def __call__(self, samples):
        if not self._block or not len(samples):
            return samples * self._gain
        index = np.arange(self._position, self._position + len(samples)) // self._block - self._index
        gains = np.concatenate([self._gain, self._draw(index[-1])])
        self._gain, self._index, self._position = gains[-1:], self._index + int(index[-1]), self._position + len(samples)
        return samples * gains[index]

    def _draw(self, blocks: int) -> np.ndarray:
        """Gains of the next blocks, complex64 (blocks,)."""
        pairs = self._rng.standard_normal((blocks, 2, 2)) @ np.array([1, 1j])
        fixed = pairs[:, 0] / np.abs(pairs[:, 0])
        return ((np.sqrt(self._factor) * fixed + pairs[:, 1] / np.sqrt(2)) / np.sqrt(self._factor + 1)).astype(np.complex64)


class Flat(Term):
    """What flat fading terms share; they have the fields snr_db, block and motion."""

    symbol_level = True
    factor = 0.0

    def __post_init__(self):
        if self.block and self.motion.stated:
            raise ConfigError(f"channel term {str(self)!r} has blocks and a Doppler shift; allowed is one of them")

    def start(self, signal, rng):
        if not self.motion.stated:
            return BlockGains(self.block, self.factor, rng)
        return PathFilter(Paths([0.0], [1.0], [self.factor]), self.motion.doppler(signal), rng)

    def end_of_text(self) -> list[str]:
        """Block and motion as they are written in a channel string."""
        return [*self.motion.parts(), f"block={self.block}" if self.block else ""]


@term("rayleigh", "rayleigh[:SNR_DB][,KMHkmh or ,doppler=HZ or ,block=N][,fc=HZ]")
@dataclass(frozen=True)
class Rayleigh(Flat):
    """Rayleigh fading, constant over blocks of N (symbols, or samples with the modem) or moving, with noise when an SNR is given."""

    snr_db: float | None = None
    block: int = 0
    motion: Motion = Motion()

    @classmethod
    def parse(cls, values, options):
        motion, rest = Motion.read(values, options)
        expect("rayleigh", rest, options, (0, 1), ("block", *Motion.OPTIONS))
        return cls(snr_of(rest), whole(options.get("block", "0"), "block length", 0, 1_000_000_000), motion)

    def __str__(self):
        return written("rayleigh", None if self.snr_db is None else shown(self.snr_db), *self.end_of_text())


@term("rician", "rician[:SNR_DB[,K_DB]][,KMHkmh or ,doppler=HZ or ,block=N][,k=DB][,fc=HZ]")
@dataclass(frozen=True)
class Rician(Flat):
    """Rician fading with factor K (6 dB unless given), with noise when an SNR is given."""

    snr_db: float | None = None
    k_db: float = 6.0
    block: int = 0
    motion: Motion = Motion()

    @classmethod
    def parse(cls, values, options):
        motion, rest = Motion.read(values, options)
        expect("rician", rest, options, (0, 1) if "k" in options else (0, 1, 2), ("block", "k", *Motion.OPTIONS))
        k_text = options.get("k", rest[1] if len(rest) > 1 else None)
        k_db = cls.k_db if k_text is None else number(k_text, "Rician factor in dB", -40.0, 60.0, "ratio")
        return cls(snr_of(rest[:1]), k_db, whole(options.get("block", "0"), "block length", 0, 1_000_000_000), motion)

    @property
    def factor(self) -> float:
        """Power of the line of sight over that of the scattered part."""
        return float(db_to_linear(self.k_db))

    def __str__(self):
        fixed = [f"k={shown(self.k_db)}"] if self.snr_db is None else [shown(self.snr_db), shown(self.k_db)]
        return written("rician", *fixed, *self.end_of_text())
