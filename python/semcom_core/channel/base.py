# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Terms of a channel and their registry.

A term is a frozen dataclass registered under its name. What it says of itself decides where it can act:

    symbol_level  acts on codec symbols (gain_of), so it can be used without the modem
    sample_level  acts on samples (apply)
    snr_db        the channel's SNR, if the term sets it
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from semcom_core.errors import ConfigError

#: Term classes by name.
TERMS: dict[str, type[Term]] = {}


@dataclass(frozen=True)
class Term:
    """One term of a channel string."""

    name = ""
    usage = ""
    symbol_level = False
    snr_db = None

    @classmethod
    def parse(cls, values: list[str], options: dict[str, str]) -> Term:
        """Build the term from its comma-separated values and its key=value options."""
        raise NotImplementedError

    def gains(self, count: int, rng: np.random.Generator) -> np.ndarray | float:
        """Channel gains of `count` symbols or samples, mean power 1; for flat terms."""
        raise NotImplementedError

    def apply(self, samples: np.ndarray, rate_hz: float, rng: np.random.Generator) -> np.ndarray:
        """Samples after this term, complex64; may be longer than what came in."""
        return (samples * self.gains(len(samples), rng)).astype(np.complex64)


def term(name: str, usage: str):
    """Class decorator that registers a term under its name."""

    def register(cls: type[Term]) -> type[Term]:
        cls.name, cls.usage = name, usage
        TERMS[name] = cls
        return cls

    return register


def usages() -> str:
    """What a channel string may hold, for messages and help."""
    return ", ".join(TERMS[name].usage for name in sorted(TERMS))


def number(text: str, what: str, low: float, high: float) -> float:
    """A number of a channel string.

    Raises:
        ConfigError: it is no number, or outside low to high.
    """
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    if not low <= value <= high:
        raise ConfigError(f"channel {what} is {text!r}; allowed is {low:g} to {high:g}")
    return value


def expect(name: str, values: list[str], options: dict[str, str], counts: tuple[int, ...], allowed: tuple[str, ...] = ()) -> None:
    """Raise ConfigError unless a term has an allowed number of values and only allowed options."""
    unknown = sorted(set(options) - set(allowed))
    if len(values) not in counts or unknown:
        given = ",".join([*values, *(f"{key}={value}" for key, value in options.items())])
        raise ConfigError(f"channel term {name!r} has {given!r}; allowed is {TERMS[name].usage}")


def shown(value: float) -> str:
    """A number as it is written in a channel string."""
    return f"{value:.10g}"
