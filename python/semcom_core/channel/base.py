# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interface of channel terms: settings, processors, and the values of a channel string.

A term is a frozen dataclass registered under its name (see registry): settings only. Its start()
gives a Processor, which has the state of one stream. Its attributes decide where it acts:

    place         "transmitter", "air" or "receiver"; the noise comes between air and receiver
    symbol_level  it is a flat gain, so that it can act on codec symbols without the modem
    snr_db        the channel's SNR, if the term sets it

Values are numbers, or numbers with a unit such as 12khz, 100ns and 30kmh, in any case. A value
without a unit is in the first unit of its quantity in UNITS.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, ClassVar

import numpy as np

from semcom_core.errors import ConfigError

#: Where terms act, in this order.
PLACES = ("transmitter", "air", "receiver")
#: Units by quantity, each with its size in the first one: exact, so that 8.3 m/s is 29.88 km/h to
#: the last digit.
UNITS: dict[str, dict[str, int | Decimal]] = {
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


@dataclass(frozen=True)
class Signal:
    """Rates and powers of the signal, as terms need them.

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
    """A term at work on one stream: samples in, complex64 (n,), those that are ready out, (m,).

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

    #: How a channel string calls the term, and what it may say of it.
    name: ClassVar[str] = ""
    usage: ClassVar[str] = ""
    #: One of PLACES.
    place: ClassVar[str] = "air"
    #: Whether it is a flat gain.
    symbol_level: ClassVar[bool] = False

    @property
    def snr_db(self) -> float | None:
        """SNR that the term sets, dB; None where it sets none. Terms that do have it as a field."""
        return None

    @classmethod
    def parse(cls, values: list[str], options: dict[str, str]) -> Term:
        """Build the term from its comma-separated values and its key=value options.

        Raises:
            ConfigError: a value is missing, malformed or out of range.
        """
        raise NotImplementedError

    def start(self, signal: Signal, rng: np.random.Generator) -> Processor:
        """The term at work on a new stream.

        Args:
            signal: rates and powers of the signal.
            rng: the term's own Generator.

        Raises:
            ConfigError: the term does not fit the signal, for instance its sample rate.
        """
        raise NotImplementedError

    def resume(self, old: Processor, signal: Signal, rng: np.random.Generator) -> Processor:
        """The term at work on a stream where another term of its name was at work until now.

        Args:
            old: Processor of that term.
            signal, rng: as start takes them.
        """
        return self.start(signal, rng)

    def with_snr(self, snr_db: float | None) -> Term:
        """This term at another SNR, dB, or without its noise (None); itself if it sets no SNR."""
        changed: dict[str, Any] = {"snr_db": snr_db}
        return self if self.snr_db is None else replace(self, **changed)

    @property
    def without_noise(self) -> Term:
        """This term without its SNR."""
        return self.with_snr(None)


def number(text: str, what: str, low: float, high: float, quantity: str = "") -> float:
    """A number of a channel string, in the first unit of its quantity.

    Args:
        text: the number, with or without a unit.
        what: what it is, for messages.
        low, high: least and largest value allowed, in that unit.
        quantity: key of UNITS; "" takes no unit.

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

    Args:
        text, what, low, high: see `number`; without a unit.

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


def phasor(turns: np.ndarray) -> np.ndarray:
    """exp(2j pi turns), complex64, of float64 turns however many."""
    angle = ((turns - np.rint(turns)) * (2 * np.pi)).astype(np.float32)
    out = np.empty(len(angle), np.complex64)
    out.real = np.cos(angle)
    out.imag = np.sin(angle)
    return out
