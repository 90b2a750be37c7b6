# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Malformed commands and half-open connections: the server stays as it was, and clients are
served.
"""

from __future__ import annotations

import gc
import os
import shutil
import socket
import subprocess
import threading
import time

import numpy as np
import pytest

from semcom_core.radio.virtual.iio.server import MAX_CONNECTIONS
from semcom_core.radio.virtual.iio.session import Session
from tests.core.radio.virtual.iio.client import ADC, DAC, PHY, Client, serve

WORDS = [
    "READ", "WRITE", "OPEN", "CLOSE", "READBUF", "WRITEBUF", "PRINT", "VERSION", "TIMEOUT", "SET", "GETTRIG", "SETTRIG", "HELP", PHY, DAC,
    ADC, "iio:device9", "INPUT", "OUTPUT", "DEBUG", "BUFFER", "CYCLIC", "BUFFERS_COUNT", "voltage0", "altvoltage0", "TX1_I_F1", "frequency",
    "hardwaregain", "filter_fir_config", "direct_reg_access", "scale", "0", "1", "-1", "64", "4095", "4097", "99999999999", "1e9", "nan",
    "00000003", "ffffffff", "0x80000088", "%s%n", "../../etc", "<x>", "\x00", "\x7f", "\u00ff", "a" * 1100, "",
]  # fmt: skip
VALID = [
    f"READ {PHY} INPUT voltage0 "
    "hardwaregain", f"WRITE {PHY} INPUT voltage0 rf_bandwidth 8", f"OPEN {ADC} 64 00000003",
    f"READBUF {ADC} "
    "256", f"OPEN {DAC} 64 00000003 "
           "CYCLIC", f"WRITEBUF {DAC} 64", f"SET {DAC} BUFFERS_COUNT 3", f"CLOSE {ADC}",
    "TIMEOUT 20",
]  # fmt: skip
#: Commands sent, so many a connection, and how many have to be answered: some are taken for the
#: payload of others.
SENT, A_CONNECTION, ANSWERED = 20_000, 125, 10_000
HALF_OPEN = 200


def malformed(rng: np.random.Generator) -> bytes:
    """Bytes that mean nothing, words that hardly mean anything together, or a good command with one
    word exchanged.
    """
    kind = rng.random()
    if kind < 0.1:
        return rng.bytes(int(rng.integers(1, 80))) + b"\n"
    words = [WORDS[i] for i in rng.integers(len(WORDS), size=int(rng.integers(1, 7)))]
    if kind < 0.5:
        good = VALID[int(rng.integers(len(VALID)))].split()
        good[int(rng.integers(len(good)))] = words[0]
        words = good
    return " ".join(words).encode("latin-1") + [b"\r\n", b"\n"][int(rng.integers(2))]


def attack(endpoint: tuple[str, int], rng: np.random.Generator) -> None:
    """One connection full of nonsense; it ends in the middle of a command, sometimes at once and
    with a reset.
    """
    with socket.create_connection(endpoint, timeout=5) as connected:
        connected.sendall(
            b"".join(malformed(rng) for _ in range(A_CONNECTION))
            + b"WRITE iio:device0 ensm_mode 9\r\nfd"
        )
        if rng.random() < 0.2:
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            return
        try:
            connected.shutdown(socket.SHUT_WR)
            while connected.recv(65536):
                pass
        except ConnectionError:
            return  # the server hung up


def open_files() -> int:
    gc.collect()
    return len(os.listdir("/proc/self/fd"))


def settled(count, expected: int) -> int:
    """A count, once it has come down to what is expected, or after two seconds."""
    deadline = time.monotonic() + 2
    while count() > expected and time.monotonic() < deadline:
        time.sleep(0.02)
    return count()


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="open files are counted in /proc")
def test_malformed_commands_and_half_open_connections_leave_nothing_behind(monkeypatch):
    answered, answer = [], Session._answer
    monkeypatch.setattr(
        Session, "_answer", lambda session, words: (answered.append(1), answer(session, words))
    )
    alone = threading.active_count()
    with serve(speed=1) as (air, pluto):
        with Client(pluto.endpoint) as client:
            client.configure()
        threads, files = settled(threading.active_count, alone + 1), open_files()
        rng = np.random.default_rng(7)
        for number in range(SENT // A_CONNECTION):
            attack(pluto.endpoint, rng)
            if number % 20 == 0:
                with Client(pluto.endpoint) as client:
                    assert client.read(f"{PHY} ensm_mode") == "fdd", (
                        f"after {number * A_CONNECTION} malformed commands"
                    )
        assert len(answered) >= ANSWERED
        half_open = [socket.create_connection(pluto.endpoint) for _ in range(HALF_OPEN)]
        assert threading.active_count() <= threads + MAX_CONNECTIONS + 1
        with Client(pluto.endpoint) as client:
            assert client.read(f"{PHY} ensm_mode") == "fdd", "while the others are half open"
        for one in half_open:
            one.close()
        assert settled(threading.active_count, threads) <= threads
        assert settled(open_files, files) <= files
        assert not air.radios["alice"].rx.is_open and not air.radios["alice"].tx.is_open
        check_by_iio_info(pluto.uri)


def check_by_iio_info(uri: str) -> None:
    """Where the tool is installed, it lists all four devices."""
    if shutil.which("iio_info"):
        told = subprocess.run(["iio_info", "-u", uri], capture_output=True, text=True, timeout=20)
        assert told.returncode == 0 and "IIO context has 4 devices" in told.stdout


def test_stream_goes_on_under_attack():
    with serve(speed=1) as (_, pluto), Client(pluto.endpoint) as client:
        assert client.command(f"OPEN {ADC} 512 00000003") == 0
        rng = np.random.default_rng(1)
        for _ in range(5):
            half_open = [socket.create_connection(pluto.endpoint) for _ in range(MAX_CONNECTIONS)]
            attack(pluto.endpoint, rng)
            assert len(client.read_buffer(2048)) == 2048
            for one in half_open:
                one.close()
