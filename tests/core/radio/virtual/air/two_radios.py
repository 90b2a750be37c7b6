# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An air of two radios, signals for it, and what is looked for in what arrives."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from unittest import mock

import numpy as np

from semcom_core.radio.virtual.air import Air, air_plan, transmitter
from semcom_core.radio.virtual.air import receiver as receiver_module
from semcom_core.radio.virtual.air.receiver import Reading

PIECE = 4096
#: Longest wait of a test, s of wall time.
LIMIT_S = 60.0
#: With real pacing: length of the buffers, just below the most there may be, and how long before
#: their time samples are written, s. A process that stands still for as long is late all the same.
LONG_S = 2.9
LEAD_S = 1.0
REFERENCE_TX_DB, REFERENCE_RX_DB = -10.0, 40.0


def air(link=None, pacing="elastic", seed=1, **radio) -> Air:
    """Radio a, which b hears."""
    radios = {"a": {"kind": "pluto"}, "b": {"kind": "pluto", "address": "127.0.0.2", **radio}}
    return Air(
        air_plan(
            {
                "pacing": pacing,
                "seed": seed,
                "radios": radios,
                "links": [{"from": "a", "to": "b", **(link or {})}],
            }
        )
    )


def hold(medium: Air) -> Callable[[float], None]:
    """Stop an elastic clock where it is; what is returned sets until when it may run, s."""
    limits_s = [0.0]
    medium.clock.add_limit(lambda: limits_s[-1])

    def release(until_s: float) -> None:
        limits_s.append(until_s)
        medium.clock.notify()

    return release


@contextmanager
def patient() -> Iterator[None]:
    """Have an elastic clock wait for clients as long as a test may take."""
    with (
        mock.patch.object(transmitter, "GRACE_S", LIMIT_S),
        mock.patch.object(receiver_module, "PATIENCE_S", LIMIT_S),
    ):
        yield


def carry(
    medium: Air, x: np.ndarray, more: int = 2, rate_hz: float = 1e6, receive_hz: float | None = None
) -> np.ndarray:
    """What b receives while a sends x in pieces: silence, x, and `more` pieces.

    However busy the machine is, a begins when its first piece is there, and nobody is late.
    """
    sender, receiver = medium.radios["a"].tx, medium.radios["b"].rx
    sender.tune(rate_hz=rate_hz)
    receiver.tune(rate_hz=receive_hz or rate_hz)
    pieces = np.split(x, range(PIECE, len(x), PIECE))
    total = int(len(x) * receiver.rate_hz / rate_hz) // PIECE + more
    if medium.clock.elastic:
        got = _carry_elastic(medium, pieces, total)
    else:
        got = _carry_real(medium, pieces, total)
    assert sum(reading.lost for reading in got) == 0
    return np.concatenate([reading.samples for reading in got])


def _carry_elastic(medium: Air, pieces: list[np.ndarray], total: int) -> list[Reading]:
    """Streams through short buffers; the clock waits for the first piece of the sender."""
    sender, receiver = medium.radios["a"].tx, medium.radios["b"].rx
    release = hold(medium)
    receiver.open(4 * PIECE)
    release(medium.clock.now() + (PIECE + 1) / receiver.true_rate_hz)
    got = [receiver.read(PIECE, LIMIT_S)]
    sender.open(4 * PIECE)
    begun = threading.Event()

    def send():
        for number, piece in enumerate(pieces):
            sender.write(piece, LIMIT_S, end=number == len(pieces) - 1)
            begun.set()

    thread = threading.Thread(target=send)
    with patient():
        thread.start()
        assert begun.wait(LIMIT_S)
        release(math.inf)
        got += [receiver.read(PIECE, LIMIT_S) for _ in range(total)]
        thread.join()
    return got


def _carry_real(medium: Air, pieces: list[np.ndarray], total: int) -> list[Reading]:
    """Streams with real pacing: buffers of LONG_S, and a beginning LEAD_S ahead."""
    sender, receiver = medium.radios["a"].tx, medium.radios["b"].rx
    receiver.open(round(LONG_S * receiver.rate_hz))
    sender.open(round(LONG_S * sender.rate_hz))
    at_s = medium.clock.now() + LEAD_S
    for number, piece in enumerate(pieces):
        start_s = None if number else at_s
        sender.write(piece, LIMIT_S, at_s=start_s, end=number == len(pieces) - 1)
    got = [receiver.read(1, LIMIT_S)]
    got.append(
        receiver.read(round(at_s * receiver.rate_hz) - got[0].index - 1 - PIECE // 2, LIMIT_S)
    )
    return [*got, *(receiver.read(PIECE, LIMIT_S) for _ in range(total))]


def noise(count: int, seed: int = 5) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (
        (0.2 * (rng.standard_normal(count) + 1j * rng.standard_normal(count)))
        .clip(-0.7, 0.7)
        .astype(np.complex64)
    )


def begin(y: np.ndarray, x: np.ndarray) -> int:
    """Where x begins in y."""
    return int(np.argmax(np.abs(np.correlate(y, x[:512], "valid"))))


def tone(hz: float, count: int, rate_hz: float = 1e6) -> np.ndarray:
    return (0.5 * np.exp(2j * np.pi * hz / rate_hz * np.arange(count))).astype(np.complex64)


def strongest_hz(y: np.ndarray, rate_hz: float = 1e6) -> float:
    spectrum = np.abs(np.fft.fft(y * np.hanning(len(y)), 1 << 18))
    return float(np.fft.fftfreq(1 << 18)[np.argmax(spectrum)] * rate_hz)
