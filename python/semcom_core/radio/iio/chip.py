# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ranges of the transceiver chips that a Pluto has, or can be told to have.

Source: Analog Devices' Linux driver ad9361.c (carrier, bandwidth and gain limits of AD9363A and AD9364).
"""

from __future__ import annotations

from dataclasses import dataclass

from semcom_core.errors import check_choice, check_range


@dataclass(frozen=True)
class Chip:
    """Ranges of a chip.

    Args:
        model: its name among the context's attributes.
        rx_lo_hz, tx_lo_hz: lowest and highest carrier, Hz.
        bandwidth_hz: widest analog filter, Hz.
    """

    model: str
    rx_lo_hz: tuple[int, int]
    tx_lo_hz: tuple[int, int]
    bandwidth_hz: int

    def __post_init__(self):
        for low, high in (self.rx_lo_hz, self.tx_lo_hz):
            check_range("lowest carrier", low, 0, high)


#: A Pluto has the first; set up as the second, as many owners do, it tunes further.
CHIPS = {
    "ad9363a": Chip("ad9363a", (325_000_000, 3_800_000_000), (325_000_000, 3_800_000_000), 20_000_000),
    "ad9364": Chip("ad9364", (70_000_000, 6_000_000_000), (46_875_001, 6_000_000_000), 56_000_000),
}
MIN_BANDWIDTH_HZ = 200_000
#: Widest analog filters that the driver names, whatever the chip: reception, transmission.
NAMED_BANDWIDTHS_HZ = (56_000_000, 40_000_000)
#: Receive gain by carrier: highest carrier in Hz, lowest and highest gain in dB.
RX_GAIN_DB = ((1_300_000_000, -1, 73), (4_000_000_000, -3, 71), (6_000_000_000, -10, 62))
MIN_TX_GAIN_DB, TX_GAIN_STEP_DB = -89.75, 0.25


def find_chip(model: str) -> Chip:
    """The chip of that name.

    Raises:
        ConfigError: it is not known.
    """
    check_choice("chip", model, CHIPS)
    return CHIPS[model]


def rx_gain_range_db(lo_hz: float) -> tuple[int, int]:
    """Lowest and highest receive gain at a carrier, dB."""
    return next(((low, high) for top_hz, low, high in RX_GAIN_DB if lo_hz <= top_hz), RX_GAIN_DB[-1][1:])
