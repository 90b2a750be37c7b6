# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Registry of channel terms: built-in ones, those of the program, and those of other packages.

TERMS finds a term by its name: one of BUILT_IN, whose module is imported when a channel uses it;
one that the running program registered with `term` or `register_term`; or one of another installed
package, by an entry point of the group ENTRY_POINTS:

    [project.entry-points."semcom.channels"]
    rain = "my_package.rain:Rain"            # a Term class, or a function as register_term takes it
"""

from __future__ import annotations

import importlib
import importlib.metadata
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

import numpy as np

from semcom_core.channel.base import PLACES, Processor, Signal, Term, number, shown, written
from semcom_core.errors import ConfigError, check_choice

#: Name of a built-in term: the class that implements it. Its module is imported on first use.
BUILT_IN = {
    "adc": "semcom_core.channel.front_end:Adc",
    "awgn": "semcom_core.channel.channel:Awgn",
    "cfo": "semcom_core.channel.offsets:Cfo",
    "clean": "semcom_core.channel.channel:Clean",
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
#: Largest magnitude of a value that a function's term is given.
LARGEST_VALUE = 1e300
Implementation = TypeVar("Implementation", bound="type[Term] | Callable[..., np.ndarray]")


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

        Args:
            name: by which a channel string calls it; lower-case letters, digits, - and _.
            cls: the class.
            usage: what a channel string may say of it.

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


#: Term classes by name.
TERMS = TermTable()


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


def usages() -> str:
    """What a channel string may hold, for messages and help."""
    found = (
        f"{name} (plug-in that does not load)" if cls is None else cls.usage
        for name, cls in TERMS.loadable().items()
    )
    return ", ".join(dict.fromkeys(found))


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


def _usage(name: str, function: Callable[..., np.ndarray]) -> str:
    """Usage of a function's term, from the names of its parameters after samples and Generator."""
    parameters = list(inspect.signature(function).parameters.values())[2:]
    needed = [one.name.upper() for one in parameters if one.default is one.empty]
    others = [f"[,{one.name.upper()}]" for one in parameters if one.default is not one.empty]
    text = ",".join(needed) + "".join(others)
    return f"{name}:{text}" if needed else f"{name}[:{text[2:]}" if text else name


def _described(point: importlib.metadata.EntryPoint) -> str:
    """An entry point as its package states it."""
    return f"{point.name!r} ({point.value})"
