# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""AD936x transceiver of the virtual Pluto: carriers, gains, gain control, bandwidths, oscillator.

Source: Analog Devices' Linux driver ad9361.c (carrier, bandwidth and gain limits of AD9363A and
AD9364).
"""

from __future__ import annotations

import errno
import math
from dataclasses import dataclass

from semcom_core.errors import RadioError, check_choice, check_range
from semcom_core.radio.virtual.air import AirRadio, AirReceiver, AirTransmitter
from semcom_core.radio.virtual.iio import attributes
from semcom_core.radio.virtual.iio.attributes import Binding
from semcom_core.radio.virtual.iio.rates import SampleRates

#: Narrowest analog filter, Hz.
MIN_BANDWIDTH_HZ = 200_000
#: Widest analog filters that the driver states for any chip, receiver and transmitter, Hz.
STATED_BANDWIDTHS_HZ = (56_000_000, 40_000_000)
#: Receive gain by carrier: highest carrier in Hz, lowest and highest gain in dB.
RX_GAIN_DB = ((1_300_000_000, -1, 73), (4_000_000_000, -3, 71), (6_000_000_000, -10, 62))
#: Lowest transmit gain, the highest being 0, and its step, dB.
MIN_TX_GAIN_DB = -89.75
TX_GAIN_STEP_DB = 0.25
#: Settings after power-on.
START_BANDWIDTH_HZ = 18_000_000
START_RX_LO_HZ = 2_400_000_000
START_TX_LO_HZ = 2_450_000_000
START_TX_GAIN_DB = -10.0
#: Modes of the receiver's gain control.
GAIN_MODES = ["manual", "fast_attack", "slow_attack", "hybrid"]
#: Mean power that the automatic gain control aims at, dB of full scale, and its largest steps up
#: and down, dB.
AGC_TARGET_DB = -12.0
AGC_UP_DB = 3
AGC_DOWN_DB = 10
#: Gain of a direction whose synthesizer is switched off, dB.
OFF_DB = -300.0
#: Lowest mean power that is reported, dB of full scale: half a step of a 12-bit converter.
FLOOR_DB = -72.0
#: Nominal frequency of the oscillator, and range of its correction, Hz.
OSCILLATOR_HZ = 40_000_000
CORRECTION_HZ = (39_992_000, 40_008_000)


class Transceiver:
    """The device ad9361-phy: sample rates, both RF front ends, and their common oscillator.

    Args:
        radio: the radio on the air that is tuned.
        chip: ranges of the chip.
    """

    def __init__(self, radio: AirRadio, chip: Chip):
        self.rates = SampleRates(radio)
        self.rx = ReceiveFront(radio.rx, chip)
        self.tx = TransmitFront(radio.tx, chip)
        self._oscillator_hz = OSCILLATOR_HZ

    def bindings(self) -> dict[str, Binding]:
        """Bindings of its attributes, by the names of the catalogue."""
        low, high = CORRECTION_HZ
        return {
            **self.rates.bindings(),
            **self.rx.bindings(),
            **self.tx.bindings(),
            "xo_correction": Binding(lambda: str(self._oscillator_hz), self._set_oscillator),
            "xo_correction_available": Binding(lambda: f"[{low} 1 {high}]"),
        }

    def _set_oscillator(self, text: str) -> None:
        """Set the frequency that the oscillator is assumed to have, and correct carriers and rates
        by it.
        """
        self._oscillator_hz = int(
            attributes.within(
                "xo_correction", attributes.parse_whole("xo_correction", text), *CORRECTION_HZ
            )
        )
        scale = OSCILLATOR_HZ / self._oscillator_hz
        self.rates.correct(scale)
        self.rx.correct(scale)
        self.tx.correct(scale)


class RfFront:
    """RF front end of one direction: carrier, gain and bandwidth.

    Args:
        port: direction of the radio on the air.
        lo_range_hz: lowest and highest carrier, Hz.
        lo_hz: carrier at first, Hz.
        stated_bandwidth_hz: widest filter that the driver states, Hz.
        chip: ranges of the chip.
    """

    def __init__(
        self,
        port: AirReceiver | AirTransmitter,
        lo_range_hz: tuple[int, int],
        lo_hz: int,
        stated_bandwidth_hz: int,
        chip: Chip,
    ):
        self._port = port
        self._lo_range_hz = lo_range_hz
        self._stated_bandwidth_hz = stated_bandwidth_hz
        self._chip = chip
        self.lo_hz = lo_hz
        self.gain_db = 0.0
        self._bandwidth_hz = START_BANDWIDTH_HZ
        self._off = False
        self._scale = 1.0

    def correct(self, scale: float) -> None:
        """Scale the carrier by a factor, relative to the nominal oscillator."""
        self._scale = scale
        self.apply()

    def apply(self) -> None:
        """Tune the port to the present settings."""
        gain_db = OFF_DB if self._off else self.gain_db
        self._port.tune(
            lo_hz=self.lo_hz * self._scale, gain_db=gain_db, bandwidth_hz=self._bandwidth_hz
        )

    def bindings(self, side: str) -> dict[str, Binding]:
        """Bindings of the attributes of this direction, "rx" or "tx", by the names of the
        catalogue.
        """
        low, high = self._lo_range_hz
        return {
            f"{side}_lo": Binding(lambda: str(self.lo_hz), self._set_lo),
            f"{side}_lo_available": Binding(lambda: f"[{low} 1 {high}]"),
            f"{side}_lo_powerdown": Binding(lambda: str(int(self._off)), self._set_off),
            f"{side}_bandwidth": Binding(lambda: str(self._bandwidth_hz), self._set_bandwidth),
            f"{side}_bandwidth_available": Binding(
                lambda: f"[{MIN_BANDWIDTH_HZ} 1 {self._stated_bandwidth_hz}]"
            ),
        }

    def _set_lo(self, text: str) -> None:
        self.lo_hz = int(
            attributes.within(
                "carrier frequency",
                attributes.parse_whole("carrier frequency", text),
                *self._lo_range_hz,
            )
        )
        self.apply()

    def _set_off(self, text: str) -> None:
        self._off = attributes.flag("powerdown", text)
        self.apply()

    def _set_bandwidth(self, text: str) -> None:
        """Set the filter to the nearest that the chip has, as the driver does."""
        wanted = attributes.fixed_point("rf_bandwidth", text)
        self._bandwidth_hz = int(
            min(max(wanted, MIN_BANDWIDTH_HZ), self._chip.bandwidth_hz, self._stated_bandwidth_hz)
        )
        self.apply()


class ReceiveFront(RfFront):
    """RF front end of the receiver, with its gain control.

    Args:
        port: receiver of the radio on the air.
        chip: ranges of the chip.
    """

    def __init__(self, port: AirReceiver, chip: Chip):
        super().__init__(port, chip.rx_lo_hz, START_RX_LO_HZ, STATED_BANDWIDTHS_HZ[0], chip)
        self._mode = "slow_attack"
        self._power_db = FLOOR_DB
        self.gain_db = float(rx_gain_range_db(self.lo_hz)[1])
        self.apply()

    def bindings(self, side: str = "rx") -> dict[str, Binding]:
        """Bindings of the receiver's attributes, by the names of the catalogue."""
        return super().bindings(side) | {
            "rx_gain": Binding(lambda: f"{self.gain_db:.6f} dB", self._set_gain),
            "rx_gain_available": Binding(lambda: "[{} 1 {}]".format(*rx_gain_range_db(self.lo_hz))),
            "gain_mode": Binding(lambda: self._mode, self._set_mode),
            "gain_modes": Binding(lambda: " ".join(GAIN_MODES)),
            "rssi": Binding(lambda: f"{self.gain_db - self._power_db:.2f} dB"),
        }

    def update_power(self, mean_power: float) -> None:
        """Take the mean power of a buffer (full scale is 1); automatic gain control moves the gain
        once a buffer.
        """
        self._power_db = FLOOR_DB
        if mean_power > 0:
            self._power_db = max(FLOOR_DB, 10 * math.log10(mean_power))
        if self._mode != "manual":
            step_db = AGC_TARGET_DB - self._power_db
            if self._mode != "fast_attack":
                step_db = min(max(step_db, -AGC_DOWN_DB), AGC_UP_DB)
            self._move(self.gain_db + round(step_db))

    def _move(self, gain_db: float) -> None:
        """Set the gain to the nearest in range at this carrier."""
        low, high = rx_gain_range_db(self.lo_hz)
        self.gain_db = float(min(max(gain_db, low), high))
        super().apply()

    def apply(self) -> None:
        """Tune the port, with the gain in range at the present carrier."""
        self._move(self.gain_db)

    def _set_gain(self, text: str) -> None:
        if self._mode != "manual":
            raise RadioError(
                errno.EOPNOTSUPP,
                f"gain_control_mode is {self._mode}; hardwaregain can be set when it is manual",
            )
        self._move(
            attributes.within(
                "hardwaregain",
                int(attributes.fixed_point("hardwaregain", text)),
                *rx_gain_range_db(self.lo_hz),
            )
        )

    def _set_mode(self, text: str) -> None:
        self._mode = attributes.choice("gain_control_mode", text, GAIN_MODES)


