# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Detection, header reading and implementation loss of bursts: single, long, and in collisions.

Every burst is sent with a carrier frequency offset uniform in +-CFO_HZ and a delay uniform over
whole and fractional samples, on top of the channel asked for. The implementation loss is the SNR
less the mean of 1/E|y-x|^2; the extra loss is against a receiver that knows the channel of each
symbol, or, of long bursts through impairments, against the same bursts through white noise alone.
Throughput is by the processor time of the one thread that does the work.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field

import numpy as np

from semcom_core.bench.modem import signals
from semcom_core.bench.modem.settings import MESSAGE_LENGTHS, ModemRow, channel_at
from semcom_core.channel import Channel
from semcom_core.frame import MAX_LENGTH
from semcom_core.phy import Frame, Layout, PhyConfig, ReceivedFrame, Receiver, Transmitter
from semcom_core.phy.burst import symbol_offsets
from semcom_core.phy.ofdm import to_carriers
from semcom_core.units import complex_noise, db_to_linear, linear_to_db

#: Largest carrier frequency offset of the bursts: 20 parts per million at 2.45 GHz.
CFO_HZ = 49e3
#: Long bursts a row, and frames of MAX_LENGTH a burst.
BURSTS = 4
FRAMES = 32
#: SNR of the rows of long bursts, dB, and what they go through.
LONG_BURST_SNR_DB = 15.0
IMPAIRMENTS = ("sco:40ppm", "sco:-40ppm", "phase-noise:-80", "iq:1db,5deg", "dc:10%")
#: SNR of the rows of collisions, dB; share of the frames hit; an impulse's power over the bursts',
#: dB, and its length, samples.
COLLISION_SNR_DB = 15.0
SHARE = 0.3
IMPULSE_DB = 30.0
IMPULSE_SAMPLES = 20
#: How much weaker the other one of two overlapping bursts is, dB.
WEAKER_DB = (0.0, 10.0)


@dataclass
class Tally:
    """Counts and errors of the bursts of one row.

    Args:
        frames: sent.
        detected: bursts found.
        header_ok: frames whose header was read right.
        samples: received.
        busy_s: processor time of the receiver, s.
        errors: E|y-x|^2 of each frame read.
        genie: 1/E|y-x|^2 of each of them for a receiver that knows the channel.
    """

    frames: int = 0
    detected: int = 0
    header_ok: int = 0
    samples: int = 0
    busy_s: float = 0.0
    errors: list[float] = field(default_factory=list)
    genie: list[float] = field(default_factory=list)

    def receive(
        self, receiver: Receiver, samples: np.ndarray, end: bool = True
    ) -> list[ReceivedFrame]:
        """Frames that a receiver finds; counts the work, and one burst if any is found.

        Args:
            receiver: of the bursts.
            samples: complex64 (n,), the next ones of its stream.
            end: whether they are the last ones.
        """
        before = receiver.stats.bursts
        start = time.thread_time()
        found = receiver.push(samples) + (receiver.flush() if end else [])
        self.busy_s += time.thread_time() - start
        self.samples += len(samples)
        self.detected += receiver.stats.bursts > before
        return found

    def row(self, channel: str, stimulus: str, snr_db: float | None, profile: str) -> ModemRow:
        """The row: over the frames that were read, snr_loss_db is the SNR less the mean of
        1/E|y-x|^2 in dB, extra_loss_db that of a receiver that knows the channel less the same;
        evm_db, without noise, is the mean of E|y-x|^2.

        Args:
            channel: what the bursts went through.
            stimulus: what they were.
            snr_db: SNR, dB; None without noise.
            profile: of the modem.
        """
        row = ModemRow(
            channel,
            snr_db,
            stimulus,
            profile,
            self.frames,
            detected=self.detected,
            header_ok=self.header_ok,
            rx_msps=self.samples / self.busy_s / 1e6,
        )
        if not self.errors:
            return row
        if snr_db is None:
            row.evm_db = float(linear_to_db(np.mean(self.errors)))
            return row
        reached_db = mean_snr_db(self.errors)
        row.snr_loss_db = snr_db - reached_db
        if self.genie:
            row.extra_loss_db = float(linear_to_db(np.mean(self.genie))) - reached_db
        return row


