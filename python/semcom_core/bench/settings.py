# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Codec settings of a bench: NAME=VALUE for each codec that has it, CODEC.NAME=VALUE for one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from semcom_core.codecs import TEXT, find_codec, settings_of
from semcom_core.errors import ConfigError
from semcom_core.text import TextCodec


def takes_context(codec: str) -> bool:
    """Whether a codec can be told of the texts before a message."""
    cls = find_codec(codec, TEXT).load_class()
    return issubclass(cls, TextCodec) and cls.takes_context


def settings_for(codec: str, codecs: Sequence[str], given: dict) -> dict:
    """Those of the given settings that are for a codec.

    Args:
        codec: whose settings are asked for.
        codecs: all codecs of the bench.
        given: values by NAME or CODEC.NAME; the latter wins.

    Raises:
        ConfigError: no codec of the bench has the setting.
    """
    plain: dict[str, Any] = {}
    own: dict[str, Any] = {}
    for key, value in given.items():
        prefix, dot, name = key.partition(".")
        if dot and prefix not in codecs:
            raise ConfigError(
                f"setting is {key!r}; allowed before the dot is one of {', '.join(codecs)}"
            )
        takers = [prefix] if dot else codecs
        name = name if dot else key
        if not any(name in settings_of(taker) for taker in takers):
            known = "; ".join(
                f"{taker}: {', '.join(settings_of(taker)) or 'none'}" for taker in takers
            )
            raise ConfigError(f"no codec has a setting {name!r}; allowed is {known}")
        if codec in takers and name in settings_of(codec):
            (own if dot else plain)[name] = value
    return {**plain, **own}
