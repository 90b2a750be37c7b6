# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all tests share: where the repository is, and what runs without GNU Radio or a screen."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HAS_GNURADIO = (
    importlib.util.find_spec("gnuradio") is not None
    and importlib.util.find_spec("gnuradio.gr") is not None
)
NEEDS_GNURADIO = ("blocks", "flowgraphs")

if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ.setdefault("MPLBACKEND", "Agg")
os.environ["PATH"] = os.pathsep.join(
    [str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
)  # its cmake, its tools
os.environ.setdefault("GRC_BLOCKS_PATH", str(ROOT / "gr-semcom" / "grc"))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the tests over the air (tests/hardware, marker radio)."""
    group = parser.getgroup(
        "radio", "tests over the air: ./run test tests/hardware -m radio --profile pluto ..."
    )
    group.addoption("--profile", help="profile of the radios (see semcom radios)")
    group.addoption(
        "--rx-address",
        default="",
        help="address of the radio that receives (default: the profile's)",
    )
    group.addoption(
        "--tx-address",
        default="",
        help="address of the radio that sends (default: the receiver's; only a Pluto is both)",
    )
    group.addoption(
        "--tx-gain-db", type=float, help="transmit gain, dB (default: the profile's, the lowest)"
    )
    group.addoption(
        "--i-may-transmit",
        action="store_true",
        help="transmit outside the ISM bands: with a licence, or over a cable",
    )


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave out the folders whose tests import GNU Radio where it is not installed: the core's
    tests run without it.
    """
    inside = [ROOT / "tests" / name for name in NEEDS_GNURADIO]
    return (
        True
        if not HAS_GNURADIO and any(collection_path.is_relative_to(folder) for folder in inside)
        else None
    )


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def gnuradio() -> None:
    """Skip the test where GNU Radio is not installed."""
    if not HAS_GNURADIO:
        pytest.skip("GNU Radio is not installed")
