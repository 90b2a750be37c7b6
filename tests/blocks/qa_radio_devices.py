# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices' settings: what a radio does not have is refused with what it has, once and for all. A
stand-in is in the device's place.
"""

from __future__ import annotations

from dataclasses import asdict

import pytest
from gnuradio.semcom.radio.devices import SINKS, SOURCES
from gnuradio.semcom.radio.process import failure

from semcom_core.errors import SemcomError
from semcom_core.radio.profile import load_profile


class Device:
    """A radio of UHD or SoapySDR that takes all settings, and writes down those of its antenna and
    its clock.
    """

    def __init__(self, *_):
        self.was_set = {}

    def __getattr__(self, name: str):
        lists = {
            "get_antennas": ("TX/RX", "RX2"),
            "list_antennas": ("TX/RX", "RX2"),
            "get_clock_sources": ("internal", "gpsdo"),
        }
        lists |= {
            "get_time_sources": ("none", "gpsdo"),
            "get_samp_rate": 1e6,
            "get_sample_rate": self.rate_hz,
        }
        if name.startswith("set_"):
            return lambda *values: self.was_set.update(
                {name: next((value for value in values if isinstance(value, str)), None)}
            )
        return lambda *_: lists.get(name, False)

    rate_hz = 1e6


@pytest.fixture
def settings(monkeypatch):
    """settings(backend, ...): those of a profile, as the radio's process gets them; its device is
    the stand-in.
    """
    from gnuradio import soapy, uhd

    for library, names in ((uhd, ("usrp_source", "usrp_sink")), (soapy, ("source", "sink"))):
        for name in names:
            monkeypatch.setattr(library, name, Device)

    def make(backend: str, **changed) -> dict:
        profile = load_profile(
            {"uhd": "usrp-b200", "soapy": "virtual-soapy"}[backend], rate_hz=1e6, **changed
        )
        return {**asdict(profile), "filter_hz": profile.filter_hz, "mode": "burst"}

    return make


@pytest.mark.parametrize("backend", ["uhd", "soapy"])
@pytest.mark.parametrize("makers, side", [(SOURCES, "rx"), (SINKS, "tx")])
def test_an_antenna_that_the_radio_has_is_set_and_no_other(backend, makers, side, settings):
    assert (
        makers[backend](settings(backend, **{f"{side}_antenna": "RX2"})).was_set["set_antenna"]
        == "RX2"
    )
    with pytest.raises(
        SemcomError, match=f"{side}_antenna is 'RX3'; allowed is one of RX2, TX/RX"
    ) as caught:
        makers[backend](settings(backend, **{f"{side}_antenna": "RX3"}))
    assert failure(caught.value)["final"]


@pytest.mark.parametrize(
    "name, allowed", [("clock_source", "gpsdo, internal"), ("time_source", "gpsdo, none")]
)
def test_a_clock_that_the_radio_has_is_set_and_no_other(name, allowed, settings):
    assert SOURCES["uhd"](settings("uhd", **{name: "gpsdo"})).was_set[f"set_{name}"] == "gpsdo"
    with pytest.raises(SemcomError, match=f"{name} is 'external'; allowed is one of {allowed}"):
        SOURCES["uhd"](settings("uhd", **{name: "external"}))


def test_a_rate_that_the_radio_does_not_have_is_final_and_what_a_library_says_is_not(
    settings, monkeypatch
):
    monkeypatch.setattr(Device, "rate_hz", 1.1e6)
    with pytest.raises(
        SemcomError, match="rate_hz is 1000000; the radio's nearest is 1100000"
    ) as caught:
        SOURCES["soapy"](settings("soapy"))
    assert failure(caught.value)["final"]
    said = failure(RuntimeError("no device\nfound"))
    assert said == {"state": "failed", "reason": "RuntimeError: no device found", "final": False}
