# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The analog sides of the virtual Pluto: carriers, gains and bandwidths."""

from __future__ import annotations

import errno
import math

from semcom_core.errors import RadioError
from semcom_core.radio.air import AirReceiver, AirTransmitter
from semcom_core.radio.iio import values
from semcom_core.radio.iio.chip import MIN_BANDWIDTH_HZ, MIN_TX_GAIN_DB, NAMED_BANDWIDTHS_HZ, TX_GAIN_STEP_DB, Chip, rx_gain_range_db
from semcom_core.radio.iio.values import Binding

START_BANDWIDTH_HZ = 18_000_000
GAIN_MODES = ["manual", "fast_attack", "slow_attack", "hybrid"]
#: The automatic gain control holds the mean power here, dB of full scale; how far it moves up or down at once.
AGC_TARGET_DB, AGC_UP_DB, AGC_DOWN_DB = -12.0, 3, 10
#: Gain of a side whose synthesizer is switched off, dB.
OFF_DB = -300.0
#: Mean power that a stream without any signal is taken for, dB of full scale: half a step of a 12-bit converter.
FLOOR_DB = -72.0


class Front:
    """What both directions have in common.

    Args:
        port: direction of the radio on the air.
        lo_range_hz: carriers it can be tuned to, Hz.
        lo_hz: carrier at first, Hz.
        named_bandwidth_hz: widest filter that is stated, Hz.
        chip: whose filter it is.
    """

    def __init__(self, port: AirReceiver | AirTransmitter, lo_range_hz: tuple[int, int], lo_hz: int, named_bandwidth_hz: int, chip: Chip):
        self._port, self._lo_range_hz, self._named_bandwidth_hz, self._chip = port, lo_range_hz, named_bandwidth_hz, chip
        self.lo_hz, self.gain_db, self._bandwidth_hz, self._off, self._scale = lo_hz, 0.0, START_BANDWIDTH_HZ, False, 1.0

    def correct(self, scale: float) -> None:
        """Have the carrier be higher by a factor than it would be with the nominal oscillator."""
        self._scale = scale
        self.apply()

    def apply(self) -> None:
        """Tune the port to the present settings."""
        gain_db = OFF_DB if self._off else self.gain_db
        self._port.tune(lo_hz=self.lo_hz * self._scale, gain_db=gain_db, bandwidth_hz=self._bandwidth_hz)

    def bindings(self, side: str) -> dict[str, Binding]:
        """What stands behind the attributes of this side, by the names of the catalogue."""
        low, high = self._lo_range_hz
        return {
            f"{side}_lo": Binding(lambda: str(self.lo_hz), self._set_lo),
            f"{side}_lo_available": Binding(lambda: f"[{low} 1 {high}]"),
            f"{side}_lo_powerdown": Binding(lambda: str(int(self._off)), self._set_off),
            f"{side}_bandwidth": Binding(lambda: str(self._bandwidth_hz), self._set_bandwidth),
            f"{side}_bandwidth_available": Binding(lambda: f"[{MIN_BANDWIDTH_HZ} 1 {self._named_bandwidth_hz}]"),
        }

    def _set_lo(self, text: str) -> None:
        self.lo_hz = int(values.within("carrier frequency", values.whole("carrier frequency", text), *self._lo_range_hz))
        self.apply()

    def _set_off(self, text: str) -> None:
        self._off = values.flag("powerdown", text)
        self.apply()

    def _set_bandwidth(self, text: str) -> None:
        """Set the filter; as the driver does, to the nearest that the chip has."""
        wanted = values.fixed_point("rf_bandwidth", text)
        self._bandwidth_hz = int(min(max(wanted, MIN_BANDWIDTH_HZ), self._chip.bandwidth_hz, self._named_bandwidth_hz))
        self.apply()


class ReceiveFront(Front):
    """The receiving side, with its gain control."""

    def __init__(self, port: AirReceiver, chip: Chip):
        super().__init__(port, chip.rx_lo_hz, 2_400_000_000, NAMED_BANDWIDTHS_HZ[0], chip)
        self._mode, self._power_db = "slow_attack", FLOOR_DB
        self.gain_db = float(rx_gain_range_db(self.lo_hz)[1])
        self.apply()

    def bindings(self, side: str = "rx") -> dict[str, Binding]:
        return super().bindings(side) | {
            "rx_gain": Binding(lambda: f"{self.gain_db:.6f} dB", self._set_gain),
            "rx_gain_available": Binding(lambda: "[{} 1 {}]".format(*rx_gain_range_db(self.lo_hz))),
            "gain_mode": Binding(lambda: self._mode, self._set_mode),
            "gain_modes": Binding(lambda: " ".join(GAIN_MODES)),
            "rssi": Binding(lambda: f"{self.gain_db - self._power_db:.2f} dB"),
        }

    def heard(self, mean_power: float) -> None:
        """Take note of a buffer's mean power (full scale is 1); where gain control is automatic, the gain follows once a buffer."""
        self._power_db = max(FLOOR_DB, 10 * math.log10(mean_power)) if mean_power > 0 else FLOOR_DB
        if self._mode != "manual":
            wanted = AGC_TARGET_DB - self._power_db
            moved = wanted if self._mode == "fast_attack" else min(max(wanted, -AGC_DOWN_DB), AGC_UP_DB)
            self._move(self.gain_db + round(moved))

    def _move(self, gain_db: float) -> None:
        """Set the gain to the nearest in range at this carrier."""
        low, high = rx_gain_range_db(self.lo_hz)
        self.gain_db = float(min(max(gain_db, low), high))
        super().apply()

    def apply(self) -> None:
        self._move(self.gain_db)

    def _set_gain(self, text: str) -> None:
        if self._mode != "manual":
            raise RadioError(errno.EOPNOTSUPP, f"gain_control_mode is {self._mode}; hardwaregain can be set when it is manual")
        self._move(values.within("hardwaregain", int(values.fixed_point("hardwaregain", text)), *rx_gain_range_db(self.lo_hz)))

    def _set_mode(self, text: str) -> None:
        self._mode = values.choice("gain_control_mode", text, GAIN_MODES)


class TransmitFront(Front):
    """The transmitting side."""

    def __init__(self, port: AirTransmitter, chip: Chip):
        super().__init__(port, chip.tx_lo_hz, 2_450_000_000, NAMED_BANDWIDTHS_HZ[1], chip)
        self.gain_db = -10.0
        self.apply()

    def bindings(self, side: str = "tx") -> dict[str, Binding]:
        return super().bindings(side) | {
            "tx_gain": Binding(lambda: f"{self.gain_db:.6f} dB", self._set_gain),
            "tx_gain_available": Binding(lambda: f"[{MIN_TX_GAIN_DB:.6f} {TX_GAIN_STEP_DB:.6f} 0.000000]"),
        }

    def _set_gain(self, text: str) -> None:
        wanted = values.within("hardwaregain", values.fixed_point("hardwaregain", text), MIN_TX_GAIN_DB, 0)
        self.gain_db = -int(-wanted / TX_GAIN_STEP_DB) * TX_GAIN_STEP_DB
        self.apply()
