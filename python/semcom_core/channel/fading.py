# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rayleigh and Rician fading: block fading, and Jakes' Doppler spectrum by a sum of sinusoids.

Flat fading has mean power 1 and is constant over blocks (block=0, the default, is one gain a
stream) or changes with a Doppler spectrum, f_D = speed / (speed of light) x carrier frequency. With
codec symbols, without the modem, a symbol counts as a sample: Doppler shifts are taken at the
channel's rate_hz. The gain of a path of power P and Rician factor K is

    h(t) = sqrt(P / (1 + K)) (sum over m of exp(j (2 pi f_D t cos a_m + p_m)) / sqrt(M)
                              + sqrt(K) exp(j (2 pi 0.7 f_D t + p_0)))

The angles a_m = (2 pi m + b_m) / M, with b_m and p_m uniform, cover the circle evenly. So the
autocorrelation over realisations is exactly P J0(2 pi f_D t) for K = 0, each realisation has the
mean power P over time, and E|h|^4 = (2 - 1/M) P^2.

Several paths are a tapped delay line, y(t) = sum over paths of h_l(t) x(t - d_l). A delay that is a
fraction of a sample is a windowed sinc, exact to -59 dB for frequencies up to 0.42 of the sample
rate, and to -57 dB up to 0.44.

Array axes: L paths.

Sources: C. Xiao, Y. R. Zheng, N. C. Beaulieu, "Novel sum-of-sinusoids simulation models for
Rayleigh and Rician fading channels", IEEE Trans. Wireless Commun. 5 (2006); the shift of 0.7 f_D of
the line of sight: 3GPP TR 38.901, section 7.7.2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from semcom_core.channel.base import (
    Processor,
    Signal,
    Term,
    has_unit,
    number,
    shown,
    snr_of,
    whole,
    written,
)
from semcom_core.channel.filters import Varying, windowed_sinc
from semcom_core.channel.registry import expect, term
from semcom_core.errors import ConfigError
from semcom_core.units import db_to_linear

#: Waves that make up the scattered part of one path.
WAVES = 32
#: Doppler shift of the line of sight over the largest Doppler shift.
SIGHT = 0.7
#: Nodes per period of the largest Doppler shift. Cubic interpolation between them is good to (2 pi
#: / 16)^4 / 384 = -84 dB.
NODES = 16
#: Half the length of the windowed sinc, samples, and its Kaiser window's beta.
HALF_LENGTH = 16
BETA = 6.0
#: Longest block of outputs over which gains go along a straight line, and cycles of the Doppler
#: shift that a block may last: the line is then good to (2 pi 0.0125)^2 / 8 = -62 dB.
LONGEST_BLOCK = 64
CYCLES = 0.0125
#: Speed of light, m/s.
LIGHT_M_S = 299_792_458.0
#: Largest Doppler shift over the sample rate.
LARGEST = 0.05
#: Longest block of block fading, samples.
LONGEST_FADING_BLOCK = 1_000_000_000


@dataclass(frozen=True)
class Motion:
    """Speed of a receiver among scatterers; all None stands still.

    Args:
        speed_kmh: speed, km/h.
        doppler_hz: largest Doppler shift, Hz, instead of a speed.
        carrier_hz: carrier frequency, Hz; None takes the signal's.
    """

    speed_kmh: float | None = None
    doppler_hz: float | None = None
    carrier_hz: float | None = None

    #: Options of a term that `read` takes.
    OPTIONS = ("doppler", "fc")

    def __post_init__(self) -> None:
        if self.speed_kmh is not None and self.doppler_hz is not None:
            raise ConfigError(
                f"channel fading has {','.join(self.parts())!r}; allowed is a speed or a Doppler "
                "shift, not both"
            )
        if self.speed_kmh is None and self.carrier_hz is not None:
            raise ConfigError(
                f"channel fading has {','.join(self.parts())!r}; allowed is fc together with a "
                "speed"
            )

    @classmethod
    def read(cls, values: list[str], options: dict[str, str]) -> tuple[Motion, list[str]]:
        """The motion that a term's values and options state, and the other values.

        Raises:
            ConfigError: a value is out of range, or two contradict each other.
        """
        speeds = [value for value in values if has_unit(value, "speed")]
        if len(speeds) > 1:
            raise ConfigError(
                f"channel fading has the speeds {' and '.join(speeds)}; allowed is one"
            )
        speed = doppler = carrier = None
        if speeds:
            speed = number(speeds[0], "speed", 0.0, 1e6, "speed")
        if "doppler" in options:
            doppler = number(options["doppler"], "Doppler shift", 0.0, 1e9, "frequency")
        if "fc" in options:
            carrier = number(options["fc"], "carrier frequency", 1e3, 1e12, "frequency")
        rest = [value for value in values if not has_unit(value, "speed")]
        return cls(speed, doppler, carrier), rest

    @property
    def stated(self) -> bool:
        """Whether there is a speed or a Doppler shift, zero included."""
        return self.speed_kmh is not None or self.doppler_hz is not None

    def doppler(self, signal: Signal) -> float:
        """Largest Doppler shift in cycles a sample.

        Raises:
            ConfigError: it is too large for the sample rate.
        """
        shift_hz = self.doppler_hz or 0.0
        if self.speed_kmh is not None:
            shift_hz = self.speed_kmh / 3.6 / LIGHT_M_S * (self.carrier_hz or signal.carrier_hz)
        most_hz = LARGEST * signal.rate_hz
        if shift_hz > most_hz:
            raise ConfigError(
                f"channel Doppler shift is {shift_hz:g} Hz; allowed is 0 to {most_hz:g} Hz at this "
                "sample rate"
            )
        return shift_hz / signal.rate_hz

    def parts(self) -> list[str]:
        """The motion as it is written in a channel string."""
        parts = []
        if self.speed_kmh is not None:
            parts.append(shown(self.speed_kmh, "kmh"))
        if self.doppler_hz is not None:
            parts.append(f"doppler={shown(self.doppler_hz)}")
        if self.carrier_hz is not None:
            parts.append(f"fc={shown(self.carrier_hz)}")
        return parts


