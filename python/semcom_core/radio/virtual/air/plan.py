# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of an air: which radios there are, who hears whom, and how time runs.

Reads the plan of an air from YAML.

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

KINDS = ("pluto", "soapy")
PACINGS = ("real", "elastic")
#: Where libiio's network protocol is served.
IIO_PORT = 30431


@dataclass(frozen=True)
class RadioSpec:
    """One radio.

    Args:
        kind: "pluto" is reached by libiio's network protocol, "soapy" by SoapySDR and by UHD's
            bridge to it.
        address: HOST or HOST:PORT of a pluto; soapy radios share the socket of the daemon and are
            told apart by name.
        ppm: error of its one oscillator, which makes both carrier and sample clock, parts in a
            million.
        tx_reference_db: transmit gain at which a sample of magnitude 1 enters a link with magnitude
            1, dB; None: -10 of a pluto, 60 else.
        rx_reference_db: receive gain at which what leaves a link with magnitude 1 is a sample of
            full scale, dB.
        receiver: terms of its receiver, such as iq:1db,5deg+dc:1%.
    """

    kind: str = "pluto"
    address: str = "127.0.0.1"
    ppm: float = 0.0
    tx_reference_db: float | None = None
    rx_reference_db: float = 40.0
    receiver: str = "clean"

    def __post_init__(self):
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
    """What one radio hears of another, or of itself.

    Args:
        source, target: names of radios; `from` and `to` in YAML.
        gain_db: gain of the path, dB.
        delay_s: delay of the path, s.
        channel: terms of a channel (see semcom_core.channel). awgn:SNR is that of the default
            modem's bursts, sent at the transmitter's reference gain; cfo adds to what the two
            radios' tuning and oscillators make.
    """

    source: str
    target: str
    gain_db: float = 0.0
    delay_s: float = 0.0
    channel: str = "clean"

    def __post_init__(self):
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
        pacing: "real" time is wall time, and who is late loses samples; "elastic" time waits for
            who is slow.
        speed: virtual seconds in a second at the most; 1 with real pacing.
        seed: of all noise and fading.
        radios: by name.
        links: between them.

    Raises:
        ConfigError: a value is out of range, two radios have one address, or a link names a radio
            that is not there.
    """

    pacing: str = "elastic"
    speed: float = 1.0
    seed: int = 1
    radios: tuple[tuple[str, RadioSpec], ...] = ()
    links: tuple[LinkSpec, ...] = ()

    def __post_init__(self):
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


def _number(name: str, value) -> float:
    """The value, or ConfigError unless it is a number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ConfigError(f"{name} is {value!r}; allowed is a number")
    return value


def air_plan(data: dict) -> AirPlan:
    """Plan of a mapping as YAML gives it (see the module).

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
    """Plan of a YAML file; see air_plan."""
    try:
        data = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"plan {path} cannot be read: {' '.join(str(error).split())}") from error
    return air_plan(_mapping(f"plan {path}", data))


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
    ends = {
        end: str(named[end]) for end in ("source", "target")
    }  # names are texts, as those of the radios, whatever YAML makes of them
    return LinkSpec(**_settings("link", named | ends, LinkSpec))


def _mapping(what: str, data) -> dict:
    if not isinstance(data, dict):
        raise ConfigError(f"{what} is {data!r}; a mapping is needed")
    return data


def _settings(what: str, data: dict, cls: type) -> dict:
    """Keyword arguments for a dataclass; what YAML reads as a text and is meant as a number, such
    as 1e-6, becomes one.
    """
    known = {f.name: f.type for f in fields(cls)}
    for key in _mapping(what, data):
        if key not in known:
            raise ConfigError(
                f"{what} has no setting {key!r}; allowed is one of {', '.join(known)}"
            )
    return {
        key: _as_float(value) if "float" in known[key] else value for key, value in data.items()
    }


def _as_float(value):
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value
