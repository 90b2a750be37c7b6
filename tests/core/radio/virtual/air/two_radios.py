# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An air of two radios, signals for it, and what is looked for in what arrives."""

from __future__ import annotations

import threading

import numpy as np

from semcom_core.radio.virtual.air import Air, air_plan

PIECE = 4096
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


def carry(
    medium: Air, x: np.ndarray, more: int = 2, rate_hz: float = 1e6, receive_hz: float | None = None
) -> np.ndarray:
    """What b receives while a sends x in pieces."""
    sender, receiver = medium.radios["a"].tx, medium.radios["b"].rx
    sender.tune(rate_hz=rate_hz)
    receiver.tune(rate_hz=receive_hz or rate_hz)
    receiver.open(4 * PIECE)
    sender.open(4 * PIECE)
    pieces = np.split(x, range(PIECE, len(x), PIECE))

    def send():
        for number, piece in enumerate(pieces):
            sender.write(piece, 10, end=number == len(pieces) - 1)

    thread = threading.Thread(target=send)
    thread.start()
    total = int(len(x) * receiver.rate_hz / rate_hz) // PIECE + more
    got = [receiver.read(PIECE, 10) for _ in range(total)]
    thread.join()
    assert sum(reading.lost for reading in got) == 0
    return np.concatenate([reading.samples for reading in got])


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
