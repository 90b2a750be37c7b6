# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the driver of a radio accepts in an attribute; everything else is refused with the driver's errno."""

from __future__ import annotations

import errno
import re
from collections.abc import Callable
from dataclasses import dataclass

from semcom_core.errors import RadioError

_WHOLE = re.compile(r"\d{1,19}")
_FIXED = re.compile(r"([+-]?\d{1,18}(?:\.\d{0,18})?)(?: ?dB)?")
_FLAGS = {"0": False, "n": False, "N": False, "1": True, "y": True, "Y": True}


@dataclass(frozen=True)
class Binding:
    """How an attribute is read and written; without `write` it is read-only."""

    read: Callable[[], str]
    write: Callable[[str], None] | None = None


class Stored:
    """A value that is kept as it was written.

    Args:
        value: at first.
        check: returns the value in its standard form, or raises RadioError.
    """

    def __init__(self, value: str, check: Callable[[str], str]):
        self._value, self._check = value, check

    def read(self) -> str:
        return self._value

    def write(self, text: str) -> None:
        self._value = self._check(text)

    @property
    def binding(self) -> Binding:
        return Binding(self.read, self.write)


def refusal(name: str, value, allowed: str, code: int = errno.EINVAL) -> RadioError:
    """The error for a value that is not allowed."""
    return RadioError(code, f"{name} is {value}; allowed is {allowed}")


def whole(name: str, text: str) -> int:
    """An unsigned whole number, as the kernel's kstrtoull takes it."""
    if not _WHOLE.fullmatch(text):
        raise refusal(name, repr(text), "a whole number")
    return int(text)


def fixed_point(name: str, text: str) -> float:
    """A decimal number without an exponent, with or without dB after it."""
    found = _FIXED.fullmatch(text)
    if not found:
        raise refusal(name, repr(text), "a number")
    return float(found[1])


def flag(name: str, text: str) -> bool:
    """A switch, as the kernel's strtobool takes it."""
    if text[:1] not in _FLAGS:
        raise refusal(name, repr(text), "0 or 1")
    return _FLAGS[text[0]]


def choice(name: str, text: str, allowed: list[str]) -> str:
    """One of a list of words."""
    if text not in allowed:
        raise refusal(name, repr(text), f"one of {' '.join(allowed)}")
    return text


def within(name: str, value: float, low: float, high: float) -> float:
    """The value, unless it is out of range."""
    if not low <= value <= high:
        raise refusal(name, f"{value:.12g}", f"{low:.12g} to {high:.12g}")
    return value
