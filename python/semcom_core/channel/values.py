# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of a channel string: numbers, and numbers with a unit such as 12khz, 100ns and 30kmh.

Units are written in any case. A value without a unit is in the unit named first below.
"""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from semcom_core.errors import ConfigError

#: Units by quantity, each with its size in the first one: exact, so that 8.3 m/s is 29.88 km/h to the last digit.
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
        raise ConfigError(f"channel {what} is {text!r}; allowed is a whole number, {low:g} to {high:g}")
    return int(value)


def has_unit(text: str, quantity: str) -> bool:
    """Whether a value is written with a unit of the quantity."""
    return any(text.lower().endswith(unit) for unit in UNITS[quantity]) and text[:1] in "0123456789.+-"


def snr_of(values: list[str]) -> float | None:
    """The SNR that a list of at most one value states, dB."""
    return number(values[0], "SNR in dB", *SNR_DB) if values else None


def shown(value: float, unit: str = "") -> str:
    """A number as it is written in a channel string: all its digits, and no exponent, whose sign would divide terms."""
    return np.format_float_positional(float(value), trim="-") + unit


def written(name: str, *parts: str | None) -> str:
    """A term as it is written in a channel string; parts that are None or empty are left out."""
    kept = [part for part in parts if part]
    return f"{name}:{','.join(kept)}" if kept else name
