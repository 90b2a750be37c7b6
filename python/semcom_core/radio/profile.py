# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Radio profiles (hardware/*.yml): settings and limits of a radio, and frequency bands.

    profile = load_profile("pluto", address="ip:192.168.2.1", lo_hz=2.44e9, tx_gain_db=-20)

All settings are checked before a radio is touched, so that a mistake is one line and not an
exception of a driver. Transmission outside the licence-free bands is refused unless the user says
that it is allowed.

Sources of the bands: ITU Radio Regulations, article 5, footnotes 5.138 and 5.150 (bands for
industrial, scientific and medical applications, ISM); ERC Recommendation 70-03 for the short range
devices at 863 to 870 MHz in Europe, which is no ISM band; article 5's table of allocations for the
licensed ones. This is a help, not legal advice: power, duty cycle and region are limited by
national rules.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from semcom_core.channel import parse_channel
from semcom_core.config import from_mapping, setting
from semcom_core.errors import ConfigError, check_choice, check_range
from semcom_core.resources import files, places

#: Drivers: libiio, UHD or SoapySDR by GNU Radio's blocks in a child process; a SigMF recording; a
#: simulated channel.
BACKENDS = ("iio", "uhd", "soapy", "file", "simulation")
#: Backends of devices, real or virtual.
DEVICES = ("iio", "uhd", "soapy")
#: Whether a radio can receive while it transmits.
DUPLEX = ("full", "half")
#: Form of an address by backend, for error messages.
_ADDRESSES = {
    "iio": "a URI such as ip:192.168.2.1",
    "uhd": "device arguments such as type=b200",
    "soapy": "arguments such as driver=lime",
}


@dataclass(frozen=True)
class RadioLimits:
    """Lowest and highest value of each setting, both included; the defaults allow all sensible
    ones.

    Raises:
        ConfigError: a limit is not a pair of numbers in order.
    """

    rate_hz: tuple = setting((1e3, 1e9), "sample rate, Hz")
    lo_hz: tuple = setting((0.0, 1e11), "frequency of the local oscillators, Hz")
    bandwidth_hz: tuple = setting((1e3, 1e9), "bandwidth of the analog filters, Hz")
    rx_gain_db: tuple = setting((-200.0, 200.0), "receive gain, dB")
    tx_gain_db: tuple = setting((-200.0, 200.0), "transmit gain, dB")

    def __post_init__(self) -> None:
        for f in fields(self):
            pair = getattr(self, f.name)
            if not _is_pair(pair):
                raise ConfigError(
                    f"limits of {f.name} are {pair!r}; allowed is a pair of numbers, the lower one "
                    "first"
                )
            object.__setattr__(self, f.name, (float(pair[0]), float(pair[1])))


def _is_pair(pair: object) -> bool:
    """Whether it is two numbers in order."""
    if not isinstance(pair, (list, tuple)) or len(pair) != 2:
        return False
    return all(type(value) in (int, float) for value in pair) and pair[0] <= pair[1]


