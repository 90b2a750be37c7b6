# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of a channel string: numbers, and numbers with a unit such as 12khz, 100ns and 30kmh.

Units are written in any case. A value without a unit is in the unit named first below.

Terms of a channel, their registry, and what a term does with a stream.

A term is a frozen dataclass registered under its name: settings only. Its start() gives a
Processor, which has the state of one stream. What a term says of itself decides where it acts:

    place         "transmitter", "air" or "receiver"; the noise comes between air and receiver
    symbol_level  it is a flat gain, so that it can act on codec symbols without the modem
    snr_db        the channel's SNR, if the term sets it
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np

from semcom_core.errors import ConfigError

#: Units by quantity, each with its size in the first one: exact, so that 8.3 m/s is 29.88 km/h to
#: the last digit.
UNITS = {
    "frequency": {"hz": 1, "khz": 10**3, "mhz": 10**6, "ghz": 10**9},
    "time": {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9},
    "speed": {"kmh": 1, "km/h": 1, "m/s": Decimal("3.6")},
    "ratio": {"db": 1},
    "angle": {"deg": 1},
    "parts per million": {"ppm": 1},
    "percent": {"%": 1},
}
#: The least and the largest SNR, dB.
SNR_DB = (-60.0, 100.0)


def number(text: str, what: str, low: float, high: float, quantity: str = "") -> float:
    """A number of a channel string, in the first unit of its quantity.

    Raises:
        ConfigError: it is no number with such a unit, or outside low to high.
    """
    units = UNITS.get(quantity, {})
    lower = text.lower()
    unit = max((name for name in units if lower.endswith(name)), key=len, default="")
    try:
        value = float(Decimal(lower.removesuffix(unit)) * units.get(unit, 1))
    except (ArithmeticError, ValueError):  # of Decimal; of float for a signalling NaN
        value = np.nan
    if not low <= value <= high:
        first = f" {next(iter(units))}" if units else ""
        raise ConfigError(f"channel {what} is {text!r}; allowed is {low:g} to {high:g}{first}")
    return value


def whole(text: str, what: str, low: int, high: int) -> int:
    """A whole number of a channel string.

    Raises:
        ConfigError: it is no whole number, or outside low to high.
    """
    value = number(text, what, low, high)
    if value != int(value):
        raise ConfigError(
            f"channel {what} is {text!r}; allowed is a whole number, {low:g} to {high:g}"
        )
    return int(value)


def has_unit(text: str, quantity: str) -> bool:
    """Whether a value is written with a unit of the quantity."""
    return (
        any(text.lower().endswith(unit) for unit in UNITS[quantity]) and text[:1] in "0123456789.+-"
    )


def snr_of(values: list[str]) -> float | None:
    """The SNR that a list of at most one value states, dB."""
    return number(values[0], "SNR in dB", *SNR_DB) if values else None


def shown(value: float, unit: str = "") -> str:
    """A number as it is written in a channel string: all its digits, and no exponent, whose sign
    would divide terms.
    """
    return np.format_float_positional(float(value), trim="-") + unit


def written(name: str, *parts: str | None) -> str:
    """A term as it is written in a channel string; parts that are None or empty are left out."""
    kept = [part for part in parts if part]
    return f"{name}:{','.join(kept)}" if kept else name


#: Term classes by name.
TERMS: dict[str, type[Term]] = {}
#: Where terms act, in this order.
PLACES = ("transmitter", "air", "receiver")


@dataclass(frozen=True)
class Signal:
    """What terms know of the signal.

    Args:
        rate_hz: sample rate, Hz.
        carrier_hz: carrier frequency, Hz; turns speeds into Doppler shifts.
        power: mean power of the transmitted samples on air; 1 for codec symbols.
        carrier_power: mean power of an active carrier with a unitary transform, to which the SNR
            refers.
    """

    rate_hz: float = 1e6
    carrier_hz: float = 2.45e9
    power: float = 1.0
    carrier_power: float = 1.0


