# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom bench modem`: detection, implementation loss, EVM, false alarms, throughput and cost of the burst modem."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from semcom_core.bench.modem import ModemBench
from semcom_core.bench.modem import run as rows_of
from semcom_core.bench.report import check_writable, verdict, write_json
from semcom_core.config import add_arguments as add_settings
from semcom_core.config import from_arguments

#: Least detection and header rate, and where it is asked for; limits of the other figures.
HEADER_RATE, HEADER_SNR_DB, LOSS_DB, EVM_DB, IDLE_MSPS, BUSY_MSPS, AIR_RATIO = 0.99, 0.0, 0.7, -38.0, 5.0, 2.0, 6.0
#: Message length from which the air ratio is asked for, one message a burst.
AIR_RATIO_FROM = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the bench."""
    add_settings(parser, ModemBench, skip=("snr_db",))
    default = ModemBench().snr_db
    parser.add_argument("--snr-db", type=float, nargs="+", default=list(default), help=f"SNRs, dB (default {' '.join(map(str, default))})")
    parser.add_argument("--json", type=Path, help="file to write the rows to")


def run(args: argparse.Namespace) -> int:
    """Run the bench, print each row as it comes, and save the rows.

    Raises:
        ConfigError: an option is outside what is allowed, or the JSON file cannot be written.
    """
    check_writable(args.json)
    settings = from_arguments(ModemBench, args, snr_db=tuple(args.snr_db))
    rows = []
    for row in rows_of(settings):
        rows.append(row)
        print(describe(row), flush=True)
    if args.json:
        write_json(args.json, "modem", settings.seed, asdict(settings), rows)
    return 0


def describe(row: dict) -> str:
    """One line on a row: each figure, and its target where there is one."""
    return _DESCRIBE[row["stimulus"]](row)


def _bursts(row: dict) -> str:
    """Line of a row of burst_row."""
    found, right = row["detected"] / row["frames"], row["header_ok"] / row["frames"]
    where = f"{row['channel']:>8} " + ("no noise" if row["snr_db"] is None else f"{row['snr_db']:5.1f} dB")
    rates = f"{row['frames']} bursts: detected {found:.4f}, header right {right:.4f}"
    plain = row["channel"] in ("awgn", "clean")
    if plain and (row["snr_db"] is None or row["snr_db"] >= HEADER_SNR_DB):
        rates = verdict(rates, f">= {HEADER_RATE}", min(found, right) >= HEADER_RATE)
    figures = [f"{where}  {rates}"]
    if row["snr_loss_db"] is not None:
        loss = f"loss {row['snr_loss_db']:.2f} dB"
        figures.append(verdict(loss, f"<= {LOSS_DB}", row["snr_loss_db"] <= LOSS_DB) if plain else loss)
        figures.append(f"against a known channel {row['extra_loss_db']:.2f} dB")
    if row["evm_db"] is not None:
        evm = f"EVM {row['evm_db']:.1f} dB"
        figures.append(verdict(evm, f"<= {EVM_DB}", row["evm_db"] <= EVM_DB) if plain else evm)
    return ", ".join(figures)


def _stream(row: dict) -> str:
    """Line of a row of stream_row."""
    alarms = f"{row['stimulus']}: {row['false_alarms_per_s']:.2f} false alarms/s, {row['frames']} false frames"
    speed = f"receiver {row['rx_msps']:.1f} Msps"
    return f"{alarms}, " + (verdict(speed, f">= {IDLE_MSPS}", row["rx_msps"] >= IDLE_MSPS) if row["stimulus"] == "noise" else speed)


def _back_to_back(row: dict) -> str:
    """Line of a row of back_to_back_row."""
    speed = verdict(f"receiver {row['rx_msps']:.2f} Msps", f">= {BUSY_MSPS}", row["rx_msps"] >= BUSY_MSPS)
    read = f"header right {row['header_ok'] / row['frames']:.4f}"
    return f"back-to-back bursts at {row['snr_db']:.0f} dB, one core: {read}, {speed}, transmitter {row['tx_msps']:.2f} Msps"


def _cost(row: dict) -> str:
    """Line of a row of cost_row."""
    uses = row["uses"] // row["messages"]
    text = f"cost: {row['messages']} x {uses} uses a burst: {row['air_uses']} air uses, air_uses/uses {row['air_ratio']:.2f}"
    return verdict(text, f"<= {AIR_RATIO}", row["air_ratio"] <= AIR_RATIO) if row["messages"] == 1 and uses >= AIR_RATIO_FROM else text


_DESCRIBE = {"bursts": _bursts, "noise": _stream, "interference": _stream, "back-to-back": _back_to_back, "cost": _cost}
