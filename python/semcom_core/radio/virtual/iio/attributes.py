# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of IIO attributes: bindings, the driver's number formats and errno codes, status register.

A value that the driver of a real radio would refuse is refused with the same errno.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Callable
from dataclasses import dataclass

from semcom_core.errors import RadioError

#: Status register of a converter core: its address, and the bits that report lost samples; a bit is
#: cleared by writing a one.
STATUS = 0x80000088
UNDERFLOW = 1
OVERFLOW = 4
#: Values as the driver reads them: whole number, decimal number, and switch.
_WHOLE = re.compile(r"\d{1,19}")
_FIXED = re.compile(r"([+-]?\d{1,18}(?:\.\d{0,18})?)(?: ?dB)?")
_FLAGS = {"0": False, "n": False, "N": False, "1": True, "y": True, "Y": True}


@dataclass(frozen=True)
class Binding:
    """Reader and writer of an attribute; without `write` it is read-only."""

    read: Callable[[], str]
    write: Callable[[str], None] | None = None


class Stored:
    """An attribute whose value is stored.

    Args:
        value: the value at first.
        check: returns the value in its standard form, or raises RadioError.
    """

    def __init__(self, value: str, check: Callable[[str], str]):
        self._value = value
        self._check = check

    def read(self) -> str:
        """The value."""
        return self._value

    def write(self, text: str) -> None:
        """Set the value.

        Raises:
            RadioError: it is not allowed.
        """
        self._value = self._check(text)

    @property
    def binding(self) -> Binding:
        """The binding of the attribute."""
        return Binding(self.read, self.write)


def refusal(name: str, value: object, allowed: str, code: int = errno.EINVAL) -> RadioError:
    """The error for a value that is not allowed.

    Args:
        name: name of the attribute.
        value: the value.
        allowed: what is allowed, in words.
        code: the errno.
    """
    return RadioError(code, f"{name} is {value}; allowed is {allowed}")


def parse_whole(name: str, text: str) -> int:
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
    """One of a list of words.

    Args:
        name: name of the attribute.
        text: the value.
        allowed: the words.

    Raises:
        RadioError: it is none of them (EINVAL).
    """
    if text not in allowed:
        raise refusal(name, repr(text), f"one of {' '.join(allowed)}")
    return text


def within(name: str, value: float, low: float, high: float) -> float:
    """The value, checked against its range.

    Args:
        name: name of the attribute.
        value: the value.
        low: lowest value allowed.
        high: highest value allowed.

    Raises:
        RadioError: it is out of range (EINVAL).
    """
    if not low <= value <= high:
        raise refusal(name, f"{value:.12g}", f"{low:.12g} to {high:.12g}")
    return value


class StatusRegister:
    """Debug attribute direct_reg_access: writing one number selects a register, writing two sets
    one, reading returns the value of the selected one.

    Only the status register is there, which reports lost samples.

    Args:
        bit: UNDERFLOW or OVERFLOW.
        count: returns how often samples were lost so far.
    """

    def __init__(self, bit: int, count: Callable[[], int]):
        self._bit = bit
        self._count = count
        self._seen = count()

    @property
    def binding(self) -> Binding:
        """The binding of the attribute."""
        return Binding(self._read, self._write)

    def _read(self) -> str:
        return hex(self._bit if self._count() > self._seen else 0)

    def _write(self, text: str) -> None:
        try:
            address, *value = (int(word, 0) for word in text.split())
        except ValueError as error:
            raise RadioError(
                errno.EINVAL, f"direct_reg_access is {text!r}; allowed is ADDRESS or ADDRESS VALUE"
            ) from error
        if address != STATUS or len(value) > 1:
            raise RadioError(
                errno.EINVAL, f"direct_reg_access is {text!r}; allowed is register {STATUS:#x}"
            )
        if value and value[0] & self._bit:
            self._seen = self._count()
