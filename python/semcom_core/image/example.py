# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Example pictures, from the data of scikit-image."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from semcom_core.errors import ConfigError, check_choice

#: Name → file of scikit-image: a portrait of an astronaut (NASA, public domain), a cup of coffee, a
#: cat, a rocket (CC0).
EXAMPLES = {
    "astronaut": "astronaut.png",
    "coffee": "coffee.png",
    "cat": "chelsea.png",
    "rocket": "rocket.jpg",
}


def example_picture(name: str = "coffee") -> Path:
    """File of one of the EXAMPLES.

    Raises:
        ConfigError: there is no such example, or scikit-image is not installed.
    """
    check_choice("example", name, EXAMPLES)
    package = importlib.util.find_spec("skimage")
    path = Path((package and package.origin) or "").parent / "data" / EXAMPLES[name]
    if package is None or not path.exists():
        raise ConfigError(
            f"example picture {name} comes with scikit-image, which is not installed; allowed is a "
            "picture file of your own"
        )
    return path
