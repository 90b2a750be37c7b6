# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bench results as a file for machines and as a table for people."""

from __future__ import annotations

import json
from pathlib import Path

from semcom_core import __version__
from semcom_core.errors import ConfigError


def check_writable(*paths: Path | None) -> None:
    """Raise ConfigError unless each path that is given can become a file; to be asked before a long
    measurement.
    """
    for path in filter(None, paths):
        if path.is_dir() or not path.absolute().parent.is_dir():
            raise ConfigError(
                f"output file is {str(path)!r}; allowed is a file in a folder that exists"
            )


def write_json(path: Path, bench: str, seed: int, settings: dict, rows: list[dict]) -> None:
    """Write a bench file: {"bench", "version", "seed", "settings", "rows"}.

    Args:
        path: of the file.
        bench: name of the bench.
        seed: of its random numbers.
        settings: options that say what was measured, fit for JSON.
        rows: results, fit for JSON.

    Raises:
        ConfigError: the file cannot be written.
    """
    found = {
        "bench": bench,
        "version": __version__,
        "seed": seed,
        "settings": settings,
        "rows": rows,
    }
    try:
        path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"JSON file {path} cannot be written: {error.strerror}; allowed is a file in a folder "
            "that exists"
        ) from error


def read_json(path: Path) -> dict:
    """Read a bench file.

    Raises:
        ConfigError: it cannot be read, or is no bench file.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ConfigError(
            f"bench file {path} cannot be read: {error}; allowed is what a bench writes with --json"
        ) from error
    rows = found.get("rows") if isinstance(found, dict) else None
    if (
        not isinstance(rows, list)
        or not all(isinstance(row, dict) for row in rows)
        or not isinstance(found.get("bench"), str)
    ):
        raise ConfigError(
            f'bench file {path} has no "bench" with "rows"; allowed is what a bench writes with '
            "--json"
        )
    if not isinstance(found.get("settings", {}), dict):
        raise ConfigError(
            f"bench file {path} has settings {found['settings']!r}; allowed is an object"
        )
    return {"version": "unknown", "seed": None, "settings": {}, **found}


def verdict(figure: str, target: str, reached: bool) -> str:
    """A figure with its target, in words.

    Args:
        figure: name, value and unit.
        target: relation, value and unit.
        reached: whether the figure reaches it.
    """
    return f"{figure} (target {target}: {'reached' if reached else 'MISSED'})"
