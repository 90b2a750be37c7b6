# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom send` and `semcom receive`: what they ask the flowgraphs for, what they refuse, and a
text from one to the other.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from semcom_core.cli import grc, main


@pytest.fixture
def asked(monkeypatch):
    """What was to be run: (flowgraph, parameters); nothing is."""
    found = []

    def run(args):
        texts = [
            Path(a.partition("=")[2]).read_text(encoding="utf-8")
            for a in args.arguments
            if a.startswith("--text-file=")
        ]
        found.append(
            (
                args.flowgraph,
                dict(a.removeprefix("--").split("=", 1) for a in args.arguments),
                texts,
            )
        )
        return 7

    monkeypatch.setattr(grc, "run", run)
    return found


def test_send_asks_for_the_flowgraph(asked):
    options = [
        "--lo-hz",
        "434e6",
        "--tx-gain-db",
        "-30",
        "--set",
        "adapter=europarl",
        "--design-snr-db",
        "5",
    ]
    assert main(["send", "--radio", "pluto", "--text", "Good morning: 6:45.", *options]) == 7
    ((flowgraph, parameters, texts),) = asked
    assert flowgraph == "radio_text_tx" and texts == ["Good morning: 6:45.\n"]
    assert json.loads(parameters["overrides"]) == {"lo_hz": 434e6, "tx_gain_db": -30.0}
    assert json.loads(parameters["settings"]) == {"adapter": "europarl"}
    names = ("profile", "codec", "snr-db", "i-may-transmit")
    assert [parameters[name] for name in names] == ["pluto", "spinal", "5.0", "0"]


def test_receive_asks_for_the_flowgraph(asked, tmp_path):
    options = [
        "--image",
        "--address",
        "driver=air",
        "--expected",
        "2",
        "--out",
        str(tmp_path / "p"),
    ]
    assert main(["receive", "--radio", "virtual-usrp", *options]) == 7
    ((flowgraph, parameters, _),) = asked
    assert flowgraph == "radio_image_rx" and (tmp_path / "p").is_dir()
    assert (
        parameters["address"],
        parameters["expected"],
        parameters["codec"],
        parameters["cbr"],
    ) == ("driver=air", "2", "hybrid", "1/16")


@pytest.mark.parametrize(
    "options, limit",
    [
        (["receive"], "0.0"),
        (["receive", "--expected", "2"], "300.0"),
        (["receive", "--timeout-s", "7"], "7.0"),
        (["receive", "--expected", "2", "--timeout-s", "0"], "0.0"),
        (["send", "--text", "a"], "300.0"),
        (["send", "--text", "a", "--timeout-s", "5"], "5.0"),
    ],
)
def test_time_limits(options, limit, asked):
    assert main([*options, "--radio", "simulation"]) == 7
    assert asked[0][1]["timeout-s"] == limit


@pytest.mark.parametrize(
    "arguments, message",
    [
        (
            ["send", "--radio", "plutonium", "--text", "a"],
            "profile is 'plutonium'; allowed is one of file, ",
        ),
        (
            ["send", "--radio", "pluto", "--text", "a", "--lo-hz", "950e6"],
            "transmission at 950 MHz, 1 MHz wide is in mobile",
        ),
        (
            ["send", "--radio", "pluto", "--text", "a", "--tx-gain-db", "3"],
            "tx_gain_db of profile pluto is 3; allowed is -89.75 to 0",
        ),
        (
            ["send", "--radio", "pluto", "--text", " "],
            "text is ' '; allowed is one line that is not empty",
        ),
        (
            ["send", "--radio", "pluto", "--text-file", "none.txt"],
            "text_file is 'none.txt'; there is no such file",
        ),
        (["send", "--radio", "pluto", "--image", "none.jpg"], "none.jpg"),
        (
            ["send", "--radio", "pluto", "--text", "a", "--codec", "jpeg"],
            "codec is 'jpeg'; allowed is one of deepsc, deflate",
        ),
        (
            ["receive", "--radio", "pluto", "--image", "--codec", "deflate"],
            "codec is 'deflate'; allowed is one of ",
        ),
        (["receive", "--radio", "pluto", "--expected", "-1"], "expected is -1"),
        (
            ["receive", "--radio", "pluto", "--timeout-s", "-5"],
            "timeout_s is -5.0; allowed is 0.1 to 86400, or 0 for no limit",
        ),
        (
            ["receive", "--radio", "pluto", "--image", "--cbr", "1/0"],
            "cbr is '1/0'; allowed is a number or a fraction",
        ),
        (
            ["receive", "--radio", "pluto", "--json", "/nowhere/report.json"],
            "output file is '/nowhere/report.json'; allowed is a file in",
        ),
        (
            ["receive", "--radio", "pluto", "--image", "--out", "/dev/null/pictures"],
            "out is '/dev/null/pictures', which cannot be made",
        ),
        (["send", "--radio", "pluto", "--text", "a", "--timeout-s", "nan"], "timeout_s is nan"),
        (
            ["send", "--radio", "pluto", "--text", "a", "--design-snr-db", "99"],
            "design_snr_db is 99.0; allowed is -20 to 60",
        ),
        (
            ["receive", "--radio", "pluto", "--profile", "short"],
            "profile is 'short'; allowed is one of long-range, standard",
        ),
        (
            ["receive", "--radio", "pluto", "--out", "no/such/folder"],
            "out is 'no/such/folder'; allowed is a file in a folder",
        ),
    ],
)
def test_what_is_refused_is_one_line_and_status_2(arguments, message, asked, capsys):
    assert main(arguments) == 2 and not asked
    error = capsys.readouterr().err
    assert error.startswith("semcom: ") and message in error and error.count("\n") == 1


