# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bench of the burst modem: detection, implementation loss, EVM, false alarms, throughput, and what a burst costs.

Every burst is sent with a carrier frequency offset uniform in +-CFO_HZ and a delay uniform over whole and fractional
samples, on top of the channel asked for. Throughput is by the processor time of the one thread that does the work.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass

import numpy as np

from semcom_core.bench import modem_signals as signals
from semcom_core.channel import Channel, parse_channel
from semcom_core.config import setting
from semcom_core.errors import ConfigError, check_range
from semcom_core.phy import Layout, PhyConfig, Receiver, Transmitter
from semcom_core.units import db_to_linear, linear_to_db

#: Largest carrier frequency offset of the bursts: 20 parts per million at 2.45 GHz.
CFO_HZ = 49e3
#: Payload symbols of a bench message, uniform between these.
MESSAGE_LENGTHS = (100, 190)
#: Message lengths and messages a burst of the cost table.
COST_LENGTHS, COST_MESSAGES = (60, 80, 100, 140, 190), (1, 2, 4, 8)


#: Passes of which the fastest counts: others slow down the processor's caches, nothing speeds them up.
PASSES = 3


@dataclass(frozen=True)
class ModemBench:
    """Settings of the bench.

    Raises:
        ConfigError: a value is outside what is allowed, or the channel sets its own SNR.
    """

    frames: int = setting(500, "bursts sent at each SNR")
    channel: str = setting("awgn", "channel without its SNR: awgn, or terms such as taps:0,-6,-10 and rayleigh")
    snr_db: tuple[float, ...] = (0.0, 5.0, 10.0, 15.0, 20.0, 25.0)
    seconds: float = setting(5.0, "length of the noise and of the interference, s at the sample rate")
    seed: int = setting(1, "seed of everything random")

    def __post_init__(self):
        check_range("frames", self.frames, 1, 1e6)
        check_range("seconds", self.seconds, 0.1, 1e4)
        check_range("seed", self.seed, 0, np.inf)
        for snr_db in self.snr_db:
            check_range("snr_db", snr_db, -20.0, 60.0)
        if self.extra and parse_channel(self.extra).snr_db is not None:
            raise ConfigError(f"channel {self.channel!r} sets its own SNR; allowed is a channel without one, the SNRs apart")

    @property
    def extra(self) -> str:
        """Terms besides the noise."""
        return "+".join(part for part in self.channel.split("+") if part not in ("awgn", "clean"))

    def at(self, snr_db: float | None) -> Channel:
        """The channel at an SNR, or without noise."""
        noise = "clean" if snr_db is None else f"awgn:{snr_db}"
        config = PhyConfig()
        return parse_channel("+".join(filter(None, [self.extra, noise])), config.rate_hz, Layout(config).carrier_power)


def run(settings: ModemBench) -> Iterator[dict]:
    """Rows of the bench, one after the other (see burst_row, stream_row and cost_row for their keys)."""
    rng = np.random.default_rng(settings.seed)
    for snr_db in settings.snr_db:
        yield burst_row(settings, snr_db, rng)
    yield burst_row(settings, None, rng)
    config = PhyConfig()
    count = int(settings.seconds * config.rate_hz)
    yield stream_row("noise", signals.noise(count, rng), config)
    yield stream_row("interference", signals.interference(count, rng), config)
    yield back_to_back_row(settings.frames, rng)
    for length in COST_LENGTHS:
        for messages in COST_MESSAGES:
            yield cost_row(length, messages)


def burst_row(settings: ModemBench, snr_db: float | None, rng: np.random.Generator) -> dict:
    """Bursts one by one through the channel: how many are found and read, and how well.

    Over the bursts that were read, snr_loss_db is the SNR less the mean of 1/E|y-x|^2 in dB, extra_loss_db the same
    against a receiver that knows the channel's response; evm_db, without noise, is the mean of E|y-x|^2.
    """
    transmitter, receiver, channel = Transmitter(), Receiver(), settings.at(snr_db)
    errors, genie, header_ok, detected, busy, samples = [], [], 0, 0, 0.0, 0
    for number in range(settings.frames):
        frame = signals.random_frame(number, MESSAGE_LENGTHS, rng)
        burst = signals.displaced(transmitter.burst([frame]), CFO_HZ, receiver.config.rate_hz, rng)
        response = deepcopy(rng)
        received = channel.through_samples(burst, rng)
        before, start = receiver.stats.bursts, time.thread_time()
        found = receiver.push(received) + receiver.flush()
        busy += time.thread_time() - start
        samples += len(received)
        detected += receiver.stats.bursts > before
        right = [f for f in found if signals.same_header(f.header, frame.header)]
        header_ok += bool(right)
        if right:
            errors.append(float(np.mean(np.abs(right[0].symbols - frame.symbols) ** 2)))
            genie.append(_genie_snr(channel, receiver.layout, response))
    row = _row(settings.channel if snr_db is not None else settings.channel.replace("awgn", "clean"), "bursts", snr_db, settings.frames)
    row |= {"detected": detected, "header_ok": header_ok, "rx_msps": samples / busy / 1e6}
    if errors and snr_db is None:
        row["evm_db"] = float(linear_to_db(np.mean(errors)))
    elif errors:
        reached = float(linear_to_db(np.mean(1 / np.array(errors))))
        row |= {"snr_loss_db": snr_db - reached, "extra_loss_db": float(linear_to_db(np.mean(genie))) - reached}
    return row