@dataclass(frozen=True)
class RadioProfile:
    """Settings of a radio.

    Raises:
        ConfigError: a value is outside the radio's limits, or makes no sense.
    """

    name: str = setting("", "name of the profile")
    description: str = setting("", "the radio, in words")
    backend: str = setting("simulation", f"one of {', '.join(BACKENDS)}")
    address: str = setting(
        "",
        "URI (iio), device arguments (uhd, soapy), path of a recording (file), HOST:PORT "
        "(simulation)",
    )
    rate_hz: float = setting(1e6, "sample rate, Hz")
    bandwidth_hz: float = setting(
        0.0,
        "bandwidth of the analog filters, Hz; 0: the nearest to the sample rate that the radio has",
    )
    rx_lo_hz: float = setting(2.45e9, "frequency of the receiver, Hz")
    tx_lo_hz: float = setting(2.45e9, "frequency of the transmitter, Hz")
    rx_gain_db: float = setting(0.0, "receive gain, dB; always set by hand")
    tx_gain_db: float = setting(0.0, "transmit gain, dB")
    rx_antenna: str = setting("", "antenna of the receiver; empty: the radio's default")
    tx_antenna: str = setting("", "antenna of the transmitter; empty: the radio's default")
    clock_source: str = setting(
        "", "reference clock (uhd: internal, external, gpsdo); empty: the radio's default"
    )
    time_source: str = setting(
        "", "time reference (uhd: none, external, gpsdo); empty: the radio's default"
    )
    buffer_size: int = setting(
        16384, "samples of a transfer; on iio bursts are padded to whole ones"
    )
    amplitude: float = setting(
        0.7, "scale of the samples sent, of full scale: 1 uses all of the converter and may clip"
    )
    duplex: str = setting("full", "full, or half: receives and transmits in turn, never at once")
    channel: str = setting(
        "clean", "backend simulation: what the receiver's samples pass, such as awgn:10+cfo:12khz"
    )
    seed: int = setting(1, "backend simulation: seed of the noise; 0: from the clock")
    limits: RadioLimits = setting(RadioLimits(), "what the radio can be set to")

    def __post_init__(self) -> None:
        check_choice("backend", self.backend, BACKENDS)
        check_choice("duplex", self.duplex, DUPLEX)
        check_range("buffer_size", self.buffer_size, 64, 1 << 22)
        check_range("amplitude", self.amplitude, 1e-3, 1.0)
        check_range("seed", self.seed, 0, 2**31 - 1)
        if not self.address and self.backend in DEVICES:
            raise ConfigError(
                f"address of profile {self.name} is ''; allowed is {_ADDRESSES[self.backend]}"
            )
        if self.backend == "simulation":
            parse_channel(self.channel)
        self._check_limits()

    def _check_limits(self) -> None:
        """Raise ConfigError where a setting is outside what the radio can do."""
        limits = self.limits
        ranges = {
            "rate_hz": limits.rate_hz,
            "rx_lo_hz": limits.lo_hz,
            "tx_lo_hz": limits.lo_hz,
            "rx_gain_db": limits.rx_gain_db,
            "tx_gain_db": limits.tx_gain_db,
        }
        if self.bandwidth_hz:
            ranges["bandwidth_hz"] = limits.bandwidth_hz
        for name, (low, high) in ranges.items():
            if not low <= getattr(self, name) <= high:
                raise ConfigError(
                    f"{name} of profile {self.name} is {getattr(self, name):.10g}; allowed is "
                    f"{low:.10g} to {high:.10g}"
                )

    @property
    def filter_hz(self) -> float:
        """Bandwidth that the analog filters are set to, Hz."""
        low, high = self.limits.bandwidth_hz
        return self.bandwidth_hz or min(max(self.rate_hz, low), high)

    @property
    def on_air(self) -> bool:
        """Whether it transmits on air: a file, a simulation and a virtual radio on this machine do
        not.
        """
        if self.backend == "iio":
            return not is_loopback(self.address.removeprefix("ip:").partition(":")[0])
        arguments = self.address.replace(" ", "").split(",")
        return self.backend in DEVICES and "driver=air" not in arguments

    def with_settings(self, **settings: Any) -> RadioProfile:
        """The profile with some settings changed; `lo_hz` sets both frequencies, None and "" change
        nothing.

        Raises:
            ConfigError: there is no such setting, or its value is not allowed.
        """
        known = {"lo_hz", *(f.name for f in fields(self))}
        given = {
            name: value
            for name, value in settings.items()
            if name not in known or (value is not None and value != "")
        }
        if "lo_hz" in given:
            lo_hz = given.pop("lo_hz")
            given = {"rx_lo_hz": lo_hz, "tx_lo_hz": lo_hz, **given}
        for name in ("name", "limits"):
            if name in given:
                raise ConfigError(
                    f"setting is {name!r}; allowed is to give it in the file of a profile"
                )
        return from_mapping(
            RadioProfile,
            {**vars(self), **{name: _number(name, value) for name, value in given.items()}},
        )

    def notice_for(self, receive: bool, transmit: bool, i_may_transmit: bool = False) -> str:
        """The line to show before the radio is used like this (see transmission_notice), or "".

        Args:
            receive: whether it receives.
            transmit: whether it transmits.
            i_may_transmit: whether the user states that transmission is allowed there.

        Raises:
            ConfigError: the radio cannot do both at once, or it would transmit where a licence is
                needed.
        """
        if receive and transmit and self.duplex == "half":
            raise ConfigError(
                f"profile {self.name} receives and transmits at once; allowed is one of both, it "
                "is half duplex"
            )
        if not transmit or not self.on_air:
            return ""
        return transmission_notice(self.tx_lo_hz, self.rate_hz, i_may_transmit)


def _number(name: str, value: Any) -> Any:
    """The number of a text such as 434e6, which YAML reads as a text, where the setting is a
    number; any other value as it is.
    """
    kind = type(getattr(RadioProfile, name, None))
    try:
        return kind(value) if isinstance(value, str) and kind in (int, float) else value
    except ValueError:
        return value


def profile_files() -> dict[str, Path]:
    """The shipped profiles by name."""
    return {path.stem: path for path in files(places("hardware", "gr-semcom/hardware"), "*.yml")}


