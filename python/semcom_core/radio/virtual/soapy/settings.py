# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The time that a radio keeps.

Settings of a virtual Soapy radio, and their values.
"""

from __future__ import annotations

import math
import threading

from semcom_core.errors import RadioError, check_choice
from semcom_core.radio.virtual.air.port import VirtualClock
from semcom_core.radio.virtual.soapy.protocol import (
    ANTENNAS,
    GAINS,
    PORT_RANGES,
    RADIO_CHOICES,
    RADIO_RANGES,
    SENSORS,
    TIMES_NS,
    Range,
    integer,
    number,
)


class HardwareTime:
    """Time of a radio, ns: it can be set, and runs by the radio's own oscillator, as its samples
    do.

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
        self._next = None

    def now_ns(self) -> int:
        """Present time."""
        return self.at_ns(self._clock.now())

    def last_pulse_ns(self) -> int:
        """Time at the last pulse."""
        return self.at_ns(math.floor(self._clock.now()))

    def at_ns(self, air_s: float) -> int:
        """Time of this radio at a time of the air."""
        return round(air_s * self._scale * 1e9) + self._offset()

    def of_sample_ns(self, index: int, rate_hz: float) -> int:
        """Time of a sample, counted from the beginning of the air by this radio's clock."""
        return round(index / rate_hz * 1e9) + self._offset()

    def air_s(self, time_ns: int) -> float:
        """Time of the air at a time of this radio."""
        return (time_ns - self._offset()) * 1e-9 / self._scale

    def set(self, time_ns: int) -> None:
        """Set the present time."""
        with self._lock:
            self._next = None
            self._offset_ns = time_ns - round(self._clock.now() * self._scale * 1e9)

    def set_at_pulse(self, time_ns: int) -> None:
        """Set the time that the next pulse will have."""
        pulse_s = math.floor(self._clock.now()) + 1
        with self._lock:
            self._next = pulse_s, time_ns - round(pulse_s * self._scale * 1e9)

    def _offset(self) -> int:
        with self._lock:
            if self._next and self._clock.now() >= self._next[0]:
                self._offset_ns = self._next[1]
                self._next = None
            return self._offset_ns


#: How long a client waits for the stream of another to be given back, s.
LONGEST_WAIT_S = 2.0


class SoapyPort:
    """Settings of one direction.

    `offset_hz` is digital tuning as UHD means it: what is received is centred at lo_hz - offset_hz,
    what is sent at lo_hz + offset_hz.

    Args:
        where: "rx" or "tx".
        port: the receiver or transmitter of the air.
    """

    def __init__(self, where: str, port):
        self.where = where
        self.port = port
        self.in_use = threading.Lock()
        self.ranges = {**PORT_RANGES, "gain_db": GAINS[where]}
        self.choices = {"antenna": ANTENNAS[where]}
        self._values = {"lo_hz": port.lo_hz, "offset_hz": 0.0, "antenna": ANTENNAS[where][0]}

    def get(self, key: str) -> float | str:
        """Value of a setting."""
        return self._values[key] if key in self._values else getattr(self.port, key)

    def set(self, key: str, value: float | str) -> float | str:
        """Set a checked value, and return what it has become."""
        if key in self._values:
            self._values[key] = value
        if key in ("lo_hz", "offset_hz"):
            sign = -1 if self.where == "rx" else 1
            self.port.tune(lo_hz=self._values["lo_hz"] + sign * self._values["offset_hz"])
        elif key != "antenna":
            self.port.tune(**{key: value})
        return value

    def claim(self) -> None:
        """Take the direction for a stream; release in_use afterwards.

        Raises:
            RadioError: another stream has it.
        """
        if not self.in_use.acquire(timeout=LONGEST_WAIT_S):
            raise RadioError(
                f"stream {self.where} is in use by another client; allowed is one at a time"
            )


class SoapyRadio:
    """A radio of the air as its clients see it.

    Args:
        radio: an AirRadio.
        clock: the clock of the air.
    """

    def __init__(self, radio, clock):
        self.radio = radio
        self.clock = clock
        self.time = HardwareTime(clock, radio.spec.ppm)
        self.ports = {"rx": SoapyPort("rx", radio.rx), "tx": SoapyPort("tx", radio.tx)}
        self._values = {"clock_rate_hz": 30.72e6, "clock_source": "internal", "time_source": "none"}

    def get(self, where: str, key: str) -> str:
        """A value as text.

        Raises:
            ConfigError: there is no such setting.
        """
        if key == SENSORS.get(where):
            return "true"
        if where == "radio" and key in ("time_ns", "pulse_ns"):
            return str(self.time.now_ns() if key == "time_ns" else self.time.last_pulse_ns())
        self._check(where, key)
        return str(self._values[key] if where == "radio" else self.ports[where].get(key))

    def set(self, where: str, key: str, text: str) -> None:
        """Set a value given as text.

        Raises:
            ConfigError: there is no such setting, or the value is not allowed.
        """
        if where == "radio" and key in ("time_ns", "pulse_ns"):
            value = integer(key, text, -TIMES_NS, TIMES_NS)
            (self.time.set if key == "time_ns" else self.time.set_at_pulse)(value)
        else:
            value = self._allowed(where, key, text)
            if where == "radio":
                self._values[key] = value
            else:
                value = self.ports[where].set(key, value)
        self.radio.log.add(where, key, value)

    def range(self, where: str, key: str) -> Range:
        """Range of a number."""
        self._check(where, key)
        ranges = RADIO_RANGES if where == "radio" else self.ports[where].ranges
        check_choice("key with a range", key, ranges)
        return ranges[key]

    def choices(self, where: str, key: str) -> tuple[str, ...]:
        """Allowed values of what is no number."""
        self._check(where, key)
        choices = RADIO_CHOICES if where == "radio" else self.ports[where].choices
        check_choice("key with choices", key, choices)
        return choices[key]

    def _allowed(self, where: str, key: str, text: str) -> float | str:
        self._check(where, key)
        if key in (RADIO_CHOICES if where == "radio" else self.ports[where].choices):
            check_choice(key, text, self.choices(where, key))
            return text
        value = number(key, text)
        if key == "bandwidth_hz" and value == 0:  # automatic
            value = max(
                PORT_RANGES[key].low, min(PORT_RANGES[key].high, self.ports[where].port.rate_hz)
            )
        return self.range(where, key).fit(f"{where} {key}", value)

    def _check(self, where: str, key: str) -> None:
        check_choice("place of a setting", where, ("rx", "tx", "radio"))
        known = (
            {**RADIO_RANGES, **RADIO_CHOICES}
            if where == "radio"
            else {**self.ports[where].ranges, **self.ports[where].choices}
        )
        check_choice(f"{where} setting", key, known)
