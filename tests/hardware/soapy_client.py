# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client by SoapySDR's Python binding. `soapy_client.py TASK` prints what it found as JSON, or
raises.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import SoapySDR
from SoapySDR import (
    SOAPY_SDR_CF32,
    SOAPY_SDR_CS16,
    SOAPY_SDR_END_BURST,
    SOAPY_SDR_HAS_TIME,
    SOAPY_SDR_OVERFLOW,
    SOAPY_SDR_RX,
    SOAPY_SDR_STREAM_ERROR,
    SOAPY_SDR_TIME_ERROR,
    SOAPY_SDR_TIMEOUT,
    SOAPY_SDR_TX,
    SOAPY_SDR_UNDERFLOW,
)

TIMEOUT_US = 2_000_000


def device(name: str) -> SoapySDR.Device:
    """A radio of the air."""
    return SoapySDR.Device(f"driver=air,serial={name}")


def receive(radio, stream, count: int, dtype=np.complex64) -> np.ndarray:
    """So many samples (two columns where they are integers)."""
    buffer = np.zeros((8192, 2) if dtype == np.int16 else 8192, dtype)
    parts, got = [], 0
    while got < count:
        result = radio.readStream(stream, [buffer], min(8192, count - got), timeoutUs=TIMEOUT_US)
        assert result.ret > 0, result.ret
        parts.append(buffer[: result.ret].copy())
        got += result.ret
    return np.concatenate(parts)


def send(radio, stream, samples: np.ndarray, flags: int = 0, time_ns: int = 0) -> None:
    """All samples as a burst."""
    done = 0
    while done < len(samples):
        first = flags if done == 0 else 0
        result = radio.writeStream(
            stream,
            [samples[done:]],
            len(samples) - done,
            SOAPY_SDR_END_BURST | first,
            time_ns,
            TIMEOUT_US,
        )
        assert result.ret > 0, result.ret
        done += result.ret


def settings() -> dict:
    """Set everything once, and some things wrongly."""
    radio, refused = device("bob"), []
    for direction, antenna, gain_db in (
        (SOAPY_SDR_RX, "TX/RX", 31.0),
        (SOAPY_SDR_TX, "TX/RX", 20.25),
    ):
        radio.setSampleRate(direction, 0, 2e6)
        radio.setFrequency(direction, 0, 915e6)
        radio.setGain(direction, 0, gain_db)
        radio.setBandwidth(direction, 0, 1.5e6)
        radio.setAntenna(direction, 0, antenna)
    radio.setFrequency(SOAPY_SDR_RX, 0, 915e6, SoapySDR.KwargsFromString("OFFSET=1e6"))
    radio.setClockSource("external")
    for wrong in (
        lambda: radio.setSampleRate(SOAPY_SDR_RX, 0, 1e9),
        lambda: radio.setGain(SOAPY_SDR_TX, 0, 90.0),
        lambda: radio.setAntenna(SOAPY_SDR_RX, 0, "A\nset rx gain_db 0"),
        lambda: radio.setFrequency(SOAPY_SDR_RX, 0, 10e9),
        # fmt: skip
        lambda: radio.setupStream(SOAPY_SDR_RX, "CS8"),
        lambda: SoapySDR.Device("driver=air,serial=carol"),
    ):
        try:
            wrong()
        except RuntimeError as error:
            refused.append(str(error))
    return {
        "refused": refused,
        "frequency": radio.getFrequency(SOAPY_SDR_RX, 0),
        "rf": radio.getFrequency(SOAPY_SDR_RX, 0, "RF"),
        # fmt: skip
        "gain": radio.getGain(SOAPY_SDR_TX, 0),
        "locked": radio.readSensor(SOAPY_SDR_RX, 0, "lo_locked"),
    }


def pattern() -> dict:
    """All 16-bit values over a clean link, in both formats."""
    values = np.arange(-32768, 32768, dtype=np.int16)
    sent = np.stack([values, values[::-1]], axis=1)
    same = []
    for kind, dtype in ((SOAPY_SDR_CS16, np.int16), (SOAPY_SDR_CF32, np.float32)):
        alice, bob = device("alice"), device("bob")
        rx, tx = bob.setupStream(SOAPY_SDR_RX, kind), alice.setupStream(SOAPY_SDR_TX, kind)
        bob.activateStream(rx)
        alice.activateStream(tx)
        receive(bob, rx, 1000, np.int16 if dtype == np.int16 else np.complex64)
        scaled = (
            sent
            if dtype == np.int16
            else (sent / np.float32(32768)).astype(np.float32).reshape(-1).view(np.complex64)
        )
        send(alice, tx, scaled)
        heard = receive(bob, rx, 200_000, np.int16 if dtype == np.int16 else np.complex64)
        on = np.flatnonzero(heard.any(axis=1) if dtype == np.int16 else heard)
        same.append(
            bool(np.array_equal(heard[on[0] : on[0] + len(sent)], scaled)) and len(on) == len(sent)
        )
        for radio, stream in ((bob, rx), (alice, tx)):
            radio.deactivateStream(stream)
            radio.closeStream(stream)
    return {"same": same}


