# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bursts of one message, one by one: how many are found and read, and how far from a receiver that knows the channel.

Every burst is sent with a carrier frequency offset uniform in +-CFO_HZ and a delay uniform over whole and fractional
samples, on top of the channel asked for. Throughput is by the processor time of the one thread that does the work.
"""

from __future__ import annotations

import time
from copy import deepcopy
from dataclasses import dataclass, field

import numpy as np

from semcom_core.bench.modem import signals
from semcom_core.bench.modem.settings import MESSAGE_LENGTHS, empty_row
from semcom_core.channel import Channel
from semcom_core.phy import Frame, Layout, PhyConfig, ReceivedFrame, Receiver, Transmitter
from semcom_core.phy.burst import symbol_offsets
from semcom_core.phy.ofdm import to_carriers
from semcom_core.units import db_to_linear, linear_to_db

#: Largest carrier frequency offset of the bursts: 20 parts per million at 2.45 GHz.
CFO_HZ = 49e3


@dataclass
class Tally:
    """What bursts of one row brought."""

    frames: int = 0
    detected: int = 0
    header_ok: int = 0
    samples: int = 0
    busy_s: float = 0.0
    errors: list[float] = field(default_factory=list)
    genie: list[float] = field(default_factory=list)

    def receive(self, receiver: Receiver, samples: np.ndarray, end: bool = True) -> list[ReceivedFrame]:
        """Frames that a receiver finds in samples, the last of a stream with `end`; counts the work, and one burst if any is found."""
        before, start = receiver.stats.bursts, time.thread_time()
        found = receiver.push(samples) + (receiver.flush() if end else [])
        self.busy_s += time.thread_time() - start
        self.samples += len(samples)
        self.detected += receiver.stats.bursts > before
        return found

    def row(self, channel: str, stimulus: str, snr_db: float | None, profile: str) -> dict:
        """The row: over the frames that were read, snr_loss_db is the SNR less the mean of 1/E|y-x|^2 in dB, extra_loss_db that of
        a receiver that knows the channel less the same; evm_db, without noise, is the mean of E|y-x|^2."""
        row = empty_row(channel, stimulus, snr_db, self.frames, profile)
        row |= {"detected": self.detected, "header_ok": self.header_ok, "rx_msps": self.samples / self.busy_s / 1e6}
        if self.errors and snr_db is None:
            row["evm_db"] = float(linear_to_db(np.mean(self.errors)))
        elif self.errors:
            reached = mean_snr_db(self.errors)
            row["snr_loss_db"] = snr_db - reached
            if self.genie:
                row["extra_loss_db"] = float(linear_to_db(np.mean(self.genie))) - reached
        return row


def mean_snr_db(errors: list[float]) -> float:
    """Mean over frames of 1/E|y-x|^2, dB."""
    return float(linear_to_db(np.mean(1 / np.array(errors))))


def burst_row(label: str, channel: Channel, frames: int, rng: np.random.Generator, config: PhyConfig | None = None) -> dict:
    """Send bursts of one message each through a channel; see Tally.row for the figures."""
    transmitter, receiver = Transmitter(config), Receiver(config)
    tally = Tally(frames)
    for number in range(frames):
        frame = signals.random_frame(number, MESSAGE_LENGTHS, rng)
        burst = transmitter.burst([frame])
        sent = signals.displaced(burst, CFO_HZ, receiver.config.rate_hz, rng)
        again = deepcopy(rng)
        received = channel.through_samples(sent, rng)
        found = tally.receive(receiver, received)
        right = next((f for f in found if signals.same_header(f.header, frame.header)), None)
        if right is not None:
            tally.header_ok += 1
            tally.errors.append(float(np.mean(np.abs(right.symbols - frame.symbols) ** 2)))
            if channel.snr_db is not None:
                clean = channel.noiseless().through_samples(sent, again)
                tally.genie.append(genie_snr(channel.snr_db, receiver.layout, burst, clean, right))
    return tally.row(label, "bursts", channel.snr_db, receiver.config.profile)


def genie_snr(snr_db: float, layout: Layout, burst: np.ndarray, clean: np.ndarray, frame: ReceivedFrame) -> float:
    """1/E|y-x|^2 of a receiver that knows the channel of each payload symbol, as a ratio.

    Args:
        snr_db: SNR of the channel, dB.
        burst: the burst as sent.
        clean: what arrives of it without noise.
        frame: the burst's one frame as received; tells where it is and its frequency.
    """
    turned = clean * np.exp(-2j * np.pi * frame.cfo_hz / layout.config.rate_hz * np.arange(len(clean)))
    there = _payload(layout, turned, frame.start_sample, frame)
    sent = _payload(layout, burst, 0, frame)
    return float(db_to_linear(snr_db) / np.mean(1 / np.maximum(np.abs(there / sent) ** 2, 1e-12)))


def _payload(layout: Layout, samples: np.ndarray, start: int, frame: Frame) -> np.ndarray:
    """Carriers of a first frame's payload, complex64 (length,), from samples whose burst begins at `start`."""
    count = layout.symbols_for(layout.header_uses + frame.header.length)
    index = start + symbol_offsets(layout, np.arange(count))[:, None] + np.arange(layout.profile.fft)
    padded = np.concatenate([samples, np.zeros(max(int(index.max()) + 1 - len(samples), 0))]).astype(np.complex64)
    carriers, _ = to_carriers(layout, padded[index])
    return carriers[:, layout.data].ravel()[layout.header_uses :][: frame.header.length]
