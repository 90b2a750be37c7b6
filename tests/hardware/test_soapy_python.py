# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The virtual Soapy radios by SoapySDR's Python binding."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

from tests.core.radio.virtual.soapy.client import Client

pytest.importorskip(
    "SoapySDR", reason="SoapySDR's Python binding is not installed (python3-soapysdr)"
)


def test_settings_are_set_once_in_order_and_wrong_ones_refused(soapy_radios):
    found = json.loads(soapy_radios.program("soapy_client.py", "settings"))
    assert found["refused"] == [
        "rx rate_hz is 1000000000.0; allowed is 32000.0 to 61440000.0",
        "tx gain_db is 90.0; allowed is 0.0 to 89.75",
        "a value has more than one line; allowed is one",
        "rx lo_hz is 10000000000.0; allowed is 50000000.0 to 6000000000.0",
        "stream format is 'CS8'; allowed is CF32 or CS16",
        "radio is 'carol'; allowed is one of alice, bob",
    ]
    assert (found["frequency"], found["rf"], found["gain"], found["locked"]) == (
        915e6,
        916e6,
        20.25,
        "true",
    )
    port = [
        ("rate_hz", "2000000.0"),
        ("lo_hz", "915000000.0"),
        ("gain_db", None),
        ("bandwidth_hz", "1500000.0"),
        ("antenna", "TX/RX"),
    ]
    assert soapy_radios.written("bob") == [
        *[("rx", key, value or "31.0") for key, value in port],
        *[("tx", key, value or "20.25") for key, value in port],
        ("rx", "lo_hz", "916000000.0"),
        ("rx", "offset_hz", "1000000.0"),
        ("radio", "clock_source", "external"),
    ]


def test_every_value_arrives_exactly_in_both_formats(soapy_radios):
    assert json.loads(soapy_radios.program("soapy_client.py", "pattern")) == {"same": [True, True]}


def test_timed_bursts_are_exact_and_acknowledged_and_late_ones_told(soapy_radios):
    found = json.loads(soapy_radios.program("soapy_client.py", "timed"))
    assert found["edges"] == [3000, 13000, 20001, 40001, 61234, 91234]
    late_us = [told - end for told, end in zip(found["ends"], [13000, 40001, 91234], strict=True)]
    assert all(0 <= one < 50_000 for one in late_us), (
        "never before the end; the clock runs while it is reckoned"
    )
    assert (found["late"], found["lates"], found["last"], found["silent"]) == (
        True,
        1,
        [1, 2],
        True,
    )


def test_a_writer_waits_with_the_air_for_a_slow_receiver(soapy_radios, killed):
    with Client(soapy_radios.server.path, "bob") as slow:
        slow.stream("rx").start()
        slow.packet()
        client = killed(soapy_radios.start_program("soapy_client.py", "patient"))
        assert client.stdout.readline() == "sending\n"
        time.sleep(1.5)
        heard, _ = slow.samples(3_500_000)
    assert np.count_nonzero(heard) == 2_000_000
    assert json.loads(client.communicate(timeout=20)[0]) == {"timeouts": 0}


@pytest.mark.parametrize("soapy_radios", ["real"], indirect=True)
def test_who_is_late_in_real_time_is_told(soapy_radios):
    found = json.loads(soapy_radios.program("soapy_client.py", "late"))
    assert found["overflows"] >= 1, "more than one on a busy machine"
    assert (found["others"], found["underflow"]) == (0, True)


def test_a_restart_of_the_air_gives_errors_and_then_works_again(soapy_radios, killed):
    client = killed(soapy_radios.start_program("soapy_client.py", "restart"))
    assert client.stdout.readline() == "streaming\n"
    soapy_radios.server.stop()
    print(file=client.stdin, flush=True)
    assert client.stdout.readline() == "lost\n"
    soapy_radios.server.start()
    print(file=client.stdin, flush=True)
    found = json.loads(client.communicate(timeout=20)[0])
    assert found.pop("told").startswith("no air at socket ")
    assert found == {
        "received": True,
        "sent": True,
        "stopped": True,
        "again": True,
        "gain": 40.0,
        "after": 10_000,
    }
    assert client.returncode == 0
