# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server: where it may listen, how it ends, and whom it gives up when there are too many."""

from __future__ import annotations

import errno
import socket
import threading

import numpy as np
import pytest

from semcom_core.errors import ConfigError, RadioError
from semcom_core.radio.virtual.air import Air
from semcom_core.radio.virtual.iio import VirtualPluto
from semcom_core.radio.virtual.iio.server import MAX_CONNECTIONS
from tests.core.radio.virtual.iio.client import ADC, DAC, PHY, Client, plan, serve


@pytest.mark.parametrize("spec, options, words", [
    ({"address": "0.0.0.0"}, {}, "allowed is 127.0.0.0/8"),
    ({"kind": "soapy"}, {}, "of kind 'soapy'; allowed is 'pluto'"),
    ({}, {"chip": "ad9371"}, "chip is 'ad9371'; allowed is one of ad9363a, ad9364"),
])  # fmt: skip
def test_wrong_settings_are_refused(spec, options, words):
    air = Air(plan(radios={"alice": {"kind": "pluto", "address": "127.0.0.1:0", **spec}}))
    with pytest.raises(ConfigError, match=words):
        VirtualPluto(air, "alice", **options)


def test_unknown_radio_is_refused():
    with pytest.raises(ConfigError, match="radio is 'bob'; allowed is one of alice"):
        VirtualPluto(Air(plan()), "bob")


def test_remote_address_is_allowed_when_told_so():
    air = Air(plan(radios={"alice": {"kind": "pluto", "address": "0.0.0.0:0"}}))
    assert VirtualPluto(air, "alice", allow_remote=True).endpoint == ("0.0.0.0", 0)


def test_address_that_is_taken_is_named(served):
    host, port = served[1].endpoint
    air = Air(plan(radios={"alice": {"kind": "pluto", "address": f"{host}:{port}"}}))
    with pytest.raises(RadioError, match=f"cannot listen at {host}:{port}: Address already in use"):
        VirtualPluto(air, "alice").start()


def test_starting_twice_is_refused_and_stopping_twice_is_not(served):
    with pytest.raises(RadioError, match="is started already"):
        served[1].start()
    served[1].stop()
    served[1].stop()


def test_server_comes_back_at_its_address_with_its_settings():
    with serve() as (air, pluto):
        host, port = pluto.endpoint
    air = Air(plan(radios={"alice": {"kind": "pluto", "address": f"{host}:{port}"}}))
    pluto = VirtualPluto(air, "alice")
    for expected in ("2400000000", "915000000"):
        with pluto, Client((host, port)) as client:
            assert client.read(f"{PHY} OUTPUT RX_LO frequency") == expected
            client.write(f"{PHY} OUTPUT RX_LO frequency", "915000000")
    air.close()


def test_stop_ends_clients_streams_and_threads():
    before = threading.active_count()
    with serve() as (air, pluto):
        clients = [Client(pluto.endpoint) for _ in range(4)]
        clients[0].command(f"OPEN {ADC} 1024 00000003")
        clients[1].command(f"OPEN {DAC} 1024 00000003 CYCLIC")
        clients[1].write_buffer(np.full(2048, 16000, "<i2").tobytes())
        clients[2].send(f"READ {PHY}")
        pluto.stop()
        assert all(one.ended for one in clients)
        radio = air.radios["alice"]
        assert (radio.rx.is_open, radio.tx.is_open, threading.active_count()) == (
            False,
            False,
            before,
        )
    for one in clients:
        one.close()


def test_who_says_nothing_is_given_up_first_and_who_streams_last():
    with serve() as (_, pluto):
        streaming, useful = Client(pluto.endpoint), Client(pluto.endpoint)
        assert streaming.command(f"OPEN {ADC} 64 00000003") == 0
        assert useful.command("TIMEOUT 1000") == 0
        silent = [Client(pluto.endpoint) for _ in range(MAX_CONNECTIONS - 2)]
        assert silent[5].command("NONSENSE") == -22, "that does not count as a command"
        late = [Client(pluto.endpoint) for _ in silent]
        assert all(one.ended for one in silent)
        assert useful.read(f"{PHY} ensm_mode") == "fdd" and len(streaming.read_buffer(256)) == 256
        assert [one.command("TIMEOUT 1000") for one in late] == [0] * len(late)
        more = Client(pluto.endpoint)
        assert more.command("TIMEOUT 1000") == 0 and len(streaming.read_buffer(256)) == 256
        assert useful.ended, "of those that stream nothing it was idle longest"
        for one in (streaming, useful, more, *silent, *late):
            one.close()


def test_shortage_of_files_passes(served, monkeypatch):
    accept, failures = socket.socket.accept, [errno.EMFILE, errno.ECONNABORTED]

    def flaky(listener):
        if failures:
            raise OSError(failures.pop(), "no client could be taken")
        return accept(listener)

    monkeypatch.setattr(socket.socket, "accept", flaky)
    for _ in range(3):
        with Client(served[1].endpoint) as client:
            assert client.read(f"{PHY} ensm_mode") == "fdd"
    assert failures == []


def test_client_that_does_not_read_does_not_hold_up_others(served, client):
    stuck = socket.create_connection(served[1].endpoint)
    stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    stuck.sendall(b"PRINT\r\n" * 2000)
    assert client.read(f"{PHY} ensm_mode") == "fdd"
    stuck.close()
