# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An air with two Soapy radios that hear one another, and a server for them."""

from __future__ import annotations

import threading

import pytest

from semcom_core.radio.virtual.air import Air, air_plan
from semcom_core.radio.virtual.soapy import SoapyServer

PLAN = {
    "radios": {
        "alice": {"kind": "soapy"},
        "bob": {"kind": "soapy", "ppm": 10},
        "pluto": {"kind": "pluto"},
    },
    "links": [{"from": "alice", "to": "alice"}, {"from": "alice", "to": "bob"}],
}


def make_air(pacing: str) -> Air:
    return Air(air_plan({**PLAN, "pacing": pacing}))


@pytest.fixture(params=["elastic"])
def air(request) -> Air:
    """An air; parametrize it indirectly for real pacing."""
    made = make_air(request.param)
    yield made
    made.close()


@pytest.fixture
def server(air, tmp_path) -> SoapyServer:
    """A server of the air, whose threads have ended at the end of the test."""
    before = set(threading.enumerate())
    with SoapyServer(air, tmp_path / "air.sock") as made:
        yield made
    assert set(threading.enumerate()) <= before
