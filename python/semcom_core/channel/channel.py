# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Channel made of terms, on symbols, samples and streams: `awgn:5+cfo:12khz+taps:0,-6,-10`.

    samples → transmitter terms → air terms → + noise → receiver terms → samples

Within each place terms act in the order written. So the noise passes the receiver's imperfections
(iq, dc, adc) and nothing else; a receiver's clock, frequency or phase (sco, cfo, phase-noise) leave
white noise what it is, and stand before it.

With symbols, N0 = 1 / SNR. With samples,

    N0 = (mean power of an active carrier) / SNR
       = (mean power of the samples on air) / occupancy / SNR

so that the same SNR means the same with and without the modem: a unitary transform keeps white
noise at N0 a carrier. Fading has mean power 1, so the SNR is that of the mean received power. What
an amplifier (pa) takes from the signal is not made good.

All randomness comes from one integer drawn when the stream starts. Each term has a Generator of its
own, seeded with that integer, the term's name and which of its name it is, and so has the noise:
the same integer gives the same fading at another SNR and without noise.

White noise is added by the channel itself, so the terms `awgn` and `clean` state the SNR and change
nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np

from semcom_core.channel.base import PLACES, SNR_DB, Processor, Signal, Term, shown, snr_of, written
from semcom_core.channel.registry import TERMS, expect, parse_term, term
from semcom_core.errors import ConfigError, check_range, printable
from semcom_core.phy import Layout, PhyConfig
from semcom_core.units import complex_noise, db_to_linear

#: Samples with a larger real or imaginary part count as 0, as do those that are not finite: no term
#: can then overflow.
LARGEST = 1e15
#: Noise variance reported where there is no noise: finite, so that metrics which divide by it stay
#: finite.
CLEAN_NOISE_VAR = 1e-6
#: Symbols that fade below this power gain are handed on as erased.
ERASED_BELOW = 1e-4
#: Seeds of streams are drawn below this.
SEEDS = 1 << 63


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


def parse_channel(text: str, rate_hz: float = 1e6, carrier_power: float | None = None) -> Channel:
    """Channel of a string such as `rayleigh:10,block=64` or `awgn:5+cfo:12khz`.

    Args:
        text: terms joined by +; usages() lists them.
        rate_hz, carrier_power: see Channel.

    Raises:
        ConfigError: a term is unknown or malformed, or two terms set the SNR.
    """
    if not isinstance(text, str):
        raise ConfigError(
            f"channel is {printable(text)}; allowed is a string of terms such as awgn:10+cfo:12khz"
        )
    terms = [parse_term(part.strip()) for part in text.split("+")]
    check_one_snr(terms)
    return Channel(tuple(terms), rate_hz, carrier_power)


