# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands that need no real radio to be tried: air, radios, record; on virtual radios, by GNU
Radio's own blocks of a radio.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

from semcom_core.bench.radio.link import AirProcess, loopback
from semcom_core.cli import main
from semcom_core.cli.air import DEFAULT_PLAN
from semcom_core.radio.recording import read_recording
from semcom_core.radio.virtual.air import read_plan

pytest.importorskip("gnuradio.iio", reason="GNU Radio has no gr-iio")
OURS = loopback(101)


@pytest.fixture
def semcom(capsys):
    """Run a command in this process: (exit status, what it prints, its error line)."""

    def run(*arguments: str) -> tuple[int, str, str]:
        status = main(list(arguments))
        return status, *capsys.readouterr()

    return run


@pytest.fixture(scope="module")
def air():
    """A virtual Pluto that hears itself with 30 dB."""
    link = {"from": "alice", "to": "alice", "gain_db": -6, "channel": "awgn:30"}
    with AirProcess(
        {
            "pacing": "elastic",
            "radios": {"alice": {"kind": "pluto", "address": OURS}},
            "links": [link],
        }
    ) as daemon:
        yield daemon


def test_air_says_where_its_radios_are_and_logs_what_clients_set(tmp_path, semcom):
    plan, log = tmp_path / "plan.yml", tmp_path / "log.jsonl"
    plan.write_text(f"radios:\n  alice: {{kind: pluto, address: {loopback(102)}}}\n")
    command = [sys.executable, "-m", "semcom_core.cli", "air", str(plan), "--log", str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline().strip() == f"alice: ip:{loopback(102)}"
        assert process.stdout.readline().startswith("ready: elastic time, 0 links, seed 1")
        status, _, error = semcom("air", str(plan))
        setting = [
            "iio_attr",
            "-u",
            f"ip:{loopback(102)}",
            "-c",
            "-o",
            "ad9361-phy",
            "altvoltage0",
            "frequency",
            "2412000000",
        ]
        subprocess.run(setting, check=True, capture_output=True, timeout=30)
        process.send_signal(signal.SIGTERM)
        assert process.stdout.readline().strip() == "alice: 0 overflows, 0 underflows"
        assert process.wait(20) == 0
    assert status == 1 and "Address already in use" in error and error.count("\n") == 1
    written = [json.loads(line) for line in log.read_text().splitlines()]
    assert [entry["value"] for entry in written] == ["2412000000"]


@pytest.mark.parametrize(
    "words, said",
    [
        (
            "radios:\n  a: {kind: pluto, address: 10.0.0.1}",
            "10.0.0.1 can be reached from other machines; allowed is 127.0.0.0/8",
        ),
        ("radios: {}", "no radios"),
    ],
)
def test_air_refuses_a_plan_in_one_line(words, said, tmp_path, semcom):
    (tmp_path / "plan.yml").write_text(words)
    status, _, error = semcom("air", str(tmp_path / "plan.yml"))
    assert status == 2 and said in error and error.count("\n") == 1


def test_the_plan_that_comes_with_it_can_be_read():
    assert {name for name, _ in read_plan(DEFAULT_PLAN).radios} == {"alice", "bob", "carol", "dave"}


def test_radios_are_listed_and_one_is_probed(air, semcom):
    status, listed, _ = semcom("radios")
    assert status == 0 and all(
        name in listed for name in ("pluto", "usrp-b210", "virtual-soapy", "hackrf")
    )
    _, probed, _ = semcom("radios", "probe", "virtual-pluto", "--address", f"ip:{OURS}")
    assert (
        "hw_model: Analog Devices PlutoSDR" in probed and "sampling_frequency_available" in probed
    )
    status, _, error = semcom("radios", "probe", "pluto", "--address", f"ip:{loopback(103)}")
    assert status == 1 and "no radio answers at" in error and error.count("\n") == 1


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["probe"], "radio to probe is not named"),
        (["probe", "plutto"], "profile is 'plutto'"),
        (["probe", "file"], "backend of profile file is 'file'"),
        (
            ["check", "pluto", "--rx-gain-db", "90"],
            "rx_gain_db of profile pluto is 90; allowed is 0 to 71",
        ),
        (["check", "hackrf", "--from", "hackrf", "--from-address", "driver=hackrf"], "half duplex"),
        (["check", "pluto", "--from", "pluto", "--lo-hz", "1e9"], "--i-may-transmit"),
    ],
)
def test_radios_refuses_what_is_not_allowed(arguments, said, semcom):
    status, _, error = semcom("radios", *arguments)
    assert status == 2 and said in error and error.count("\n") == 1


def test_a_check_finds_nothing_wrong_with_a_good_link(air, tmp_path, semcom):
    out, address = tmp_path / "check.json", f"ip:{OURS}"
    both = ["--address", address, "--from", "virtual-pluto", "--from-address", address]
    status, printed, error = semcom("radios", "check", "virtual-pluto", *both, "--json", str(out))
    assert status == 0, printed + error
    measured = json.loads(out.read_text())["settings"]["measured"]
    assert measured["tone"]["level_db"] == pytest.approx(
        -12.04, abs=0.3
    )  # half of full scale, and 6 dB of path
    assert measured["tone"]["hz"] == pytest.approx(125e3, abs=5)


def test_record_writes_what_is_on_the_air(air, tmp_path, semcom):
    options = ["--radio", "virtual-pluto", "--address", f"ip:{OURS}", "--seconds", "0.3"]
    status, printed, error = semcom("record", *options, "--out", str(tmp_path / "night"))
    assert status == 0 and "300000 samples, 0 frames, 0 overruns" in printed, printed + error
    found = read_recording(tmp_path / "night")
    assert len(found.samples) == 300_000 and (found.rate_hz, found.lo_hz) == (1e6, 2.45e9)
    assert 1e-3 < abs(found.samples).std() < 0.1