def mean_snr_db(errors: list[float]) -> float:
    """Mean over frames of 1/E|y-x|^2, dB."""
    return float(linear_to_db(np.mean(1 / np.array(errors))))


def burst_row(
    label: str,
    channel: Channel,
    frames: int,
    rng: np.random.Generator,
    config: PhyConfig | None = None,
) -> dict:
    """Send bursts of one message each through a channel; see Tally.row for the figures.

    Args:
        label: names the channel in the row.
        channel: for the modem's samples.
        frames: bursts.
        rng: draws messages, offsets, noise and fading.
        config: of the modem.
    """
    transmitter = Transmitter(config)
    receiver = Receiver(config)
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
    return tally.row(label, "bursts", channel.snr_db, receiver.config.profile).to_dict()


def genie_snr(
    snr_db: float, layout: Layout, burst: np.ndarray, clean: np.ndarray, frame: ReceivedFrame
) -> float:
    """1/E|y-x|^2 of a receiver that knows the channel of each payload symbol, as a ratio.

    Args:
        snr_db: SNR of the channel, dB.
        layout: of the modem's symbols.
        burst: complex (n,), the burst as sent.
        clean: complex (n,), what arrives of it without noise.
        frame: the burst's one frame as received; tells where it is and its frequency.
    """
    turned = clean * np.exp(
        -2j * np.pi * frame.cfo_hz / layout.config.rate_hz * np.arange(len(clean))
    )
    there = _payload(layout, turned, frame.start_sample, frame)
    sent = _payload(layout, burst, 0, frame)
    return float(db_to_linear(snr_db) / np.mean(1 / np.maximum(np.abs(there / sent) ** 2, 1e-12)))


def _payload(layout: Layout, samples: np.ndarray, start: int, frame: Frame) -> np.ndarray:
    """Carriers of a first frame's payload, complex64 (length,), from samples whose burst begins at
    `start`.
    """
    count = layout.symbols_for(layout.header_uses + frame.header.length)
    index = (
        start + symbol_offsets(layout, np.arange(count))[:, None] + np.arange(layout.profile.fft)
    )
    padded = np.concatenate(
        [samples, np.zeros(max(int(index.max()) + 1 - len(samples), 0))]
    ).astype(np.complex64)
    carriers, _ = to_carriers(layout, padded[index])
    return carriers[:, layout.data].ravel()[layout.header_uses :][: frame.header.length]


def long_rows(seed: int) -> Iterator[dict]:
    """A row for each impairment; extra_loss_db is mean SNR reached without it less that reached
    with it, burst_s a burst's length.
    """
    plain, burst_s = _send_long("", seed)
    for impairment in IMPAIRMENTS:
        tally, _ = _send_long(impairment, seed)
        row = tally.row(impairment, "long-bursts", LONG_BURST_SNR_DB, "standard")
        row.more["burst_s"] = burst_s
        if plain.errors and tally.errors:
            row.extra_loss_db = mean_snr_db(plain.errors) - mean_snr_db(tally.errors)
        yield row.to_dict()


def _send_long(impairment: str, seed: int) -> tuple[Tally, float]:
    """What long bursts through an impairment brought, each frame of a burst found as one detected;
    and how long a burst is, s.
    """
    config = PhyConfig()
    rng = np.random.default_rng(seed)
    transmitter = Transmitter(config)
    receiver = Receiver(config)
    channel = channel_at(impairment, LONG_BURST_SNR_DB, config)
    tally = Tally(BURSTS * FRAMES)
    for _ in range(BURSTS):
        frames = [
            signals.random_frame(number, (MAX_LENGTH, MAX_LENGTH), rng) for number in range(FRAMES)
        ]
        burst = transmitter.burst(frames)
        received = channel.through_samples(
            signals.displaced(burst, CFO_HZ, config.rate_hz, rng), rng
        )
        found = {f.header.message_id: f for f in tally.receive(receiver, received)}
        for frame in frames:
            got = found.get(frame.header.message_id)
            if got is not None and signals.same_header(got.header, frame.header):
                tally.header_ok += 1
                tally.errors.append(float(np.mean(np.abs(got.symbols - frame.symbols) ** 2)))
    tally.detected *= FRAMES
    return tally, len(burst) / config.rate_hz


