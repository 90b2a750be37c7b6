# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plots of the text bench and of the modem bench.

Of texts: cost, delivery, quality beside published figures, throughput, and channel uses by cause.
Of the modem: reception and implementation loss. What draws takes the axes and the rows of a bench
file.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from semcom_core.bench.published import published
from semcom_core.bench.text.link import CAUSES
from semcom_core.bench.text.results import HEADLINE, series
from semcom_core.errors import ConfigError

if TYPE_CHECKING:  # loaded only where something is drawn
    from matplotlib.axes import Axes

#: Gives the value of a row that is plotted.
Value = Callable[[dict], float]
#: Colours that can be told apart on white and on black; what is published is grey, dashed and
#: hollow.
COLOURS = ("#2878d0", "#e07b1a", "#2f9e44", "#d6406f", "#8a63d2", "#1a9ba8", "#b8860b", "#d9480f")
PUBLISHED_COLOUR = "#8a8f98"
PUBLISHED_MARKERS = "svD^<>"


def plot_text(path: Path, rows: list[dict]) -> None:
    """Draw all pictures of the text bench on one page.

    Args:
        path: PNG, SVG or PDF file to write.
        rows: rows of the text bench, of one kind of channel.

    Raises:
        ConfigError: the file cannot be written or its kind is not known.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(15, 8.5), layout="constrained")
    for axes, draw in zip(figure.subplots(2, 3).flat, PICTURES.values()):
        draw(axes, rows)
        axes.legend(fontsize=7)
    try:
        figure.savefig(path, dpi=110)
    except (OSError, ValueError) as error:
        raise ConfigError(f"plot {path} cannot be written: {error}") from error


def draw_cost(axes: Axes, rows: list[dict]) -> None:
    """Channel uses a word, and the source bits of the headline codec at capacity."""
    _plot_series(axes, rows, lambda row: row["uses_per_word"])
    own = sorted(
        (row for row in rows if row["codec"] == HEADLINE and not row["context"]),
        key=lambda row: row["snr_db"],
    )
    if own:
        snr = [row["snr_db"] for row in own]
        bound = np.array([row["uses_per_word"] / row["bound_ratio"] for row in own])
        axes.plot(snr, bound, ":", color=COLOURS[0], label="its source bits at capacity")
        axes.plot(
            snr,
            bound * [row["limit_ratio"] for row in own],
            "-.",
            lw=1,
            color=COLOURS[0],
            label="its limit at this length",
        )
    axes.set(ylabel="channel uses a word", yscale="log", title="Cost")
    axes.yaxis.set_major_formatter(lambda value, place: f"{value:g}")
    axes.yaxis.set_minor_formatter(
        lambda value, place: f"{value:g}" if f"{value:e}"[0] in "235" else ""
    )


def draw_exact(axes: Axes, rows: list[dict]) -> None:
    """Share of exact texts."""
    _plot_series(axes, rows, lambda row: row["exact_rate"])
    axes.set(ylabel="share of exact texts", ylim=(-0.03, 1.03), title="Delivery")


def draw_bleu(axes: Axes, rows: list[dict], order: int = 1) -> None:
    """BLEU-1 or BLEU-4, and what is published for this kind of channel.

    Args:
        axes: of matplotlib.
        rows: of the text bench.
        order: 1 or 4.
    """
    kind = rows[0]["channel"].partition(":")[0]
    for curve, marker in zip(published(kind), PUBLISHED_MARKERS):
        snr_db, bleu = curve.curve(order)
        label = f"published: {curve.system} ({curve.short})"
        axes.plot(
            snr_db,
            bleu,
            ls="--",
            lw=1,
            marker=marker,
            mfc="none",
            color=PUBLISHED_COLOUR,
            label=label,
            ms=5,
        )
    _plot_series(axes, rows, lambda row: row[f"bleu{order}"])
    snr = [row["snr_db"] for row in rows]
    axes.set(
        ylabel=f"BLEU-{order}",
        ylim=(-0.03, 1.03),
        xlim=(min(snr) - 1, max(snr) + 1),
        title=f"Quality, BLEU-{order}",
    )


def draw_throughput(axes: Axes, rows: list[dict]) -> None:
    """Source bits of exactly delivered messages a channel use."""
    _plot_series(
        axes,
        [row for row in rows if row["codec"] == HEADLINE] or rows,
        lambda row: row["throughput"],
    )
    axes.set(ylabel="bits of correct messages a use", title="Throughput")


def draw_gap(axes: Axes, rows: list[dict]) -> None:
    """Uses a word of each codec by cause, a group of bars at each SNR."""
    chosen = [row for row in rows if row["max_rounds"] == 1 and not row["context"] and row["gap"]]
    own = (
        sorted((row for row in chosen if row["codec"] == HEADLINE), key=lambda row: row["snr_db"])
        or chosen
    )
    places = np.arange(len(own))
    base = np.zeros(len(own))
    for i, cause in enumerate(cause for cause in CAUSES if any(cause in row["gap"] for row in own)):
        height = np.array([row["gap"].get(cause, 0.0) * row["uses_per_word"] for row in own])
        axes.bar(
            places, height, 0.7, bottom=base, color=COLOURS[i % len(COLOURS)], label=CAUSES[cause]
        )
        base += height
    one = len({row["codec"] for row in own}) == 1
    axes.set_xticks(
        places,
        [f"{row['snr_db']:g}" if one else f"{row['codec']}\n{row['snr_db']:g}" for row in own],
        fontsize=8,
    )
    whose = f" of {own[0]['codec']}" if one else ""
    axes.set(xlabel="SNR (dB)", ylabel="channel uses a word", title=f"Where the uses{whose} go")
    axes.grid(alpha=0.2, axis="y")


def _curves(rows: list[dict]) -> dict[str, tuple[str, list[dict]]]:
    """Colour and rows, by rising SNR, of each series."""
    names = list(dict.fromkeys(series(row) for row in rows))
    by_snr = sorted(rows, key=lambda row: row["snr_db"])
    return {
        name: (COLOURS[i % len(COLOURS)], [row for row in by_snr if series(row) == name])
        for i, name in enumerate(names)
    }


def _plot_series(axes: Axes, rows: list[dict], value: Value) -> None:
    """Plot a curve for each series, the headline codec's bold."""
    for name, (colour, chosen) in _curves(rows).items():
        style: dict[str, Any] = {"ls": (0, (5, 1)), "lw": 1.3}
        if chosen[0]["codec"] == HEADLINE:
            style = {"ls": "-", "lw": 2.2, "zorder": 3}
        axes.plot(
            [row["snr_db"] for row in chosen],
            [value(row) for row in chosen],
            marker="o",
            ms=4,
            color=colour,
            label=name,
            **style,
        )
    axes.set_xlabel("SNR (dB)")
    axes.grid(alpha=0.2)


