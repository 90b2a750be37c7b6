# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ranges of the attributes, the values they read back, the errno of what is refused, and what
reaches the air.
"""

from __future__ import annotations

import errno

import pytest

from semcom_core.radio.virtual.air import Air
from semcom_core.radio.virtual.iio import VirtualPluto
from tests.core.radio.virtual.iio.client import ADC, DAC, PHY, Client, plan

RX, TX = f"{PHY} INPUT voltage0", f"{PHY} OUTPUT voltage0"
RX_LO, TX_LO = f"{PHY} OUTPUT altvoltage0", f"{PHY} OUTPUT altvoltage1"
FIR = "RX 3 GAIN -6 DEC 4\nTX 3 GAIN 0 INT 4\n" + "1,-1\n" * 128
#: Attribute, value written, value read back.
TAKEN = [
    (f"{RX_LO} frequency", "325000000", "325000000"), (f"{RX_LO} frequency", "3800000000", "3800000000"),
    (f"{TX_LO} frequency", "2412000001", "2412000001"), (f"{RX_LO} powerdown", "1", "1"),
    (f"{RX} sampling_frequency", "61440000", "61440000"), (f"{RX} sampling_frequency", "2083334", "2083334"),
    (f"{TX} sampling_frequency", "4000000.0", "4000000"), (f"{RX} rf_bandwidth", "1000000", "1000000"),
    (f"{RX} rf_bandwidth", "100", "200000"), (f"{RX} rf_bandwidth", "56000000", "20000000"),
    (f"{TX} rf_bandwidth", "40000000", "20000000"), (f"{TX} hardwaregain", "0", "0.000000 dB"),
    (f"{TX} hardwaregain", "-89.75", "-89.750000 "
                                     "dB"), (f"{TX} hardwaregain", "-10.3 dB", "-10.250000 dB"),
    (f"{RX} gain_control_mode", "fast_attack", "fast_attack"), (f"{RX} quadrature_tracking_en", "0", "0"),
    (f"{PHY} xo_correction", "40000400", "40000400"), (f"{PHY} trx_rate_governor", "highest_osr", "highest_osr"),
    (f"{PHY} DEBUG "
     "loopback", "0", "0"), (f"{PHY} filter_fir_config", FIR, "FIR Rx: 128,4 Tx: 128,4"),
    (f"{ADC} INPUT voltage0 sampling_frequency", "3840000", "3840000"),
    (f"{DAC} OUTPUT voltage0 sampling_frequency", "3840000", "3840000"),
    (f"{DAC} OUTPUT altvoltage0 "
     "frequency", "1000000", "999844"), (f"{DAC} OUTPUT TX1_Q_F2 phase", "90000", "90000"),
    (f"{DAC} OUTPUT altvoltage1 "
     "scale", "0.5", "0.500000"), (f"{DAC} OUTPUT altvoltage2 raw", "1", "1"),
    (f"{ADC} DEBUG direct_reg_access", "0x80000088 0x6", "0x0"),
]  # fmt: skip
#: Attribute, value written, errno.
REFUSED = [
    (f"{RX_LO} frequency", "324999999", errno.EINVAL), (f"{TX_LO} frequency", "3800000001", errno.EINVAL),
    (f"{RX_LO} frequency", "2.4e9", errno.EINVAL), (f"{RX_LO} frequency", "-1", errno.EINVAL), (f"{RX_LO} frequency", "", errno.EINVAL),
    (f"{RX_LO} powerdown", "off", errno.EINVAL), (f"{RX} sampling_frequency", "2083333", errno.EINVAL),
    (f"{RX} sampling_frequency", "61440001", errno.EINVAL), (f"{TX} sampling_frequency", "nan", errno.EINVAL),
    (f"{TX} sampling_frequency", "0", errno.EINVAL), (f"{RX} rf_bandwidth", "wide", errno.EINVAL),
    (f"{TX} hardwaregain", "0.25", errno.EINVAL), (f"{TX} hardwaregain", "-90", errno.EINVAL), (f"{TX} hardwaregain", "inf", errno.EINVAL),
    (f"{RX} hardwaregain", "40", errno.EOPNOTSUPP), (f"{RX} gain_control_mode", "automatic", errno.EINVAL),
    (f"{PHY} xo_correction", "40008001", errno.EINVAL), (f"{PHY} trx_rate_governor", "lowest", errno.EINVAL),
    (f"{PHY} ensm_mode", "sleep", errno.EINVAL), (f"{PHY} DEBUG loopback", "1", errno.EINVAL),
    (f"{PHY} filter_fir_config", "1,1\n" * 16, errno.EINVAL), (f"{PHY} filter_fir_config", FIR + "1,1\n", errno.EINVAL),
    (f"{PHY} INPUT out "
     "voltage_filter_fir_en", "1", errno.EINVAL), (f"{RX} sampling_frequency_available", "1", errno.EACCES),
    (f"{ADC} INPUT voltage0 sampling_frequency", "1000000", errno.EINVAL),
    (f"{DAC} OUTPUT altvoltage0 frequency", "15360001", errno.EINVAL),
    (f"{DAC} OUTPUT altvoltage0 "
     "scale", "1.1", errno.EINVAL), (f"{DAC} OUTPUT altvoltage0 phase", "360001", errno.EINVAL),
    (f"{ADC} DEBUG "
     "direct_reg_access", "0x0", errno.EINVAL), (f"{ADC} DEBUG "
                                                 "direct_reg_access", "status", errno.EINVAL),
    (f"{ADC} DEBUG direct_reg_access", "", errno.EINVAL),
]  # fmt: skip


@pytest.fixture(scope="module")
def pluto():
    """One server for the whole table of what is refused, which leaves it as it is."""
    air = Air(plan())
    with VirtualPluto(air, "alice") as started:
        yield started
    air.close()


@pytest.mark.parametrize("words, text, expected", TAKEN)
def test_value_is_taken(client, words, text, expected):
    assert client.write(words, text) == len(text) + 1
    assert client.read(words) == expected


@pytest.mark.parametrize("words, text, code", REFUSED)
def test_value_is_refused_and_nothing_changes(pluto, words, text, code):
    with Client(pluto.endpoint) as client:
        before = client.read(words)
        assert client.write(words, text) == -code
        assert client.read(words) == before


@pytest.mark.parametrize(
    "lo_hz, lowest, highest",
    [(1_300_000_000, -1, 73), (1_300_000_001, -3, 71), (3_800_000_000, -3, 71)],
)
def test_receive_gain_range_depends_on_the_carrier(client, lo_hz, lowest, highest):
    client.write(f"{RX_LO} frequency", str(lo_hz))
    client.write(f"{RX} gain_control_mode", "manual")
    assert client.read(f"{RX} hardwaregain_available") == f"[{lowest} 1 {highest}]"
    for gain_db in (lowest, highest):
        assert client.write(f"{RX} hardwaregain", str(gain_db)) > 0
        assert client.read(f"{RX} hardwaregain") == f"{gain_db}.000000 dB"
    for gain_db in (lowest - 1, highest + 1):
        assert client.write(f"{RX} hardwaregain", str(gain_db)) == -errno.EINVAL


def test_gain_follows_into_a_narrower_range(client):
    client.write(f"{RX_LO} frequency", "900000000")
    client.write(f"{RX} gain_control_mode", "manual")
    client.write(f"{RX} hardwaregain", "73")
    client.write(f"{RX_LO} frequency", "2450000000")
    assert client.read(f"{RX} hardwaregain") == "71.000000 dB"


def test_filter_opens_lower_rates(client):
    assert client.write(f"{RX} sampling_frequency", "3000000") > 0
    assert client.write(f"{PHY} filter_fir_config", FIR) > 0
    assert client.write(f"{PHY} INPUT out voltage_filter_fir_en", "1") > 0
    assert client.read(f"{RX} sampling_frequency_available") == "[520833 1 61440000]"
    assert client.write(f"{RX} sampling_frequency", "520833") == -errno.EINVAL
    assert client.write(f"{RX} sampling_frequency", "520834") > 0
    assert client.write(f"{PHY} INPUT out voltage_filter_fir_en", "0") == -errno.EINVAL, (
        "the rate needs the filter"
    )
    assert (
        client.read(f"{PHY} tx_path_rates")
        == "BBPLL:800001024 DAC:25000032 T2:8333344 T1:4166672 TF:2083336 TXSAMP:520834"
    )


def test_settings_reach_the_air(served, client):
    radio = served[0].radios["alice"]
    client.configure(rate_hz=5_000_000)
    client.write(f"{TX_LO} frequency", "2460000000")
    client.write(f"{TX} hardwaregain", "-20")
    client.write(f"{TX} rf_bandwidth", "3000000")
    client.write(f"{ADC} INPUT voltage0 sampling_frequency", "625000")
    assert (radio.rx.rate_hz, radio.rx.lo_hz, radio.rx.gain_db) == (625_000, 2.45e9, 40)
    assert (radio.tx.rate_hz, radio.tx.lo_hz, radio.tx.gain_db, radio.tx.bandwidth_hz) == (
        5e6,
        2.46e9,
        -20,
        3e6,
    )


def test_switched_off_synthesizer_is_silent(served, client):
    client.write(f"{TX_LO} powerdown", "1")
    assert served[0].radios["alice"].tx.amplitude < 1e-12
    client.write(f"{TX_LO} powerdown", "0")
    assert served[0].radios["alice"].tx.gain_db == -10


def test_correction_of_the_oscillator_puts_carrier_and_rate_right():
    crystal_ppm = 25.0
    air = Air(
        plan(radios={"alice": {"kind": "pluto", "address": "127.0.0.1:0", "ppm": crystal_ppm}})
    )
    with VirtualPluto(air, "alice") as started, Client(started.endpoint) as client:
        radio = air.radios["alice"]
        client.configure()
        assert radio.rx.true_lo_hz == pytest.approx(2.45e9 * (1 + crystal_ppm * 1e-6), abs=1)
        client.write(f"{PHY} xo_correction", str(round(40e6 * (1 + crystal_ppm * 1e-6))))
        assert (radio.rx.true_lo_hz, radio.rx.true_rate_hz) == (
            pytest.approx(2.45e9, abs=1),
            pytest.approx(4e6, abs=1e-2),
        )
    air.close()


def test_wider_chip_tunes_further():
    air = Air(plan())
    with VirtualPluto(air, "alice", chip="ad9364") as started, Client(started.endpoint) as client:
        assert client.read(f"{RX_LO} frequency_available") == "[70000000 1 6000000000]"
        assert client.write(f"{TX_LO} frequency", "5900000000") > 0
        assert client.write(f"{RX} rf_bandwidth", "56000000") > 0
        assert client.read(f"{RX} rf_bandwidth") == "56000000"
    air.close()


def test_writes_are_logged_in_order_with_those_that_are_refused(served, client):
    client.write(f"{RX_LO} frequency", "900000000")
    client.write(f"{PHY} INPUT voltage0 gain_control_mode", "automatic")
    client.write(f"{DAC} OUTPUT TX1_I_F1 raw", "1")
    client.write(f"{PHY} nothing", "1")
    assert [
        (one.client, one.attribute, one.value) for one in served[0].radios["alice"].log.entries
    ] == [
        ("ad9361-phy", "out_altvoltage0_RX_LO_frequency", "900000000"),
        ("ad9361-phy", "in_voltage0_gain_control_mode", "automatic"),
        ("cf-ad9361-dds-core-lpc", "out_altvoltage0_TX1_I_F1_raw", "1"),
    ]
