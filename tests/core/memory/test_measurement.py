# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Channel state as items: what a receiver measures, the SNR to come, and the rate chosen by it."""

from __future__ import annotations

import numpy as np
import pytest

from semcom_core.bench import walker
from semcom_core.errors import ConfigError
from semcom_core.frame import Frame, FrameHeader
from semcom_core.link import RememberedSnr
from semcom_core.memory import MemoryItem, MemoryStore, StoreConfig, text_item
from semcom_core.memory.measurement import (
    Measurement,
    SnrPrediction,
    frame_item,
    measurement_item,
    measurement_of,
    measurements,
    predict,
    predict_snr,
)
from semcom_core.phy import Modem
from semcom_core.simulation import apply_channel
from semcom_core.units import capacity_bits


def heard(channel: str, seed: int = 3, taps=(1.0,)):
    rng = np.random.default_rng(seed)
    symbols = np.exp(2j * np.pi * rng.random(400)).astype(np.complex64)
    modem = Modem()
    samples = np.convolve(modem.modulate([Frame(FrameHeader(1, length=400), symbols)]), taps)
    (frame,) = modem.demodulate(apply_channel(samples, channel, seed=seed, modem=modem))
    return frame


def test_what_a_receiver_measures_is_remembered():
    frame = heard("awgn:15+cfo:3khz")
    found = measurement_of(frame_item(4, 17, frame))
    assert found.slot == 17
    assert found.snr_db == pytest.approx(15, abs=1) and found.snr_db == frame.snr_db
    assert found.cfo_hz == pytest.approx(3000, abs=100)
    assert found.level_db == pytest.approx(frame.level_db)
    assert np.array_equal(found.channel, frame.channel) and found.channel.dtype == np.complex64


def test_channel_estimate_is_that_of_the_paths():
    flat = heard("awgn:30").channel
    assert len(flat) == 52
    assert np.abs(flat) == pytest.approx(np.full(52, np.abs(flat).mean()), rel=0.1)
    frame = heard("awgn:30", taps=[1.0, 0, 0, 0.5j])
    numbers = np.array([k for k in range(-26, 27) if k])
    expected = np.abs(1 + 0.5j * np.exp(-2j * np.pi * 3 * numbers / 64))
    ratio = np.abs(frame.channel) / expected
    assert np.std(ratio) / ratio.mean() < 0.12 < np.std(expected) / expected.mean()
    share = frame_item(0, 0, frame).embedding
    assert np.corrcoef(share, expected**2)[0, 1] > 0.95


def test_similar_channels_are_recalled():
    store = MemoryStore(StoreConfig("ring", 9))
    paths = [[1.0, 0.6 * 1j**key, 0, 0.4] for key in range(4)]
    for key, taps in enumerate(paths):
        store.add(frame_item(key, key, heard("awgn:25", taps=taps)))
    again = frame_item(9, 9, heard("awgn:18", seed=9, taps=paths[2]))
    assert store.recall(again.embedding, 1, "csi")[0].item.key == 2


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_refused(value):
    with pytest.raises(ConfigError, match="allowed are finite numbers"):
        measurement_item(0, Measurement(0, value))
    with pytest.raises(ConfigError, match="allowed are finite numbers"):
        measurement_item(0, Measurement(0, 1.0, channel=np.array([value])))


def test_other_items_are_passed_over_or_refused():
    others = [text_item(0, 0, "x"), MemoryItem(1, "csi", 1)]
    assert measurements(others) == []
    for item in others:
        with pytest.raises(ConfigError, match="holds no measurement"):
            measurement_of(item)
    with pytest.raises(ConfigError, match="no measurement is remembered up to slot 4"):
        predict_snr([*others, measurement_item(5, Measurement(5, 1.0))], 4)


def test_few_measurements_give_the_latest():
    found = predict(np.array([3, 5, 4]), np.array([1.0, 2.0, 3.0]), 6)
    assert found == SnrPrediction(2.0, 3.0)


def test_constant_channel_is_predicted_with_little_doubt():
    rng = np.random.default_rng(1)
    found = predict(np.arange(32), 10 + 0.5 * rng.normal(size=32), 33)
    assert found.mean_db == pytest.approx(10, abs=0.4) and found.deviation_db < 1.0


def test_slow_change_is_carried_on():
    slots = np.arange(30)
    found = predict(slots, 10 + 6 * np.sin(2 * np.pi * slots / 60), 31)
    assert found.mean_db == pytest.approx(10 + 6 * np.sin(2 * np.pi * 31 / 60), abs=0.7)


def test_one_collision_is_not_believed():
    rng = np.random.default_rng(2)
    values = 10 + 0.3 * rng.normal(size=24)
    values[-1] = -5.0
    found = predict(np.arange(24), values, 24)
    assert found.mean_db == pytest.approx(10, abs=1)
    values[-8:] = -5 + 0.3 * rng.normal(size=8)
    assert predict(np.arange(24), values, 24).mean_db < 0


def test_design_has_the_largest_expected_throughput():
    prediction = SnrPrediction(8.0, 2.0)
    rng = np.random.default_rng(3)
    actual = rng.normal(8, 2, 40_000)
    tried = np.arange(2, 10, 0.25)
    throughput = [float(capacity_bits(d) * np.mean(actual >= d)) for d in tried]
    assert prediction.design_db() == pytest.approx(tried[int(np.argmax(throughput))], abs=0.5)
    assert SnrPrediction(8.0, 0.01).design_db() == pytest.approx(8, abs=0.05)


def test_rate_follows_the_memory():
    store = MemoryStore(StoreConfig("ring", 16))
    tracker = RememberedSnr(store)
    assert tracker.design_db(7.0) == 7.0
    for slot in range(12):
        tracker.measure(15.0 - slot)
    tracker.measure(float("nan"))
    assert len(store) == 12 and store.now == 12
    # the latest is 4 dB, and the smoothed one far above
    assert tracker.design_db(7.0) < 4.0 < tracker.mean_db
    resumed = RememberedSnr(store, margin_db=1.0)
    assert resumed.design_db(7.0) == pytest.approx(tracker.design_db(7.0) - 1)
    with pytest.raises(ConfigError, match="delay is 0"):
        RememberedSnr(store, delay=0)


def test_memory_delivers_more_on_fading_traces_than_the_latest_with_its_best_margin(monkeypatch):
    monkeypatch.setattr(walker, "DOPPLERS", (0.1,))
    rows = list(walker.rate_rows(traces=5, slots=100, seed=1))
    assert [row["system"] for row in rows] == [*walker._RATE_SYSTEMS]
    for latest, remembered in zip(rows[0::3], rows[2::3], strict=True):
        assert remembered["rmse_db"] < latest["rmse_db"] and remembered["margin_db"] == 0
        assert latest["gain"] == 0 < remembered["gain"]
        assert remembered["gain_low"] < remembered["gain"] < remembered["gain_high"]
    assert "remembered" in walker.describe_rate(rows[2])


def test_trace_has_the_mean_that_was_asked_for():
    rng = np.random.default_rng(4)
    snr, measured = walker.fading_trace(4000, 12.0, 0.1, rng)
    power = np.mean(10 ** (snr[snr > 2] / 10))
    assert 10 * np.log10(power) == pytest.approx(12, abs=1.0)
    assert np.std(measured - snr) == pytest.approx(0.7, rel=0.05)
