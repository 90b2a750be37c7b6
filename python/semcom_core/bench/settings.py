# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings for several codecs at once: NAME=VALUE for each codec that has it, CODEC.NAME=VALUE for
one.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import fields
from typing import get_args, get_type_hints

from semcom_core.errors import ConfigError
from semcom_core.image import IMAGE_CODECS
from semcom_core.text import TEXT_CODECS


def class_of(codec: str) -> type:
    """The class of a codec. No model is loaded."""
    module, cls = {**TEXT_CODECS, **IMAGE_CODECS}[codec][1].split(":")
    return getattr(importlib.import_module(module), cls)


def defaults_of(codec: str) -> dict:
    """A codec's settings and their defaults: the fields of the configuration that its class
    takes.
    """
    kind = get_type_hints(class_of(codec).__init__).get("config")
    config = next((one for one in get_args(kind) if one is not type(None)), kind)
    return {f.name: f.default for f in fields(config)} if config else {}


def takes_context(codec: str) -> bool:
    """Whether a codec can be told of the texts before a message."""
    return hasattr(class_of(codec), "with_context")


def settings_for(codec: str, codecs: Sequence[str], given: dict) -> dict:
    """Those of the given settings that are for a codec.

    Args:
        codecs: all codecs of the bench.
        given: values by NAME or CODEC.NAME; the latter wins.

    Raises:
        ConfigError: no codec of the bench has the setting.
    """
    plain = {}
    own = {}
    for key, value in given.items():
        prefix, dot, name = key.partition(".")
        if dot and prefix not in codecs:
            raise ConfigError(
                f"setting is {key!r}; allowed before the dot is one of {', '.join(codecs)}"
            )
        takers = [prefix] if dot else codecs
        name = name if dot else key
        if not any(name in defaults_of(taker) for taker in takers):
            known = "; ".join(
                f"{taker}: {', '.join(defaults_of(taker)) or 'none'}" for taker in takers
            )
            raise ConfigError(f"no codec has a setting {name!r}; allowed is {known}")
        if codec in takers and name in defaults_of(codec):
            (own if dot else plain)[name] = value
    return {**plain, **own}
