# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modem bench: its rows, its lines, its settings."""

from __future__ import annotations

import argparse
import json

import numpy as np
import pytest

from semcom_core.bench import modem
from semcom_core.bench.modem import (
    ModemBench,
    signals,
    streams,
)
from semcom_core.bench.modem import (
    bursts as collisions,
)
from semcom_core.bench.modem import (
    bursts as long_bursts,
)
from semcom_core.bench.modem import (
    streams as speed,
)
from semcom_core.bench.modem.bursts import burst_row, impulse_row, overlap_row
from semcom_core.bench.modem.settings import channel_at
from semcom_core.bench.modem.streams import back_to_back_row, cost_row
from semcom_core.channel import parse_channel
from semcom_core.cli.bench import modem as bench_modem
from semcom_core.errors import ConfigError
from semcom_core.phy import PhyConfig, Receiver, Transmitter

KEYS = {
    "channel",
    "snr_db",
    "stimulus",
    "frames",
    "detected",
    "header_ok",
    "false_alarms_per_s",
    "snr_loss_db",
    "extra_loss_db",
    "evm_db",
    "tx_msps",
    "rx_msps",
}


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(8)


def plain(snr_db: float | None, frames: int, rng, channel: str = "awgn") -> dict:
    settings = ModemBench(frames=frames, channel=channel)
    return burst_row(channel if snr_db is not None else "clean", settings.at(snr_db), frames, rng)


def test_burst_row_at_10_db(rng):
    """20 bursts at 10 dB are all read; the loss is known to 0.1 dB, and the channel costs
    nothing.
    """
    row = plain(10.0, 20, rng)
    assert KEYS <= set(row)
    assert (row["channel"], row["snr_db"], row["stimulus"], row["frames"]) == (
        "awgn",
        10.0,
        "bursts",
        20,
    )
    assert (row["detected"], row["header_ok"], row["evm_db"]) == (20, 20, None)
    assert -0.2 < row["snr_loss_db"] < 0.7 and row["extra_loss_db"] == pytest.approx(
        row["snr_loss_db"], abs=0.02
    )


def test_nothing_is_detected_far_below_the_noise(rng):
    row = plain(-20.0, 5, rng)
    assert (row["detected"], row["header_ok"], row["snr_loss_db"]) == (0, 0, None)


def test_burst_row_without_noise_has_an_evm(rng):
    row = plain(None, 5, rng)
    assert (row["channel"], row["snr_db"]) == ("clean", None) and row["evm_db"] < -38


@pytest.mark.parametrize("channel", ["taps:0,-6,-10", "tdl-c:300ns,30kmh"])
def test_loss_against_a_known_channel_is_less_than_against_the_snr_in_multipath(rng, channel):
    """Equalising multipath costs several dB that a known channel costs too; what is left is
    estimation.
    """
    row = plain(15.0, 20, rng, channel)
    assert row["snr_loss_db"] > 1.0 and abs(row["extra_loss_db"]) < 1.0


def test_genie_of_a_flat_fade_knows_its_gain(rng):
    """Through one path of gain 1/2 a known channel has 6.02 dB less than the SNR says; 0.1 dB for
    what a fractional delay smears.
    """
    channel = channel_at("", 20.0, PhyConfig())
    halved = Halved(channel.terms, channel.rate_hz, channel.carrier_power, channel.sample_power)
    row = burst_row("awgn", halved, 10, rng)
    assert row["snr_loss_db"] - row["extra_loss_db"] == pytest.approx(6.02, abs=0.1)


class Halved(type(parse_channel("clean"))):
    """A channel whose signal, but not its noise, is half as large."""

    def through_samples(self, x, rng):
        return super().through_samples(x / 2, rng)

    def noiseless(self):
        still = super().noiseless()
        return Halved(still.terms, still.rate_hz, still.carrier_power, still.sample_power)


def test_long_range_profile_below_0_db(rng):
    config = PhyConfig(profile="long-range")
    row = burst_row("awgn", channel_at("", -4.0, config), 20, rng, config)
    assert row["header_ok"] >= 19 and row["profile"] == "long-range"


def test_impulses_spare_the_other_frames(rng):
    """All figures are of the bursts that were not hit, most of them."""
    row = impulse_row(40, rng)
    assert 15 < row["frames"] < 40 and row["header_ok"] == row["detected"] == row["frames"]
    assert bench_modem.describe(row).startswith("30 % of the frames hit by an impulse")


def test_with_every_burst_hit_none_is_counted(rng, monkeypatch):
    monkeypatch.setattr(collisions, "SHARE", 1.0)
    monkeypatch.setattr(collisions, "IMPULSE_DB", -60.0)
    row = impulse_row(3, rng)
    assert (row["frames"], row["detected"], row["header_ok"], row["hit_share"]) == (
        0,
        0,
        0,
        1.0,
    ) and row["rx_msps"] > 0


