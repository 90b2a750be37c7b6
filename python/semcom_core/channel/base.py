# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Terms of a channel string: their interface, their registry, and the values they are written with.

A term is a frozen dataclass registered under its name: settings only. Its start() gives a
Processor, which has the state of one stream. What a term says of itself decides where it acts:

    place         "transmitter", "air" or "receiver"; the noise comes between air and receiver
    symbol_level  it is a flat gain, so that it can act on codec symbols without the modem
    snr_db        the channel's SNR, if the term sets it

TERMS finds a term by its name: one of BUILT_IN, whose module is imported when a channel uses it;
one that the running program registered with `term` or `register_term`; or one of another installed
package, by an entry point of the group ENTRY_POINTS:

    [project.entry-points."semcom.channels"]
    rain = "my_package.rain:Rain"            # a Term class, or a function as register_term takes it

Values are numbers, or numbers with a unit such as 12khz, 100ns and 30kmh, in any case. A value
without a unit is in the first unit of its quantity in UNITS.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, ClassVar, TypeVar

import numpy as np

from semcom_core.errors import ConfigError, check_choice

#: Name of a built-in term: the class that implements it. Its module is imported on first use.
BUILT_IN = {
    "adc": "semcom_core.channel.front_end:Adc",
    "awgn": "semcom_core.channel.noise:Awgn",
    "cfo": "semcom_core.channel.offsets:Cfo",
    "clean": "semcom_core.channel.noise:Clean",
    "dc": "semcom_core.channel.front_end:Dc",
    "delay": "semcom_core.channel.offsets:Delay",
    "impulse": "semcom_core.channel.interference:Impulse",
    "iq": "semcom_core.channel.front_end:Iq",
    "pa": "semcom_core.channel.front_end:Pa",
    "phase-noise": "semcom_core.channel.front_end:PhaseNoise",
    "rayleigh": "semcom_core.channel.fading:Rayleigh",
    "rician": "semcom_core.channel.fading:Rician",
    "sco": "semcom_core.channel.clock:Sco",
    "taps": "semcom_core.channel.tdl:Taps",
    "tdl-a": "semcom_core.channel.tdl:TdlA",
    "tdl-b": "semcom_core.channel.tdl:TdlB",
    "tdl-c": "semcom_core.channel.tdl:TdlC",
    "tdl-d": "semcom_core.channel.tdl:TdlD",
    "tdl-e": "semcom_core.channel.tdl:TdlE",
    "tone": "semcom_core.channel.interference:Tone",
}
#: Entry-point group of the terms of other packages.
ENTRY_POINTS = "semcom.channels"
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
#: Largest magnitude of a value that a function's term is given.
LARGEST_VALUE = 1e300


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
        """The term at work on a stream where the Processor `old` of a term of the same name was at
        work until now.
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


@dataclass(frozen=True)
class FunctionTerm(Term):
    """A term made of a function of samples (see register_term); each has a subclass of its own."""

    function: ClassVar[Callable[..., np.ndarray]]
    values: tuple[float, ...] = ()
    options: tuple[tuple[str, float], ...] = ()

    @classmethod
    def parse(cls, values: list[str], options: dict[str, str]) -> FunctionTerm:
        """Build the term from numbers for the function's parameters, in order or by name."""
        signature = inspect.signature(cls.function)
        try:
            signature.bind(None, None, *values, **options)
        except TypeError as error:
            raise ConfigError(
                f"channel term {cls.name!r}: {error}; allowed is {cls.usage}"
            ) from error
        what = f"value of {cls.name}"
        return cls(
            tuple(number(value, what, -LARGEST_VALUE, LARGEST_VALUE) for value in values),
            tuple(
                (key, number(value, what, -LARGEST_VALUE, LARGEST_VALUE))
                for key, value in options.items()
            ),
        )

    def start(self, signal: Signal, rng: np.random.Generator) -> Processor:
        """The function at work on the pieces of a stream, one after another."""

        def apply(samples: np.ndarray) -> np.ndarray:
            out = type(self).function(samples, rng, *self.values, **dict(self.options))
            out = np.asarray(out, np.complex64)
            if out.shape != samples.shape:
                raise ConfigError(
                    f"channel term {self.name!r} makes {out.shape} of {samples.shape} samples; "
                    "allowed is as many as it gets"
                )
            return out

        return Processor(apply)

    def __reduce__(self) -> tuple[Callable[[str], Term], tuple[str]]:
        """Copies in other processes are made from the string, because the class has no module."""
        return parse_term, (str(self),)

    def __str__(self) -> str:
        options = (f"{key}={shown(value)}" for key, value in self.options)
        return written(self.name, *map(shown, self.values), *options)


