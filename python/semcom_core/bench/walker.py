# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measurements of remembered channel state: a walker's position, and the SNR a rate is chosen for.

    generated walk --> channel estimates --> memory --> place: current alone | remembered | ahead
    fading trace ----> measured SNR -------> memory --> SNR of the next message, its throughput

Walks and traces are generated anew from the seed; the settings of the methods were chosen on seeds
below FIRST_SEED. Intervals are bootstrapped over walks or traces.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from semcom_core.channel.fading import JakesGains
from semcom_core.datasets.walks import Walk, WalkConfig, generate_walk
from semcom_core.errors import check_range
from semcom_core.link.adaptation import SnrTracker
from semcom_core.memory.measurement import Measurement, SnrPrediction, measurement_item, predict_snr
from semcom_core.memory.positioning import Positioner, PositioningConfig, channel_item
from semcom_core.memory.store import MemoryStore, StoreConfig
from semcom_core.units import capacity_bits, linear_to_db

#: Seeds below this one were used to choose settings.
FIRST_SEED = 1000
#: Slots at the beginning of a walk that are not counted: the memory fills.
WARM_UP = 15
#: Largest error of the memory over that of the current estimate alone.
TARGET_RATIO = 0.7
#: Redrawn samples of an interval, and its coverage.
_REDRAWN = 2000
_COVERAGE = 0.95
#: Fading trace: taps and their powers, errors of a measurement in dB, share of slots that a
#: collision hits and what it takes away in dB, and slots from a measurement to the message whose
#: rate it decides.
_TAPS = np.array([0.6, 0.25, 0.1, 0.05])
_EDGE = 26
_MEASURED_DB = 0.7
_COLLISIONS = 0.04
_COLLISION_DB = 10.0
_DELAY = 2
#: Measurements that the memory keeps.
_REMEMBERED = 32
#: Doppler shifts, cycles a slot.
DOPPLERS = (0.01, 0.03, 0.1)
#: Ways to choose a rate, and margins that those without memory are tried with, dB.
_RATE_SYSTEMS = ("latest alone", "smoothed", "remembered")
_MARGINS_DB = np.arange(0.0, 12.5, 0.5)
#: What a place is found from: name, whether the current estimate counts, whether older ones do.
_WALKER_SYSTEMS = (
    ("current estimate alone", True, False),
    ("remembered and current", True, True),
    ("remembered alone", False, True),
)


def walker_rows(
    walks: int = 200, seed: int = 1, config: WalkConfig | None = None
) -> list[dict[str, Any]]:
    """Error of a walker's position from the current channel estimates alone, from remembered and
    current ones, and from remembered ones alone, one slot ahead.

    Args:
        walks: each in a room of its own, 2 to 100000.
        seed: of the walks, 0 or more.
        config: of the walks; None for the defaults.

    Returns:
        A row for each way: task, system, channel, snr_db, memory, memory_size, walks, rmse_m,
        median_m, and the ratio of its rmse_m to that of the first with its interval.
    """
    check_range("walks", walks, 2, 100_000)
    check_range("seed", seed, 0, 2**31)
    walk_config = config or WalkConfig()
    squares = np.stack(
        [
            _walk_errors(generate_walk(walk_config, np.random.default_rng([FIRST_SEED + seed, k])))
            for k in range(walks)
        ]
    )
    rng = np.random.default_rng(seed)
    rows = []
    for place, (system, _, remembers) in enumerate(_WALKER_SYSTEMS):
        ratio, low, high = _ratio(squares[:, place], squares[:, 0], rng)
        rows.append(
            {
                "task": "walker",
                "system": system,
                "channel": "generated multipath",
                "snr_db": walk_config.snr_db,
                "memory": remembers,
                "memory_size": PositioningConfig().slots if remembers else 1,
                "walks": walks,
                "rmse_m": float(np.sqrt(squares[:, place].mean())),
                "median_m": float(np.median(np.sqrt(squares[:, place]))),
                "ratio": ratio,
                "ratio_low": low,
                "ratio_high": high,
            }
        )
    return rows