@pytest.mark.parametrize("weaker_db", [0.0, 10.0])
def test_the_stronger_of_two_overlapping_bursts_is_received(rng, weaker_db):
    row = overlap_row(weaker_db, 20, rng)
    assert row["frames"] == 20 and row["header_ok"] >= 19


def test_long_rows_measure_against_the_same_bursts_without_the_impairment(monkeypatch):
    """No impairment costs exactly nothing, clocks apart next to nothing, a bad mixer a lot. A burst
    is as long as its samples say.
    """
    monkeypatch.setattr(long_bursts, "BURSTS", 1)
    monkeypatch.setattr(long_bursts, "FRAMES", 3)
    monkeypatch.setattr(long_bursts, "IMPAIRMENTS", ("clean", "sco:40ppm", "iq:3db,10deg"))
    same, clock, mixer = long_bursts.long_rows(1)
    symbols = Transmitter().burst(
        [
            signals.random_frame(number, (4095, 4095), np.random.default_rng(1))
            for number in range(3)
        ]
    )
    assert same["burst_s"] == len(
        symbols
    ) / 1e6 and f"bursts of {same['burst_s']:.3f} s: 3 of 3" in bench_modem.describe(same)
    assert (
        same["detected"] == 3
        and same["extra_loss_db"] == 0
        and abs(clock["extra_loss_db"]) < 0.3
        and mixer["extra_loss_db"] > 1.5
    )


def test_back_to_back_row(rng):
    row = back_to_back_row(30, rng)
    assert (
        (row["detected"], row["header_ok"]) == (30, 30)
        and row["tx_msps"] > 0
        and row["rx_msps"] > 0
    )


def test_back_to_back_row_misses_one_where_one_is_lost(rng, monkeypatch):
    """What follows a lost frame is still counted: frames are told by their headers, not by their
    place.
    """

    class Lossy(Receiver):
        def push(self, samples):
            return [frame for frame in super().push(samples) if frame.header.message_id != 2]

    monkeypatch.setattr(speed, "Receiver", Lossy)
    row = back_to_back_row(10, rng)
    assert (row["detected"], row["header_ok"]) == (10, 9)


def test_one_frame_found_stands_for_one_sent(rng):
    one, two, other = (signals.random_frame(number, (100, 100), rng) for number in (1, 1, 2))
    assert [
        signals.matches([one, two, other], found)
        for found in ([], [one], [two, one, one], [other, one])
    ] == [0, 1, 2, 2]


def test_cost_falls_with_several_messages_a_burst():
    ratios = [cost_row(100, messages)["air_ratio"] for messages in (1, 2, 4, 8)]
    assert ratios == sorted(ratios, reverse=True) and ratios[0] <= 6


@pytest.mark.parametrize(
    "wrong",
    [
        {"frames": 0},
        {"seconds": 0.0},
        {"snr_db": (99.0,)},
        {"channel": "rayleigh:5"},
        {"channel": "fog"},
    ],
)
def test_refuses_settings_that_are_not_allowed(wrong):
    with pytest.raises(ConfigError, match="allowed"):
        ModemBench(**wrong)


def test_command_prints_a_line_a_row_and_saves_the_rows(tmp_path, capsys):
    parser = argparse.ArgumentParser()
    bench_modem.add_arguments(parser)
    path = tmp_path / "modem.json"
    parts = ["bursts", "streams", "speed", "cost"]
    args = parser.parse_args(
        [
            "--frames",
            "4",
            "--seconds",
            "0.1",
            "--snr-db",
            "12",
            "--seed",
            "3",
            "--json",
            str(path),
            "--part",
            *parts,
        ]
    )
    assert bench_modem.run(args) == 0
    found = json.loads(path.read_text())
    assert (found["bench"], found["seed"], found["settings"]["frames"]) == ("modem", 3, 4)
    assert {row["stimulus"] for row in found["rows"]} == {
        "bursts",
        "back-to-back",
        "cost",
        *streams.STREAMS,
    }
    assert all(KEYS <= set(row) for row in found["rows"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(found["rows"]) and sum("target" in line for line in lines) >= 6


def test_missed_targets_are_called_missed(rng):
    row = plain(20.0, 3, rng) | {"header_ok": 2, "snr_loss_db": 0.8}
    assert bench_modem.describe(row).count("MISSED") == 2


def test_unknown_part_is_refused():
    with pytest.raises(ConfigError, match="part is 'speeed'; allowed is"):
        list(modem.run(ModemBench(), ["speeed"]))
