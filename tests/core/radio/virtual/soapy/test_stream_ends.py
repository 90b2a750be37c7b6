# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How streams end: the client goes, the server stops, the air closes, or somebody says what makes
no sense.
"""

from __future__ import annotations

import time

import numpy as np
import pytest

from semcom_core.radio.virtual.soapy import settings
from semcom_core.radio.virtual.soapy.protocol import Flag, receive_packet
from tests.core.radio.virtual.soapy.client import Client


@pytest.mark.parametrize("direction", ["rx", "tx"])
def test_a_direction_has_one_stream_and_is_free_again_when_its_client_has_gone(
    server, direction, monkeypatch
):
    monkeypatch.setattr(settings, "LONGEST_WAIT_S", 0.3)
    with Client(server.path, "alice") as first, Client(server.path, "alice") as second:
        first.stream(direction)
        assert (
            second.ask(f"stream {direction}")
            == f"error stream {direction} is in use by another client; allowed is one at a time"
        )
        first.sock.close()
        second.stream(direction)


@pytest.mark.parametrize(
    "flags", [0, Flag.END], ids=["a burst without an end", "bursts whose ends nobody wants to know"]
)
def test_what_was_written_is_sent_though_the_client_has_gone(server, flags):
    with Client(server.path, "alice") as rx, Client(server.path, "alice") as tx:
        rx.stream("rx").start()
        rx.packet()
        tx.stream("tx")
        for _ in range(10):
            tx.send([0.5] * 8000, flags)
        time.sleep(0.02)
        tx.sock.close()
        heard, _ = rx.samples(150_000)
    assert np.count_nonzero(heard) == 80000


def test_a_wrong_line_or_packet_ends_a_stream_without_a_word(server):
    for direction, nonsense in (
        ("rx", b"begin\n"),
        ("rx", b"start one\n"),
        ("rx", b"start 1 2 3\n"),
        ("tx", b"\xff" * 16),
    ):
        with Client(server.path, "alice") as client:
            client.stream(direction).sock.sendall(nonsense)
            assert receive_packet(client.sock) is None


def test_a_stream_ends_when_the_server_stops_and_works_with_the_next(server):
    with Client(server.path, "alice") as rx, Client(server.path, "alice") as tx:
        rx.stream("rx").start()
        tx.stream("tx").send([0.5] * 100)
        rx.packet()
        server.stop()
        while receive_packet(rx.sock) is not None:
            continue
        assert receive_packet(tx.sock) is None
    server.start()
    with Client(server.path, "alice") as rx:
        rx.stream("rx").start(1000)
        assert rx.packet()[0] == Flag.TIME | Flag.END


def test_a_closed_air_ends_streams(server, air):
    with Client(server.path, "alice") as rx:
        rx.stream("rx").start()
        rx.packet()
        air.close()
        while receive_packet(rx.sock) is not None:
            continue
