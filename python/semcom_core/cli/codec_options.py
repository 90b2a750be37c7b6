# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Option --set of the commands: settings of a codec, read as YAML."""

from __future__ import annotations

import argparse

import yaml

from semcom_core.errors import ConfigError
from semcom_core.text import TextCodec, load_text_codec


def add_settings_option(parser: argparse.ArgumentParser) -> None:
    """Add --set."""
    parser.add_argument(
        "--set",
        nargs="+",
        default=[],
        metavar="NAME=VALUE",
        help="settings of the codec, such as model=… beam=16 key=…",
    )


def settings_from(args: argparse.Namespace) -> dict:
    """Settings given by --set; values are read as YAML.

    Raises:
        ConfigError: one is not NAME=VALUE, or its value is no YAML.
    """
    settings = {}
    for text in args.set:
        name, equals, value = text.partition("=")
        if not equals:
            raise ConfigError(f"setting is {text!r}; allowed is NAME=VALUE")
        try:
            settings[name] = yaml.safe_load(value) if value else ""
        except yaml.YAMLError as error:
            raise ConfigError(
                f"setting is {text!r}; allowed is NAME=VALUE with a YAML value"
            ) from error
    return settings


def codec_from(args: argparse.Namespace) -> TextCodec:
    """The codec that the options name."""
    return load_text_codec(args.codec, **settings_from(args))
