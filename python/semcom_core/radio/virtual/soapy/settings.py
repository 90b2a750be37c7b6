# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of a virtual Soapy radio: ranges as on a USRP B200, hardware time, tuning.

Source of the ranges: data sheet of the USRP B200, Ettus Research.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass

from semcom_core.errors import ConfigError, RadioError, check_choice, check_range
from semcom_core.radio.virtual.air import AirRadio
from semcom_core.radio.virtual.air.port import AirPort, VirtualClock

#: How long a client waits for a stream that another client has, s.
LONGEST_WAIT_S = 2.0
#: Largest time of a radio, ns: an int64 can hold twice as much.
TIMES_NS = 2**62


@dataclass(frozen=True)
class Range:
    """Range of a numeric setting.

    Args:
        low: lowest value.
        high: highest value.
        step: values are rounded to multiples of it; 0: they are not.
    """

    low: float
    high: float
    step: float = 0.0

    def fit(self, name: str, value: float) -> float:
        """The value rounded to the step.

        Raises:
            ConfigError: it is out of range.
        """
        check_range(name, value, self.low, self.high)
        return round(value / self.step) * self.step if self.step else value


#: Ranges of both directions; offset_hz: half the clock rate.
PORT_RANGES = {
    "rate_hz": Range(32e3, 61.44e6),
    "lo_hz": Range(50e6, 6e9),
    "offset_hz": Range(-15.36e6, 15.36e6),
    "bandwidth_hz": Range(200e3, 56e6),
}
GAINS = {"rx": Range(0.0, 76.0, 1.0), "tx": Range(0.0, 89.75, 0.25)}
ANTENNAS = {"rx": ("RX2", "TX/RX"), "tx": ("TX/RX",)}
#: Settings of the radio as a whole.
RADIO_RANGES = {"clock_rate_hz": Range(5e6, 61.44e6)}
RADIO_CHOICES = {"clock_source": ("internal", "external"), "time_source": ("none", "external")}
#: Settings that can only be read, and are always true.
SENSORS = {"rx": "lo_locked", "tx": "lo_locked", "radio": "ref_locked"}


class SoapyRadio:
    """Settings of a radio of the air, as text.

    A setting is addressed by where, "rx", "tx" or "radio", and a key.

    Args:
        radio: the radio.
        clock: the clock of the air.
    """

    def __init__(self, radio: AirRadio, clock: VirtualClock):
        self.radio = radio
        self.clock = clock
        self.time = HardwareTime(clock, radio.spec.ppm)
        self.ports = {"rx": SoapyPort("rx", radio.rx), "tx": SoapyPort("tx", radio.tx)}
        self._values: dict[str, float | str] = {
            "clock_rate_hz": 30.72e6,
            "clock_source": "internal",
            "time_source": "none",
        }

    def get(self, where: str, key: str) -> str:
        """A value as text.

        Raises:
            ConfigError: there is no such setting.
        """
        if key == SENSORS.get(where):
            return "true"
        if where == "radio" and key == "time_ns":
            return str(self.time.now_ns())
        if where == "radio" and key == "pulse_ns":
            return str(self.time.last_pulse_ns())
        self._check(where, key)
        return str(self._values[key] if where == "radio" else self.ports[where].get(key))

    def set(self, where: str, key: str, text: str) -> None:
        """Set a value given as text, and log it.

        Args:
            where: "rx", "tx" or "radio".
            key: name of the setting.
            text: the value.

        Raises:
            ConfigError: there is no such setting, or the value is not allowed.
        """
        value: float | str
        if where == "radio" and key == "time_ns":
            value = integer(key, text, -TIMES_NS, TIMES_NS)
            self.time.set(value)
        elif where == "radio" and key == "pulse_ns":
            value = integer(key, text, -TIMES_NS, TIMES_NS)
            self.time.set_at_pulse(value)
        else:
            value = self._parse(where, key, text)
            if where == "radio":
                self._values[key] = value
            else:
                self.ports[where].set(key, value)
        self.radio.log.add(where, key, value)

    def range(self, where: str, key: str) -> Range:
        """Range of a numeric setting.

        Raises:
            ConfigError: there is no such setting.
        """
        self._check(where, key)
        ranges = RADIO_RANGES if where == "radio" else self.ports[where].ranges
        check_choice("key with a range", key, ranges)
        return ranges[key]

    def choices(self, where: str, key: str) -> tuple[str, ...]:
        """Allowed values of a setting that is no number.

        Raises:
            ConfigError: there is no such setting.
        """
        self._check(where, key)
        choices = RADIO_CHOICES if where == "radio" else self.ports[where].choices
        check_choice("key with choices", key, choices)
        return choices[key]

    def _parse(self, where: str, key: str, text: str) -> float | str:
        """The value of a text, or ConfigError."""
        self._check(where, key)
        if key in (RADIO_CHOICES if where == "radio" else self.ports[where].choices):
            check_choice(key, text, self.choices(where, key))
            return text
        value = parse_number(key, text)
        if key == "bandwidth_hz" and value == 0:  # automatic
            limits = PORT_RANGES[key]
            value = max(limits.low, min(limits.high, self.ports[where].port.rate_hz))
        return self.range(where, key).fit(f"{where} {key}", value)

    def _check(self, where: str, key: str) -> None:
        """Raise ConfigError unless there is such a setting."""
        check_choice("place of a setting", where, ("rx", "tx", "radio"))
        if where == "radio":
            known = [*RADIO_RANGES, *RADIO_CHOICES]
        else:
            known = [*self.ports[where].ranges, *self.ports[where].choices]
        check_choice(f"{where} setting", key, known)


