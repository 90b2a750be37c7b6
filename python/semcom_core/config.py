# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuration: frozen dataclasses that validate themselves, filled from YAML or from the command
line.

A field made by `setting` carries its help text, its unit is part of its name, and its default lives
nowhere else.
"""

from __future__ import annotations

import argparse
from dataclasses import MISSING, field, fields
from pathlib import Path
from typing import TypeVar

import yaml

from semcom_core.errors import ConfigError

Config = TypeVar("Config")
#: For the type of a field's default: the types of value that it takes, and what to call them.
_TAKES = {
    bool: ((bool,), "true or false"),
    int: ((int,), "a whole number"),
    float: ((int, float), "a number"),
    str: ((str,), "a text"),
}


def setting(default, help: str):
    """A dataclass field with a default and a help text for the command line."""
    return field(default=default, metadata={"help": help})


def from_mapping(cls: type[Config], data: dict) -> Config:
    """Build a configuration dataclass from a mapping.

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


def _fits(value, kind: type) -> bool:
    """Whether a field whose default is a `kind` takes the value; True and False are no numbers."""
    return isinstance(value, _TAKES[kind][0]) and (kind is bool or not isinstance(value, bool))


def from_yaml(cls: type[Config], path: str | Path) -> Config:
    """Build a configuration dataclass from a YAML file (see from_mapping)."""
    try:
        data = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError(f"configuration file {path} cannot be read: {error}") from error
    if not isinstance(data or {}, dict):
        raise ConfigError(
            f"configuration file {path} holds a {type(data).__name__}; a mapping is needed"
        )
    return from_mapping(cls, data or {})


def add_arguments(parser: argparse.ArgumentParser, cls: type, skip: tuple[str, ...] = ()) -> None:
    """Add one --option for each scalar field of a configuration dataclass."""
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


def from_arguments(cls: type[Config], args: argparse.Namespace, **more) -> Config:
    """Build a configuration dataclass from parsed arguments; keyword arguments win."""
    found = {f.name: getattr(args, f.name) for f in fields(cls) if hasattr(args, f.name)}
    return from_mapping(cls, {**found, **more})
