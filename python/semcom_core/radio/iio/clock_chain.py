# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clocks of an AD936x for a sample rate.

    PLL ─► ADC ─► R2 ─► R1 ─► RF ─► samples       (divided at each step; the last divider is that of the FIR filter)
    PLL ─► DAC ─► T2 ─► T1 ─► TF ─► samples

Source: limits, dividers and their choice as in Analog Devices' Linux driver ad9361.c (ad9361_calculate_rf_clock_chain).
"""

from __future__ import annotations

import errno
from dataclasses import dataclass

from semcom_core.errors import RadioError

MAX_RATE_HZ = 61_440_000
MIN_CONVERTER_HZ, MAX_ADC_HZ, MAX_DAC_HZ = 25_000_000, 640_000_000, 320_000_000
MAX_PLL_HZ = 1_430_000_000
#: Converter clock over the rate before the FIR filter, and the three dividers of which it is the product; most first.
DIVIDERS = ((12, 3, 2, 2), (8, 2, 2, 2), (6, 3, 1, 2), (4, 2, 2, 1), (3, 3, 1, 1), (2, 2, 1, 1), (1, 1, 1, 1))


@dataclass(frozen=True)
class ClockChain:
    """Clocks in Hz, from the PLL to the samples."""

    rx: tuple[int, ...]
    tx: tuple[int, ...]

    def rx_text(self) -> str:
        return " ".join(f"{name}:{hz}" for name, hz in zip(("BBPLL", "ADC", "R2", "R1", "RF", "RXSAMP"), self.rx))

    def tx_text(self) -> str:
        return " ".join(f"{name}:{hz}" for name, hz in zip(("BBPLL", "DAC", "T2", "T1", "TF", "TXSAMP"), self.tx))


def lowest_rate_hz(decimation: int) -> int:
    """Lowest sample rate behind a FIR filter that decimates, as the driver states it."""
    return MIN_CONVERTER_HZ // (DIVIDERS[0][0] * decimation)


def clock_chain(rate_hz: int, decimation: int, interpolation: int, nominal: bool = True) -> ClockChain:
    """Clocks for a sample rate.

    Args:
        rate_hz: samples a second in both directions.
        decimation, interpolation: of the FIR filters; 1 where they are off.
        nominal: the driver's usual choice; False: the highest oversampling.

    Raises:
        RadioError: no clocks make this rate (EINVAL).
    """
    rx_hz, tx_hz = rate_hz * decimation, rate_hz * interpolation
    first = int(nominal and rx_hz * DIVIDERS[1][0] >= MIN_CONVERTER_HZ)
    fits = (row for row in range(first, len(DIVIDERS)) if MIN_CONVERTER_HZ <= rx_hz * DIVIDERS[row][0] <= MAX_ADC_HZ)
    rx_row = next(fits, None)
    tx_row = None if rx_row is None or rate_hz > MAX_RATE_HZ else _tx_row(rx_row, rx_hz, tx_hz)
    if tx_row is None or not 0 <= tx_row < len(DIVIDERS):
        lowest = f"{lowest_rate_hz(decimation)} to {MAX_RATE_HZ} Hz with filters of {decimation} and {interpolation}"
        raise RadioError(errno.EINVAL, f"sampling_frequency is {rate_hz}; allowed is above {lowest}")
    adc_hz = rx_hz * DIVIDERS[rx_row][0]
    dac_hz = adc_hz if adc_hz <= MAX_DAC_HZ else adc_hz // 2
    pll_hz = adc_hz * max(factor for factor in (2, 4, 8, 16, 32, 64) if adc_hz * factor <= MAX_PLL_HZ or factor == 2)
    return ClockChain(_divided(pll_hz, adc_hz, rx_row, decimation), _divided(pll_hz, dac_hz, tx_row, interpolation))


def _tx_row(rx_row: int, rx_hz: int, tx_hz: int) -> int:
    """Row of the transmitter's dividers: its converter runs at the ADC's clock, or at half of it where that is too fast."""
    ratio = rx_hz // tx_hz if rx_hz >= tx_hz else -(tx_hz // rx_hz)
    shift = 0 if ratio == 1 else ratio
    if rx_hz * DIVIDERS[rx_row][0] <= MAX_DAC_HZ:
        return rx_row - shift
    if rx_row == 4 and ratio >= 0:
        return len(DIVIDERS)  # half of three cannot be made
    return rx_row + (1 if rx_row == 5 and ratio >= 0 else 2) - shift


def _divided(pll_hz: int, converter_hz: int, row: int, fir: int) -> tuple[int, ...]:
    clocks = [pll_hz, converter_hz]
    for divider in (*DIVIDERS[row][1:], fir):
        clocks.append(clocks[-1] // divider)
    return tuple(clocks)
