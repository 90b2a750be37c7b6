# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modem bench's streams without bursts, and what they are made of."""

from __future__ import annotations

import numpy as np
import pytest

from semcom_core.bench.modem import signals, streams
from semcom_core.bench.modem.streams import false_alarm_row as stream_row
from semcom_core.phy import PhyConfig, Transmitter


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(8)


@pytest.mark.parametrize("stimulus", streams.STREAMS)
@pytest.mark.parametrize("profile", ["standard", "long-range"])
def test_streams_without_bursts_give_none(rng, stimulus, profile):
    """No frame at all, and at most one preamble wrongly accepted in 0.3 s: of 40 such streams of
    each kind and profile, 240 in all, one had one, so that two in one stream are less likely than 1
    in 1000. The edges of a keyed carrier look like preambles by the hundred; what must hold there
    is that no frame follows.
    """
    row = stream_row(stimulus, 0.3, rng, PhyConfig(profile=profile))
    assert row["frames"] == 0 and row["rx_msps"] > 0
    assert stimulus == "keyed carrier" or row["false_alarms_per_s"] * 0.3 < 1.5


def test_false_alarms_count_bursts_that_are_there(rng, monkeypatch):
    """Fed three real bursts within 0.03 s, the row must report them: it is no constant."""
    frames = [signals.random_frame(i, (100, 100), rng) for i in range(3)]
    bursts = [signals.displaced(Transmitter().burst([f]), 1e3, 1e6, rng) for f in frames]
    samples = np.concatenate([*bursts, np.zeros(30_000 - sum(map(len, bursts)), np.complex64)])
    monkeypatch.setitem(streams.STREAMS, "bursts", lambda count, rng: samples[:count])
    row = stream_row("bursts", 0.03, rng)
    assert (row["frames"], row["false_alarms_per_s"]) == (3, pytest.approx(100))


def test_carriers_are_20_db_above_the_noise(rng):
    steady, keyed = (
        10 * np.log10(np.mean(np.abs(make(100_000, rng)) ** 2))
        for make in (signals.carrier, signals.keyed_carrier)
    )
    assert steady == pytest.approx(20.04, abs=0.1) and 10 < keyed < 20
