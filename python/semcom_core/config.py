# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuration: frozen dataclasses that validate themselves, from mappings or the command line.

A field made by `setting` carries its help text and its default, and its unit is part of its name.

>>> @dataclass(frozen=True)
... class ToneConfig:
...     offset_hz: float = setting(1e3, "frequency of the tone, Hz")
>>> from_mapping(ToneConfig, {"offset_hz": 500})
ToneConfig(offset_hz=500)
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import MISSING, field, fields
from typing import Any, ClassVar, Protocol, TypeVar

from semcom_core.errors import ConfigError, check_choice


class Dataclass(Protocol):
    """Any dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


Config = TypeVar("Config", bound=Dataclass)
#: For the type of a field's default: the types of value that it takes, and their name.
_TAKES: dict[type, tuple[tuple[type, ...], str]] = {
    bool: ((bool,), "true or false"),
    int: ((int,), "a whole number"),
    float: ((int, float), "a number"),
    str: ((str,), "a text"),
}
#: Names of a device in settings and options.
DEVICES = ("cpu", "cuda", "mps", "auto")
#: Help text of such a setting.
DEVICE_HELP = "what the network computes on: cpu, cuda, mps, or auto for the first that is there"


def setting(default: Any, help: str) -> Any:
    """A dataclass field with a default and a help text for the command line."""
    return field(default=default, metadata={"help": help})


def check_device(name: str) -> None:
    """Raise ConfigError unless `name` is one of DEVICES; whether it is there is not asked."""
    check_choice("device", name, DEVICES)


def from_mapping(cls: type[Config], data: Mapping[str, Any]) -> Config:
    """Build a configuration dataclass from a mapping of field names to values.

    Raises:
        ConfigError: a key is unknown, a value is of another type than its default, or refused by
            the dataclass.
    """
    known = {f.name: type(f.default) for f in fields(cls)}
    for key, value in data.items():
        if key not in known:
            raise ConfigError(
                f"{cls.__name__} has no setting {key!r}; allowed is one of {', '.join(known)}"
            )
        if known[key] in _TAKES and not _fits(value, known[key]):
            raise ConfigError(f"{key} is {value!r}; allowed is {_TAKES[known[key]][1]}")
    try:
        return cls(**data)
    except TypeError as error:
        raise ConfigError(f"{cls.__name__}: {error}") from error


def read_settings(text: str, name: str = "settings") -> dict[str, Any]:
    """Settings stated in YAML, such as "{beam: 16, key: secret}"; an empty text states none.

    Args:
        text: what a user has typed.
        name: of the parameter, for the message.

    Raises:
        ConfigError: it is no mapping of names to values.
    """
    import yaml  # loaded where settings are typed

    try:
        found = yaml.safe_load(text) if text.strip() else {}
    except (ValueError, yaml.YAMLError):  # ValueError: such as a date that does not exist
        found = None
    if not isinstance(found, dict) or not all(isinstance(key, str) for key in found):
        raise ConfigError(f"{name} is {text!r}; allowed is a mapping in YAML, such as {{beam: 16}}")
    return found


def _fits(value: object, kind: type) -> bool:
    """Whether a field whose default is a `kind` takes the value; True and False are no numbers."""
    return isinstance(value, _TAKES[kind][0]) and (kind is bool or not isinstance(value, bool))


def add_arguments(
    parser: argparse.ArgumentParser, cls: type[Dataclass], skip: tuple[str, ...] = ()
) -> None:
    """Add one --option for each scalar field of a configuration dataclass.

    Args:
        parser: parser or group that gets the options.
        cls: the dataclass.
        skip: names of fields that get none.
    """
    for f in fields(cls):
        if f.name in skip or f.default is MISSING:
            continue
        option = "--" + f.name.replace("_", "-")
        text = f"{f.metadata.get('help', f.name)} (default {f.default})"
        if isinstance(f.default, bool):
            parser.add_argument(
                option, action=argparse.BooleanOptionalAction, default=f.default, help=text
            )
        else:
            parser.add_argument(option, type=type(f.default), default=f.default, help=text)


def from_arguments(cls: type[Config], args: argparse.Namespace, **more: Any) -> Config:
    """Build a configuration dataclass from parsed arguments.

    Args:
        cls: the dataclass.
        args: parsed arguments; those that are no fields are left aside.
        more: values of fields, which win over the arguments.

    Raises:
        ConfigError: as from_mapping does.
    """
    found = {f.name: getattr(args, f.name) for f in fields(cls) if hasattr(args, f.name)}
    return from_mapping(cls, {**found, **more})