def _walk_errors(walk: Walk) -> np.ndarray:
    """Squared errors in m^2 of each way at the slots of a walk, float (ways, slots)."""
    config = walk.config
    settings = PositioningConfig()
    positioner = Positioner(
        walk.anchors_m, walk.room_m, config.carriers, config.spacing_hz, settings
    )
    store = MemoryStore(StoreConfig("ring", settings.slots + 1))
    errors = []
    for slot, channels in enumerate(walk.channels):
        store.add(channel_item(slot, slot, channels))
        if slot < WARM_UP:
            continue
        *older, current = store.items
        known = [
            [*(older if remembers else ()), *([current] if counts else ())]
            for _, counts, remembers in _WALKER_SYSTEMS
        ]
        places = [positioner.locate(items, slot).place_m for items in known]
        errors.append(((np.array(places) - walk.positions_m[slot]) ** 2).sum(axis=1))
    return np.array(errors).T


def _ratio(
    squares: np.ndarray, reference: np.ndarray, rng: np.random.Generator
) -> tuple[float, float, float]:
    """Ratio of root mean squares (walks, slots) and its interval, bootstrapped over walks."""
    own = squares.mean(axis=1)
    other = reference.mean(axis=1)
    drawn = rng.integers(len(own), size=(_REDRAWN, len(own)))
    ratios = np.sqrt(own[drawn].mean(axis=1) / other[drawn].mean(axis=1))
    low, high = np.quantile(ratios, [0.5 - _COVERAGE / 2, 0.5 + _COVERAGE / 2])
    return float(np.sqrt(own.mean() / other.mean())), float(low), float(high)


def describe_walker(row: dict[str, Any]) -> str:
    """A row of walker_rows in words."""
    error = f"rms error {row['rmse_m']:.2f} m, median {row['median_m']:.2f} m"
    text = f"walker, {row['system']:23s} {error}"
    if not row["memory"]:
        return f"{text}  ({row['walks']} walks)"
    reached = "reached" if row["ratio"] <= TARGET_RATIO else "MISSED"
    return (
        f"{text}, ratio {row['ratio']:.2f} [{row['ratio_low']:.2f}, {row['ratio_high']:.2f}] "
        f"(target <= {TARGET_RATIO}: {reached})"
    )


def rate_rows(
    traces: int = 12, slots: int = 200, seed: int = 1, snr_db: float = 12.0
) -> Iterator[dict[str, Any]]:
    """Throughput of a rate chosen for the latest measured SNR, for the smoothed one, and for the
    one predicted from remembered measurements, on fading traces without a second try.

    The two without memory have the margin that is best on as many other traces of the same Doppler
    shift; the memory has none.

    Args:
        traces: of each Doppler shift, 2 to 10000.
        slots: of a trace, 50 to 100000.
        seed: of the traces, 0 or more.
        snr_db: mean SNR, dB, -20 to 60.

    Yields:
        A row for each Doppler shift and way: task, system, channel, snr_db, memory, memory_size,
        doppler, rmse_db of the predicted SNR, bits_per_use delivered with the interval of its gain
        over the latest alone, and outage.
    """
    check_range("traces", traces, 2, 10_000)
    check_range("slots", slots, 50, 100_000)
    check_range("seed", seed, 0, 2**31)
    check_range("snr_db", snr_db, -20, 60)
    for doppler in DOPPLERS:
        tuning, runs = (
            [
                _trace_designs(slots, snr_db, doppler, np.random.default_rng([first + seed, k]))
                for k in range(traces)
            ]
            for first in (0, FIRST_SEED)
        )
        actual = np.stack([run[0] for run in runs])
        rng = np.random.default_rng(seed)
        reference = None
        for place, system in enumerate(_RATE_SYSTEMS):
            means = np.stack([run[1][place] for run in runs])
            margin_db = 0.0 if system == "remembered" else _best_margin_db(tuning, place)
            designs = np.stack([run[2][place] for run in runs]) - margin_db
            bits = _delivered(designs, actual).mean(axis=1)
            reference = bits if reference is None else reference
            drawn = rng.integers(traces, size=(_REDRAWN, traces))
            gains = bits[drawn].mean(axis=1) / reference[drawn].mean(axis=1) - 1
            low, high = np.quantile(gains, [0.5 - _COVERAGE / 2, 0.5 + _COVERAGE / 2])
            yield {
                "task": "rate",
                "system": system,
                "channel": f"fading, {len(_TAPS)} taps",
                "snr_db": snr_db,
                "memory": system == "remembered",
                "memory_size": _REMEMBERED if system == "remembered" else 1,
                "doppler": doppler,
                "traces": traces,
                "margin_db": margin_db,
                "rmse_db": float(np.sqrt(np.mean((means - actual) ** 2))),
                "bits_per_use": float(bits.mean()),
                "gain": float(bits.mean() / reference.mean() - 1),
                "gain_low": float(low),
                "gain_high": float(high),
                "outage": float(np.mean(designs > actual)),
            }


