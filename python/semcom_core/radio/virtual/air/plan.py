# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan of a simulated air, from YAML: radios, links between them, and pacing.

pacing: elastic
seed: 1
radios:
  alice: {kind: pluto, address: 127.0.0.1}
  bob: {kind: pluto, address: 127.0.0.2, ppm: 3}
links:
  - {from: alice, to: bob, gain_db: -10, delay_s: 1e-6, channel: "awgn:10+cfo:20khz+taps:0,-6"}
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, fields
from pathlib import Path

import yaml

from semcom_core.channel import parse_channel
from semcom_core.errors import ConfigError, check_choice, check_range

#: Kinds of radios, by the protocol of their clients.
KINDS = ("pluto", "soapy")
#: How virtual time runs.
PACINGS = ("real", "elastic")
#: Port of libiio's network protocol.
IIO_PORT = 30431


@dataclass(frozen=True)
class RadioSpec:
    """One radio.

    Args:
        kind: "pluto" is reached by libiio's network protocol, "soapy" by SoapySDR and by UHD's
            bridge to it.
        address: HOST or HOST:PORT of a pluto; soapy radios share the socket of the daemon and are
            distinguished by name.
        ppm: error of its one oscillator, which makes both carrier and sample clock, parts in a
            million.
        tx_reference_db: transmit gain at which a sample of magnitude 1 enters a link with magnitude
            1, dB; None: -10 for a pluto, 60 for a soapy radio.
        rx_reference_db: receive gain at which magnitude 1 at the end of a link is full scale, dB.
        receiver: channel terms of its receiver, such as iq:1db,5deg+dc:1%.
    """

    kind: str = "pluto"
    address: str = "127.0.0.1"
    ppm: float = 0.0
    tx_reference_db: float | None = None
    rx_reference_db: float = 40.0
    receiver: str = "clean"

    def __post_init__(self) -> None:
        check_choice("kind of a radio", self.kind, KINDS)
        check_range("ppm", _number("ppm", self.ppm), -200, 200)
        if self.tx_reference_db is None:
            object.__setattr__(self, "tx_reference_db", -10.0 if self.kind == "pluto" else 60.0)
        for name in ("tx_reference_db", "rx_reference_db"):
            check_range(name, _number(name, getattr(self, name)), -100, 100)
        parse_channel(self.receiver)
        if self.kind == "pluto":
            _ = self.endpoint

    @property
    def endpoint(self) -> tuple[str, int]:
        """Host and port of a pluto.

        Raises:
            ConfigError: the address is not HOST or HOST:PORT with an IPv4 address.
        """
        host, _, port = str(self.address).partition(":")
        try:
            ipaddress.IPv4Address(host)
            number = int(port or IIO_PORT)
        except ValueError as error:
            raise ConfigError(
                f"address is {self.address!r}; allowed is HOST or HOST:PORT such as 127.0.0.1:30431"
            ) from error
        check_range(f"port of address {self.address!r}", number, 0, 65535)
        return host, number


@dataclass(frozen=True)
class LinkSpec:
    """Propagation from one radio to another, or to itself.

    Args:
        source: name of the transmitting radio; `from` in YAML.
        target: name of the receiving radio; `to` in YAML.
        gain_db: path gain, -200 to 60 dB.
        delay_s: path delay, 0 to 0.5 s.
        channel: channel terms (see semcom_core.channel). awgn:SNR is the SNR of the default
            modem's bursts, sent at the transmitter's reference gain; cfo is added to the offset
            by both radios' tuning and oscillators.
    """

    source: str
    target: str
    gain_db: float = 0.0
    delay_s: float = 0.0
    channel: str = "clean"

    def __post_init__(self) -> None:
        check_range("gain_db of a link", _number("gain_db", self.gain_db), -200, 60)
        check_range("delay_s of a link", _number("delay_s", self.delay_s), 0, 0.5)
        wrong = [str(one) for one in parse_channel(self.channel).terms if one.place == "receiver"]
        if wrong:
            raise ConfigError(
                f"channel of a link has {', '.join(wrong)}; such terms belong to `receiver` of "
                f"radio {self.target}"
            )