def impulse_row(frames: int, rng: np.random.Generator) -> dict:
    """A stream of bursts of which some are hit by an impulse; the row counts the others; rx_msps is
    over all, given one by one.
    """
    config = PhyConfig()
    transmitter = Transmitter(config)
    receiver = Receiver(config)
    channel = channel_at("", COLLISION_SNR_DB, config)
    spared = []
    found = []
    others = Tally()
    hit = Tally()
    for number in range(frames):
        frame = signals.random_frame(number, MESSAGE_LENGTHS, rng)
        burst = signals.displaced(transmitter.burst([frame]), CFO_HZ, config.rate_hz, rng)
        struck = rng.random() < SHARE
        if struck:
            at = int(rng.integers(signals.LEAD, len(burst) - signals.TAIL - IMPULSE_SAMPLES))
            burst[at : at + IMPULSE_SAMPLES] += complex_noise(
                IMPULSE_SAMPLES, config.rms**2 * db_to_linear(IMPULSE_DB), rng
            )
        else:
            spared.append(frame)
        found += (hit if struck else others).receive(
            receiver, channel.through_samples(burst, rng), end=number == frames - 1
        )
    others.frames = len(spared)
    others.header_ok = signals.matches(spared, found)
    others.samples += hit.samples
    others.busy_s += hit.busy_s
    row = others.row("awgn", "impulses", COLLISION_SNR_DB, config.profile)
    row.more["hit_share"] = SHARE
    return row.to_dict()


def overlap_row(weaker_db: float, pairs: int, rng: np.random.Generator) -> dict:
    """Pairs of bursts that overlap anywhere; counts the pairs whose stronger one (at equal power:
    at least one) is received.

    Args:
        weaker_db: how much weaker the second one is, dB.
        pairs: how many.
        rng: draws messages, offsets, shifts and noise.
    """
    config = PhyConfig()
    tally = Tally(pairs)
    transmitter = Transmitter(config)
    receiver = Receiver(config)
    channel = channel_at("", COLLISION_SNR_DB, config)
    for number in range(pairs):
        frames = [signals.random_frame(2 * number + i, MESSAGE_LENGTHS, rng) for i in range(2)]
        stronger, weaker = (
            signals.displaced(transmitter.burst([frame]), CFO_HZ, config.rate_hz, rng)
            for frame in frames
        )
        weaker *= np.float32(db_to_linear(-weaker_db) ** 0.5)
        mixed = _overlapped(stronger, weaker, rng)
        found = tally.receive(receiver, channel.through_samples(mixed, rng))
        wanted = frames if weaker_db == 0 else frames[:1]
        tally.header_ok += any(
            signals.same_header(f.header, w.header) for f in found for w in wanted
        )
    label = f"the second {weaker_db:g} dB weaker"
    return tally.row(label, "overlap", COLLISION_SNR_DB, config.profile).to_dict()


def _overlapped(one: np.ndarray, two: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Sum of two bursts that lie amid silence, shifted so that they overlap by one sample or
    more.
    """
    quiet = signals.LEAD + signals.TAIL
    shift = int(rng.integers(quiet - len(two) + 1, len(one) - quiet))
    mixed = np.zeros(max(len(one), len(two) + shift) - min(shift, 0), np.complex64)
    mixed[max(-shift, 0) :][: len(one)] += one
    mixed[max(shift, 0) :][: len(two)] += two
    return mixed
