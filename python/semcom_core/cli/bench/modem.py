# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom bench modem`: detection, losses, collisions and throughput of the burst modem."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from semcom_core.bench.modem import PARTS, ModemBench
from semcom_core.bench.modem import run as rows_of
from semcom_core.bench.report import check_writable, verdict, write_json
from semcom_core.config import add_arguments as add_settings
from semcom_core.config import from_arguments

#: Least share of bursts detected and headers read, by profile, and where it is asked for.
HEADER_RATE = {"standard": 0.99, "long-range": 0.97}
HEADER_SNR_DB = {"standard": 0.0, "long-range": -4.0}
#: Most loss in white noise, in fading against a known channel, and by one impairment, dB.
LOSS_DB = 0.7
FADING_LOSS_DB = 1.5
IMPAIRMENT_LOSS_DB = 1.0
#: Most error without noise, dB; least speed of the receiver in noise and with bursts back to back,
#: Msps.
EVM_DB = -38.0
IDLE_MSPS = 5.0
BUSY_MSPS = 2.0
#: Least share of the stronger one of overlapping bursts received.
STRONGER_RATE = 0.95
#: Most air uses over uses, one message a burst, and the message length from which it is asked for.
AIR_RATIO = 6.0
AIR_RATIO_FROM = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the bench."""
    add_settings(parser, ModemBench, skip=("snr_db",))
    default = ModemBench().snr_db
    parser.add_argument(
        "--snr-db",
        type=float,
        nargs="+",
        default=list(default),
        help=f"SNRs, dB (default {' '.join(map(str, default))})",
    )
    parser.add_argument(
        "--part",
        nargs="+",
        metavar="PART",
        help=f"parts to run, of {', '.join(PARTS)} (default all)",
    )
    parser.add_argument("--json", type=Path, help="file to write the rows to")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the bench, print each row as it comes, and save the rows.

    Raises:
        ConfigError: an option is outside what is allowed, or the JSON file cannot be written.
    """
    check_writable(args.json)
    settings = from_arguments(ModemBench, args, snr_db=tuple(args.snr_db))
    rows = []
    for row in rows_of(settings, args.part):
        rows.append(row)
        print(describe(row), flush=True)
    if args.json:
        write_json(args.json, "modem", settings.seed, asdict(settings), rows)
    return 0


def describe(row: dict) -> str:
    """One line on a row: each figure, and its target where there is one."""
    return _DESCRIBE.get(row["stimulus"], _stream)(row)


def _bursts(row: dict) -> str:
    """Line of a row of bursts one by one."""
    found = row["detected"] / row["frames"]
    right = row["header_ok"] / row["frames"]
    plain = row["channel"] in ("awgn", "clean")
    profile = row["profile"]
    noise = "no noise" if row["snr_db"] is None else f"{row['snr_db']:5.1f} dB"
    rates = f"{row['frames']} bursts: detected {found:.4f}, header right {right:.4f}"
    if plain and (row["snr_db"] is None or row["snr_db"] >= HEADER_SNR_DB[profile]):
        rates = _at_least(rates, min(found, right), HEADER_RATE[profile])
    figures = [f"{profile} {row['channel']:>8} {noise}  {rates}"]
    if row["snr_loss_db"] is not None:
        loss = f"loss {row['snr_loss_db']:.2f} dB"
        figures.append(_at_most(loss, row["snr_loss_db"], LOSS_DB) if plain else loss)
    if row["extra_loss_db"] is not None:
        extra = f"against a known channel {row['extra_loss_db']:.2f} dB"
        if row["channel"].startswith("tdl"):
            extra = _at_most(extra, row["extra_loss_db"], FADING_LOSS_DB)
        figures.append(extra)
    if row["evm_db"] is not None:
        evm = f"EVM {row['evm_db']:.1f} dB"
        figures.append(_at_most(evm, row["evm_db"], EVM_DB) if plain else evm)
    return ", ".join(figures)


def _long_bursts(row: dict) -> str:
    """Line of a row of long bursts through an impairment."""
    where = f"{row['channel']} at {row['snr_db']:.0f} dB, bursts of {row['burst_s']:.3f} s"
    read = f"{where}: {row['header_ok']} of {row['frames']} frames read"
    if row["extra_loss_db"] is None:
        return verdict(f"{read}, no extra loss measured", f"<= {IMPAIRMENT_LOSS_DB}", False)
    whole = row["header_ok"] == row["frames"] and row["extra_loss_db"] <= IMPAIRMENT_LOSS_DB
    return f"{read}, " + verdict(
        f"extra loss {row['extra_loss_db']:.2f} dB", f"<= {IMPAIRMENT_LOSS_DB}, all read", whole
    )


def _impulses(row: dict) -> str:
    """Line of the row of frames hit by impulses."""
    others = f"{row['header_ok']} of {row['frames']} others received"
    return f"{100 * row['hit_share']:.0f} % of the frames hit by an impulse: " + verdict(
        others, "all", row["header_ok"] == row["frames"]
    )


def _overlap(row: dict) -> str:
    """Line of a row of overlapping bursts."""
    rate = row["header_ok"] / row["frames"]
    stronger = _at_least(f"stronger received {rate:.3f}", rate, STRONGER_RATE)
    return f"overlapping bursts, {row['channel']}: {stronger}"


def _stream(row: dict) -> str:
    """Line of a row of a stream without bursts."""
    alarms = (
        f"{row['profile']} {row['stimulus']}: {row['false_alarms_per_s']:.2f} preambles "
        "wrongly accepted a second"
    )
    frames = verdict(f"{row['frames']} frames", "0", row["frames"] == 0)
    speed = f"receiver {row['rx_msps']:.1f} Msps"
    if row["stimulus"] == "noise" and row["profile"] == "standard":
        speed = _at_least(speed, row["rx_msps"], IDLE_MSPS)
    return f"{alarms}, {frames}, {speed}"


def _back_to_back(row: dict) -> str:
    """Line of a row of back_to_back_row."""
    speed = _at_least(f"receiver {row['rx_msps']:.2f} Msps", row["rx_msps"], BUSY_MSPS)
    read = f"header right {row['header_ok'] / row['frames']:.4f}"
    return (
        f"back-to-back bursts at {row['snr_db']:.0f} dB, one core: {read}, {speed}, "
        f"transmitter {row['tx_msps']:.2f} Msps"
    )


def _cost(row: dict) -> str:
    """Line of a row of cost_row."""
    uses = row["uses"] // row["messages"]
    text = (
        f"cost: {row['messages']} x {uses} uses a burst: {row['air_uses']} air uses, "
        f"air_uses/uses {row['air_ratio']:.2f}"
    )
    if row["messages"] == 1 and uses >= AIR_RATIO_FROM:
        return _at_most(text, row["air_ratio"], AIR_RATIO)
    return text


def _at_least(text: str, value: float, limit: float) -> str:
    return verdict(text, f">= {limit}", value >= limit)


def _at_most(text: str, value: float, limit: float) -> str:
    return verdict(text, f"<= {limit}", value <= limit)


#: Stimulus → line of a row; rows of streams without bursts have other stimuli.
_DESCRIBE = {
    "bursts": _bursts,
    "long-bursts": _long_bursts,
    "impulses": _impulses,
    "overlap": _overlap,
    "back-to-back": _back_to_back,
    "cost": _cost,
}
