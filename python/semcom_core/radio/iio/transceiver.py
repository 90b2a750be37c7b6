# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The transceiver of the virtual Pluto: rates, both analog sides, and the oscillator they share."""

from __future__ import annotations

from semcom_core.radio.air import AirRadio
from semcom_core.radio.iio import values
from semcom_core.radio.iio.chip import Chip
from semcom_core.radio.iio.front import ReceiveFront, TransmitFront
from semcom_core.radio.iio.rates import Rates
from semcom_core.radio.iio.values import Binding

#: Nominal frequency of the oscillator, Hz, and what the driver can be told it is.
OSCILLATOR_HZ, CORRECTION_HZ = 40_000_000, (39_992_000, 40_008_000)


class Transceiver:
    """What stands behind the attributes of ad9361-phy.

    Args:
        radio: whose ports follow.
        chip: ranges.
    """

    def __init__(self, radio: AirRadio, chip: Chip):
        self.rates, self.rx, self.tx = Rates(radio), ReceiveFront(radio.rx, chip), TransmitFront(radio.tx, chip)
        self._oscillator_hz = OSCILLATOR_HZ

    def bindings(self) -> dict[str, Binding]:
        """What stands behind the attributes, by the names of the catalogue."""
        low, high = CORRECTION_HZ
        return {
            **self.rates.bindings(),
            **self.rx.bindings(),
            **self.tx.bindings(),
            "xo_correction": Binding(lambda: str(self._oscillator_hz), self._set_oscillator),
            "xo_correction_available": Binding(lambda: f"[{low} 1 {high}]"),
        }

    def _set_oscillator(self, text: str) -> None:
        """Take the oscillator for what it is said to be: all that is derived from it is made to come out right."""
        self._oscillator_hz = int(values.within("xo_correction", values.whole("xo_correction", text), *CORRECTION_HZ))
        for part in (self.rates, self.rx, self.tx):
            part.correct(OSCILLATOR_HZ / self._oscillator_hz)