def _genie_snr(channel: Channel, layout: Layout, rng: np.random.Generator) -> float:
    """1/E|y-x|^2 of a receiver that knows the channel's response (drawn again from rng); nan without noise."""
    if channel.snr_db is None:
        return np.nan
    still = channel.noiseless()
    fixed = Channel(tuple(one for one in still.terms if one.name != "cfo"), still.rate_hz)
    impulse = np.zeros(layout.profile.fft, dtype=np.complex64)
    impulse[0] = 1
    response = fixed.through_samples(impulse, rng)
    turns = np.outer(layout.carriers[layout.data], np.arange(len(response))) / layout.profile.fft
    gain = np.abs(np.exp(-2j * np.pi * turns) @ response) ** 2
    return float(db_to_linear(channel.snr_db) / np.mean(1 / np.maximum(gain, 1e-12)))


def stream_row(stimulus: str, samples: np.ndarray, config: PhyConfig) -> dict:
    """A stream without bursts: preambles wrongly accepted a second, frames wrongly handed out, and the receiver's speed."""
    receiver = Receiver(config)
    start = time.thread_time()
    frames = receiver.push(samples)
    busy = time.thread_time() - start
    seconds = len(samples) / config.rate_hz
    row = _row("-", stimulus, None, len(frames))
    return row | {"false_alarms_per_s": receiver.stats.bursts / seconds, "rx_msps": len(samples) / busy / 1e6}


def back_to_back_row(count: int, rng: np.random.Generator) -> dict:
    """Bursts of one message each without a gap at 20 dB: speed of both ends, the best of PASSES passes over them."""
    transmitter = Transmitter()
    frames = [signals.random_frame(number, MESSAGE_LENGTHS, rng) for number in range(count)]
    sent, tx_busy = _best_time(lambda: np.concatenate([transmitter.burst([frame]) for frame in frames]))
    received = parse_channel("awgn:20").through_samples(sent, rng)
    receivers = iter([Receiver() for _ in range(PASSES)])
    (receiver, found), rx_busy = _best_time(lambda: _receive(next(receivers), received))
    right = sum(signals.same_header(a.header, b.header) for a, b in zip(found, frames, strict=False))
    row = _row("awgn", "back-to-back", 20.0, count) | {"detected": receiver.stats.bursts, "header_ok": right}
    return row | {"tx_msps": len(sent) / tx_busy / 1e6, "rx_msps": len(received) / rx_busy / 1e6}


def _receive(receiver: Receiver, samples: np.ndarray):
    """The receiver and all frames it finds in a stream."""
    return receiver, receiver.push(samples) + receiver.flush()


def _best_time(work):
    """What `work` returns the last time, and the least processor time it took in PASSES passes, s."""
    times = []
    for _ in range(PASSES):
        start = time.thread_time()
        result = work()
        times.append(time.thread_time() - start)
    return result, min(times)


def cost_row(length: int, messages: int) -> dict:
    """Air uses of a burst of `messages` messages of `length` symbols each, counted on the samples made."""
    frames = [signals.random_frame(number, (length, length), np.random.default_rng(number)) for number in range(messages)]
    air_uses = len(Transmitter().burst(frames))
    row = _row("-", "cost", None, messages)
    return row | {"uses": length * messages, "messages": messages, "air_uses": air_uses, "air_ratio": air_uses / (length * messages)}


def _row(channel: str, stimulus: str, snr_db: float | None, frames: int) -> dict:
    """A row with every key of a modem row; what does not apply stays None."""
    keys = ("detected", "header_ok", "false_alarms_per_s", "snr_loss_db", "extra_loss_db", "evm_db", "tx_msps", "rx_msps")
    return {"channel": channel, "snr_db": snr_db, "stimulus": stimulus, "frames": frames} | dict.fromkeys(keys)
