# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Positioning by remembered channel estimates: single paths, exact walks, and generated ones."""

from __future__ import annotations

import numpy as np
import pytest

from semcom_core.bench.walker import TARGET_RATIO, describe_walker, walker_rows
from semcom_core.datasets.walks import LIGHT_M_S, WalkConfig, generate_walk
from semcom_core.errors import ConfigError
from semcom_core.memory import MemoryItem, MemoryStore, StoreConfig, text_item
from semcom_core.memory.positioning import Positioner, PositioningConfig, channel_item

CONFIG = WalkConfig()
ANCHORS = np.array([[0.5, 0.5], [18.0, 1.0], [17.0, 11.0], [1.0, 10.0]])
ROOM = np.array([19.0, 12.0])


def positioner(**settings) -> Positioner:
    return Positioner(
        ANCHORS, ROOM, CONFIG.carriers, CONFIG.spacing_hz, PositioningConfig(**settings)
    )


def channel_of(lengths: np.ndarray, gain: float = 1.0) -> np.ndarray:
    """Single paths of these lengths, complex (M, A)."""
    frequency = CONFIG.carrier_hz + CONFIG.spacing_hz * CONFIG.carriers
    return gain * np.exp(-2j * np.pi * np.outer(lengths, frequency) / LIGHT_M_S)


def distances(place) -> np.ndarray:
    return np.linalg.norm(np.asarray(place) - ANCHORS, axis=1)


def test_length_of_one_path_is_found_to_the_grid():
    lengths = np.array([3.04, 10.0, 22.22, 41.7])
    assert positioner().path_lengths(channel_of(lengths)) == pytest.approx(lengths, abs=0.06)


def test_first_of_several_paths_is_found_where_a_later_one_is_stronger():
    found = positioner().path_lengths(channel_of(distances([6, 6]), 0.6) + channel_of([30] * 4))
    assert found == pytest.approx(distances([6, 6]), abs=0.6)


def test_place_without_noise_is_found_from_one_estimate():
    item = channel_item(0, 5, channel_of(distances([12.3, 3.4])))
    found = positioner().locate([item], 5)
    assert found.place_m == pytest.approx([12.3, 3.4], abs=0.1)
    assert found.velocity_m.tolist() == [0, 0]


def test_walk_in_a_straight_line_is_carried_on():
    items = [
        channel_item(slot, slot, channel_of(distances([4 + 0.3 * slot, 3 + 0.1 * slot])))
        for slot in range(8)
    ]
    found = positioner().locate([text_item(90, 0, "x"), *items], 9)
    assert found.place_m == pytest.approx([6.7, 3.9], abs=0.15)
    assert found.velocity_m == pytest.approx([0.3, 0.1], abs=0.03)
    # what comes after now does not count
    assert positioner().locate(items, 3).place_m == pytest.approx([4.9, 3.3], abs=0.15)


def test_one_blocked_anchor_is_outvoted():
    lengths = np.stack([distances([9, 5])] * 6)
    lengths[:, 2] += 4.0
    assert positioner().fit(lengths, np.arange(5, -1, -1.0)).place_m == pytest.approx(
        [9, 5], abs=0.3
    )


def test_generated_walk_is_what_its_settings_say():
    walk = generate_walk(WalkConfig(slots=2000, snr_db=10.0), np.random.default_rng(1))
    assert walk.channels.shape == (2000, 4, 52) and walk.channels.dtype == np.complex64
    assert (walk.positions_m > 0).all() and (walk.positions_m < walk.room_m).all()
    speed = np.linalg.norm(np.diff(walk.positions_m, axis=0), axis=1) / 0.2
    assert np.sqrt(np.mean(speed**2)) == pytest.approx(1.2, rel=0.2)
    assert np.array_equal(
        walk.channels, generate_walk(walk.config, np.random.default_rng(1)).channels
    )
    clean = generate_walk(WalkConfig(slots=2000, snr_db=60.0), np.random.default_rng(1))
    noise = np.mean(np.abs(walk.channels - clean.channels) ** 2)
    assert noise == pytest.approx(0.1, rel=0.02)


def test_remembered_estimates_find_the_walker_better_than_the_current_one():
    rows = walker_rows(walks=10, seed=7)
    current, both, ahead = rows
    assert current["ratio"] == 1 and not current["memory"]
    assert both["ratio"] < TARGET_RATIO and both["rmse_m"] < current["rmse_m"] < 5
    assert ahead["ratio"] < 0.9
    assert both["ratio_low"] < both["ratio"] < both["ratio_high"]
    assert "ratio" in describe_walker(both) and "10 walks" in describe_walker(current)


def test_positions_come_from_the_channel_alone():
    """Estimates of another walk lead elsewhere: nothing else tells the place."""
    walk = generate_walk(CONFIG, np.random.default_rng(2))
    found = Positioner(walk.anchors_m, walk.room_m, CONFIG.carriers, CONFIG.spacing_hz)
    store = MemoryStore(StoreConfig("ring", 15))
    rng = np.random.default_rng(3)
    for slot in range(15):
        store.add(channel_item(slot, slot, walk.channels[rng.permutation(40)[0]][::-1]))
    wrong = np.linalg.norm(found.locate(store.items, 14).place_m - walk.positions_m[14])
    right = MemoryStore(StoreConfig("ring", 15))
    for slot in range(15):
        right.add(channel_item(slot, slot, walk.channels[slot]))
    other = Positioner(walk.anchors_m, walk.room_m, CONFIG.carriers, CONFIG.spacing_hz)
    error = np.linalg.norm(other.locate(right.items, 14).place_m - walk.positions_m[14])
    assert error < 3 and error < wrong


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: PositioningConfig(slots=0), "slots is 0; allowed is 1 to 1000"),
        (lambda: PositioningConfig(forgetting=1.5), "forgetting is 1.5"),
        (lambda: WalkConfig(anchors=2), "anchors is 2; allowed is 3 to 16"),
        (lambda: Positioner(ANCHORS[:2], ROOM, CONFIG.carriers, 1e6), r"anchors have shape \(2, 2"),
        (lambda: positioner().locate([], 3), "no channel estimate is remembered up to slot 3"),
        (
            lambda: positioner().locate([channel_item(0, 4, np.ones((4, 52)))], 3),
            "no channel estimate is remembered up to slot 3",
        ),
        (
            lambda: positioner().locate([channel_item(0, 0, np.ones((3, 52)))], 0),
            r"item 0 has channel estimates of shape \(3, 52\); allowed is \(4, 52\)",
        ),
        (lambda: positioner().locate([MemoryItem(1, "csi", 0)], 0), "item 1 has channel estimates"),
        (lambda: channel_item(0, 0, np.full((4, 52), np.nan)), "channel estimates have shape"),
        (lambda: channel_item(0, 0, np.ones(52)), r"channel estimates have shape \(52,\)"),
        (lambda: walker_rows(walks=1), "walks is 1"),
    ],
)
def test_bad_use(make, message):
    with pytest.raises(ConfigError, match=message):
        make()
