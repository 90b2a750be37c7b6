# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where files that belong to no Python package lie: flowgraphs, block entries and radio profiles, in a checkout or installed."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path


def places(checkout: str, installed: str) -> list[Path]:
    """Where files may be: in the checkout that this file lies in, or below share/ of the environment, of what pip and CMake install
    into the system (Debian: /usr/local), or of the user."""
    user = sysconfig.get_preferred_scheme("user")
    prefixes = [sys.prefix, sysconfig.get_path("data"), sysconfig.get_path("data", user)]
    here = Path(__file__).resolve().parents[3] / checkout
    return list(dict.fromkeys([here, *(Path(prefix) / "share" / installed for prefix in prefixes)]))


def files(searched: list[Path], pattern: str) -> list[Path]:
    """The files of the first folder that has some."""
    return next(filter(None, (sorted(folder.glob(pattern)) for folder in searched)), [])
