# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom air`: what it says, and what it refuses before it serves."""

from __future__ import annotations

import signal
import socket

import pytest

from semcom_core.cli import air, main


@pytest.fixture
def plan(tmp_path):
    """A plan with one virtual Pluto, at a port that is free."""
    path = tmp_path / "plan.yml"
    path.write_text("radios:\n  alice: {kind: pluto, address: '127.0.0.1:0'}\n")
    return path


@pytest.fixture(autouse=True)
def handlers():
    """The command sets handlers of signals; put the old ones back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_free_port_is_told(plan, monkeypatch):
    said = []

    def reach(line: str) -> None:
        """Take a line; at the last one before it waits, connect to what the first one names, and
        end the command.
        """
        said.append(line)
        if line.startswith("ready"):
            host, port = said[0].removeprefix("alice: ip:").split(":")
            socket.create_connection((host, int(port)), 5).close()
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(air, "print_line", reach)
    assert main(["air", str(plan)]) == 0
    assert (
        said[0].startswith("alice: ip:127.0.0.1:")
        and said[-1] == "alice: 0 overflows, 0 underflows"
    )


def test_a_log_that_cannot_be_written_is_told_before_it_serves(plan, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(air, "Daemon", lambda *_: pytest.fail("it serves"))
    for wrong, said in ((tmp_path, "Is a directory"), (tmp_path / "no" / "log", "No such file")):
        assert main(["air", str(plan), "--log", str(wrong)]) == 2
        error = capsys.readouterr().err
        assert f"log {wrong} cannot be written: {said}" in error and error.count("\n") == 1
