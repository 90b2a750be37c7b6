# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers given as text, and their ranges."""

from __future__ import annotations

import math
from dataclasses import dataclass

from semcom_core.errors import ConfigError, check_range


@dataclass(frozen=True)
class Range:
    """Allowed values of a number; values are rounded to the step where it is not 0."""

    low: float
    high: float
    step: float = 0.0

    def fit(self, name: str, value: float) -> float:
        """The value that is set; ConfigError if it is outside."""
        check_range(name, value, self.low, self.high)
        return round(value / self.step) * self.step if self.step else value


def number(name: str, text: str) -> float:
    """A finite number, or ConfigError."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ConfigError(f"{name} is {text!r}; allowed is a number")
    return value


def integer(name: str, text: str, low: int, high: int) -> int:
    """A whole number in a range, or ConfigError."""
    try:
        value = int(text)
    except ValueError as error:
        raise ConfigError(f"{name} is {text!r}; allowed is a whole number") from error
    check_range(name, value, low, high)
    return value