class TransmitFront(RfFront):
    """RF front end of the transmitter.

    Args:
        port: transmitter of the radio on the air.
        chip: ranges of the chip.
    """

    def __init__(self, port: AirTransmitter, chip: Chip):
        super().__init__(port, chip.tx_lo_hz, START_TX_LO_HZ, STATED_BANDWIDTHS_HZ[1], chip)
        self.gain_db = START_TX_GAIN_DB
        self.apply()

    def bindings(self, side: str = "tx") -> dict[str, Binding]:
        """Bindings of the transmitter's attributes, by the names of the catalogue."""
        return super().bindings(side) | {
            "tx_gain": Binding(lambda: f"{self.gain_db:.6f} dB", self._set_gain),
            "tx_gain_available": Binding(
                lambda: f"[{MIN_TX_GAIN_DB:.6f} {TX_GAIN_STEP_DB:.6f} 0.000000]"
            ),
        }

    def _set_gain(self, text: str) -> None:
        wanted = attributes.within(
            "hardwaregain", attributes.fixed_point("hardwaregain", text), MIN_TX_GAIN_DB, 0
        )
        self.gain_db = -int(-wanted / TX_GAIN_STEP_DB) * TX_GAIN_STEP_DB
        self.apply()


@dataclass(frozen=True)
class Chip:
    """Ranges of a transceiver chip.

    Args:
        model: its name in the context's attributes.
        rx_lo_hz: lowest and highest carrier of the receiver, Hz.
        tx_lo_hz: lowest and highest carrier of the transmitter, Hz.
        bandwidth_hz: widest analog filter, Hz.
    """

    model: str
    rx_lo_hz: tuple[int, int]
    tx_lo_hz: tuple[int, int]
    bandwidth_hz: int

    def __post_init__(self) -> None:
        for low, high in (self.rx_lo_hz, self.tx_lo_hz):
            check_range("lowest carrier", low, 0, high)


#: A Pluto has the first one; set up as the second, as many owners do, it tunes further.
CHIPS = {
    "ad9363a": Chip(
        model="ad9363a",
        rx_lo_hz=(325_000_000, 3_800_000_000),
        tx_lo_hz=(325_000_000, 3_800_000_000),
        bandwidth_hz=20_000_000,
    ),
    "ad9364": Chip(
        model="ad9364",
        rx_lo_hz=(70_000_000, 6_000_000_000),
        tx_lo_hz=(46_875_001, 6_000_000_000),
        bandwidth_hz=56_000_000,
    ),
}


def find_chip(model: str) -> Chip:
    """The chip of that name.

    Raises:
        ConfigError: it is not known.
    """
    check_choice("chip", model, CHIPS)
    return CHIPS[model]


def rx_gain_range_db(lo_hz: float) -> tuple[int, int]:
    """Lowest and highest receive gain at a carrier, dB."""
    return next(
        ((low, high) for top_hz, low, high in RX_GAIN_DB if lo_hz <= top_hz), RX_GAIN_DB[-1][1:]
    )
