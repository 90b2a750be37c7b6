# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One self-contained page on bench files: no scripts, no other files, light or dark as the reader has it."""

from __future__ import annotations

from pathlib import Path

from semcom_core import __version__
from semcom_core.bench.sections import Section
from semcom_core.errors import ConfigError


def page(sections: list[Section], title: str) -> str:
    """The page as HTML."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("semcom_core.bench", ".")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template("report.html").render(sections=sections, title=title, version=__version__)


def write_page(path: Path, sections: list[Section], title: str) -> None:
    """Write the page.

    Raises:
        ConfigError: the file cannot be written.
    """
    try:
        path.write_text(page(sections, title), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"HTML file {path} cannot be written: {error.strerror}; allowed is a file in a folder that exists") from error
