# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""For the tests of a radio's process: one around a stand-in for the program that runs a radio."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from semcom_core.radio.process.supervisor import RadioProcess
from semcom_core.radio.profile import load_profile

STAND_IN = [sys.executable, str(Path(__file__).with_name("stand_in_radio.py"))]
LIMIT_S = 20.0


@pytest.fixture
def open_radio(tmp_path):
    """open_radio(behaviour, ...): a RadioProcess around the stand-in, with the events that it
    told.
    """
    opened = []

    def make(behaviour: str, **settings) -> RadioProcess:
        profile = replace(
            load_profile("virtual-soapy"),
            address=behaviour,
            description=str(tmp_path / "lives"),
            amplitude=1.0,
        )
        events = []
        radio = RadioProcess(
            profile, on_event=lambda *event: events.append(event), command=STAND_IN, **settings
        )
        radio.events = events
        opened.append(radio)
        radio.start()
        return radio

    yield make
    for radio in opened:
        radio.stop()


def collect(radio, count: int) -> np.ndarray:
    parts, found = [], 0
    while found < count:
        parts.append(radio.read(count - found, LIMIT_S))
        found += len(parts[-1])
    return np.concatenate(parts)


def states(radio) -> list[str]:
    return [event[0] for event in radio.events]


def until(condition) -> None:
    end = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
