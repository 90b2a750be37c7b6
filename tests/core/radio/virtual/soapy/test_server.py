# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server itself: its socket, its bounds, and clients that mean no good."""

from __future__ import annotations

import os
import socket
import stat
import time

import numpy as np
import pytest

from semcom_core.errors import ConfigError, RadioError
from semcom_core.radio.virtual.air import Air, air_plan
from semcom_core.radio.virtual.soapy import SoapyServer, default_socket
from semcom_core.radio.virtual.soapy.protocol import HEADER
from semcom_core.radio.virtual.soapy.server import MAX_CONNECTIONS
from tests.core.radio.virtual.soapy.client import Client

WORDS = b"list use get set range choices stream start stop rx tx radio alice bob rate_hz gain_db antenna time_ns -1 1e400 nan %s".split()
WORDS += [b"\x00", b"\xff\xfe", b"\n", b"\r\n", b" ", b"x" * 300]


def test_the_socket_is_the_owners_alone_and_goes_with_the_server(air, tmp_path):
    path = tmp_path / "air.sock"
    with SoapyServer(air, path):
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert not path.exists()


def test_a_socket_in_use_is_refused_and_a_stale_one_replaced(server, air, tmp_path):
    with pytest.raises(RadioError, match="is served by another air; allowed is one at a time"):
        SoapyServer(air, server.path).start()
    with pytest.raises(RadioError, match="is served already"):
        server.start()
    stale = tmp_path / "stale.sock"
    left = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    left.bind(os.fspath(stale))
    left.close()
    with SoapyServer(air, stale) as second, Client(second.path) as client:
        assert client.ask("list") == "ok alice bob"


def test_a_path_that_is_no_socket_is_refused(air, tmp_path):
    (tmp_path / "notes").write_text("keep me", encoding="utf-8")
    with pytest.raises(RadioError, match="file of another kind"):
        SoapyServer(air, tmp_path / "notes").start()
    assert (tmp_path / "notes").read_text(encoding="utf-8") == "keep me"
    with pytest.raises(RadioError, match="cannot be made: No such file"):
        SoapyServer(air, tmp_path / "none" / "air.sock").start()
    with pytest.raises(ConfigError, match="bytes; allowed is 107"):
        SoapyServer(air, tmp_path / ("x" * 108)).start()


def test_only_named_radios_of_the_right_kind_are_served(air, tmp_path):
    with (
        SoapyServer(air, tmp_path / "air.sock", names=["bob"]) as server,
        Client(server.path) as client,
    ):
        assert client.ask("list") == "ok bob"
    with pytest.raises(ConfigError, match="soapy radio is 'pluto'; allowed is one of alice, bob"):
        SoapyServer(air, names=["pluto"])
    with pytest.raises(ConfigError, match="no radio of kind soapy"):
        SoapyServer(Air(air_plan({"radios": {"p": {"kind": "pluto"}}})))
    with pytest.raises(ConfigError, match="without spaces"):
        SoapyServer(Air(air_plan({"radios": {"a b": {"kind": "soapy"}}})))


def test_the_default_socket_follows_the_environment(monkeypatch):
    monkeypatch.delenv("SEMCOM_AIR_SOCKET", raising=False)
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    assert str(default_socket()) == f"/tmp/semcom-air-{os.getuid()}.sock"
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/7")
    assert str(default_socket()) == "/run/user/7/semcom-air.sock"
    monkeypatch.setenv("SEMCOM_AIR_SOCKET", "/there/air")
    assert str(default_socket()) == "/there/air"


def test_silent_connections_make_way_for_others(server):
    silent = [Client(server.path) for _ in range(MAX_CONNECTIONS)]
    with Client(server.path) as client:
        assert client.ask("list") == "ok alice bob"
        assert silent[0].line() == "", "the oldest has been closed"
    for one in silent:
        one.sock.close()


def test_more_connections_than_allowed_are_told_so(server):
    busy = []
    for _ in range(MAX_CONNECTIONS):
        busy.append(Client(server.path))
        assert busy[-1].ask("list") == "ok alice bob"
    with Client(server.path) as one_more:
        assert one_more.line() == f"error connections are {MAX_CONNECTIONS}; allowed is no more"
    for one in busy:
        one.sock.close()


def test_malformed_input_hurts_nobody_else(server):
    rng = np.random.default_rng(20)
    files = len(os.listdir("/proc/self/fd"))
    with Client(server.path, "alice") as valid:
        for _ in range(200):
            words = [WORDS[i] for i in rng.integers(0, len(WORDS), rng.integers(1, 40))]
            with Client(server.path) as hostile:
                _shove(
                    hostile,
                    b" ".join(words) + rng.bytes(int(rng.integers(0, 50))),
                    bool(rng.integers(0, 2)),
                )
            assert valid.ask("get rx lo_locked") == "ok true"
        for data in (
            HEADER.pack(2**32 - 1, 2**32 - 1, -(2**63)),
            HEADER.pack(8000, 0, 2**62) + bytes(100),
            rng.bytes(5000),
        ):
            with Client(server.path, "bob") as hostile:
                _shove(hostile.stream("tx"), data, True)
        assert valid.ask("get tx lo_locked") == "ok true"
    end = time.monotonic() + 5
    while len(os.listdir("/proc/self/fd")) > files and time.monotonic() < end:
        time.sleep(0.01)
    assert len(os.listdir("/proc/self/fd")) <= files


def _shove(client: Client, data: bytes, half_close: bool) -> None:
    """Send what the server may refuse to hear to its end."""
    try:
        client.sock.sendall(data)
        if half_close:
            client.sock.shutdown(socket.SHUT_WR)
    except OSError:
        return
