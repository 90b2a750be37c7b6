# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the devices of the virtual Pluto from catalogue.yml and from what stands behind their attributes."""

from __future__ import annotations

from functools import partial
from importlib.resources import files

import yaml

from semcom_core.radio.iio import values
from semcom_core.radio.iio.tree import Attribute, Attributes, Channel, Device
from semcom_core.radio.iio.values import Binding, Stored


def load_catalogue() -> dict:
    """The mapping of catalogue.yml: `context` and `devices`."""
    return yaml.safe_load((files(__package__) / "catalogue.yml").read_text(encoding="utf-8"))


def build_devices(described: list[dict], bound: dict[str, Binding]) -> tuple[Device, ...]:
    """Devices as the catalogue describes them.

    Args:
        described: `devices` of the catalogue.
        bound: what stands behind the attributes that the catalogue calls {bound: NAME}.
    """
    return tuple(_device(one, bound) for one in described)


def _device(described: dict, bound: dict[str, Binding]) -> Device:
    plain = {kind: _attributes(described.get(kind, {}), bound, "") for kind in ("attributes", "debug", "buffer")}
    channels = tuple(_channel(one, bound) for one in described["channels"])
    return Device(described["id"], described["name"], channels=channels, **plain)


def _channel(described: dict, bound: dict[str, Binding]) -> Channel:
    """A channel; the files of attributes that all channels of its type share are named by the type alone."""
    name, output = described.get("name"), described["output"]
    direction, kind = ("out" if output else "in"), described["id"].rstrip("0123456789")
    own = "_".join([direction, described["id"], *([name] if name else [])]) + "_"
    attributes = _attributes(described.get("attributes", {}), bound, own)
    attributes |= _attributes(described.get("shared", {}), bound, f"{direction}_{kind}_")
    scan = described.get("scan", {})
    return Channel(described["id"], name, output, attributes, scan.get("index"), scan.get("format", ""))


def _attributes(described: dict, bound: dict[str, Binding], prefix: str) -> Attributes:
    return {name: Attribute(name, prefix + name, _binding(name, spec, bound)) for name, spec in described.items()}


def _binding(name: str, spec: str | dict, bound: dict[str, Binding]) -> Binding:
    """What stands behind an attribute: a text that stays, a switch, one of several words, or something bound."""
    if isinstance(spec, str):
        return Binding(lambda: spec)
    if "bound" in spec:
        return bound[spec["bound"]]
    if "flag" in spec:
        return Stored(spec["flag"], lambda text: str(int(values.flag(name, text)))).binding
    return Stored(spec["value"], partial(values.choice, name, allowed=spec["choice"])).binding