@dataclass(frozen=True)
class AirPlan:
    """Radios, links and pacing.

    Args:
        pacing: "real": virtual time is wall time, and late clients lose samples; "elastic":
            virtual time waits for slow clients.
        speed: virtual seconds in a second at the most, 0.01 to 100; 1 with real pacing.
        seed: of all noise and fading, 0 to 2^63 - 1.
        radios: (name, radio) of each.
        links: links between them.

    Raises:
        ConfigError: a value is out of range, two radios have one address, or a link names a radio
            that is not there.
    """

    pacing: str = "elastic"
    speed: float = 1.0
    seed: int = 1
    radios: tuple[tuple[str, RadioSpec], ...] = ()
    links: tuple[LinkSpec, ...] = ()

    def __post_init__(self) -> None:
        check_choice("pacing", self.pacing, PACINGS)
        check_range("speed", _number("speed", self.speed), 0.01, 100)
        if self.pacing == "real" and self.speed != 1:
            raise ConfigError(f"speed is {self.speed}; allowed with real pacing is 1")
        if type(self.seed) is not int:
            raise ConfigError(f"seed is {self.seed!r}; allowed is a whole number")
        check_range("seed", self.seed, 0, 2**63 - 1)
        if not self.radios:
            raise ConfigError("plan has no radios; one at least is needed")
        named = {name for name, _ in self.radios}
        for link in self.links:
            for name in (link.source, link.target):
                check_choice("radio of a link", name, named)
        addresses = [
            radio.endpoint
            for _, radio in self.radios
            if radio.kind == "pluto" and radio.endpoint[1]
        ]
        twice = next((one for one in addresses if addresses.count(one) > 1), None)
        if twice:
            raise ConfigError(
                f"address {twice[0]}:{twice[1]} is that of two radios; allowed is one each"
            )


def air_plan(data: dict) -> AirPlan:
    """The plan of a mapping as YAML gives it.

    Raises:
        ConfigError: a key is unknown or a value is not allowed.
    """
    data = _settings("plan", data, AirPlan)
    radios = _mapping("radios", data.get("radios"))
    links = data.get("links", [])
    if not isinstance(links, list):
        raise ConfigError(f"links is {links!r}; allowed is a list")
    made = tuple((str(name), _radio(str(name), radio or {})) for name, radio in radios.items())
    return AirPlan(**{**data, "radios": made, "links": tuple(map(_link, links))})


def read_plan(path: str | Path) -> AirPlan:
    """The plan of a YAML file.

    Raises:
        ConfigError: the file cannot be read, a key is unknown or a value is not allowed.
    """
    try:
        data = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"plan {path} cannot be read: {' '.join(str(error).split())}") from error
    return air_plan(_mapping(f"plan {path}", data))


def _number(name: str, value: object) -> float:
    """The value, or ConfigError unless it is a number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ConfigError(f"{name} is {value!r}; allowed is a number")
    return value


def _radio(name: str, data: dict) -> RadioSpec:
    return RadioSpec(**_settings(f"radio {name}", data, RadioSpec))


def _link(data: dict) -> LinkSpec:
    named = {
        {"from": "source", "to": "target"}.get(key, key): value
        for key, value in _mapping("link", data).items()
    }
    if missing := {"source", "target"} - set(named):
        raise ConfigError(
            f"link {data!r} lacks {' and '.join(sorted(missing))}; from and to are needed"
        )
    # names of radios are texts, also where YAML reads a number
    ends = {end: str(named[end]) for end in ("source", "target")}
    return LinkSpec(**_settings("link", named | ends, LinkSpec))


def _mapping(what: str, data: object) -> dict:
    if not isinstance(data, dict):
        raise ConfigError(f"{what} is {data!r}; a mapping is needed")
    return data


def _settings(what: str, data: dict, cls: type) -> dict:
    """Keyword arguments of a dataclass; numbers that YAML reads as texts, such as 1e-6, are
    converted.
    """
    known = {f.name: str(f.type) for f in fields(cls)}
    for key in _mapping(what, data):
        if key not in known:
            raise ConfigError(
                f"{what} has no setting {key!r}; allowed is one of {', '.join(known)}"
            )
    return {
        key: _as_float(value) if "float" in known[key] else value for key, value in data.items()
    }


def _as_float(value: object) -> object:
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value
