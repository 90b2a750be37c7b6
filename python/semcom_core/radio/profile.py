# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Radio profiles: everything that a flowgraph needs to know of a radio, as data (hardware/*.yml).

    profile = load_profile("pluto", address="ip:192.168.2.1", lo_hz=2.44e9, tx_gain_db=-20)
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from semcom_core.channel import parse_channel
from semcom_core.config import from_mapping, setting
from semcom_core.errors import ConfigError, check_choice, check_range
from semcom_core.radio.addresses import is_loopback
from semcom_core.radio.bands import transmission_notice
from semcom_core.radio.limits import RadioLimits
from semcom_core.radio.places import files, places

#: What carries the samples: libiio, UHD or SoapySDR by GNU Radio's blocks in a process of their own; a SigMF recording; a socket.
BACKENDS = ("iio", "uhd", "soapy", "file", "simulation")
#: Backends of devices, real or virtual.
DEVICES = ("iio", "uhd", "soapy")
#: Whether a radio can receive while it transmits.
DUPLEX = ("full", "half")


@dataclass(frozen=True)
class RadioProfile:
    """A radio and how it is set.

    Raises:
        ConfigError: a value is outside the radio's limits, or makes no sense.
    """

    name: str = setting("", "name of the profile")
    description: str = setting("", "the radio, in words")
    backend: str = setting("simulation", f"one of {', '.join(BACKENDS)}")
    address: str = setting("", "URI (iio), device arguments (uhd, soapy), path of a recording (file), HOST:PORT (simulation)")
    rate_hz: float = setting(1e6, "sample rate, Hz")
    bandwidth_hz: float = setting(0.0, "bandwidth of the analog filters, Hz; 0: the nearest to the sample rate that the radio has")
    rx_lo_hz: float = setting(2.45e9, "frequency of the receiver, Hz")
    tx_lo_hz: float = setting(2.45e9, "frequency of the transmitter, Hz")
    rx_gain_db: float = setting(0.0, "receive gain, dB; always set by hand")
    tx_gain_db: float = setting(0.0, "transmit gain, dB")
    rx_antenna: str = setting("", "antenna of the receiver; empty: the radio's default")
    tx_antenna: str = setting("", "antenna of the transmitter; empty: the radio's default")
    clock_source: str = setting("", "reference clock (uhd: internal, external, gpsdo); empty: the radio's default")
    time_source: str = setting("", "time reference (uhd: none, external, gpsdo); empty: the radio's default")
    buffer_size: int = setting(16384, "samples of a transfer; on iio bursts are padded to whole ones")
    amplitude: float = setting(0.7, "scale of the samples sent, of full scale: 1 uses all of the converter and may clip")
    duplex: str = setting("full", "full, or half: receives and transmits in turn, never at once")
    channel: str = setting("clean", "backend simulation: what the receiver's samples pass, such as awgn:10+cfo:12khz")
    seed: int = setting(1, "backend simulation: seed of the noise; 0: from the clock")
    limits: RadioLimits = setting(RadioLimits(), "what the radio can be set to")

    def __post_init__(self):
        check_choice("backend", self.backend, BACKENDS)
        check_choice("duplex", self.duplex, DUPLEX)
        check_range("buffer_size", self.buffer_size, 64, 1 << 22)
        check_range("amplitude", self.amplitude, 1e-3, 1.0)
        check_range("seed", self.seed, 0, 2**31 - 1)
        if not self.address and self.backend in DEVICES:
            raise ConfigError(f"address of profile {self.name} is ''; allowed is {_ADDRESSES[self.backend]}")
        if self.backend == "simulation":
            parse_channel(self.channel)
        self._check_limits()

    def _check_limits(self) -> None:
        """Raise ConfigError where a setting is outside what the radio can do."""
        limits = self.limits
        ranges = {"rate_hz": limits.rate_hz, "rx_lo_hz": limits.lo_hz, "tx_lo_hz": limits.lo_hz}
        ranges |= {"rx_gain_db": limits.rx_gain_db, "tx_gain_db": limits.tx_gain_db}
        if self.bandwidth_hz:
            ranges["bandwidth_hz"] = limits.bandwidth_hz
        for name, (low, high) in ranges.items():
            if not low <= getattr(self, name) <= high:
                raise ConfigError(f"{name} of profile {self.name} is {getattr(self, name):.10g}; allowed is {low:.10g} to {high:.10g}")

    @property
    def filter_hz(self) -> float:
        """Bandwidth that the analog filters are set to, Hz."""
        low, high = self.limits.bandwidth_hz
        return self.bandwidth_hz or min(max(self.rate_hz, low), high)

    @property
    def on_air(self) -> bool:
        """Whether what is transmitted leaves this machine: not from files, a simulation, or a virtual radio on it."""
        if self.backend == "iio":
            return not is_loopback(self.address.removeprefix("ip:").partition(":")[0])
        return self.backend in DEVICES and "driver=air" not in self.address.replace(" ", "").split(",")

    def with_settings(self, **settings) -> RadioProfile:
        """The same radio set otherwise; `lo_hz` sets both frequencies, None and "" change nothing.

        Raises:
            ConfigError: there is no such setting, or its value is not allowed.
        """
        given = {name: value for name, value in settings.items() if value is not None and value != ""}
        if "lo_hz" in given:
            lo_hz = given.pop("lo_hz")
            given = {"rx_lo_hz": lo_hz, "tx_lo_hz": lo_hz, **given}
        for name in ("name", "limits"):
            if name in given:
                raise ConfigError(f"setting is {name!r}; allowed is to give it in the file of a profile")
        return from_mapping(RadioProfile, {**vars(self), **{name: _number(name, value) for name, value in given.items()}})

    def notice_for(self, receive: bool, transmit: bool, i_may_transmit: bool = False) -> str:
        """What to tell the user before the radio is used like this; empty: nothing.

        Raises:
            ConfigError: the radio cannot do that, or it would transmit where one needs a licence (see semcom_core.radio.bands).
        """
        if receive and transmit and self.duplex == "half":
            raise ConfigError(f"profile {self.name} receives and transmits at once; allowed is one of both, it is half duplex")
        return transmission_notice(self.tx_lo_hz, self.rate_hz, i_may_transmit) if transmit and self.on_air else ""


