# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bursts as long as they come, through oscillators, clocks and converters that are not ideal.

The extra loss is against the same bursts through white noise alone, with the same seed.
"""

from __future__ import annotations

import numpy as np

from semcom_core.bench.modem import signals
from semcom_core.bench.modem.bursts import CFO_HZ, Tally, mean_snr_db
from semcom_core.bench.modem.settings import channel_at
from semcom_core.phy import PhyConfig, Receiver, Transmitter
from semcom_core.phy.frame import MAX_LENGTH

#: Bursts a row, and frames of MAX_LENGTH a burst.
BURSTS, FRAMES = 4, 32
#: SNR of the rows, dB, and what they go through.
SNR_DB = 15.0
IMPAIRMENTS = ("sco:40ppm", "sco:-40ppm", "phase-noise:-80", "iq:1db,5deg", "dc:10%")


def long_rows(seed: int):
    """A row for each impairment; extra_loss_db is mean SNR reached without it less that reached with it, burst_s a burst's length."""
    plain, burst_s = _send("", seed)
    for impairment in IMPAIRMENTS:
        tally, _ = _send(impairment, seed)
        row = tally.row(impairment, "long-bursts", SNR_DB, "standard") | {"burst_s": burst_s}
        if plain.errors and tally.errors:
            row["extra_loss_db"] = mean_snr_db(plain.errors) - mean_snr_db(tally.errors)
        yield row


def _send(impairment: str, seed: int) -> tuple[Tally, float]:
    """What long bursts through an impairment brought, each frame of a burst found as one detected; and how long a burst is, s."""
    config, rng = PhyConfig(), np.random.default_rng(seed)
    transmitter, receiver, channel = Transmitter(config), Receiver(config), channel_at(impairment, SNR_DB, config)
    tally = Tally(BURSTS * FRAMES)
    for _ in range(BURSTS):
        frames = [signals.random_frame(number, (MAX_LENGTH, MAX_LENGTH), rng) for number in range(FRAMES)]
        burst = transmitter.burst(frames)
        received = channel.through_samples(signals.displaced(burst, CFO_HZ, config.rate_hz, rng), rng)
        found = {f.header.message_id: f for f in tally.receive(receiver, received)}
        for frame in frames:
            got = found.get(frame.header.message_id)
            if got is not None and signals.same_header(got.header, frame.header):
                tally.header_ok += 1
                tally.errors.append(float(np.mean(np.abs(got.symbols - frame.symbols) ** 2)))
    tally.detected *= FRAMES
    return tally, len(burst) / config.rate_hz
