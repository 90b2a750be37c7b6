# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Service registry: distiller, safety gate and tasks, which a worker process loads by name."""

from __future__ import annotations

import importlib
from typing import Any

from semcom_core.codecs import TEXT, codec_names, is_codec, load_codec
from semcom_core.errors import check_choice

#: What a worker process may load beside a codec that carries text or images.
SERVICE = "service"
#: Name → "module:class"; each class has from_settings.
SERVICES = {
    "distiller": "semcom_core.text.distillation.distiller:Distiller",
    "safety_gate": "semcom_core.safety.policy:SafetyGate",
    "task_router": "semcom_core.tasks.services:RequestSorter",
    "semantic_memory": "semcom_core.tasks.services:MemoryService",
    "answerer": "semcom_core.tasks.services:AnswerService",
}


def load_service(name: str, **settings: Any) -> Any:
    """A text codec or a service by name; keyword arguments are fields of its configuration.

    Raises:
        ConfigError: there is none of that name, or a setting is not allowed.
        ModelError: it needs a model that is not there.
    """
    if name not in SERVICES and is_codec(name, TEXT):
        return load_codec(name, TEXT, **settings)
    check_choice("service", name, {*SERVICES, *codec_names(TEXT)})
    module, cls = SERVICES[name].split(":")
    return getattr(importlib.import_module(module), cls).from_settings(**settings)
