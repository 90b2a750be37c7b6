# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where one may usually transmit without a licence of one's own, and who is at home where one may not.

Sources: ITU Radio Regulations, article 5, footnotes 5.138 and 5.150 (bands for industrial, scientific and medical applications, ISM);
ERC Recommendation 70-03 for the short range devices at 863 to 870 MHz in Europe, which is no ISM band; article 5's table of
allocations for the others. This is a help, not legal advice: power, duty cycle and region are limited by national rules.
"""

from __future__ import annotations

from dataclasses import dataclass

from semcom_core.errors import ConfigError


@dataclass(frozen=True)
class Band:
    """A frequency band, Hz, and what it is."""

    low_hz: float
    high_hz: float
    name: str

    def holds(self, low_hz: float, high_hz: float) -> bool:
        """Whether the band holds the whole of low_hz to high_hz."""
        return self.low_hz <= low_hz and high_hz <= self.high_hz

    def meets(self, low_hz: float, high_hz: float) -> bool:
        """Whether the band and low_hz to high_hz have frequencies in common."""
        return self.low_hz < high_hz and low_hz < self.high_hz


#: Bands that are open to everybody who keeps to the national rules of power and duty cycle.
OPEN_BANDS = (
    Band(13.553e6, 13.567e6, "ISM band 13.56 MHz"),
    Band(26.957e6, 27.283e6, "ISM band 27 MHz"),
    Band(40.66e6, 40.70e6, "ISM band 40.68 MHz"),
    Band(433.05e6, 434.79e6, "ISM band 433 MHz (Region 1: Europe, Africa, northern Asia)"),
    Band(863e6, 870e6, "short range devices 863-870 MHz (Europe; no ISM band: 25 mW, duty cycle 0.1 to 10 %)"),
    Band(902e6, 928e6, "ISM band 915 MHz (Region 2: the Americas)"),
    Band(2400e6, 2500e6, "ISM band 2.4 GHz"),
    Band(5725e6, 5875e6, "ISM band 5.8 GHz"),
)
#: Some bands where transmission does harm, to name them in a warning; there are many more.
LICENSED_BANDS = (
    Band(87.5e6, 108e6, "FM broadcasting"),
    Band(108e6, 137e6, "aeronautical navigation and voice"),
    Band(137e6, 138e6, "weather satellites"),
    Band(144e6, 148e6, "amateur radio, 2 m"),
    Band(156e6, 162.05e6, "maritime voice"),
    Band(174e6, 230e6, "digital broadcasting"),
    Band(380e6, 400e6, "emergency services"),
    Band(406e6, 406.1e6, "distress beacons"),
    Band(430e6, 440e6, "amateur radio, 70 cm"),
    Band(470e6, 694e6, "television"),
    Band(694e6, 862e6, "mobile telephony, 700 and 800 MHz"),
    Band(876e6, 960e6, "mobile telephony, 900 MHz"),
    Band(960e6, 1164e6, "aeronautical navigation"),
    Band(1164e6, 1300e6, "satellite navigation"),
    Band(1525e6, 1559e6, "satellite telephony"),
    Band(1559e6, 1610e6, "satellite navigation"),
    Band(1710e6, 1880e6, "mobile telephony, 1800 MHz"),
    Band(1880e6, 2170e6, "mobile telephony, 2 GHz"),
    Band(2300e6, 2400e6, "mobile telephony, 2.3 GHz"),
    Band(2500e6, 2690e6, "mobile telephony, 2.6 GHz"),
    Band(3300e6, 4200e6, "mobile telephony, 3.5 GHz"),
    Band(4200e6, 4400e6, "radio altimeters of aircraft"),
    Band(5600e6, 5650e6, "weather radar"),
)


def open_band(lo_hz: float, width_hz: float) -> Band | None:
    """The open band that holds all of a signal, or None.

    Args:
        lo_hz: centre of the signal, Hz.
        width_hz: its width, Hz.
    """
    low_hz, high_hz = lo_hz - width_hz / 2, lo_hz + width_hz / 2
    return next((band for band in OPEN_BANDS if band.holds(low_hz, high_hz)), None)


def who_is_there(lo_hz: float, width_hz: float) -> str:
    """Who is at home where a signal outside the open bands lies, in words."""
    found = [band.name for band in LICENSED_BANDS if band.meets(lo_hz - width_hz / 2, lo_hz + width_hz / 2)]
    return " and ".join(found) or "a band that needs a licence nearly everywhere"


def transmission_notice(lo_hz: float, width_hz: float, i_may_transmit: bool) -> str:
    """What to tell somebody who is about to transmit.

    Args:
        lo_hz: centre of the signal, Hz.
        width_hz: its width, Hz; the sample rate, to be on the safe side.
        i_may_transmit: the user says that he may transmit there.

    Raises:
        ConfigError: the signal is not within an open band, and the user has not said so.
    """
    where = f"{lo_hz / 1e6:g} MHz, {width_hz / 1e6:g} MHz wide"
    band = open_band(lo_hz, width_hz)
    if band is not None:
        return f"transmits at {where}: {band.name}"
    about = f"{who_is_there(lo_hz, width_hz)}, outside the bands that are open to everybody"
    if not i_may_transmit:
        allowed = "allowed is an ISM band (tx_lo_hz), or --i-may-transmit (i_may_transmit=True) from who has a licence or a cable"
        raise ConfigError(f"transmission at {where} is in {about}; {allowed}")
    return f"transmits at {where}: {about}; this usually needs a licence"