class Flat(Term):
    """Base of the flat fading terms, which have the fields snr_db, block and motion."""

    symbol_level = True
    block: int
    motion: Motion

    @property
    def factor(self) -> float:
        """Power of the line of sight over that of the scattered part, as a ratio."""
        return 0.0

    def __post_init__(self) -> None:
        if self.block and self.motion.stated:
            raise ConfigError(
                f"channel term {str(self)!r} has blocks and a Doppler shift; allowed is one of them"
            )

    def start(self, signal: Signal, rng: np.random.Generator) -> Processor:
        if not self.motion.stated:
            return BlockGains(self.block, self.factor, rng)
        return PathFilter(Paths([0.0], [1.0], [self.factor]), self.motion.doppler(signal), rng)

    def parts(self) -> list[str]:
        """Block and motion as they are written in a channel string."""
        return [*self.motion.parts(), f"block={self.block}" if self.block else ""]


@term("rayleigh", "rayleigh[:SNR_DB][,KMHkmh or ,doppler=HZ or ,block=N][,fc=HZ]")
@dataclass(frozen=True)
class Rayleigh(Flat):
    """Rayleigh fading, with noise when an SNR is given.

    Args:
        snr_db: mean SNR, dB; None: without noise.
        block: symbols, or samples with the modem, of a constant gain; 0: all of them.
        motion: Doppler spectrum, in place of blocks.
    """

    snr_db: float | None = None
    block: int = 0
    motion: Motion = Motion()

    @classmethod
    def parse(cls, values: list[str], options: dict[str, str]) -> Rayleigh:
        motion, rest = Motion.read(values, options)
        expect("rayleigh", rest, options, (0, 1), ("block", *Motion.OPTIONS))
        block = whole(options.get("block", "0"), "block length", 0, LONGEST_FADING_BLOCK)
        return cls(snr_of(rest), block, motion)

    def __str__(self) -> str:
        snr = None if self.snr_db is None else shown(self.snr_db)
        return written("rayleigh", snr, *self.parts())


@term("rician", "rician[:SNR_DB[,K_DB]][,KMHkmh or ,doppler=HZ or ,block=N][,k=DB][,fc=HZ]")
@dataclass(frozen=True)
class Rician(Flat):
    """Rician fading, with noise when an SNR is given.

    Args:
        snr_db, block, motion: see Rayleigh.
        k_db: factor K, dB: power of the line of sight over that of the scattered part.
    """

    snr_db: float | None = None
    k_db: float = 6.0
    block: int = 0
    motion: Motion = Motion()

    @classmethod
    def parse(cls, values: list[str], options: dict[str, str]) -> Rician:
        motion, rest = Motion.read(values, options)
        counts = (0, 1) if "k" in options else (0, 1, 2)
        expect("rician", rest, options, counts, ("block", "k", *Motion.OPTIONS))
        k_text = options.get("k", rest[1] if len(rest) > 1 else None)
        k_db = cls.k_db
        if k_text is not None:
            k_db = number(k_text, "Rician factor in dB", -40.0, 60.0, "ratio")
        block = whole(options.get("block", "0"), "block length", 0, LONGEST_FADING_BLOCK)
        return cls(snr_of(rest[:1]), k_db, block, motion)

    @property
    def factor(self) -> float:
        """Power of the line of sight over that of the scattered part, as a ratio."""
        return float(db_to_linear(self.k_db))

    def __str__(self) -> str:
        if self.snr_db is None:
            return written("rician", f"k={shown(self.k_db)}", *self.parts())
        return written("rician", shown(self.snr_db), shown(self.k_db), *self.parts())


