# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Streams of samples: exact data, times, ends of bursts, and what goes wrong."""

from __future__ import annotations

import time

import numpy as np
import pytest

from semcom_core.radio.virtual.soapy.protocol import Flag
from tests.core.radio.virtual.soapy.client import Client

real_pacing = pytest.mark.parametrize("air", ["real"], indirect=True)

LEAD_NS = (
    400_000_000  # so long before its time an order is given; a busy machine may need much of it
)


def pattern(count: int) -> np.ndarray:
    """Samples that the wire carries exactly, none of them 0."""
    return ((np.arange(count) % 30000 + 1) + 1j * (count - np.arange(count))).astype(
        np.complex64
    ) / 32768


def now_ns(client: Client) -> int:
    return int(client.ask("get radio time_ns").split()[1])


def stop(client: Client) -> None:
    """Stop receiving; all packets before the answer are dropped."""
    client.sock.sendall(b"stop\n")
    while not client.packet()[0] & Flag.STOPPED:
        continue


def test_a_burst_arrives_exactly_and_its_end_is_told(server):
    sent = pattern(10000)
    with Client(server.path, "alice") as rx, Client(server.path, "alice") as tx:
        rx.stream("rx").start()
        rx.packet()
        tx.stream("tx").send(sent[:8192])
        tx.send(sent[8192:], Flag.END)
        heard, _ = rx.samples(40000)
        assert tx.packet()[0] == Flag.END | Flag.TIME
    begin = np.flatnonzero(heard)[0]
    assert np.array_equal(heard[begin : begin + 10000], sent)
    assert np.count_nonzero(heard) == 10000


def test_packets_follow_one_another_in_time(server):
    with Client(server.path, "bob") as control, Client(server.path, "bob") as rx:
        assert control.ask("set rx rate_hz 2e6") == "ok"
        rx.stream("rx").start()
        packets = [rx.packet() for _ in range(5)]
        for (_, one_ns, samples), (flags, next_ns, _) in zip(packets, packets[1:]):
            assert flags == Flag.TIME
            assert next_ns - one_ns == len(samples) * 500, "by the radio's own clock, 10 ppm fast"


def test_a_timed_burst_is_where_it_belongs(server):
    with (
        Client(server.path, "alice") as control,
        Client(server.path, "alice") as rx,
        Client(server.path, "alice") as tx,
    ):
        assert control.ask("set radio time_ns 1000000000000") == "ok"
        rx.stream("rx").start()
        tx.stream("tx")
        at_ns = now_ns(control) // 1000 * 1000 + LEAD_NS
        tx.send([], Flag.TIME, at_ns)  # announces the time of what follows
        tx.send([0.5, 0.5])
        tx.send([0.25], Flag.TIME | Flag.END, 5)  # a time within a burst does not count
        heard, first_ns = rx.samples(500_000)
    assert np.flatnonzero(heard)[0] == round((at_ns - first_ns) / 1000)
    assert heard[np.flatnonzero(heard)].tolist() == [0.5, 0.5, 0.25]


def test_a_late_burst_is_dropped_to_its_end(server):
    with Client(server.path, "alice") as rx, Client(server.path, "alice") as tx:
        rx.stream("rx").start()
        rx.packet()
        tx.stream("tx").send([0.5] * 10, Flag.TIME, 1)
        tx.send([0.5] * 10, Flag.END)
        tx.send([0.25] * 3, Flag.END)
        assert tx.packet()[0] == Flag.LATE | Flag.TIME
        heard, _ = rx.samples(20000)
    assert heard[np.flatnonzero(heard)].tolist() == [0.25] * 3


@real_pacing
def test_an_interrupted_burst_is_an_underflow_and_a_finished_one_is_not(server, air):
    with Client(server.path, "alice") as tx:
        tx.stream("tx").send([0.5] * 10, Flag.END)
        assert tx.packet()[0] == Flag.END | Flag.TIME
        tx.send([0.5] * 10)
        time.sleep(0.05)
        tx.send([0.5] * 10, Flag.END)
        assert tx.packet()[0] == Flag.UNDERFLOW | Flag.TIME
    assert air.radios["alice"].tx.underflows == 1


@real_pacing
def test_samples_that_nobody_reads_are_lost_and_that_is_told(server, air):
    with Client(server.path, "alice") as rx:
        rx.stream("rx").start()
        first = rx.packet()
        time.sleep(0.9)
        flags, _, samples = first
        while not flags & Flag.LOST:
            expected_ns = first[1] + 1000 * len(samples)
            first = flags, time_ns, samples = rx.packet()
        assert time_ns > expected_ns
        assert rx.packet()[0] == Flag.TIME
    assert air.radios["alice"].rx.overflows == 1


def test_so_many_samples_from_a_time_on(server):
    with Client(server.path, "alice") as control, Client(server.path, "alice") as rx:
        at_ns = now_ns(control) // 1000 * 1000 + LEAD_NS
        rx.stream("rx").start(10001, at_ns)
        parts = [rx.packet() for _ in range(3)]
        assert [flags for flags, _, _ in parts] == [Flag.TIME, Flag.TIME, Flag.TIME | Flag.END]
        assert sum(len(samples) for _, _, samples in parts) == 10001
        assert parts[0][1] == at_ns
        stop(rx)
        rx.start(300)
        assert rx.packet()[0] & Flag.TIME, "it can be started again"


def test_a_start_in_the_past_is_late(server):
    with Client(server.path, "alice") as rx:
        rx.stream("rx").start(0, 1)
        assert rx.packet()[0] == Flag.LATE | Flag.TIME
        rx.start(256)
        assert rx.packet()[0] == Flag.TIME | Flag.END


def test_a_wait_for_a_start_can_be_stopped(server):
    with Client(server.path, "alice") as control, Client(server.path, "alice") as rx:
        rx.stream("rx").start(0, now_ns(control) + 3_600_000_000_000)
        rx.sock.sendall(b"stop\n")
        assert rx.packet()[0] == Flag.STOPPED | Flag.TIME


def test_stop_ends_a_stream_and_start_begins_another(server, air):
    with Client(server.path, "alice") as rx:
        rx.stream("rx").start()
        rx.packet()
        stop(rx)
        assert not air.radios["alice"].rx.is_open
        rx.start()
        assert len(rx.packet()[2]) == 4000