@pytest.mark.parametrize(
    "radio, said",
    [
        (["simulation", "--address", "127.0.0.1:9"], "127.0.0.1:9 has not sent all"),
        (["virtual-pluto", "--address", "ip:127.0.3.77"], "ip:127.0.3.77 is not set up"),
    ],
)
def test_sending_without_a_radio_is_given_up(radio, said, gnuradio, tmp_path):
    report_file = tmp_path / "report.json"
    options = ["--codec", "deflate", "--timeout-s", "2", "--json", str(report_file)]
    send = [sys.executable, "-m", "semcom_core.cli", "send", "--radio", *radio, *options]
    done = subprocess.run(
        [*send, "--text", "Nobody there."], timeout=50, capture_output=True, text=True
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"failed: link_monitor: radio at {said}" in done.stdout
    report = json.loads(report_file.read_text(encoding="utf-8"))
    assert (report["lost"], report["healthy"]) == (1, False)


@pytest.mark.parametrize("kind", [[], ["--image"]], ids=["texts", "pictures"])
def test_reception_without_a_sender_is_given_up(kind, gnuradio):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    codec = "jpeg" if kind else "deflate"
    options = ["--address", address, "--codec", codec, "--timeout-s", "2", *kind]
    receive = [sys.executable, "-m", "semcom_core.cli", "receive", "--radio", "simulation"]
    done = subprocess.run([*receive, *options], timeout=50, capture_output=True, text=True)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "link_monitor: nothing has arrived for 2 s; messages before: 0" in done.stdout


def test_bursts_too_far_off_are_told_and_the_check_is_named(gnuradio, tmp_path):
    """Two radios 60 ppm apart at 2.4 GHz, 144 kHz."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    profile = tmp_path / "apart.yml"
    profile.write_text(
        "backend: simulation\ndescription: 60 ppm apart\nrate_hz: 1000000\n"
        f"address: {address}\nchannel: awgn:20+cfo:144khz\nseed: 1\n",
        encoding="utf-8",
    )
    texts = tmp_path / "texts.txt"
    texts.write_text("\n".join(f"Text {k}." for k in range(12)), encoding="utf-8")
    command = [sys.executable, "-m", "semcom_core.cli"]
    options = ["--radio", str(profile), "--codec", "deflate"]
    report_file = tmp_path / "report.json"
    listen = ["--timeout-s", "10", "--json", str(report_file)]
    receiver = subprocess.Popen(
        [*command, "receive", *options, *listen],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        send = [*command, "send", *options, "--text-file", str(texts)]
        assert subprocess.run(send, timeout=60).returncode == 0
        said, _ = receiver.communicate(timeout=60)
    finally:
        receiver.kill()
        receiver.wait()
    assert receiver.returncode == 1, said
    assert said.count("bursts are heard that cannot be read") == 1, said
    assert "semcom radios check" in said
    report = json.loads(report_file.read_text(encoding="utf-8"))
    assert report["received"] == 0 and 3 <= report["unreadable"] <= 12


@pytest.mark.parametrize("rate", [[], ["--rate-hz", "250e3"]], ids=["1 Msps", "250 ksps"])
def test_a_text_from_one_command_to_the_other(rate, gnuradio, tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    command = [sys.executable, "-m", "semcom_core.cli"]
    options = [
        "--radio",
        "simulation",
        "--address",
        address,
        "--codec",
        "deflate",
        "--timeout-s",
        "30",
        *rate,
    ]
    receiver = subprocess.Popen(
        [*command, "receive", *options, "--expected", "1", "--out", str(tmp_path / "r.jsonl")]
    )
    try:
        assert (
            subprocess.run([*command, "send", *options, "--text", "Grüße!"], timeout=60).returncode
            == 0
        )
        assert receiver.wait(timeout=60) == 0
    finally:
        receiver.kill()
        receiver.wait()
    assert json.loads((tmp_path / "r.jsonl").read_text(encoding="utf-8"))["text"] == "Grüße!"