def timed() -> dict:
    """Bursts at times, one of them in the past, and a finite reception."""
    alice = device("alice")
    alice.setHardwareTime(10_000_000_000)
    rx, tx = (
        alice.setupStream(SOAPY_SDR_RX, SOAPY_SDR_CF32),
        alice.setupStream(SOAPY_SDR_TX, SOAPY_SDR_CF32),
    )
    begin_ns = (alice.getHardwareTime() // 1_000_000 + 500) * 1_000_000
    assert alice.activateStream(rx, SOAPY_SDR_HAS_TIME, 1, 0) == 0
    late = alice.readStream(rx, [np.zeros(10, np.complex64)], 10, timeoutUs=TIMEOUT_US).ret
    alice.activateStream(rx, SOAPY_SDR_HAS_TIME | SOAPY_SDR_END_BURST, begin_ns, 100_000)
    alice.activateStream(tx)
    starts, status = [3000, 20_001, 61_234], []
    for count, start in enumerate(starts, 1):
        send(
            alice,
            tx,
            np.full(10_000 * count, 0.5, np.complex64),
            SOAPY_SDR_HAS_TIME,
            begin_ns + 1000 * start,
        )
    send(alice, tx, np.ones(10, np.complex64), SOAPY_SDR_HAS_TIME, 5)
    heard = receive(alice, rx, 99_999)
    last = alice.readStream(rx, [np.zeros(10, np.complex64)], 10, timeoutUs=TIMEOUT_US)
    silent = alice.readStream(rx, [np.zeros(10, np.complex64)], 10, timeoutUs=1000).ret
    while (told := alice.readStreamStatus(tx, 200_000)).ret != SOAPY_SDR_TIMEOUT:
        status.append([told.ret, told.flags & SOAPY_SDR_END_BURST, told.timeNs])
    edges = np.flatnonzero(np.diff(np.concatenate([[0], np.abs(heard) > 0.25, [0]]).astype(int)))
    return {"late": late == SOAPY_SDR_TIME_ERROR, "edges": edges.tolist(), "last": [last.ret, last.flags & SOAPY_SDR_END_BURST],
            "silent": silent == SOAPY_SDR_TIMEOUT, "lates": sum(one[0] == SOAPY_SDR_TIME_ERROR for one in status),
            "ends": [round((one[2] - begin_ns) / 1000) for one in status if one[1]]}  # fmt: skip


def patient() -> dict:
    """Write more than the buffers hold, with a short timeout, while the air waits for a receiver
    that does not read.
    """
    alice, left, timeouts = device("alice"), 2_000_000, 0
    tx = alice.setupStream(SOAPY_SDR_TX, SOAPY_SDR_CF32)
    ones = np.ones(left, np.complex64)
    print("sending", flush=True)
    while left:
        result = alice.writeStream(tx, [ones], left, SOAPY_SDR_END_BURST, timeoutUs=100_000)
        timeouts += result.ret == SOAPY_SDR_TIMEOUT
        left -= max(0, result.ret)
    alice.closeStream(tx)
    return {"timeouts": timeouts}


def late() -> dict:
    """Read and write too late in real time."""
    alice, buffer = device("alice"), np.zeros(8192, np.complex64)
    rx, tx = (
        alice.setupStream(SOAPY_SDR_RX, SOAPY_SDR_CF32),
        alice.setupStream(SOAPY_SDR_TX, SOAPY_SDR_CF32),
    )
    alice.activateStream(rx)
    receive(alice, rx, 1000)
    time.sleep(0.9)
    results = [alice.readStream(rx, [buffer], 8192, timeoutUs=TIMEOUT_US).ret for _ in range(100)]
    for _ in range(2):
        alice.writeStream(tx, [buffer], 100, timeoutUs=TIMEOUT_US)
        time.sleep(0.05)
    return {
        "overflows": results.count(SOAPY_SDR_OVERFLOW),
        "others": sum(one <= 0 for one in results if one != SOAPY_SDR_OVERFLOW),
        # fmt: skip
        "underflow": alice.readStreamStatus(tx, TIMEOUT_US).ret == SOAPY_SDR_UNDERFLOW,
    }


def restart() -> dict:
    """Live through a restart of the air; standard input says when it has gone and when it is
    back.
    """
    alice = device("alice")
    rx, tx = (
        alice.setupStream(SOAPY_SDR_RX, SOAPY_SDR_CF32),
        alice.setupStream(SOAPY_SDR_TX, SOAPY_SDR_CF32),
    )
    alice.activateStream(rx)
    receive(alice, rx, 10_000)
    print("streaming", flush=True)
    sys.stdin.readline()
    buffer = np.zeros(8192, np.complex64)
    while (received := alice.readStream(rx, [buffer], 8192, timeoutUs=TIMEOUT_US).ret) > 0:
        continue
    sent = [alice.writeStream(tx, [buffer], 8192, timeoutUs=1000).ret for _ in range(2)][-1]
    try:
        alice.getGain(SOAPY_SDR_RX, 0)
        told = ""
    except RuntimeError as error:
        told = str(error)
    stopped = alice.deactivateStream(rx), alice.readStream(rx, [buffer], 8192, timeoutUs=1000).ret
    again = alice.activateStream(rx)
    print("lost", flush=True)
    sys.stdin.readline()
    gain_db = alice.getGain(SOAPY_SDR_RX, 0)
    alice.closeStream(rx)
    rx = alice.setupStream(SOAPY_SDR_RX, SOAPY_SDR_CF32)
    alice.activateStream(rx)
    return {"received": received == SOAPY_SDR_STREAM_ERROR, "sent": sent == SOAPY_SDR_STREAM_ERROR, "told": told,
            "stopped": stopped == (0, SOAPY_SDR_TIMEOUT), "again": again == SOAPY_SDR_STREAM_ERROR, "gain": gain_db,
            "after": len(receive(alice, rx, 10_000))}  # fmt: skip


if __name__ == "__main__":
    tasks = {
        "settings": settings,
        "pattern": pattern,
        "timed": timed,
        "late": late,
        "patient": patient,
        "restart": restart,
    }
    print(json.dumps(tasks[sys.argv[1]]()))
