# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""pyadi-iio, as it is, on the virtual Pluto."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.core.radio.virtual.iio.client import serve

pytest.importorskip("adi", reason="pyadi-iio is not installed")
PHY = "ad9361-phy"
#: What pyadi-iio 0.0.21 writes for the settings of configured() in iio_pyadi.py; the filter's
#: coefficients apart.
CONFIGURED = [
    (PHY, "filter_fir_config", "RX 3 GAIN -6 DEC 4"), (PHY, "in_out_voltage_filter_fir_en", "1"),
    (PHY, "in_voltage_sampling_frequency", "1000000"),
    (PHY, "out_altvoltage0_RX_LO_frequency", "915000000"), (PHY, "out_altvoltage1_TX_LO_frequency", "915000000"),
    (PHY, "in_voltage_rf_bandwidth", "1000000"), (PHY, "out_voltage_rf_bandwidth", "1500000"),
    (PHY, "in_voltage0_gain_control_mode", "manual"), (PHY, "in_voltage0_hardwaregain", "40.0"),
    (PHY, "out_voltage0_hardwaregain", "-10.0"),
]  # fmt: skip


@pytest.fixture(scope="module")
def told():
    """(what the program found, what it wrote)."""
    with serve(speed=1) as (air, pluto):
        program = Path(__file__).with_name("iio_pyadi.py")
        done = subprocess.run(
            [sys.executable, str(program), pluto.uri], capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        log = [
            (one.client, one.attribute, one.value.partition("\n")[0])
            for one in air.radios["alice"].log.entries
        ]
        yield json.loads(done.stdout), log


def test_settings_are_written_in_this_order(told):
    assert told[1][: len(CONFIGURED)] == CONFIGURED


def test_settings_read_back(told):
    assert told[0]["rates"] == [1_000_000, False, False, [128, 4, 128, 4], 0]


def test_cyclic_buffer_comes_back(told):
    bin_, level = told[0]["cyclic"]
    assert bin_ == 100 and level == pytest.approx(0.5, abs=0.001)


def test_generated_tone_comes_back_and_ends(told):
    bin_, level = told[0]["dds"]
    assert bin_ == -500 and level == pytest.approx(0.25, rel=0.01) and told[0]["silence"] == 0


def test_buffers_can_be_made_anew_at_another_rate(told):
    rates = "BBPLL:1280000000 ADC:160000000 R2:80000000 R1:40000000 RF:20000000 RXSAMP:5000000"
    assert told[0]["faster"] == [5_000_000, rates] and told[0]["longer"] == 8000


@pytest.mark.parametrize("name", ["rx_lo", "tx_hardwaregain_chan0", "sample_rate"])
def test_what_a_pluto_refuses_is_refused(told, name):
    assert told[0][name] == 22