def _number(name: str, value):
    """The number that a text such as 434e6, which is no number to YAML, is to a setting that is a number; any other value as it is."""
    kind = type(getattr(RadioProfile, name, None))
    try:
        return kind(value) if isinstance(value, str) and kind in (int, float) else value
    except ValueError:
        return value


_ADDRESSES = {"iio": "a URI such as ip:192.168.2.1", "uhd": "device arguments such as type=b200", "soapy": "arguments such as driver=lime"}


def profile_files() -> dict[str, Path]:
    """The shipped profiles by name."""
    return {path.stem: path for path in files(places("hardware", "gr-semcom/hardware"), "*.yml")}


def load_profile(name: str, **settings) -> RadioProfile:
    """A profile by name or from a .yml file, with some settings changed.

    Args:
        name: one of profile_files(), or the path of a file.
        settings: fields of RadioProfile, or `lo_hz` for both frequencies; None and "" leave what the profile says.

    Raises:
        ConfigError: there is no such profile, or a value is not allowed; before any radio is touched.
    """
    known = profile_files()
    path = known.get(name) or Path(name)
    if name not in known and (path.suffix not in (".yml", ".yaml") or not path.is_file()):
        raise ConfigError(f"profile is {name!r}; allowed is one of {', '.join(known)}, or the path of a .yml file")
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"profile {path} cannot be read: {' '.join(str(error).split())}") from error
    if not isinstance(data, dict) or not isinstance(data.get("limits", {}), dict):
        raise ConfigError(f"profile {path} is no mapping of settings, with a mapping of limits")
    limits = from_mapping(RadioLimits, data.get("limits", {}))
    return from_mapping(RadioProfile, {"name": path.stem, **data, "limits": limits}).with_settings(**settings)
