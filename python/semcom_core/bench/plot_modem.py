# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of the modem bench."""

from __future__ import annotations

from semcom_core.bench.plot import COLOURS


def _curves(axes, rows: list[dict], values: dict) -> None:
    places = list(dict.fromkeys((row["profile"], row["channel"]) for row in rows))
    for colour, place in zip(COLOURS, places):
        chosen = sorted((row for row in rows if (row["profile"], row["channel"]) == place), key=lambda row: row["snr_db"])
        for (name, value), style in zip(values.items(), ("-", "--")):
            snr, y = [row["snr_db"] for row in chosen], [value(row) for row in chosen]
            axes.plot(snr, y, marker="o", ms=4, ls=style, color=colour, label=f"{place[0]}, {place[1]}{name}")
    axes.set_xlabel("SNR (dB)")
    axes.grid(alpha=0.3)


def draw_received(axes, rows: list[dict]) -> None:
    """Shares of bursts detected and headers read."""
    shares = {": detected": lambda row: row["detected"] / row["frames"], ": header read": lambda row: row["header_ok"] / row["frames"]}
    _curves(axes, rows, shares)
    axes.set(ylabel="share of bursts", title="Reception")


def draw_loss(axes, rows: list[dict]) -> None:
    """Implementation loss."""
    _curves(axes, [row for row in rows if row["snr_loss_db"] is not None], {"": lambda row: row["snr_loss_db"]})
    axes.set(ylabel="loss (dB)", title="Implementation loss")
