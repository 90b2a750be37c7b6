# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Print the folder, relative to an installation prefix, where this interpreter looks for packages.

Distributions differ (site-packages, dist-packages, with or without the minor version), so the
interpreter is asked; for a prefix that it does not search, the usual name below lib/ is taken, and
PYTHONPATH has to name it.
"""

from __future__ import annotations

import site
import sys
from pathlib import Path


def python_dir(prefix: Path, searched: list[str]) -> Path:
    """The folder of packages below `prefix`, given the folders that the interpreter searches."""
    for folder in map(Path, searched):
        if folder.is_relative_to(prefix / "lib"):
            return folder.relative_to(prefix)
    minor = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return Path("lib") / minor / Path(searched[0]).name


if __name__ == "__main__":
    print(python_dir(Path(sys.argv[1]), site.getsitepackages()))