def load_profile(name: str, **settings: Any) -> RadioProfile:
    """Load a profile by name or from a .yml file, and change some settings.

    Args:
        name: one of profile_files(), or the path of a file.
        settings: fields of RadioProfile, or `lo_hz` for both frequencies; None and "" leave what
            the profile says.

    Raises:
        ConfigError: there is no such profile, or a value is not allowed; before any radio is
            touched.
    """
    known = profile_files()
    path = known.get(name) or Path(name)
    if name not in known and (path.suffix not in (".yml", ".yaml") or not path.is_file()):
        raise ConfigError(
            f"profile is {name!r}; allowed is one of {', '.join(known)}, or the path of a .yml file"
        )
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(
            f"profile {path} cannot be read: {' '.join(str(error).split())}"
        ) from error
    if not isinstance(data, dict) or not isinstance(data.get("limits", {}), dict):
        raise ConfigError(f"profile {path} is no mapping of settings, with a mapping of limits")
    limits = from_mapping(RadioLimits, data.get("limits", {}))
    profile = from_mapping(RadioProfile, {"name": path.stem, **data, "limits": limits})
    return profile.with_settings(**settings)


def is_loopback(host: str) -> bool:
    """Whether a host is a loopback address or `localhost`; any other name may be anywhere."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True)
class Band:
    """A frequency band.

    Args:
        low_hz: lower edge, Hz.
        high_hz: upper edge, Hz.
        name: its service, in words.
    """

    low_hz: float
    high_hz: float
    name: str

    def contains(self, low_hz: float, high_hz: float) -> bool:
        """Whether low_hz to high_hz lies within the band."""
        return self.low_hz <= low_hz and high_hz <= self.high_hz

    def overlaps(self, low_hz: float, high_hz: float) -> bool:
        """Whether low_hz to high_hz and the band have frequencies in common."""
        return self.low_hz < high_hz and low_hz < self.high_hz


#: Licence-free bands, within the national rules of power and duty cycle.
OPEN_BANDS = (
    Band(13.553e6, 13.567e6, "ISM band 13.56 MHz"),
    Band(26.957e6, 27.283e6, "ISM band 27 MHz"),
    Band(40.66e6, 40.70e6, "ISM band 40.68 MHz"),
    Band(433.05e6, 434.79e6, "ISM band 433 MHz (Region 1: Europe, Africa, northern Asia)"),
    Band(
        863e6,
        870e6,
        "short range devices 863-870 MHz (Europe; no ISM band: 25 mW, duty cycle 0.1 to 10 %)",
    ),
    Band(902e6, 928e6, "ISM band 915 MHz (Region 2: the Americas)"),
    Band(2400e6, 2500e6, "ISM band 2.4 GHz"),
    Band(5725e6, 5875e6, "ISM band 5.8 GHz"),
)
#: Some of the licensed bands, which a warning names; there are many more.
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
    """The licence-free band that contains a signal, or None.

    Args:
        lo_hz: centre of the signal, Hz.
        width_hz: its width, Hz.
    """
    low_hz = lo_hz - width_hz / 2
    high_hz = lo_hz + width_hz / 2
    return next((band for band in OPEN_BANDS if band.contains(low_hz, high_hz)), None)


def licensed_services(lo_hz: float, width_hz: float) -> str:
    """The licensed services whose bands a signal overlaps, in words.

    Args:
        lo_hz: centre of the signal, Hz.
        width_hz: its width, Hz.
    """
    found = [
        band.name
        for band in LICENSED_BANDS
        if band.overlaps(lo_hz - width_hz / 2, lo_hz + width_hz / 2)
    ]
    return " and ".join(found) or "a band that needs a licence nearly everywhere"


def transmission_notice(lo_hz: float, width_hz: float, i_may_transmit: bool) -> str:
    """One line about the band of a transmission, to be shown before it.

    Args:
        lo_hz: centre of the signal, Hz.
        width_hz: its width, Hz; the sample rate, to be on the safe side.
        i_may_transmit: whether the user states that transmission is allowed there.

    Raises:
        ConfigError: the signal is not within a licence-free band, and the user does not state so.
    """
    where = f"{lo_hz / 1e6:g} MHz, {width_hz / 1e6:g} MHz wide"
    band = open_band(lo_hz, width_hz)
    if band is not None:
        return f"transmits at {where}: {band.name}"
    about = f"{licensed_services(lo_hz, width_hz)}, outside the bands that are open to everybody"
    if not i_may_transmit:
        allowed = (
            "allowed is an ISM band (tx_lo_hz), or --i-may-transmit (i_may_transmit=True) "
            "from who has a licence or a cable"
        )
        raise ConfigError(f"transmission at {where} is in {about}; {allowed}")
    return f"transmits at {where}: {about}; this usually needs a licence"
