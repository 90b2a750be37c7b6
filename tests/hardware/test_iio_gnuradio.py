# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""gr-iio's source and sink, as they are, full duplex on the virtual Pluto."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.core.radio.virtual.iio.client import serve

pytest.importorskip("gnuradio.iio", reason="gr-iio is not installed")
PROGRAM = Path(__file__).with_name("iio_gnuradio.py")
PHY = "ad9361-phy"
#: Length of a run. gr-iio 3.10's source looks once a second whether it is running, and hangs in its
#: end if it never saw that.
SECONDS = 1.5


def full_duplex(
    rate_hz: int, samples: int, filter_source: str, limit_s: float = 90, **more
) -> tuple[dict, object]:
    """What the program found, and the radio it used."""
    with serve(speed=1, **more) as (air, pluto):
        command = [
            sys.executable,
            str(PROGRAM),
            pluto.uri,
            str(rate_hz),
            str(samples),
            filter_source,
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit_s)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1].lstrip("OU")), air.radios["alice"]


@pytest.mark.parametrize(
    "rate_hz, filter_source", [(200_000, "Auto"), (1_000_000, "Auto"), (2_400_000, "Off")]
)
def test_pattern_comes_back_without_a_gap(rate_hz, filter_source):
    samples = int(SECONDS * rate_hz)
    found, radio = full_duplex(rate_hz, samples, filter_source)
    assert found["samples"] == samples and found["first"] < rate_hz / 2 and found["jumps"] == 0
    assert (radio.rx.rate_hz, radio.tx.rate_hz, radio.rx.overflows, radio.tx.underflows) == (
        rate_hz,
        rate_hz,
        0,
        0,
    )
    written = [(one.attribute, one.value) for one in radio.log.entries if one.client == PHY]
    assert ("in_voltage0_gain_control_mode", "manual") in written and (
        "in_voltage0_hardwaregain",
        "40.000000",
    ) in written
    assert ("out_voltage0_hardwaregain", "-10.000000") in written and (
        "out_altvoltage1_TX_LO_frequency",
        "2450000000",
    ) in written


@pytest.mark.slow
@pytest.mark.parametrize("rate_hz", [1_000_000, 2_000_000])
def test_a_minute_in_real_time_has_no_gap(rate_hz):
    """On an idle machine of two cores."""
    found, radio = full_duplex(rate_hz, 60 * rate_hz, "Auto", limit_s=150, pacing="real")
    assert (found["jumps"], radio.rx.overflows, radio.tx.underflows) == (0, 0, 0)
