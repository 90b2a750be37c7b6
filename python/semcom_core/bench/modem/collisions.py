# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bursts hit by impulses, and bursts over one another."""

from __future__ import annotations

import numpy as np

from semcom_core.bench.modem import signals
from semcom_core.bench.modem.bursts import CFO_HZ, Tally
from semcom_core.bench.modem.settings import MESSAGE_LENGTHS, channel_at
from semcom_core.phy import PhyConfig, Receiver, Transmitter
from semcom_core.units import complex_noise, db_to_linear

#: SNR of the rows, dB; share of the frames hit; an impulse's power over the bursts', dB, and its length, samples.
SNR_DB, SHARE, IMPULSE_DB, IMPULSE_SAMPLES = 15.0, 0.3, 30.0, 20
#: How much weaker the other one of two overlapping bursts is, dB.
WEAKER_DB = (0.0, 10.0)


def impulse_row(frames: int, rng: np.random.Generator) -> dict:
    """A stream of bursts of which some are hit by an impulse; the row counts the others; rx_msps is over all, given one by one."""
    config = PhyConfig()
    transmitter, receiver, channel = Transmitter(config), Receiver(config), channel_at("", SNR_DB, config)
    spared, found, others, hit = [], [], Tally(), Tally()
    for number in range(frames):
        frame = signals.random_frame(number, MESSAGE_LENGTHS, rng)
        burst = signals.displaced(transmitter.burst([frame]), CFO_HZ, config.rate_hz, rng)
        struck = rng.random() < SHARE
        if struck:
            at = int(rng.integers(signals.LEAD, len(burst) - signals.TAIL - IMPULSE_SAMPLES))
            burst[at : at + IMPULSE_SAMPLES] += complex_noise(IMPULSE_SAMPLES, config.rms**2 * db_to_linear(IMPULSE_DB), rng)
        else:
            spared.append(frame)
        found += (hit if struck else others).receive(receiver, channel.through_samples(burst, rng), end=number == frames - 1)
    others.frames, others.header_ok = len(spared), signals.matches(spared, found)
    others.samples, others.busy_s = others.samples + hit.samples, others.busy_s + hit.busy_s
    return others.row("awgn", "impulses", SNR_DB, config.profile) | {"hit_share": SHARE}


def overlap_row(weaker_db: float, pairs: int, rng: np.random.Generator) -> dict:
    """Pairs of bursts that overlap anywhere; counts the pairs whose stronger one (at equal power: at least one) is received."""
    config, tally = PhyConfig(), Tally(pairs)
    transmitter, receiver, channel = Transmitter(config), Receiver(config), channel_at("", SNR_DB, config)
    for number in range(pairs):
        frames = [signals.random_frame(2 * number + i, MESSAGE_LENGTHS, rng) for i in range(2)]
        bursts = [signals.displaced(transmitter.burst([f]), CFO_HZ, config.rate_hz, rng) for f in frames]
        bursts[1] *= np.float32(db_to_linear(-weaker_db) ** 0.5)
        found = tally.receive(receiver, channel.through_samples(_overlapped(*bursts, rng), rng))
        wanted = frames if weaker_db == 0 else frames[:1]
        tally.header_ok += any(signals.same_header(f.header, w.header) for f in found for w in wanted)
    return tally.row(f"the second {weaker_db:g} dB weaker", "overlap", SNR_DB, config.profile)


def _overlapped(one: np.ndarray, two: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Sum of two bursts that lie amid silence, shifted so that they overlap by one sample or more."""
    quiet = signals.LEAD + signals.TAIL
    shift = int(rng.integers(quiet - len(two) + 1, len(one) - quiet))
    mixed = np.zeros(max(len(one), len(two) + shift) - min(shift, 0), np.complex64)
    mixed[max(-shift, 0) :][: len(one)] += one
    mixed[max(shift, 0) :][: len(two)] += two
    return mixed
