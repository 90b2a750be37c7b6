# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Channels made of terms, and their reader: `awgn:5+cfo:12khz+taps:0,-6,-10+delay:3.4`.

Terms act where they belong, transmitter, air or receiver, and there in the order written; the noise comes after the terms of transmitter
and air, and before those of the receiver (iq, dc, adc). With symbols, N0 = 1 / SNR. With samples,

    N0 = (mean power of an active carrier) / SNR = (mean power of the samples on air) / occupancy / SNR

so that the same SNR means the same with and without the modem: a unitary transform keeps white noise at N0 a carrier. Fading has mean
power 1, so the SNR is that of the mean received power. What an amplifier (pa) takes from the signal is not made good.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from semcom_core.channel.base import TERMS, Signal, Term, parse_term
from semcom_core.channel.noise import Clean
from semcom_core.channel.stream import Stream, finite, generator, occurrences
from semcom_core.channel.values import SNR_DB
from semcom_core.errors import ConfigError, check_range
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
            the samples that are neither zero nor malformed. A stream, and silence, is given that of a burst of the default PhyConfig.
        sample_power: mean power of the transmitted samples on air, to which interference and the receiver's levels refer; None is
            carrier_power times the occupancy of the default PhyConfig.
        carrier_hz: carrier frequency, Hz, which turns speeds into Doppler shifts.

    >>> y, noise_var = parse_channel("awgn:5").through_symbols(x, rng)
    >>> stream = parse_channel("tdl-a:10,100ns,3kmh+cfo:12khz+iq:1db").for_modem(PhyConfig()).stream(rng)
    >>> y = np.concatenate([stream.push(x), stream.end()])
    """

    terms: tuple[Term, ...]
    rate_hz: float = 1e6
    carrier_power: float | None = None
    sample_power: float | None = None
    carrier_hz: float = 2.45e9

    def __str__(self):
        return "+".join(str(one) for one in self.terms)

    @property
    def snr_db(self) -> float | None:
        """SNR in dB, or None without noise."""
        return next((one.snr_db for one in self.terms if one.snr_db is not None), None)

    @property
    def signal(self) -> Signal:
        """What the terms are told of the signal; see the arguments for what is taken where nothing is stated."""
        default = Layout(PhyConfig())
        carrier = default.carrier_power if self.carrier_power is None else self.carrier_power
        power = carrier * default.occupancy if self.sample_power is None else self.sample_power
        return Signal(self.rate_hz, self.carrier_hz, power, carrier)

    def for_modem(self, config: PhyConfig) -> Channel:
        """This channel at the sample rate and the powers of a transmitter's bursts."""
        return replace(self, rate_hz=config.rate_hz, carrier_power=Layout(config).carrier_power, sample_power=config.rms**2)

    def with_snr(self, snr_db: float) -> Channel:
        """This channel at another SNR.

        Raises:
            ConfigError: no term sets an SNR, or this one is out of range.
        """
        check_range("snr_db", snr_db, *SNR_DB)
        if self.snr_db is None:
            raise ConfigError(f"channel {str(self)!r} has no SNR to change; allowed is one with a term such as awgn:5")
        return replace(self, terms=tuple(one if one.snr_db is None else replace(one, snr_db=float(snr_db)) for one in self.terms))

    def with_term(self, text: str) -> Channel:
        """This channel with a term in place of the first one of its name, or added at the end.

        Raises:
            ConfigError: the term is unknown or malformed, or sets an SNR beside another term.
        """
        new, terms = parse_term(text), list(self.terms)
        at = next((index for index, one in enumerate(terms) if one.name == new.name), len(terms))
        terms[at : at + 1] = [new]
        check_one_snr(terms)
        return replace(self, terms=tuple(terms))

    def noiseless(self) -> Channel:
        """This channel without its noise; everything else, also what is random, stays as it is for the same generator."""
        return replace(self, terms=tuple(one.without_noise for one in self.terms if one.name != "awgn") or (Clean(),))

    def stream(self, rng: np.random.Generator) -> Stream:
        """This channel at work on a stream of samples.

        Raises:
            ConfigError: a term does not fit the sample rate.
        """
        return Stream(self, rng)

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
                allowed = ", ".join(sorted(name for name in TERMS if TERMS[name].symbol_level))
                raise ConfigError(f"channel term {str(one)!r} acts on samples; allowed without the modem is {allowed}")
        x, base = np.asarray(x, dtype=np.complex64), int(rng.integers(1 << 63))
        gain = self._symbol_gains(len(x), base)
        power = np.abs(gain) ** 2
        lost = power < ERASED_BELOW
        noise = CLEAN_NOISE_VAR if self.snr_db is None else 1 / db_to_linear(self.snr_db)
        variance = (noise / np.where(lost, 1.0, power)).astype(np.float32)
        y = x if self.snr_db is None else x + complex_noise(len(x), variance, generator(base, "noise"))
        return np.where(lost, 0, y).astype(np.complex64), np.where(lost, np.inf, variance).astype(np.float32)

    def through_samples(self, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Send samples as a stream of their own; what comes out, complex64, is longer by the delay and the multipath."""
        stream = replace(self, carrier_power=self._carrier_power(x)).stream(rng)
        return np.concatenate([stream.push(x), stream.end()])

    def noise_power(self, x: np.ndarray | None = None) -> float:
        """N0 of a sample: 0 without an SNR. Samples x tell the carrier power where the channel does not state it."""
        if self.snr_db is None:
            return 0.0
        carrier = self.signal.carrier_power if x is None else self._carrier_power(x)
        return carrier / float(db_to_linear(self.snr_db))

    def _symbol_gains(self, count: int, base: int) -> np.ndarray:
        """Gains of codec symbols, complex64 (count,); a symbol counts as a sample."""
        gain, signal = np.ones(count, dtype=np.complex64), Signal(self.rate_hz, self.carrier_hz)
        for one, number in occurrences(self.terms):
            processor = one.start(signal, generator(base, one.name, number))
            gain = np.concatenate([processor(gain), processor.end(tail=False)])
        return gain

    def _carrier_power(self, x: np.ndarray) -> float:
        """Mean power of an active carrier."""
        x = finite(x)
        on_air = x[x != 0]
        if self.carrier_power is not None or not len(on_air):
            return self.signal.carrier_power
        return float(np.mean(np.abs(on_air).astype(float) ** 2)) / Layout(PhyConfig()).occupancy


def check_one_snr(terms: list[Term]) -> None:
    """Raise ConfigError when more than one term sets the SNR."""
    setters = [str(one) for one in terms if one.snr_db is not None]
    if len(setters) > 1:
        raise ConfigError(f"channel has the SNR set by {' and '.join(setters)}; allowed is one term that sets it")


def parse_channel(text: str, rate_hz: float = 1e6, carrier_power: float | None = None) -> Channel:
    """Channel of a string such as `rayleigh:10,block=64` or `awgn:5+cfo:12khz`; see Channel for the other arguments.

    Raises:
        ConfigError: a term is unknown or malformed, or two terms set the SNR.
    """
    if not isinstance(text, str):
        raise ConfigError(f"channel is {text!r}; allowed is a string of terms such as awgn:10+cfo:12khz")
    terms = [parse_term(part.strip()) for part in text.split("+")]
    check_one_snr(terms)
    return Channel(tuple(terms), rate_hz, carrier_power)