class TermTable(Mapping[str, type[Term]]):
    """Term classes by name: built-in terms, registered ones, and those of other packages.

    Modules are imported, and entry points looked up, when a name needs it; iterating lists all
    names without loading them.

    Raises:
        ConfigError: a plug-in does not load, gives no term, or takes the name of another one.
    """

    def __init__(self) -> None:
        self._loaded: dict[str, type[Term]] = {}

    def __getitem__(self, name: str) -> type[Term]:
        if name not in self._loaded:
            if name in BUILT_IN:
                module, _, cls = BUILT_IN[name].partition(":")
                self._loaded[name] = getattr(importlib.import_module(module), cls)
            else:
                self._load(self._plugins()[name])
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted({*BUILT_IN, *self._loaded, *self._plugins()}))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def register(self, name: str, cls: type[Term], usage: str) -> None:
        """Take up a term class under a name, in place of a former one of the running program.

        Raises:
            ConfigError: the name is malformed or that of a built-in term of another class.
        """
        if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name):
            raise ConfigError(
                f"channel term has the name {name!r}; allowed is lower-case letters, "
                "digits, - and _"
            )
        check_choice("place of a channel term", cls.place, PLACES)
        own = f"{cls.__module__}:{cls.__qualname__}"
        if BUILT_IN.get(name, own) != own:
            raise ConfigError(
                f"channel term {own} has the name {name!r} of a built-in term; allowed is another"
            )
        cls.name = name
        cls.usage = usage
        self._loaded[name] = cls

    def loadable(self) -> dict[str, type[Term] | None]:
        """All terms by name; None stands for a plug-in that does not load."""
        found: dict[str, type[Term] | None] = {}
        for name in self:
            try:
                found[name] = self[name]
            except ConfigError:
                found[name] = None
        return found

    def _plugins(self) -> dict[str, importlib.metadata.EntryPoint]:
        """Entry points of terms of other packages, by name."""
        found: dict[str, importlib.metadata.EntryPoint] = {}
        for point in importlib.metadata.entry_points(group=ENTRY_POINTS):
            if point.name in BUILT_IN:
                raise ConfigError(
                    f"channel plug-in {_described(point)} has the name of a built-in term; allowed "
                    "is another"
                )
            if found.setdefault(point.name, point).value != point.value:
                raise ConfigError(
                    f"channel plug-ins {_described(found[point.name])} and {_described(point)} "
                    "have one name; allowed is one each"
                )
        return found

    def _load(self, point: importlib.metadata.EntryPoint) -> None:
        """Import the term of an entry point and register it."""
        try:
            implementation = point.load()
            if point.name not in self._loaded:  # its module may have registered it
                register_term(point.name, implementation)
        except Exception as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            raise ConfigError(
                f"channel plug-in {_described(point)} does not load ({reason}); allowed is a Term "
                "class or a function of samples"
            ) from error


def _described(point: importlib.metadata.EntryPoint) -> str:
    """An entry point as its package states it."""
    return f"{point.name!r} ({point.value})"


#: Term classes by name.
TERMS = TermTable()


