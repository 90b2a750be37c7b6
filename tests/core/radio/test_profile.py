# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Radio profiles: every shipped one is sound, settings are checked before a radio is touched, and
where one may transmit.
"""

from __future__ import annotations

import pytest

from semcom_core.errors import ConfigError
from semcom_core.radio.profile import (
    OPEN_BANDS,
    RadioLimits,
    is_loopback,
    load_profile,
    open_band,
    profile_files,
)
from semcom_core.radio.profile import licensed_services as who_is_there

NAMES = [
    "file", "hackrf", "limesdr", "pluto", "simulation", "usrp-b200", "usrp-b210", "usrp-n2xx", "usrp-x3xx",
    "virtual-pluto", "virtual-soapy", "virtual-usrp",
]  # fmt: skip
REAL = [name for name in NAMES if name.startswith(("usrp", "pluto", "lime", "hack"))]


def test_the_shipped_profiles():
    assert list(profile_files()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_profile_is_sound(name):
    profile = load_profile(name)
    assert profile.name == name and profile.description and profile.address
    assert profile.on_air == (name in REAL)
    low, high = profile.limits.bandwidth_hz
    assert low <= profile.filter_hz <= high


@pytest.mark.parametrize("host, only_this_machine", [
    ("127.0.0.1", True), ("127.4.5.6", True), ("localhost", True), ("::1", True), ("", False), ("127.example.org", False),
    ("localhost.example.org", False), ("192.168.2.1", False), ("pluto.local", False), ("0.0.0.0", False),
])  # fmt: skip
def test_who_can_reach_a_host(host, only_this_machine):
    assert is_loopback(host) == only_this_machine


@pytest.mark.parametrize("address, on_air", [
    ("ip:127.0.0.2", False), ("ip:127.0.0.2:4000", False), ("ip:localhost", False), ("ip:localhost:4000", False),
    ("ip:127.example.org", True), ("ip:127.example.org:30431", True), ("ip:pluto.local", True), ("usb:1.2.5", True), ("ip:", True),
])  # fmt: skip
def test_only_a_pluto_of_this_machine_is_virtual(address, on_air):
    assert load_profile("pluto", address=address).on_air == on_air


@pytest.mark.parametrize("name", REAL)
def test_a_real_radio_transmits_as_little_as_it_can_and_where_everybody_may(name):
    profile = load_profile(name)
    assert profile.tx_gain_db == profile.limits.tx_gain_db[0]
    assert "2.4 GHz" in profile.notice_for(receive=False, transmit=True)


def test_texts_that_are_numbers_stay_texts_where_a_text_is_asked_for():
    profile = load_profile("pluto", address="1", rx_antenna="2", lo_hz="2.44e9", buffer_size="4096")
    assert (profile.address, profile.rx_antenna) == ("1", "2")
    assert (profile.rx_lo_hz, profile.tx_lo_hz, profile.buffer_size) == (2.44e9, 2.44e9, 4096)


@pytest.mark.parametrize("text", ["limits: [", "a: b: c", "- a list", "\x00"])
def test_a_file_that_is_no_profile_is_refused_in_one_line(text, tmp_path):
    path = tmp_path / "mine.yml"
    path.write_text(text)
    with pytest.raises(ConfigError) as error:
        load_profile(str(path))
    assert str(path) in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"tx_gain_db": 1}, "tx_gain_db of profile pluto is 1; allowed is -89.75 to 0"),
        ({"rx_gain_db": 74}, "rx_gain_db of profile pluto is 74; allowed is 0 to 71"),
        (
            {"lo_hz": 100e6},
            "rx_lo_hz of profile pluto is 100000000; allowed is 325000000 to 3800000000",
        ),
        ({"tx_lo_hz": float("nan")}, "tx_lo_hz of profile pluto is nan"),
        ({"rate_hz": 100e6}, "rate_hz of profile pluto is 100000000; allowed is 65105 to 61440000"),
        ({"bandwidth_hz": 1e5}, "bandwidth_hz of profile pluto is 100000"),
        ({"rate_hz": "fast"}, "rate_hz is 'fast'; allowed is a number"),
        ({"gain": 3}, "no setting 'gain'"),
        ({"gain:3": None}, "no setting 'gain:3'"),
        ({"limits": {}}, "setting is 'limits'"),
        ({"buffer_size": 0}, "buffer_size is 0"),
        ({"amplitude": 2}, "amplitude is 2"),
        ({"duplex": "both"}, "duplex is 'both'"),
        ({"backend": "iiod"}, "backend is 'iiod'"),
    ],
)
def test_what_the_radio_cannot_do_is_one_line(settings, message):
    with pytest.raises(ConfigError, match=message) as caught:
        load_profile("pluto", **settings)
    assert "\n" not in str(caught.value)


def test_settings_change_a_copy_and_nothing_is_nothing():
    profile = load_profile("pluto", lo_hz="434e6", tx_gain_db=-20, address="", rate_hz=None)
    assert (profile.rx_lo_hz, profile.tx_lo_hz, profile.tx_gain_db) == (434e6, 434e6, -20)
    assert (profile.address, profile.rate_hz) == (load_profile("pluto").address, 1e6)
    assert load_profile("pluto", lo_hz=434e6, rx_lo_hz=433e6).rx_lo_hz == 433e6
    assert (
        load_profile("pluto", rate_hz=5e6).filter_hz == 5e6
        and load_profile("pluto", bandwidth_hz=3e6).filter_hz == 3e6
    )


def test_a_profile_of_ones_own(tmp_path):
    path = tmp_path / "mine.yml"
    path.write_text(
        "backend: soapy\naddress: driver=mine\nrx_lo_hz: 500000000\ntx_lo_hz: 500000000\nlimits: "
        "{lo_hz: [1, 1.0e+9]}\n"
    )
    profile = load_profile(str(path), rx_lo_hz=6e8)
    assert (profile.name, profile.rx_lo_hz, profile.limits.lo_hz) == ("mine", 6e8, (1.0, 1e9))
    path.write_text("backend: soapy\n")
    with pytest.raises(
        ConfigError, match="address of profile mine is ''; allowed is arguments such as driver=lime"
    ):
        load_profile(str(path))
    wrong = {
        "[1]": "no mapping",
        "limits: [1]": "no mapping",
        "a: b: c": "cannot be read",
        "color: red": "no setting 'color'",
    }
    for bad, message in wrong.items():
        path.write_text(bad)
        with pytest.raises(ConfigError, match=message):
            load_profile(str(path))


@pytest.mark.parametrize("name", ["plutonium", "missing.yml", ""])
def test_a_profile_that_is_not_there(name):
    with pytest.raises(
        ConfigError, match=r"allowed is one of file, hackrf, .*, or the path of a \.yml file"
    ):
        load_profile(name)


@pytest.mark.parametrize("pair", [(2, 1), (1,), "ab", None, (1, "2"), (float("nan"), 1)])
def test_limits_are_pairs(pair):
    with pytest.raises(ConfigError, match="limits of rate_hz"):
        RadioLimits(rate_hz=pair)


@pytest.mark.parametrize(
    "name, address, on_air",
    [
        ("virtual-pluto", "ip:127.0.0.2", False),
        ("virtual-pluto", "127.0.0.2", False),
        ("virtual-pluto", "ip:localhost", False),
        ("virtual-pluto", "ip:192.168.2.1", True),
        ("virtual-pluto", "usb:1.2.5", True),
        ("virtual-soapy", "driver=air, serial=bob", False),
        ("virtual-soapy", "driver=airspy", True),
        ("virtual-usrp", "type=soapy,driver=lime", True),
    ],
)
def test_only_what_is_virtual_needs_no_permission(name, address, on_air):
    profile = load_profile(name, address=address, lo_hz=950e6)
    assert profile.on_air == on_air
    if on_air:
        with pytest.raises(
            ConfigError,
            match="mobile telephony, 900 MHz, outside the bands that are open to everybody",
        ):
            profile.notice_for(receive=False, transmit=True)
        assert "this usually needs a licence" in profile.notice_for(
            False, True, i_may_transmit=True
        )
    else:
        assert profile.notice_for(receive=False, transmit=True) == ""
    assert profile.notice_for(receive=True, transmit=False) == ""


def test_half_duplex_is_one_at_a_time():
    profile = load_profile("hackrf")
    with pytest.raises(
        ConfigError, match="profile hackrf receives and transmits at once; allowed is one of both"
    ):
        profile.notice_for(receive=True, transmit=True)
    assert profile.notice_for(receive=True, transmit=False) == ""


@pytest.mark.parametrize("lo_hz, width_hz, name", [
    (2450e6, 1e6, "2.4 GHz"), (433.92e6, 1e6, "433 MHz"), (868e6, 1e6, "no ISM band"), (915e6, 26e6, "915 MHz"), (5.8e9, 20e6, "5.8 GHz"),
])  # fmt: skip
def test_open_bands(lo_hz, width_hz, name):
    assert name in open_band(lo_hz, width_hz).name


@pytest.mark.parametrize(
    "lo_hz, width_hz", [(433.2e6, 1e6), (2500e6, 1e6), (915e6, 30e6), (100e6, 1e5)]
)
def test_a_signal_must_lie_inside_as_a_whole(lo_hz, width_hz):
    assert open_band(lo_hz, width_hz) is None


def test_who_is_disturbed():
    assert who_is_there(1575.42e6, 1e6) == "satellite navigation"
    assert who_is_there(108e6, 1e6) == "FM broadcasting and aeronautical navigation and voice"
    assert "needs a licence" in who_is_there(300e6, 1e6)
    assert all(band.low_hz < band.high_hz for band in OPEN_BANDS)
