# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuration of the FIR filters of an AD936x, as clients write it.

    RX 3 GAIN -6 DEC 4
    TX 3 GAIN 0 INT 4
    -15,-15
    ...

The virtual radio keeps the figures that bear on its rates; it does not filter by the coefficients.
"""

from __future__ import annotations

import errno
import re
from dataclasses import dataclass, replace

from semcom_core.errors import RadioError

MAX_TAPS, TAPS_STEP = 128, 16
_HEAD = re.compile(r"(RX|TX) (\d+) GAIN (-?\d+) (DEC|INT) (\d+)")
_TAP = re.compile(r"\s*-?\d+\s*(,\s*-?\d+\s*)?")


@dataclass(frozen=True)
class Fir:
    """Number of taps and change of rate of both filters; 0 before a configuration has come."""

    rx_taps: int = 0
    decimation: int = 0
    tx_taps: int = 0
    interpolation: int = 0

    def text(self) -> str:
        return f"FIR Rx: {self.rx_taps},{self.decimation} Tx: {self.tx_taps},{self.interpolation}"


def parse_fir(text: str, before: Fir) -> Fir:
    """Filters of a configuration; lines that say nothing are passed over, as the driver does.

    Args:
        text: the configuration.
        before: the filters so far; one that the text does not speak of stays.

    Raises:
        RadioError: it speaks of neither filter, a channel mask is not 1 to 3, or the number of taps is not allowed (EINVAL).
    """
    lines = text.splitlines()
    taps = sum(1 for line in lines if _TAP.fullmatch(line))
    heads = {found[1]: (int(found[2]), int(found[5])) for line in lines if (found := _HEAD.match(line))}
    if not heads or any(mask not in (1, 2, 3) for mask, _ in heads.values()):
        raise RadioError(errno.EINVAL, "filter_fir_config lacks lines such as 'RX 3 GAIN 0 DEC 4' with a mask of 1 to 3")
    if taps % TAPS_STEP or not 0 < taps <= MAX_TAPS:
        raise RadioError(errno.EINVAL, f"filter_fir_config has {taps} taps; allowed is a multiple of {TAPS_STEP} up to {MAX_TAPS}")
    made = before
    if "RX" in heads:
        made = replace(made, rx_taps=taps, decimation=heads["RX"][1])
    if "TX" in heads:
        made = replace(made, tx_taps=taps, interpolation=heads["TX"][1])
    return made


def check_factor(name: str, factor: int, taps: int, most: int) -> None:
    """Raise RadioError (EINVAL) where a filter cannot be switched on: its change of rate, or too many taps for its clocks."""
    if factor not in (1, 2, 4):
        raise RadioError(errno.EINVAL, f"{name} filter changes the rate by {factor}; allowed is 1, 2 or 4")
    if taps > most:
        raise RadioError(errno.EINVAL, f"{name} filter has {taps} taps; allowed at this rate is up to {most}")
