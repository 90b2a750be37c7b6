# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bench of the burst modem: detection, implementation loss, collisions, throughput, overhead.

A part of the bench makes rows from the settings and a generator; settings.ModemRow says what a row
has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from semcom_core.bench.modem.bursts import WEAKER_DB, burst_row, impulse_row, long_rows, overlap_row
from semcom_core.bench.modem.settings import ModemBench, channel_at
from semcom_core.bench.modem.streams import (
    COST_LENGTHS,
    COST_MESSAGES,
    STREAMS,
    back_to_back_row,
    cost_row,
    false_alarm_row,
)
from semcom_core.channel import parse_channel
from semcom_core.errors import check_choice
from semcom_core.phy import PROFILES, PhyConfig

__all__ = ["PARTS", "ModemBench", "run"]

#: SNR at which the long-range profile is looked at, dB.
LONG_RANGE_DB = -4.0
#: Fading channels.
FADING = ("tdl-a:10,100ns,3kmh", "tdl-c:10,300ns,30kmh")


def run(settings: ModemBench, parts: Sequence[str] | None = None) -> Iterator[dict]:
    """Rows of the bench, one after the other.

    Args:
        settings: of the bench.
        parts: names of PARTS; None runs all.

    Raises:
        ConfigError: there is no such part.
    """
    for part in parts or PARTS:
        check_choice("part", part, PARTS)
    for part in parts or PARTS:
        yield from PARTS[part](settings, np.random.default_rng(settings.seed))


def _bursts(settings: ModemBench, rng: np.random.Generator) -> Iterator[dict]:
    """The channel asked for at its SNRs, and without noise."""
    for snr_db in (*settings.snr_db, None):
        label = settings.channel
        if snr_db is None:
            label = label.replace("awgn", "clean")
        yield burst_row(label, settings.at(snr_db), settings.frames, rng)


def _long_range(settings: ModemBench, rng: np.random.Generator) -> Iterator[dict]:
    config = PhyConfig(profile="long-range")
    yield burst_row("awgn", channel_at("", LONG_RANGE_DB, config), settings.frames, rng, config)


def _fading(settings: ModemBench, rng: np.random.Generator) -> Iterator[dict]:
    for text in FADING:
        yield burst_row(text, parse_channel(text).for_modem(PhyConfig()), settings.frames, rng)


def _impairments(settings: ModemBench, rng: np.random.Generator) -> Iterator[dict]:
    yield from long_rows(settings.seed)


def _collisions(settings: ModemBench, rng: np.random.Generator) -> Iterator[dict]:
    yield impulse_row(settings.frames, rng)
    for weaker_db in WEAKER_DB:
        yield overlap_row(weaker_db, settings.frames, rng)


def _streams(settings: ModemBench, rng: np.random.Generator) -> Iterator[dict]:
    for profile in PROFILES:
        for stimulus in STREAMS:
            yield false_alarm_row(stimulus, settings.seconds, rng, PhyConfig(profile=profile))


def _speed(settings: ModemBench, rng: np.random.Generator) -> Iterator[dict]:
    yield back_to_back_row(settings.frames, rng)


def _cost(settings: ModemBench, rng: np.random.Generator) -> Iterator[dict]:
    for length in COST_LENGTHS:
        for messages in COST_MESSAGES:
            yield cost_row(length, messages)


#: Parts by name, in the order in which they run.
PARTS: dict[str, Callable[[ModemBench, np.random.Generator], Iterator[dict]]] = {
    "bursts": _bursts,
    "long-range": _long_range,
    "fading": _fading,
    "impairments": _impairments,
    "collisions": _collisions,
    "streams": _streams,
    "speed": _speed,
    "cost": _cost,
}
