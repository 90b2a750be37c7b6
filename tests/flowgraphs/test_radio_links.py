# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The radio flowgraphs on the simulation and on virtual Plutos: text and a picture, a server that
goes and comes back, and failures.
"""

from __future__ import annotations

import json
import socket
from contextlib import closing

import pytest

from semcom_core.radio.virtual.air import Air, air_plan
from semcom_core.radio.virtual.iio import VirtualPluto

TEXTS = ["The first sentence.", "Der zweite Satz: Grüße!", "A third, with 3.14159 and 42."]
#: Longest run of a flowgraph, and how long one waits for a text that does not come, s: much more
#: than an idle machine takes.
LIMIT_S = 300
PATIENCE_S = 120
#: Two virtual Plutos by addresses of their own; the second one also hears itself.
PLAN = {
    "pacing": "elastic", "radios": {"a": {"address": "127.0.3.1"}, "b": {"address": "127.0.3.2"}},
    "links": [
        {"from": "a", "to": "b", "gain_db": -6, "channel": "awgn:15+cfo:20khz+taps:0,-6"},
        {"from": "b", "to": "b", "channel": "awgn:20"},
    ],
}  # fmt: skip


@pytest.fixture
def text_file(tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text("\n".join(TEXTS), encoding="utf-8")
    return path


@pytest.fixture
def address() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


@pytest.fixture
def air():
    """An air without servers."""
    with closing(Air(air_plan(PLAN))) as made:
        yield made


def serve(air, *names):
    """Start the virtual Plutos of these names."""
    servers = [VirtualPluto(air, name) for name in names]
    for server in servers:
        server.start()
    return servers


def read_until(process, expected: str) -> str:
    """Read what a flowgraph says until it says this."""
    said = ""
    while expected not in said:
        line = process.stdout.readline()
        assert line, said
        said += line
    return said


def received(path) -> list[str]:
    return [json.loads(line)["text"] for line in path.read_text(encoding="utf-8").splitlines()]


def test_text_over_the_simulation_in_two_processes(start, text_file, address, tmp_path):
    options = ["--codec", "deflate", "--address", address]
    receiver = start(
        "radio_text_rx_headless",
        *options,
        "--expected",
        3,
        "--received-file",
        tmp_path / "r.jsonl",
        "--timeout-s",
        PATIENCE_S,
    )
    sender = start(
        "radio_text_tx", *options, "--text-file", text_file, "--out-file", tmp_path / "sent.json"
    )
    said, _ = sender.communicate(timeout=LIMIT_S)
    assert sender.returncode == 0, said
    said, _ = receiver.communicate(timeout=LIMIT_S)
    assert receiver.returncode == 0, said
    assert received(tmp_path / "r.jsonl") == TEXTS
    assert json.loads((tmp_path / "sent.json").read_text(encoding="utf-8"))["transmitted"] == 3


def test_a_picture_over_the_simulation_in_one_command_each(start, address, tmp_path):
    options = ["--codec", "jpeg", "--cbr", "1/24", "--address", address]
    receiver = start(
        "radio_image_rx_headless",
        *options,
        "--expected",
        1,
        "--received-folder",
        tmp_path,
        "--timeout-s",
        PATIENCE_S,
    )
    sender = start("radio_image_tx", *options, "--snr-db", 8)
    said, _ = sender.communicate(timeout=LIMIT_S)
    assert sender.returncode == 0, said
    said, _ = receiver.communicate(timeout=LIMIT_S)
    assert receiver.returncode == 0, said
    assert (tmp_path / "received_000.png").exists()


def test_text_from_one_virtual_pluto_to_the_other(start, text_file, air, tmp_path):
    servers = serve(air, "a", "b")
    common = ["--codec", "deflate", "--profile", "virtual-pluto"]
    files = ["--received-file", tmp_path / "r.jsonl", "--out-file", tmp_path / "report.json"]
    receiver = start(
        "radio_text_rx_headless",
        *common,
        "--address",
        "ip:127.0.3.2",
        "--expected",
        3,
        *files,
        "--timeout-s",
        PATIENCE_S,
    )
    read_until(receiver, "is ready")
    sender = start("radio_text_tx", *common, "--address", "ip:127.0.3.1", "--text-file", text_file)
    said, _ = sender.communicate(timeout=LIMIT_S)
    assert sender.returncode == 0, said
    said, _ = receiver.communicate(timeout=LIMIT_S)
    assert receiver.returncode == 0, said
    assert received(tmp_path / "r.jsonl") == TEXTS
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert (report["overruns"], report["reconnects"], report["failures"]) == (0, 0, [])
    assert report["cfo_hz"] == pytest.approx(20e3, abs=200)
    for server in servers:
        server.stop()


def test_one_radio_in_full_duplex_outlasts_its_server(start, air, text_file, tmp_path):
    (server,) = serve(air, "b")
    report_file, many = tmp_path / "report.json", tmp_path / "many.txt"
    many.write_text(
        "\n".join(f"The text with the number {k}." for k in range(30)), encoding="utf-8"
    )
    options = [
        "--codec",
        "deflate",
        "--profile",
        "virtual-pluto",
        "--address",
        "ip:127.0.3.2",
        "--in-flight",
        1,
        "--timeout-s",
        20,
    ]
    link = start(
        "radio_loopback_headless",
        *options,
        "--text-file",
        many,
        "--out-file",
        report_file,
        "--min-rate",
        "0.9",
    )
    said = read_until(link, "number 3")
    server.stop()
    said += read_until(link, "the radio is gone, trying again")
    (server,) = serve(air, "b")
    rest, _ = link.communicate(timeout=LIMIT_S)
    report = json.loads(report_file.read_text(encoding="utf-8"))
    assert link.returncode == 0, said + rest
    assert report["reconnects"] >= 1
    assert report["sent"] == 30 and report["exact"] >= 27 and report["lost"] == 30 - report["exact"]
    server.stop()


def test_a_radio_that_is_not_there_ends_the_run_with_1(start):
    overrides = ["--profile", "virtual-pluto", "--address", "ip:127.0.3.9"]
    link = start("radio_text_rx_headless", "--codec", "deflate", *overrides, "--retries", 1)
    said, _ = link.communicate(timeout=LIMIT_S)
    assert link.returncode == 1, said
    assert "radio virtual-pluto at ip:127.0.3.9" in said and "that was the try 2 of 2" in said
