# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a worker process may load by name besides the text codecs: a distiller, a safety gate."""

from __future__ import annotations

import importlib

from semcom_core.errors import check_choice
from semcom_core.text.codec import TEXT_CODECS, load_codec

#: Name → "module:class"; each class has from_settings.
SERVICES = {
    "distiller": "semcom_core.text.distill:Distiller",
    "safety_gate": "semcom_core.safety.gate:SafetyGate",
}


def load_service(name: str, **settings):
    """Make a text codec or a service by name; keyword arguments are fields of its configuration.

    Raises:
        ConfigError: there is none of that name, or a setting is not allowed.
        ModelError: it needs a model that is not there.
    """
    check_choice("service", name, {*SERVICES, *TEXT_CODECS})
    if name in TEXT_CODECS:
        return load_codec(name, **settings)
    module, cls = SERVICES[name].split(":")
    return getattr(importlib.import_module(module), cls).from_settings(**settings)