@dataclass(frozen=True)
class Channel:
    """A chain of terms.

    Args:
        terms: in the order in which they act.
        rate_hz: sample rate, Hz, for terms in Hz.
        carrier_power: mean power of an active carrier (unitary transform) to which the SNR refers;
            None measures it on the samples that are neither zero nor malformed. A stream, and
            silence, is given that of a burst of the default PhyConfig.
        sample_power: mean power of the transmitted samples on air, to which interference and the
            receiver's levels refer; None is carrier_power times the occupancy of the default
            PhyConfig.
        carrier_hz: carrier frequency, Hz, which turns speeds into Doppler shifts.

    >>> rng = np.random.default_rng(1)
    >>> x = np.ones(100, np.complex64)
    >>> y, noise_var = parse_channel("awgn:5").through_symbols(x, rng)
    >>> channel = parse_channel("tdl-a:10,100ns,3kmh+cfo:12khz+iq:1db")
    >>> stream = channel.for_modem(PhyConfig()).stream(rng)
    >>> y = np.concatenate([stream.push(x), stream.end()])
    """

    terms: tuple[Term, ...]
    rate_hz: float = 1e6
    carrier_power: float | None = None
    sample_power: float | None = None
    carrier_hz: float = 2.45e9

    def __str__(self) -> str:
        return "+".join(str(one) for one in self.terms)

    @property
    def snr_db(self) -> float | None:
        """SNR in dB, or None without noise."""
        return next((one.snr_db for one in self.terms if one.snr_db is not None), None)

    @property
    def signal(self) -> Signal:
        """What the terms are told of the signal; see the arguments for what is taken where nothing
        is stated.
        """
        default = Layout(PhyConfig())
        carrier = default.carrier_power if self.carrier_power is None else self.carrier_power
        power = carrier * default.occupancy if self.sample_power is None else self.sample_power
        return Signal(self.rate_hz, self.carrier_hz, power, carrier)

    def for_modem(self, config: PhyConfig) -> Channel:
        """This channel at the sample rate and the powers of a transmitter's bursts."""
        return replace(
            self,
            rate_hz=config.rate_hz,
            carrier_power=Layout(config).carrier_power,
            sample_power=config.rms**2,
        )

    def with_snr(self, snr_db: float) -> Channel:
        """This channel at another SNR.

        Raises:
            ConfigError: no term sets an SNR, or this one is out of range.
        """
        check_range("snr_db", snr_db, *SNR_DB)
        if self.snr_db is None:
            raise ConfigError(
                f"channel {str(self)!r} has no SNR to change; allowed is one with a term such as "
                "awgn:5"
            )
        return replace(
            self,
            terms=tuple(one.with_snr(float(snr_db)) for one in self.terms),
        )

    def with_term(self, text: str) -> Channel:
        """This channel with a term in place of the first one of its name, or added at the end.

        Raises:
            ConfigError: the term is unknown or malformed, or sets an SNR beside another term.
        """
        new = parse_term(text)
        terms = list(self.terms)
        at = next((index for index, one in enumerate(terms) if one.name == new.name), len(terms))
        terms[at : at + 1] = [new]
        check_one_snr(terms)
        return replace(self, terms=tuple(terms))

    def noiseless(self) -> Channel:
        """This channel without its noise; everything else, also what is random, stays as it is for
        the same generator.
        """
        rest = tuple(one.without_noise for one in self.terms if one.name != "awgn")
        return replace(self, terms=rest or (Clean(),))

    def stream(self, rng: np.random.Generator) -> Stream:
        """This channel at work on a stream of samples.

        Raises:
            ConfigError: a term does not fit the sample rate.
        """
        return Stream(self, rng)

    def through_symbols(
        self, x: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Send codec symbols, the channel's gain known and taken out.

        Args:
            x: complex (n,), E|x|^2 = 1.
            rng: one integer is drawn from it.

        Returns:
            y = x + n, complex64 (n,), and E|n|^2 of each, float32 (n,); erased symbols are 0 with
            infinite variance.

        Raises:
            ConfigError: a term acts on samples only.
        """
        for one in self.terms:
            if not one.symbol_level:
                terms = TERMS.loadable().items()
                allowed = ", ".join(name for name, cls in terms if cls and cls.symbol_level)
                raise ConfigError(
                    f"channel term {str(one)!r} acts on samples; allowed without the modem is "
                    f"{allowed}"
                )
        x = np.asarray(x, dtype=np.complex64)
        base = int(rng.integers(SEEDS))
        gain = self._symbol_gains(len(x), base)
        power = np.abs(gain) ** 2
        lost = power < ERASED_BELOW
        noise = CLEAN_NOISE_VAR if self.snr_db is None else 1 / db_to_linear(self.snr_db)
        variance = (noise / np.where(lost, 1.0, power)).astype(np.float32)
        y = x
        if self.snr_db is not None:
            y = x + complex_noise(len(x), variance, generator(base, "noise"))
        received = np.where(lost, 0, y).astype(np.complex64)
        return received, np.where(lost, np.inf, variance).astype(np.float32)

    def through_samples(self, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Send samples, complex (n,), as a stream of their own.

        Returns:
            What is received, complex64, longer by the delay and the multipath.

        Raises:
            ConfigError: a term does not fit the sample rate.
        """
        stream = replace(self, carrier_power=self._carrier_power(x)).stream(rng)
        return np.concatenate([stream.push(x), stream.end()])

    def noise_power(self, x: np.ndarray | None = None) -> float:
        """N0 of a sample: 0 without an SNR. Samples x tell the carrier power where the channel does
        not state it.
        """
        if self.snr_db is None:
            return 0.0
        carrier = self.signal.carrier_power if x is None else self._carrier_power(x)
        return carrier / float(db_to_linear(self.snr_db))

    def _symbol_gains(self, count: int, base: int) -> np.ndarray:
        """Gains of codec symbols, complex64 (count,); a symbol counts as a sample."""
        gain = np.ones(count, dtype=np.complex64)
        signal = Signal(self.rate_hz, self.carrier_hz)
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


class Stream:
    """Sends samples through a channel piece by piece; what comes out does not depend on how they
    are cut.

    Args:
        channel: the channel; set_channel replaces it while the stream goes on.
        rng: one integer is drawn from it.
    """

    def __init__(self, channel: Channel, rng: np.random.Generator):
        self._base = int(rng.integers(SEEDS))
        self._noise = generator(self._base, "noise")
        self._running: dict[tuple[str, int], tuple[Term, Processor]] = {}
        self._chain: list[Processor] = []
        self._left: list[np.ndarray] = []
        self._ended = False
        self.set_channel(channel)

    def set_channel(self, channel: Channel) -> None:
        """Go on with another channel. Terms that stay (their SNR apart) keep their state; of those
        that go, what they held comes out.

        Raises:
            ConfigError: a term does not fit the sample rate; the stream then goes on as before.
        """
        running = {
            (one.name, number): (one, self._processor(one, number, channel))
            for one, number in occurrences(channel.terms)
        }
        staying = [id(processor) for _, processor in running.values()]
        for index, processor in enumerate(self._chain):
            if id(processor) not in staying:
                self._left.append(self._through(processor.end(tail=False), index + 1))
        ordered = sorted(running.values(), key=lambda pair: PLACES.index(pair[0].place))
        self.channel = channel
        self._running = running
        self._chain = [processor for _, processor in ordered]
        # how many processors the noise comes after
        self._noisy = sum(one.place != "receiver" for one in channel.terms)
        self._n0 = channel.noise_power()

    @property
    def held(self) -> int:
        """Samples that have come in and not yet gone out."""
        return sum(processor.held for processor in self._chain) + sum(
            len(part) for part in self._left
        )

    def push(self, samples: np.ndarray) -> np.ndarray:
        """Send samples, complex (n,).

        Returns:
            What is ready on the other side, complex64 (m,).

        Raises:
            ConfigError: the stream has ended.
        """
        if self._ended:
            raise ConfigError(
                f"channel stream is sent {len(samples)} samples after its end; allowed is a new "
                "stream"
            )
        return self._ready(self._through(finite(samples)))

    def end(self) -> np.ndarray:
        """End the stream: what is still to come, with the tails of multipath and filters, complex64
        (m,); once ended, nothing.
        """
        if self._ended:
            return np.zeros(0, np.complex64)
        self._ended = True
        parts = [
            self._through(processor.end(), index + 1) for index, processor in enumerate(self._chain)
        ]
        return self._ready(*parts)

    def _processor(self, one: Term, number: int, channel: Channel) -> Processor:
        """The processor of a term: the one at work if the term is the same, else a new one."""
        rng = generator(self._base, one.name, number)
        if (one.name, number) not in self._running:
            return one.start(channel.signal, rng)
        before, processor = self._running[one.name, number]
        if (before.without_noise, self.channel.signal) == (one.without_noise, channel.signal):
            return processor
        return one.resume(processor, channel.signal, rng)

    def _through(self, samples: np.ndarray, first: int = 0) -> np.ndarray:
        """Samples after the chain from its processor number `first` on."""
        for index in range(first, len(self._chain) + 1):
            if index == self._noisy and self._n0 > 0:
                samples = samples + complex_noise(len(samples), self._n0, self._noise)
            if index < len(self._chain):
                samples = self._chain[index](samples)
        return samples

    def _ready(self, *parts: np.ndarray) -> np.ndarray:
        """What was left of terms that went, and then the parts."""
        left = self._left
        self._left = []
        return np.concatenate([*left, *parts, np.zeros(0, np.complex64)])


def generator(base: int, name: str, occurrence: int = 0) -> np.random.Generator:
    """Generator of a term of a stream.

    Args:
        base: integer drawn when the stream started.
        name: of the term.
        occurrence: how many terms of that name come before it.
    """
    return np.random.default_rng(np.random.SeedSequence([base, crc32(name.encode()), occurrence]))


def occurrences(terms: tuple[Term, ...]) -> Iterator[tuple[Term, int]]:
    """Each term, and how many of its name come before it."""
    seen: Counter[str] = Counter()
    for one in terms:
        yield one, seen[one.name]
        seen[one.name] += 1


def finite(samples: np.ndarray) -> np.ndarray:
    """Samples as complex64; those that are not finite or larger than LARGEST are 0."""
    samples = np.asarray(samples, np.complex64)
    parts = np.ascontiguousarray(samples).view(np.float32)
    if not len(parts) or np.abs(parts).max() < LARGEST:
        return samples
    return np.where(
        (np.abs(samples.real) < LARGEST) & (np.abs(samples.imag) < LARGEST), samples, 0
    ).astype(np.complex64)


def check_one_snr(terms: list[Term]) -> None:
    """Raise ConfigError when more than one term sets the SNR."""
    setters = [str(one) for one in terms if one.snr_db is not None]
    if len(setters) > 1:
        raise ConfigError(
            f"channel has the SNR set by {' and '.join(setters)}; allowed is one term that sets it"
        )
