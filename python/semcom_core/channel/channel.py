# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Channels made of terms, and their reader: `awgn:5+cfo:12khz+taps:0,-6,-10+delay:3.4`.

Terms act in the order written, the noise always last. With symbols, N0 = 1 / SNR. With samples,

    N0 = (mean power of an active carrier) / SNR = (mean power of the samples on air) / occupancy / SNR

so that the same SNR means the same with and without the modem: a unitary transform keeps white noise at N0 a carrier.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from semcom_core.channel.base import TERMS, Term, usages
from semcom_core.channel.terms import check_one_snr
from semcom_core.errors import ConfigError
from semcom_core.phy import Layout, PhyConfig
from semcom_core.units import complex_noise, db_to_linear

#: Noise variance reported where there is no noise: finite, so that metrics which divide by it stay finite.
CLEAN_NOISE_VAR = 1e-6
#: Symbols that fade below this power gain are handed on as erased.
ERASED_BELOW = 1e-4


@dataclass(frozen=True)
class Channel:
    """A chain of terms.

    Args:
        terms: in the order in which they act.
        rate_hz: sample rate, Hz, for terms in Hz.
        carrier_power: mean power of an active carrier (unitary transform) to which the SNR refers; None measures it on
            the samples that are not zero. Silence is given the noise of a burst of the default PhyConfig.

    >>> y, noise_var = parse_channel("awgn:5").through_symbols(x, rng)
    """

    terms: tuple[Term, ...]
    rate_hz: float = 1e6
    carrier_power: float | None = None

    def __str__(self):
        return "+".join(str(one) for one in self.terms)

    @property
    def snr_db(self) -> float | None:
        """SNR in dB, or None without noise."""
        return next((one.snr_db for one in self.terms if one.snr_db is not None), None)

    def with_snr(self, snr_db: float) -> Channel:
        """This channel at another SNR.

        Raises:
            ConfigError: no term sets an SNR.
        """
        if self.snr_db is None:
            raise ConfigError(f"channel {str(self)!r} has no SNR to change; allowed is one with a term such as awgn:5")
        return replace(self, terms=tuple(one if one.snr_db is None else replace(one, snr_db=float(snr_db)) for one in self.terms))

    def noiseless(self) -> Channel:
        """This channel without its noise."""
        kept = [replace(one, snr_db=None) if one.snr_db is not None else one for one in self.terms if one.name != "awgn"]
        return replace(self, terms=tuple(kept))

    def through_symbols(self, x: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Send codec symbols, the channel's gain known and taken out.

        Args:
            x: complex array (n,), E|x|^2 = 1.

        Returns:
            y = x + n, complex64 (n,), and E|n|^2 of each, float32 (n,); erased symbols are 0 with infinite variance.

        Raises:
            ConfigError: a term acts on samples only.
        """
        for one in self.terms:
            if not one.symbol_level:
                raise ConfigError(f"channel term {str(one)!r} acts on samples; allowed without the modem is awgn, rayleigh, rician, clean")
        x = np.asarray(x, dtype=np.complex64)
        gain = np.ones(len(x), dtype=np.complex64)
        for one in self.terms:
            gain = gain * one.gains(len(x), rng)
        power = np.abs(gain) ** 2
        lost = power < ERASED_BELOW
        noise = CLEAN_NOISE_VAR if self.snr_db is None else 1 / db_to_linear(self.snr_db)
        variance = (noise / np.where(lost, 1.0, power)).astype(np.float32)
        y = x if self.snr_db is None else x + complex_noise(len(x), variance, rng)
        return np.where(lost, 0, y).astype(np.complex64), np.where(lost, np.inf, variance).astype(np.float32)

    def through_samples(self, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Send samples; what comes out, complex64, is longer by the delay and the multipath."""
        x = np.asarray(x, dtype=np.complex64)
        noise = self.noise_power(x)
        for one in self.terms:
            x = one.apply(x, self.rate_hz, rng)
        return x if noise == 0 else x + complex_noise(len(x), noise, rng)

    def noise_power(self, x: np.ndarray) -> float:
        """N0 of a sample when samples x are sent: 0 without an SNR."""
        if self.snr_db is None:
            return 0.0
        return self._carrier_power(x) / float(db_to_linear(self.snr_db))

    def _carrier_power(self, x: np.ndarray) -> float:
        """Mean power of an active carrier."""
        if self.carrier_power is not None:
            return self.carrier_power
        default = Layout(PhyConfig())
        on_air = x[x != 0]
        if not len(on_air):
            return default.carrier_power
        return float(np.mean(np.abs(on_air).astype(float) ** 2)) / default.occupancy


def parse_channel(text: str, rate_hz: float = 1e6, carrier_power: float | None = None) -> Channel:
    """Channel of a string such as `rayleigh:10,block=64` or `awgn:5+cfo:12khz`; see Channel for the other arguments.

    Raises:
        ConfigError: a term is unknown or malformed, or two terms set the SNR.
    """
    terms = [_parse_term(part.strip()) for part in text.split("+")]
    check_one_snr(terms)
    return Channel(tuple(terms), rate_hz, carrier_power)


def _parse_term(text: str) -> Term:
    """One term of a channel string."""
    name, colon, rest = text.partition(":")
    if name not in TERMS:
        raise ConfigError(f"channel term is {text!r}; allowed is {usages()}, joined by +")
    parts = [part.strip() for part in rest.split(",")] if colon else []
    options = dict(part.split("=", 1) for part in parts if "=" in part)
    return TERMS[name].parse([part for part in parts if "=" not in part], options)