class SoapyPort:
    """Settings of one direction.

    `offset_hz` is digital tuning as UHD defines it: a received signal is centred at
    lo_hz - offset_hz, a transmitted one at lo_hz + offset_hz.

    Args:
        where: "rx" or "tx".
        port: the receiver or transmitter of the air.
    """

    def __init__(self, where: str, port: AirPort):
        self.where = where
        self.port = port
        self.in_use = threading.Lock()
        self.ranges = {**PORT_RANGES, "gain_db": GAINS[where]}
        self.choices = {"antenna": ANTENNAS[where]}
        self._antenna = ANTENNAS[where][0]
        self._lo_hz = port.lo_hz
        self._offset_hz = 0.0

    def get(self, key: str) -> float | str:
        """Value of a setting."""
        if key == "antenna":
            return self._antenna
        if key == "lo_hz":
            return self._lo_hz
        if key == "offset_hz":
            return self._offset_hz
        return getattr(self.port, key)

    def set(self, key: str, value: float | str) -> None:
        """Set a checked value."""
        if key == "antenna":
            self._antenna = str(value)
        elif key == "lo_hz":
            self._lo_hz = float(value)
            self._tune()
        elif key == "offset_hz":
            self._offset_hz = float(value)
            self._tune()
        else:
            self.port.tune(**{key: float(value)})

    def _tune(self) -> None:
        sign = -1 if self.where == "rx" else 1
        self.port.tune(lo_hz=self._lo_hz + sign * self._offset_hz)

    def claim(self) -> None:
        """Reserve the direction for a stream; release in_use afterwards.

        Raises:
            RadioError: another client has it.
        """
        if not self.in_use.acquire(timeout=LONGEST_WAIT_S):
            raise RadioError(
                f"stream {self.where} is in use by another client; allowed is one at a time"
            )


class HardwareTime:
    """Time of a radio, ns: it can be set, and runs by the radio's own oscillator, as its sample
    clock does.

    A pulse per second comes at each whole second of the air.

    Args:
        clock: the clock of the air.
        ppm: error of the oscillator, parts in a million.
    """

    def __init__(self, clock: VirtualClock, ppm: float):
        self._clock = clock
        self._scale = 1 + ppm * 1e-6
        self._lock = threading.Lock()
        self._offset_ns = 0
        self._next: tuple[int, int] | None = None  # (time of the air, s; offset from then on, ns)

    def now_ns(self) -> int:
        """Present time."""
        return self.at_ns(self._clock.now())

    def last_pulse_ns(self) -> int:
        """Time at the last pulse per second."""
        return self.at_ns(math.floor(self._clock.now()))

    def at_ns(self, air_s: float) -> int:
        """Time of this radio at a time of the air in s."""
        return round(air_s * self._scale * 1e9) + self._offset()

    def of_sample_ns(self, index: int, rate_hz: float) -> int:
        """Time of a sample by its index on the air and its nominal rate."""
        return round(index / rate_hz * 1e9) + self._offset()

    def air_s(self, time_ns: int) -> float:
        """Time of the air, s, at a time of this radio."""
        return (time_ns - self._offset()) * 1e-9 / self._scale

    def set(self, time_ns: int) -> None:
        """Set the present time."""
        with self._lock:
            self._next = None
            self._offset_ns = time_ns - round(self._clock.now() * self._scale * 1e9)

    def set_at_pulse(self, time_ns: int) -> None:
        """Set the time that the next pulse per second will have."""
        pulse_s = math.floor(self._clock.now()) + 1
        with self._lock:
            self._next = pulse_s, time_ns - round(pulse_s * self._scale * 1e9)

    def _offset(self) -> int:
        with self._lock:
            if self._next and self._clock.now() >= self._next[0]:
                self._offset_ns = self._next[1]
                self._next = None
            return self._offset_ns


def parse_number(name: str, text: str) -> float:
    """Parse a finite number, or raise ConfigError."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ConfigError(f"{name} is {text!r}; allowed is a number")
    return value


def integer(name: str, text: str, low: int, high: int) -> int:
    """Parse a whole number in a range.

    Args:
        name: name of the setting, for the message.
        text: the number as text.
        low: lowest value allowed.
        high: highest value allowed.

    Raises:
        ConfigError: it is no whole number, or out of range.
    """
    try:
        value = int(text)
    except ValueError as error:
        raise ConfigError(f"{name} is {text!r}; allowed is a whole number") from error
    check_range(name, value, low, high)
    return value
