# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exceptions of the project; each message names the offending value and what is allowed."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any


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


def check_range(name: str, value: float, low: float, high: float) -> None:
    """Raise ConfigError unless low <= value <= high (NaN is refused).

    Args:
        name: of the setting, for the message.
        value: what it is set to.
        low, high: least and largest value allowed.
    """
    if not low <= value <= high:
        raise ConfigError(f"{name} is {value}; allowed is {low} to {high}")


def check_choice(name: str, value: object, allowed: Collection[Any]) -> None:
    """Raise ConfigError unless `value` is one of `allowed`.

    Args:
        name: of the setting, for the message.
        value: what it is set to.
        allowed: choices; a mapping stands for its keys.
    """
    if value not in allowed:
        raise ConfigError(
            f"{name} is {value!r}; allowed is one of {', '.join(map(str, sorted(allowed)))}"
        )


def check_limit(name: str, value: float, low: float, high: float) -> None:
    """Raise ConfigError unless a limit lies within low to high, or is 0: no limit."""
    if value == 0:
        return
    try:
        check_range(name, value, low, high)
    except ConfigError as error:
        raise ConfigError(f"{error}, or 0 for no limit") from None
