# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text side of the protocol: settings, their ranges, and what clients get told."""

from __future__ import annotations

import pytest

from tests.core.radio.virtual.soapy.client import Client

SETTINGS = [  # where, key, allowed value, what it becomes, value that is refused, message
    (
        "rx",
        "rate_hz",
        "2e6",
        "2000000.0",
        "31999",
        "rx rate_hz is 31999.0; allowed is 32000.0 to 61440000.0",
    ),
    (
        "rx",
        "lo_hz",
        "915000000",
        "915000000.0",
        "49e6",
        "rx lo_hz is 49000000.0; allowed is 50000000.0 to 6000000000.0",
    ),
    (
        "rx",
        "offset_hz",
        "-1e6",
        "-1000000.0",
        "2e7",
        "rx offset_hz is 20000000.0; allowed is -15360000.0 to 15360000.0",
    ),
    ("rx", "gain_db", "30.4", "30.0", "76.5", "rx gain_db is 76.5; allowed is 0.0 to 76.0"),
    (
        "rx",
        "bandwidth_hz",
        "0",
        "1000000.0",
        "1e5",
        "rx bandwidth_hz is 100000.0; allowed is 200000.0 to 56000000.0",
    ),
    ("rx", "antenna", "TX/RX", "TX/RX", "RX3", "antenna is 'RX3'; allowed is one of RX2, TX/RX"),
    ("tx", "gain_db", "89.75", "89.75", "-1", "tx gain_db is -1.0; allowed is 0.0 to 89.75"),
    ("tx", "antenna", "TX/RX", "TX/RX", "RX2", "antenna is 'RX2'; allowed is one of TX/RX"),
    (
        "radio",
        "clock_rate_hz",
        "16e6",
        "16000000.0",
        "1e6",
        "radio clock_rate_hz is 1000000.0; allowed is 5000000.0 to 61440000.0",
    ),
    (
        "radio",
        "clock_source",
        "external",
        "external",
        "gpsdo",
        "clock_source is 'gpsdo'; allowed is one of external, internal",
    ),
    (
        "radio",
        "time_source",
        "external",
        "external",
        "x",
        "time_source is 'x'; allowed is one of external, none",
    ),
]


@pytest.mark.parametrize("where, key, value, becomes, wrong, message", SETTINGS)
def test_settings_are_checked_kept_and_logged(
    server, air, where, key, value, becomes, wrong, message
):
    with Client(server.path, "bob") as client:
        assert client.ask(f"set {where} {key} {value}") == "ok"
        assert client.ask(f"set {where} {key} {wrong}") == f"error {message}"
        assert client.ask(f"get {where} {key}") == f"ok {becomes}"
    assert [(one.client, one.attribute, one.value) for one in air.radios["bob"].log.entries] == [
        (where, key, becomes)
    ]
    with Client(server.path, "alice") as client:
        assert client.ask(f"get {where} {key}") != f"ok {becomes}" or becomes in (
            "TX/RX",
            "1000000.0",
        ), "settings of another radio"


WRONG = [
    ("", "command is ''; allowed is one of choices, get, list, range, set, stream, use"),
    (
        "reboot",
        "command is 'reboot'; allowed is one of choices, get, list, range, set, stream, use",
    ),
    ("get rx", "command get has 2 words; allowed is 3"),
    ("get rx gain_db now", "command get has 4 words; allowed is 3"),
    ("get side gain_db", "place of a setting is 'side'; allowed is one of radio, rx, tx"),
    (
        "get rx colour",
        "rx setting is 'colour'; allowed is one of antenna, bandwidth_hz, gain_db, lo_hz, "
        "offset_hz, rate_hz",
    ),
    ("set radio time_ns soon", "time_ns is 'soon'; allowed is a whole number"),
    ("set rx gain_db nan", "gain_db is 'nan'; allowed is a number"),
    (
        "set rx lo_locked true",
        "rx setting is 'lo_locked'; allowed is one of antenna, bandwidth_hz, gain_db, lo_hz, "
        "offset_hz, rate_hz",
    ),
    (
        "range rx antenna",
        "key with a range is 'antenna'; allowed is one of bandwidth_hz, gain_db, lo_hz, offset_hz, "
        "rate_hz",
    ),
    ("choices rx gain_db", "key with choices is 'gain_db'; allowed is one of antenna"),
    ("use carol", "radio is 'carol'; allowed is one of alice, bob"),
    ("use pluto", "radio is 'pluto'; allowed is one of alice, bob"),
    ("stream up", "stream is 'up'; allowed is one of rx, tx"),
]


@pytest.mark.parametrize("line, message", WRONG)
def test_wrong_commands_are_answered_and_the_connection_goes_on(server, air, line, message):
    with Client(server.path, "bob") as client:
        assert client.ask(line) == f"error {message}"
        assert client.ask("get rx lo_locked") == "ok true"
    assert air.radios["bob"].log.entries == []


def test_a_radio_must_be_chosen_first(server):
    with Client(server.path) as client:
        assert client.ask("list") == "ok alice bob"
        for line in ("get rx gain_db", "stream rx"):
            assert client.ask(line).startswith("error no radio is in use")


def test_ranges_and_choices_are_told(server):
    with Client(server.path, "alice") as client:
        assert client.ask("range tx gain_db") == "ok 0.0 89.75 0.25"
        assert client.ask("choices rx antenna") == "ok RX2 TX/RX"
        assert client.ask("choices radio clock_source") == "ok internal external"


def test_settings_reach_the_air(server, air):
    with Client(server.path, "alice") as client:
        for line in ("rate_hz 2e6", "lo_hz 1e9", "offset_hz 1e5", "gain_db 7"):
            assert client.ask(f"set rx {line}") == "ok"
        for line in ("lo_hz 2e9", "offset_hz 1e5", "gain_db 3"):
            assert client.ask(f"set tx {line}") == "ok"
    rx, tx = air.radios["alice"].rx, air.radios["alice"].tx
    assert (rx.rate_hz, rx.lo_hz, rx.gain_db) == (2e6, 1e9 - 1e5, 7)
    assert (tx.rate_hz, tx.lo_hz, tx.gain_db) == (1e6, 2e9 + 1e5, 3)


def test_time_can_be_set_and_runs_on(server):
    with Client(server.path, "alice") as client:
        assert client.ask("set radio time_ns 7000000000") == "ok"
        first, second = (int(client.ask("get radio time_ns").split()[1]) for _ in range(2))
        assert 7_000_000_000 < first < second < 9_000_000_000
