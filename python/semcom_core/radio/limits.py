# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a radio can be set to: checked before a radio is touched, so that a mistake is one line and not an exception of a driver."""

from __future__ import annotations

from dataclasses import dataclass, fields

from semcom_core.config import setting
from semcom_core.errors import ConfigError


@dataclass(frozen=True)
class RadioLimits:
    """Lowest and highest value of each setting, both included; the defaults limit nothing that makes sense.

    Raises:
        ConfigError: a limit is not a pair of numbers in order.
    """

    rate_hz: tuple = setting((1e3, 1e9), "sample rate, Hz")
    lo_hz: tuple = setting((0.0, 1e11), "frequency of the local oscillators, Hz")
    bandwidth_hz: tuple = setting((1e3, 1e9), "bandwidth of the analog filters, Hz")
    rx_gain_db: tuple = setting((-200.0, 200.0), "receive gain, dB")
    tx_gain_db: tuple = setting((-200.0, 200.0), "transmit gain, dB")

    def __post_init__(self):
        for f in fields(self):
            pair = getattr(self, f.name)
            if not _is_pair(pair):
                raise ConfigError(f"limits of {f.name} are {pair!r}; allowed is a pair of numbers, the lower one first")
            object.__setattr__(self, f.name, (float(pair[0]), float(pair[1])))


def _is_pair(pair) -> bool:
    numbers = isinstance(pair, (list, tuple)) and len(pair) == 2 and all(type(x) in (int, float) for x in pair)
    return numbers and pair[0] <= pair[1]