class BlockGains(Processor):
    """Rician gains that are constant over blocks.

    Args:
        block: samples of a block; 0 is one block without an end.
        factor: power of the fixed part over that of the scattered part, as a ratio; 0 is Rayleigh
            fading.
        rng: draws the gains, block by block.
    """

    def __init__(self, block: int, factor: float, rng: np.random.Generator):
        self._block = block
        self._factor = factor
        self._rng = rng
        self._gain = self._draw(1)
        self._index = 0
        self._position = 0

    def __call__(self, samples: np.ndarray) -> np.ndarray:
        if not self._block or not len(samples):
            return samples * self._gain
        index = (
            np.arange(self._position, self._position + len(samples)) // self._block - self._index
        )
        gains = np.concatenate([self._gain, self._draw(index[-1])])
        self._gain = gains[-1:]
        self._index = self._index + int(index[-1])
        self._position = self._position + len(samples)
        return samples * gains[index]

    def _draw(self, blocks: int) -> np.ndarray:
        """Gains of the next blocks, complex64 (blocks,)."""
        pairs = self._rng.standard_normal((blocks, 2, 2)) @ np.array([1, 1j])
        fixed = pairs[:, 0] / np.abs(pairs[:, 0])
        gains = np.sqrt(self._factor) * fixed + pairs[:, 1] / np.sqrt(2)
        return (gains / np.sqrt(self._factor + 1)).astype(np.complex64)


@dataclass(frozen=True)
class Paths:
    """Paths of a channel.

    Args:
        delays: in samples, (L,).
        powers: mean powers, (L,).
        factors: Rician factors as ratios, (L,); 0 is Rayleigh fading.
    """

    delays: ArrayLike
    powers: ArrayLike
    factors: ArrayLike


class PathFilter(Varying):
    """A tapped delay line with fading paths at work on a stream.

    Args:
        paths: delays, powers and Rician factors.
        doppler: largest Doppler shift, in cycles a sample.
        rng: draws the realisation of the gains.
    """

    def __init__(self, paths: Paths, doppler: float, rng: np.random.Generator):
        block = LONGEST_BLOCK
        while block > 1 and block * doppler > CYCLES:
            block //= 2
        delays = np.asarray(paths.delays, float)
        whole = bool(np.all(delays == np.rint(delays)))
        ahead = 0 if whole else HALF_LENGTH
        behind = int(np.ceil(delays.max())) + ahead
        super().__init__(block, ahead, behind)
        at = np.arange(-ahead, behind + 1)
        self._shapes = windowed_sinc(at[:, None] - delays, HALF_LENGTH, BETA)  # axes: taps, L
        self._gains = JakesGains(doppler, paths.powers, paths.factors, rng)

    def taps(self, blocks: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        edges = np.arange(blocks[0], blocks[-1] + 2) * self.block
        taps = (self._shapes @ self._gains(edges)).T
        return taps[:-1], taps[1:]


class JakesGains:
    """Gains of independent paths as functions of time.

    Args:
        doppler: largest Doppler shift, in cycles a sample.
        powers: mean power of each path, (L,).
        factors: Rician factor of each path as a ratio, (L,); 0 is Rayleigh fading.
        rng: draws angles and phases, and nothing later.
    """

    def __init__(
        self, doppler: float, powers: ArrayLike, factors: ArrayLike, rng: np.random.Generator
    ):
        powers = np.asarray(powers, float)
        factors = np.asarray(factors, float)
        angles = 2 * np.pi * (np.arange(WAVES) + rng.random((len(powers), WAVES))) / WAVES
        self._phases = rng.random((len(powers), WAVES + 1))
        self._shifts = doppler * np.column_stack([np.cos(angles), np.full(len(powers), SIGHT)])
        scattered = np.repeat(np.sqrt(powers / (1 + factors) / WAVES)[:, None], WAVES, axis=1)
        self._sizes = np.column_stack([scattered, np.sqrt(powers * factors / (1 + factors))])
        self._spacing = 1 / (NODES * doppler) if doppler else np.inf

    def __call__(self, at: np.ndarray) -> np.ndarray:
        """Gains, complex128 (L, n), at ascending times in samples, (n,)."""
        if np.isinf(self._spacing):
            return np.repeat(self._nodes(np.zeros(1))[0], len(at), axis=1)
        at = at / self._spacing
        low = np.floor(at).astype(int)
        value, slope = self._nodes(np.arange(low[0], low[-1] + 2))
        index = low - low[0]
        u = at - low
        rise = value[:, index + 1] - value[:, index]
        begin = slope[:, index] - rise
        end = slope[:, index + 1] - rise
        return value[:, index] + u * (rise + (1 - u) * (begin - u * (begin + end)))

    def _nodes(self, nodes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Gains at nodes and their change a node spacing, both complex128 (L, n)."""
        spacing = self._spacing if np.isfinite(self._spacing) else 0.0
        turns = (nodes * spacing)[:, None] * self._shifts[:, None, :] + self._phases[:, None, :]
        waves = np.exp(2j * np.pi * (turns % 1.0)) * self._sizes[:, None, :]
        slope = waves @ (2j * np.pi * spacing * self._shifts)[:, :, None]
        return waves.sum(axis=-1), slope[:, :, 0]