def _best_margin_db(runs: list[tuple[np.ndarray, np.ndarray, np.ndarray]], place: int) -> float:
    """The margin with which one way delivers most on traces, dB."""
    actual = np.stack([run[0] for run in runs])
    designs = np.stack([run[2][place] for run in runs])
    bits = [_delivered(designs - margin, actual).mean() for margin in _MARGINS_DB]
    return float(_MARGINS_DB[int(np.argmax(bits))])


def _trace_designs(
    slots: int, snr_db: float, doppler: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """SNR of the messages of a trace, float (n,), and for each of three ways the SNR expected and
    that designed for, float (3, n), dB.
    """
    snr, measured = fading_trace(slots, snr_db, doppler, rng)
    store = MemoryStore(StoreConfig("ring", _REMEMBERED))
    tracker = SnrTracker()
    expected = []
    designs = []
    for slot in range(slots - _DELAY):
        store.add(measurement_item(slot, Measurement(slot, float(measured[slot]))))
        tracker.measure(float(measured[slot]))
        if slot >= WARM_UP:
            found: SnrPrediction = predict_snr(store.items, slot + _DELAY)
            plain = (float(measured[slot]), tracker.design_db(0.0))
            expected.append((*plain, found.mean_db))
            designs.append((*plain, found.design_db()))
    return snr[WARM_UP + _DELAY :], np.array(expected).T, np.array(designs).T


def fading_trace(
    slots: int, snr_db: float, doppler: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """SNR of the bursts of a multipath fading channel, one a slot, and what is measured of it.

    Args:
        slots: bursts.
        snr_db: mean SNR, dB.
        doppler: largest Doppler shift, cycles a slot.
        rng: draws the channel, errors of measurement, and collisions, which lower both.

    Returns:
        SNR and measured SNR, float (slots,), dB.
    """
    taps = JakesGains(doppler, _TAPS, np.zeros(len(_TAPS)), rng)(np.arange(slots))
    carriers = np.arange(-_EDGE, _EDGE + 1)
    wave = np.exp(-2j * np.pi / 64 * np.outer(carriers, 2 * np.arange(len(_TAPS))))
    power = np.mean(np.abs(wave @ taps) ** 2, axis=0)
    snr = snr_db + linear_to_db(np.maximum(power, 1e-6))
    snr = snr - _COLLISION_DB * (rng.random(slots) < _COLLISIONS)
    return snr, snr + rng.normal(0, _MEASURED_DB, slots)


def _delivered(design_db: np.ndarray, actual_db: np.ndarray) -> np.ndarray:
    """Bits a use that arrive: those of the rate where the channel carries it, else none."""
    return np.where(design_db <= actual_db, capacity_bits(design_db), 0.0)


def describe_rate(row: dict[str, Any]) -> str:
    """A row of rate_rows in words."""
    gain, low, high = (100 * row[name] for name in ("gain", "gain_low", "gain_high"))
    return (
        f"rate, Doppler {row['doppler']:.2f} cycles a slot, {row['system']:12s} SNR to "
        f"{row['rmse_db']:.1f} dB, {row['bits_per_use']:.2f} bits a use "
        f"({gain:+.0f} % [{low:+.0f}, {high:+.0f}]), "
        f"outage {row['outage']:.2f}"
    )
