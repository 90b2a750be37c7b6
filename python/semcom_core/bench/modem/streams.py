# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Streams without bursts: preambles wrongly accepted a second, and frames wrongly handed out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np

from semcom_core.bench.modem import signals
from semcom_core.bench.modem.settings import empty_row
from semcom_core.phy import PhyConfig, Receiver

#: Streams by name: each makes `count` samples at a time.
STREAMS: dict[str, Callable[[int, np.random.Generator], np.ndarray]] = {
    "noise": signals.noise,
    "carrier": signals.carrier,
    "keyed carrier": signals.keyed_carrier,
    "interference": signals.interference,
}


def stream_row(stimulus: str, seconds: float, rng: np.random.Generator, config: PhyConfig | None = None) -> dict:
    """Feed a stream to a receiver, a second or less at a time; its rate is that of the receiver's configuration."""
    receiver = Receiver(config)
    rate_hz = receiver.config.rate_hz
    busy, frames = 0.0, 0
    for samples in _pieces(STREAMS[stimulus], int(seconds * rate_hz), int(rate_hz), rng):
        start = time.thread_time()
        frames += len(receiver.push(samples))
        busy += time.thread_time() - start
    frames += len(receiver.flush())
    row = empty_row("-", stimulus, None, frames, receiver.config.profile)
    count = receiver.stats.samples
    return row | {"false_alarms_per_s": receiver.stats.bursts / (count / rate_hz), "rx_msps": count / busy / 1e6}


def _pieces(make, total: int, piece: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """`total` samples, `piece` or fewer at a time."""
    for at in range(0, total, piece):
        yield make(min(piece, total - at), rng)
