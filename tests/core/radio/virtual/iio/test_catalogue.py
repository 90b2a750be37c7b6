# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue of devices, and the XML that clients are told of them."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from semcom_core.radio.virtual.air import Air
from semcom_core.radio.virtual.iio.attributes import Binding
from semcom_core.radio.virtual.iio.buffers import DdsTones as Tones
from semcom_core.radio.virtual.iio.context import build_devices, context_xml, load_catalogue
from semcom_core.radio.virtual.iio.pluto import Pluto
from semcom_core.radio.virtual.iio.transceiver import Transceiver, find_chip
from tests.core.radio.virtual.iio.client import plan


@pytest.fixture(scope="module")
def context() -> ElementTree.Element:
    air = Air(plan())
    return ElementTree.fromstring(Pluto(air.radios["alice"], find_chip("ad9363a")).xml)


@pytest.mark.parametrize("name, value", [
    ("hw_model", "Analog Devices PlutoSDR Rev.B "
                 "(Z7010-AD9363A)"), ("fw_version", "v0.38-virtual"), ("hw_serial", "virtual-alice"),
    ("ad9361-phy,model", "ad9363a"),
])  # fmt: skip
def test_context_says_what_it_is(context, name, value):
    assert context.find(f"context-attribute[@name='{name}']").get("value") == value


def test_context_leaves_the_address_to_the_client(context):
    assert not {"uri", "ip,ip-addr"} & {
        one.get("name") for one in context.iter("context-attribute")
    }


@pytest.mark.parametrize("device, files", [
    ("ad9361-phy", {"out_altvoltage0_RX_LO_frequency", "out_altvoltage1_TX_LO_frequency", "in_voltage_sampling_frequency",
                    "out_voltage_sampling_frequency", "in_voltage0_hardwaregain", "out_voltage0_hardwaregain", "in_voltage_rf_bandwidth",
                    "in_voltage0_gain_control_mode", "in_voltage_quadrature_tracking_en", "in_out_voltage_filter_fir_en"}),
    ("cf-ad9361-lpc", {"in_voltage_sampling_frequency", "in_voltage_sampling_frequency_available"}),
    ("cf-ad9361-dds-core-lpc", {"out_altvoltage0_TX1_I_F1_frequency", "out_altvoltage3_TX1_Q_F2_scale"}),
])  # fmt: skip
def test_files_that_clients_address_are_there(context, device, files):
    found = context.find(f"device[@name='{device}']").iter("attribute")
    assert files <= {one.get("filename") for one in found}


@pytest.mark.parametrize("device, scans", [
    ("cf-ad9361-lpc", [("0", "le:S12/16>>0"), ("1", "le:S12/16>>0")]),
    ("cf-ad9361-dds-core-lpc", [("0", "le:S16/16>>0"), ("1", "le:S16/16>>0")]),
])  # fmt: skip
def test_channels_of_buffers_come_first(context, device, scans):
    channels = context.findall(f"device[@name='{device}']/channel")[:2]
    assert [
        (one.find("scan-element").get("index"), one.find("scan-element").get("format"))
        for one in channels
    ] == scans


def test_everything_that_is_bound_is_shown():
    class Noting(dict):
        def __missing__(self, name: str) -> Binding:
            self[name] = Binding(lambda: name)
            return self[name]

    wanted, air = Noting(), Air(plan())
    build_devices(load_catalogue()["devices"], wanted)
    transceiver, tones = (
        Transceiver(air.radios["alice"], find_chip("ad9364")),
        Tones(lambda: 1, lambda: None),
    )
    assert set(wanted) == {*transceiver.bindings(), *tones.bindings(), "rx_status", "tx_status"}


def test_text_is_escaped():
    made = ElementTree.fromstring(context_xml({"odd": "<&\"'>"}, ()))
    assert made.find("context-attribute").get("value") == "<&\"'>"