#: Plots of the text bench by name, in their order.
PICTURES: dict[str, Callable[[Axes, list[dict]], None]] = {
    "cost": draw_cost,
    "delivery": draw_exact,
    "bleu1": draw_bleu,
    "bleu4": lambda axes, rows: draw_bleu(axes, rows, 4),
    "throughput": draw_throughput,
    "gap": draw_gap,
}


def draw_received(axes: Axes, rows: list[dict]) -> None:
    """Shares of bursts detected and headers read."""
    shares = {
        ": detected": lambda row: row["detected"] / row["frames"],
        ": header read": lambda row: row["header_ok"] / row["frames"],
    }
    _plot_by_channel(axes, rows, shares)
    axes.set(ylabel="share of bursts", title="Reception")


def draw_loss(axes: Axes, rows: list[dict]) -> None:
    """Implementation loss."""
    _plot_by_channel(
        axes,
        [row for row in rows if row["snr_loss_db"] is not None],
        {"": lambda row: row["snr_loss_db"]},
    )
    axes.set(ylabel="loss (dB)", title="Implementation loss")


def _plot_by_channel(axes: Axes, rows: list[dict], values: dict[str, Value]) -> None:
    """Plot a curve for each profile, channel and value; values have the end of its name."""
    places = list(dict.fromkeys((row["profile"], row["channel"]) for row in rows))
    for colour, place in zip(COLOURS, places):
        chosen = sorted(
            (row for row in rows if (row["profile"], row["channel"]) == place),
            key=lambda row: row["snr_db"],
        )
        for (name, value), style in zip(values.items(), ("-", "--")):
            snr = [row["snr_db"] for row in chosen]
            y = [value(row) for row in chosen]
            axes.plot(
                snr,
                y,
                marker="o",
                ms=4,
                ls=style,
                color=colour,
                label=f"{place[0]}, {place[1]}{name}",
            )
    axes.set_xlabel("SNR (dB)")
    axes.grid(alpha=0.3)
