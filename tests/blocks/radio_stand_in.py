# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""For the tests of radio blocks: a program in the place of a radio, and what a block has said."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest
from gnuradio.semcom import notices

STAND_IN = Path(__file__).parents[1] / "core" / "radio" / "stand_in_radio.py"


@pytest.fixture
def stand_in(monkeypatch, tmp_path):
    """stand_in(behaviour): settings of a block whose radio is a stand-in, see the program."""
    monkeypatch.setattr(
        "semcom_core.radio.process.supervisor.program", lambda: [sys.executable, str(STAND_IN)]
    )
    return lambda behaviour: {
        "profile": "virtual-soapy", "address": behaviour, "overrides": {"description": str(tmp_path / "lives"), "amplitude": 1.0}
    }  # fmt: skip


def said(collector, count: int) -> list[str]:
    """States of the notices that a block has sent, as soon as there are so many."""
    return [notices.read_notice(message).state for message in collector.wait(count)]


def wait_for(sink, count: int) -> None:
    """Wait until a vector sink has so many samples."""
    end = time.monotonic() + 20
    while len(sink.data()) < count:
        assert time.monotonic() < end
        time.sleep(0.02)
