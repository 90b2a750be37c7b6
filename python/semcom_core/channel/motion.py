# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast a fading channel changes: a speed, or the largest Doppler shift itself.

    f_D = speed / (speed of light) x carrier frequency
"""

from __future__ import annotations

from dataclasses import dataclass

from semcom_core.channel.base import Signal
from semcom_core.channel.values import has_unit, number, shown
from semcom_core.errors import ConfigError

LIGHT_M_S = 299_792_458.0
#: Largest Doppler shift over the sample rate.
LARGEST = 0.05


@dataclass(frozen=True)
class Motion:
    """Speed of a receiver among scatterers; all None stands still.

    Args:
        speed_kmh: speed, km/h.
        doppler_hz: largest Doppler shift, Hz, instead of a speed.
        carrier_hz: carrier frequency, Hz; None takes the signal's.
    """

    speed_kmh: float | None = None
    doppler_hz: float | None = None
    carrier_hz: float | None = None

    OPTIONS = ("doppler", "fc")

    def __post_init__(self):
        if self.speed_kmh is not None and self.doppler_hz is not None:
            raise ConfigError(f"channel fading has {','.join(self.parts())!r}; allowed is a speed or a Doppler shift, not both")
        if self.speed_kmh is None and self.carrier_hz is not None:
            raise ConfigError(f"channel fading has {','.join(self.parts())!r}; allowed is fc together with a speed")

    @classmethod
    def read(cls, values: list[str], options: dict[str, str]) -> tuple[Motion, list[str]]:
        """The motion that a term's values and options state, and the other values.

        Raises:
            ConfigError: a value is out of range, or two contradict each other.
        """
        speeds = [value for value in values if has_unit(value, "speed")]
        if len(speeds) > 1:
            raise ConfigError(f"channel fading has the speeds {' and '.join(speeds)}; allowed is one")
        speed = number(speeds[0], "speed", 0.0, 1e6, "speed") if speeds else None
        doppler = number(options["doppler"], "Doppler shift", 0.0, 1e9, "frequency") if "doppler" in options else None
        carrier = number(options["fc"], "carrier frequency", 1e3, 1e12, "frequency") if "fc" in options else None
        return cls(speed, doppler, carrier), [value for value in values if not has_unit(value, "speed")]

    @property
    def stated(self) -> bool:
        """Whether there is a speed or a Doppler shift, zero included."""
        return self.speed_kmh is not None or self.doppler_hz is not None

    def doppler(self, signal: Signal) -> float:
        """Largest Doppler shift in cycles a sample.

        Raises:
            ConfigError: it is too large for the sample rate.
        """
        shift_hz = self.doppler_hz or 0.0
        if self.speed_kmh is not None:
            shift_hz = self.speed_kmh / 3.6 / LIGHT_M_S * (self.carrier_hz or signal.carrier_hz)
        most_hz = LARGEST * signal.rate_hz
        if shift_hz > most_hz:
            raise ConfigError(f"channel Doppler shift is {shift_hz:g} Hz; allowed is 0 to {most_hz:g} Hz at this sample rate")
        return shift_hz / signal.rate_hz

    def parts(self) -> list[str]:
        """The motion as it is written in a channel string."""
        parts = [] if self.speed_kmh is None else [shown(self.speed_kmh, "kmh")]
        parts += [] if self.doppler_hz is None else [f"doppler={shown(self.doppler_hz)}"]
        return parts + ([] if self.carrier_hz is None else [f"fc={shown(self.carrier_hz)}"])
