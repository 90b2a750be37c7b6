# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""False alarms in streams without bursts, throughput of both ends, and air uses of a burst."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TypeVar

import numpy as np

from semcom_core.bench.modem import signals
from semcom_core.bench.modem.settings import MESSAGE_LENGTHS, ModemRow
from semcom_core.channel import parse_channel
from semcom_core.phy import PhyConfig, ReceivedFrame, Receiver, Transmitter

#: Message lengths and messages a burst of the cost table.
COST_LENGTHS = (60, 80, 100, 140, 190)
COST_MESSAGES = (1, 2, 4, 8)
#: Passes of which the fastest counts: others slow down the processor's caches, nothing speeds them
#: up.
PASSES = 3
#: Makes a stream: (count, generator) → complex64 (count,).
Stream = Callable[[int, np.random.Generator], np.ndarray]
#: Streams by name.
STREAMS: dict[str, Stream] = {
    "noise": signals.noise,
    "carrier": signals.carrier,
    "keyed carrier": signals.keyed_carrier,
    "interference": signals.interference,
}
#: What a piece of work returns.
Result = TypeVar("Result")


def false_alarm_row(
    stimulus: str, seconds: float, rng: np.random.Generator, config: PhyConfig | None = None
) -> dict:
    """Feed a stream to a receiver, a second or less at a time; its rate is that of the receiver's
    configuration.

    Args:
        stimulus: one of STREAMS.
        seconds: length of the stream, s.
        rng: makes the stream.
        config: of the receiver.
    """
    receiver = Receiver(config)
    rate_hz = receiver.config.rate_hz
    busy = 0.0
    frames = 0
    for samples in _pieces(STREAMS[stimulus], int(seconds * rate_hz), int(rate_hz), rng):
        start = time.thread_time()
        frames += len(receiver.push(samples))
        busy += time.thread_time() - start
    frames += len(receiver.flush())
    count = receiver.stats.samples
    row = ModemRow(
        channel="-",
        snr_db=None,
        stimulus=stimulus,
        profile=receiver.config.profile,
        frames=frames,
        false_alarms_per_s=receiver.stats.bursts / (count / rate_hz),
        rx_msps=count / busy / 1e6,
    )
    return row.to_dict()


def _pieces(make: Stream, total: int, piece: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """`total` samples, `piece` or fewer at a time."""
    for at in range(0, total, piece):
        yield make(min(piece, total - at), rng)


def back_to_back_row(count: int, rng: np.random.Generator) -> dict:
    """Bursts of one message each without a gap at 20 dB: speed of both ends, the best of PASSES
    passes over them.
    """
    transmitter = Transmitter()
    frames = [signals.random_frame(number, MESSAGE_LENGTHS, rng) for number in range(count)]
    sent, tx_busy = _best_time(
        lambda: np.concatenate([transmitter.burst([frame]) for frame in frames])
    )
    received = parse_channel("awgn:20").through_samples(sent, rng)
    receivers = iter([Receiver() for _ in range(PASSES)])
    (receiver, found), rx_busy = _best_time(lambda: _receive(next(receivers), received))
    row = ModemRow(
        channel="awgn",
        snr_db=20.0,
        stimulus="back-to-back",
        profile=transmitter.config.profile,
        frames=count,
        detected=receiver.stats.bursts,
        header_ok=signals.matches(frames, found),
        tx_msps=len(sent) / tx_busy / 1e6,
        rx_msps=len(received) / rx_busy / 1e6,
    )
    return row.to_dict()


def _receive(receiver: Receiver, samples: np.ndarray) -> tuple[Receiver, list[ReceivedFrame]]:
    """The receiver and all frames it finds in a stream."""
    return receiver, receiver.push(samples) + receiver.flush()


def _best_time(work: Callable[[], Result]) -> tuple[Result, float]:
    """What `work` returns the last time, and the least processor time it took in PASSES passes,
    s.
    """
    times = []
    for _ in range(PASSES):
        start = time.thread_time()
        result = work()
        times.append(time.thread_time() - start)
    return result, min(times)


def cost_row(length: int, messages: int) -> dict:
    """Air uses of a burst of `messages` messages of `length` symbols each, counted on the samples
    made.
    """
    frames = [
        signals.random_frame(number, (length, length), np.random.default_rng(number))
        for number in range(messages)
    ]
    air_uses = len(Transmitter().burst(frames))
    row = ModemRow(
        channel="-",
        snr_db=None,
        stimulus="cost",
        profile=PhyConfig().profile,
        frames=messages,
        more={
            "uses": length * messages,
            "messages": messages,
            "air_uses": air_uses,
            "air_ratio": air_uses / (length * messages),
        },
    )
    return row.to_dict()
