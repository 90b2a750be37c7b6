# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the plan of an air from YAML.

    pacing: elastic
    seed: 1
    radios:
      alice: {kind: pluto, address: 127.0.0.1}
      bob: {kind: pluto, address: 127.0.0.2, ppm: 3}
    links:
      - {from: alice, to: bob, gain_db: -10, delay_s: 1e-6, channel: "awgn:10+cfo:20khz+taps:0,-6"}
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import yaml

from semcom_core.errors import ConfigError
from semcom_core.radio.air.plan import AirPlan, LinkSpec, RadioSpec


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
    named = {{"from": "source", "to": "target"}.get(key, key): value for key, value in _mapping("link", data).items()}
    if missing := {"source", "target"} - set(named):
        raise ConfigError(f"link {data!r} lacks {' and '.join(sorted(missing))}; from and to are needed")
    ends = {end: str(named[end]) for end in ("source", "target")}  # names are texts, as those of the radios, whatever YAML makes of them
    return LinkSpec(**_settings("link", named | ends, LinkSpec))


def _mapping(what: str, data) -> dict:
    if not isinstance(data, dict):
        raise ConfigError(f"{what} is {data!r}; a mapping is needed")
    return data


def _settings(what: str, data: dict, cls: type) -> dict:
    """Keyword arguments for a dataclass; what YAML reads as a text and is meant as a number, such as 1e-6, becomes one."""
    known = {f.name: f.type for f in fields(cls)}
    for key in _mapping(what, data):
        if key not in known:
            raise ConfigError(f"{what} has no setting {key!r}; allowed is one of {', '.join(known)}")
    return {key: _as_float(value) if "float" in known[key] else value for key, value in data.items()}


def _as_float(value):
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value
