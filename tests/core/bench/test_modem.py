# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modem bench: its rows, its lines, its settings."""

from __future__ import annotations

import argparse
import json

import numpy as np
import pytest

from semcom_core.bench import modem, modem_signals
from semcom_core.bench.modem import ModemBench
from semcom_core.cli import bench_modem
from semcom_core.errors import ConfigError
from semcom_core.phy import PhyConfig

KEYS = {
    "channel", "snr_db", "stimulus", "frames", "detected", "header_ok", "false_alarms_per_s", "snr_loss_db", "extra_loss_db", "evm_db",
    "tx_msps", "rx_msps",
}


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(8)


def test_burst_row_at_10_db(rng):
    """20 bursts at 10 dB are all read; the loss is known to 0.1 dB."""
    row = modem.burst_row(ModemBench(frames=20), 10.0, rng)
    assert KEYS <= set(row)
    assert (row["channel"], row["snr_db"], row["stimulus"], row["frames"]) == ("awgn", 10.0, "bursts", 20)
    assert (row["detected"], row["header_ok"], row["evm_db"]) == (20, 20, None)
    assert -0.2 < row["snr_loss_db"] < 0.7 and row["extra_loss_db"] == pytest.approx(row["snr_loss_db"], abs=1e-6)


def test_nothing_is_detected_far_below_the_noise(rng):
    row = modem.burst_row(ModemBench(frames=5), -20.0, rng)
    assert (row["detected"], row["header_ok"], row["snr_loss_db"]) == (0, 0, None)


def test_burst_row_without_noise_has_an_evm(rng):
    row = modem.burst_row(ModemBench(frames=5), None, rng)
    assert (row["channel"], row["snr_db"]) == ("clean", None) and row["evm_db"] < -38


def test_loss_against_a_known_channel_is_less_than_against_the_snr_in_multipath(rng):
    """Equalising 0/-6/-10 dB multipath costs several dB that a known channel costs too; what is left is estimation."""
    row = modem.burst_row(ModemBench(frames=20, channel="taps:0,-6,-10"), 15.0, rng)
    assert row["snr_loss_db"] > 1.0 and abs(row["extra_loss_db"]) < 1.0


@pytest.mark.parametrize("make", [modem_signals.noise, modem_signals.interference])
def test_streams_without_bursts_give_none(rng, make):
    row = modem.stream_row("noise", make(300_000, rng), PhyConfig())
    assert row["frames"] == 0 and row["false_alarms_per_s"] < 10 and row["rx_msps"] > 0.1


def test_false_alarms_count_bursts_that_are_there(rng):
    """Fed three real bursts within 0.03 s, the row must report them: it is no constant."""
    frames = [modem_signals.random_frame(i, (100, 100), rng) for i in range(3)]
    bursts = [modem_signals.displaced(modem.Transmitter().burst([f]), 1e3, 1e6, rng) for f in frames]
    samples = np.concatenate([*bursts, np.zeros(30_000 - sum(map(len, bursts)), np.complex64)])
    row = modem.stream_row("noise", samples, PhyConfig())
    assert (row["frames"], row["false_alarms_per_s"]) == (3, pytest.approx(100))


def test_back_to_back_row(rng):
    row = modem.back_to_back_row(30, rng)
    assert (row["detected"], row["header_ok"]) == (30, 30) and row["tx_msps"] > 0 and row["rx_msps"] > 0


def test_cost_falls_with_several_messages_a_burst():
    ratios = [modem.cost_row(100, messages)["air_ratio"] for messages in (1, 2, 4, 8)]
    assert ratios == sorted(ratios, reverse=True) and ratios[0] <= 6


@pytest.mark.parametrize("wrong", [{"frames": 0}, {"seconds": 0.0}, {"snr_db": (99.0,)}, {"channel": "rayleigh:5"}, {"channel": "fog"}])
def test_refuses_settings_that_are_not_allowed(wrong):
    with pytest.raises(ConfigError, match="allowed"):
        ModemBench(**wrong)


def test_command_prints_a_line_a_row_and_saves_the_rows(tmp_path, capsys):
    parser = argparse.ArgumentParser()
    bench_modem.add_arguments(parser)
    path = tmp_path / "modem.json"
    args = parser.parse_args(["--frames", "4", "--seconds", "0.1", "--snr-db", "12", "--seed", "3", "--json", str(path)])
    assert bench_modem.run(args) == 0
    found = json.loads(path.read_text())
    assert (found["bench"], found["seed"], found["settings"]["frames"]) == ("modem", 3, 4)
    assert {row["stimulus"] for row in found["rows"]} == {"bursts", "noise", "interference", "back-to-back", "cost"}
    assert all(KEYS <= set(row) for row in found["rows"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(found["rows"]) and sum("target" in line for line in lines) >= 6


def test_missed_targets_are_called_missed(rng):
    row = modem.burst_row(ModemBench(frames=3), 20.0, rng) | {"header_ok": 2, "snr_loss_db": 0.8}
    assert bench_modem.describe(row).count("MISSED") == 2
