# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file that a link monitor writes its report to."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path

from semcom_core.errors import ConfigError


def checked_file(report_file: str) -> Path | None:
    """Path of a file that can be written as far as can be told without writing it; None where no file is named.

    Raises:
        ConfigError: it cannot be.
    """
    if not report_file:
        return None
    path = Path(os.path.expanduser(report_file))
    there = os.path.exists(path)  # Path.exists raises where a folder may not be searched
    if os.path.isdir(path) or not (there or os.path.isdir(path.parent)) or not os.access(path if there else path.parent, os.W_OK):
        raise ConfigError(f"report_file is {report_file!r}; allowed is a file in a folder that is there and can be written to")
    return path


def write_report(path: Path, report: dict) -> None:
    """Write a report as JSON; null for a number that is not finite.

    Raises:
        OSError: the file cannot be written.
    """
    path.write_text(json.dumps(_finite(report), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _finite(value):
    """The same with None for every number that JSON does not know."""
    if isinstance(value, dict):
        return {name: _finite(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [_finite(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