def register_term(
    name: str,
    implementation: type[Term] | Callable[..., np.ndarray],
    usage: str = "",
    *,
    place: str = "air",
    symbol_level: bool = False,
) -> None:
    """Make a term known to channel strings, under a name; `term` does the same as a decorator.

    A function is called with samples, complex64 (n,), the term's Generator, and the numbers of the
    channel string, and returns as many samples. It gets a stream in pieces, so it works on each
    sample alone; what needs memory is a Term class with a Processor.

    >>> def blockage(samples, rng, probability, loss_db=20.0):
    ...     blocked = rng.random(len(samples)) < probability
    ...     return samples * np.where(blocked, 10 ** (-loss_db / 20), 1.0)
    >>> register_term("blockage", blockage, symbol_level=True)
    >>> str(parse_term("blockage:0.1,loss_db=30")), TERMS["blockage"].usage
    ('blockage:0.1,loss_db=30', 'blockage:PROBABILITY[,LOSS_DB]')

    Args:
        name: lower-case letters, digits, - and _; a built-in term's name is refused, another one
            is replaced.
        implementation: a Term class, or a function of samples.
        usage: what a channel string may say of the term, for messages; "" takes that of the class,
            or the parameters of the function.
        place, symbol_level: of a function, what a class says itself (see the module).

    Raises:
        ConfigError: the name, the place or the implementation is not allowed.
    """
    if isinstance(implementation, type) and issubclass(implementation, Term):
        TERMS.register(name, implementation, usage or implementation.usage or name)
        return
    if isinstance(implementation, type) or not callable(implementation):
        raise ConfigError(
            f"channel term {name!r} is {implementation!r}; allowed is a Term class or a function"
        )
    attributes = {
        "__doc__": implementation.__doc__,
        "__module__": implementation.__module__,
        "function": staticmethod(implementation),
        "place": place,
        "symbol_level": symbol_level,
    }
    TERMS.register(
        name, type(name, (FunctionTerm,), attributes), usage or _usage(name, implementation)
    )


Implementation = TypeVar("Implementation", bound="type[Term] | Callable[..., np.ndarray]")


def term(
    name: str, usage: str = "", **attributes: Any
) -> Callable[[Implementation], Implementation]:
    """Decorator of a Term class or a function of samples that registers it; arguments as
    register_term takes them.
    """

    def register(implementation: Implementation) -> Implementation:
        register_term(name, implementation, usage, **attributes)
        return implementation

    return register


def _usage(name: str, function: Callable[..., np.ndarray]) -> str:
    """Usage of a function's term, from the names of its parameters after samples and Generator."""
    parameters = list(inspect.signature(function).parameters.values())[2:]
    needed = [one.name.upper() for one in parameters if one.default is one.empty]
    others = [f"[,{one.name.upper()}]" for one in parameters if one.default is not one.empty]
    text = ",".join(needed) + "".join(others)
    return f"{name}:{text}" if needed else f"{name}[:{text[2:]}" if text else name


def usages() -> str:
    """What a channel string may hold, for messages and help."""
    found = (
        f"{name} (plug-in that does not load)" if cls is None else cls.usage
        for name, cls in TERMS.loadable().items()
    )
    return ", ".join(dict.fromkeys(found))


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
    """Raise ConfigError unless a term has an allowed number of values and only allowed options.

    Args:
        name: of the term.
        values, options: as Term.parse takes them.
        counts: allowed numbers of values.
        allowed: allowed options.
    """
    unknown = sorted(set(options) - set(allowed))
    if len(values) not in counts or unknown:
        given = written(
            "", ",".join([*values, *(f"{key}={value}" for key, value in options.items())])
        ).removeprefix(":")
        raise ConfigError(f"channel term {name!r} has {given!r}; allowed is {TERMS[name].usage}")


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
    """A whole number of a channel string; arguments as `number` takes them.

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
