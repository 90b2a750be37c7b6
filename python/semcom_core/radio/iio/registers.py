# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one register of a converter core that clients use: whether samples were lost."""

from __future__ import annotations

import errno
from collections.abc import Callable

from semcom_core.errors import RadioError
from semcom_core.radio.iio.values import Binding

#: Address of the status, and its bits; a bit is cleared by writing a one.
STATUS, UNDERFLOW, OVERFLOW = 0x80000088, 1, 4


class StatusRegister:
    """Debug attribute direct_reg_access: writing one number chooses an address, two set a register, reading gives its value.

    Args:
        bit: UNDERFLOW or OVERFLOW.
        count: how often samples were lost so far.
    """

    def __init__(self, bit: int, count: Callable[[], int]):
        self._bit, self._count, self._seen, self._address = bit, count, count(), STATUS

    @property
    def binding(self) -> Binding:
        return Binding(self._read, self._write)

    def _read(self) -> str:
        return hex(self._bit if self._count() > self._seen else 0)

    def _write(self, text: str) -> None:
        try:
            address, *value = (int(word, 0) for word in text.split())
        except ValueError as error:
            raise RadioError(errno.EINVAL, f"direct_reg_access is {text!r}; allowed is ADDRESS or ADDRESS VALUE") from error
        if address != STATUS or len(value) > 1:
            raise RadioError(errno.EINVAL, f"direct_reg_access is {text!r}; allowed is register {STATUS:#x}")
        if value and value[0] & self._bit:
            self._seen = self._count()