class Processor:
    """A term at work on one stream. Called with samples, complex64 (n,), it returns those that are
    ready, complex64 (m,).

    What comes out in all does not depend on how the stream is cut.

    Args:
        function: what is done to each piece of the stream, where nothing is held back.
    """

    #: Samples by which the term lengthens a stream.
    tail = 0
    #: Zeros that are needed after a sample until it has come out.
    latency = 0

    def __init__(self, function: Callable[[np.ndarray], np.ndarray]):
        self._function = function

    def __call__(self, samples: np.ndarray) -> np.ndarray:
        return self._function(samples)

    @property
    def held(self) -> int:
        """Samples that have come in and not yet gone out."""
        return 0

    def end(self, tail: bool = True) -> np.ndarray:
        """What is still to come when the stream ends here: the samples held back and, unless `tail`
        is False, the tail.
        """
        rest = self.held + self.tail * tail
        return (
            self(np.zeros(rest + self.latency, np.complex64))[:rest]
            if rest
            else np.zeros(0, np.complex64)
        )


@dataclass(frozen=True)
class Term:
    """One term of a channel string."""

    name = ""
    usage = ""
    place = "air"
    symbol_level = False
    snr_db = None

    @classmethod
    def parse(cls, values: list[str], options: dict[str, str]) -> Term:
        """Build the term from its comma-separated values and its key=value options."""
        raise NotImplementedError

    def start(self, signal: Signal, rng: np.random.Generator) -> Processor:
        """The term at work on a new stream.

        Raises:
            ConfigError: the term does not fit the signal, for instance its sample rate.
        """
        raise NotImplementedError

    def resume(self, old: Processor, signal: Signal, rng: np.random.Generator) -> Processor:
        """The term at work on a stream where `old`, a term of the same name, was at work until
        now.
        """
        return self.start(signal, rng)

    @property
    def without_noise(self) -> Term:
        """This term without its SNR."""
        return self if self.snr_db is None else replace(self, snr_db=None)


def term(name: str, usage: str):
    """Class decorator that registers a term under its name."""

    def register(cls: type[Term]) -> type[Term]:
        cls.name = name
        cls.usage = usage
        TERMS[name] = cls
        return cls

    return register


def usages() -> str:
    """What a channel string may hold, for messages and help."""
    return ", ".join(dict.fromkeys(TERMS[name].usage for name in sorted(TERMS)))


def parse_term(text: str) -> Term:
    """One term of a channel string.

    Raises:
        ConfigError: it is unknown or malformed.
    """
    name, colon, rest = text.partition(":")
    if name not in TERMS:
        raise ConfigError(f"channel term is {text!r}; allowed is {usages()}, joined by +")
    parts = [part.strip() for part in rest.split(",")] if colon else []
    pairs = [part.split("=", 1) for part in parts if "=" in part]
    options = dict(pairs)
    if len(options) < len(pairs):
        raise ConfigError(f"channel term {text!r} repeats an option; allowed is each of them once")
    return TERMS[name].parse([part for part in parts if "=" not in part], options)


def expect(
    name: str,
    values: list[str],
    options: dict[str, str],
    counts: tuple[int, ...],
    allowed: tuple[str, ...] = (),
) -> None:
    """Raise ConfigError unless a term has an allowed number of values and only allowed options."""
    unknown = sorted(set(options) - set(allowed))
    if len(values) not in counts or unknown:
        given = written(
            "", ",".join([*values, *(f"{key}={value}" for key, value in options.items())])
        ).removeprefix(":")
        raise ConfigError(f"channel term {name!r} has {given!r}; allowed is {TERMS[name].usage}")


def phasor(turns: np.ndarray) -> np.ndarray:
    """exp(2j pi turns), complex64, of float64 turns however many."""
    angle = ((turns - np.rint(turns)) * (2 * np.pi)).astype(np.float32)
    out = np.empty(len(angle), np.complex64)
    out.real, out.imag = np.cos(angle), np.sin(angle)
    return out
