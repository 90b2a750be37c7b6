# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exceptions of the project; each message names the offending value and what is allowed."""

from __future__ import annotations

import math
from collections.abc import Collection
from numbers import Real
from types import UnionType
from typing import Any

#: Longest text of a value in a message, characters.
MOST_SHOWN = 80


class SemcomError(Exception):
    """Any error this project raises on purpose."""


class ConfigError(SemcomError, ValueError):
    """A setting, option or argument is outside what is allowed."""


class FrameError(SemcomError, ValueError):
    """A frame cannot be built, read or decoded."""


class ModelError(SemcomError, RuntimeError):
    """A model is missing, does not load, or is not the one the frame was made with."""


class RadioError(SemcomError, OSError):
    """A radio, a recording or GNU Radio itself is missing or failed."""


def printable(value: Any) -> str:
    """A value as messages name it, in one line and short; an array by its type and shape."""
    if getattr(value, "ndim", 0):
        return f"an array of {value.dtype}, shape {value.shape}"
    text = " ".join(repr(value).split())
    return text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN - 3]}..."


def check_type(name: str, value: Any, kind: type | UnionType, allowed: str) -> None:
    """Raise ConfigError unless a value is of a type.

    Args:
        name: of the argument, for the message.
        value: what was given.
        kind: type, or union of types.
        allowed: what may be given, in words.
    """
    if not isinstance(value, kind):
        raise ConfigError(f"{name} is {printable(value)}; allowed is {allowed}")


def check_number(name: str, value: Any) -> None:
    """Raise ConfigError unless a value is a real number (NaN is refused, infinity is not).

    Args:
        name: of the argument, for the message.
        value: what was given.
    """
    if not isinstance(value, Real) or math.isnan(value):
        raise ConfigError(f"{name} is {printable(value)}; allowed is a number")


def check_range(name: str, value: Any, low: float, high: float) -> None:
    """Raise ConfigError unless low <= value <= high (NaN, and what is no number, is refused).

    Args:
        name: of the setting, for the message.
        value: what it is set to.
        low, high: least and largest value allowed.
    """
    is_number = isinstance(value, Real)
    if not is_number or not low <= value <= high:
        stated = value if is_number else printable(value)
        raise ConfigError(f"{name} is {stated}; allowed is {low} to {high}")


def check_choice(name: str, value: object, allowed: Collection[Any]) -> None:
    """Raise ConfigError unless `value` is one of `allowed`.

    Args:
        name: of the setting, for the message.
        value: what it is set to.
        allowed: choices; a mapping stands for its keys.
    """
    try:
        found = value in allowed
    except (TypeError, ValueError):  # a list, an array
        found = False
    if not found:
        choices = ", ".join(map(str, sorted(allowed)))
        raise ConfigError(f"{name} is {printable(value)}; allowed is one of {choices}")


def check_limit(name: str, value: float, low: float, high: float) -> None:
    """Raise ConfigError unless a limit lies within low to high, or is 0: no limit."""
    if value == 0:
        return
    try:
        check_range(name, value, low, high)
    except ConfigError as error:
        raise ConfigError(f"{error}, or 0 for no limit") from None
