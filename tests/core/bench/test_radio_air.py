# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon of virtual radios as a process: one that does not come up leaves nothing behind."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from semcom_core.bench.radio import link as radio_air
from semcom_core.bench.radio.link import AirProcess, loopback
from semcom_core.errors import RadioError

PLAN = {"radios": {"alice": {"kind": "pluto", "address": loopback(104)}}}


@pytest.mark.parametrize("plan, limit_s, said", [
    ({"radios": {}}, 60.0, "plan has no radios"),
    (PLAN, 0.0, "the virtual radios are not served"),
])  # fmt: skip
def test_a_daemon_that_does_not_come_up_leaves_nothing(plan, limit_s, said, monkeypatch):
    monkeypatch.setattr(radio_air, "START_S", limit_s)
    air = AirProcess(plan)
    with pytest.raises(RadioError, match=said), air:
        pass
    assert not Path(air.socket).parent.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(air._process.pid, 0)
