# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plots of the image bench: quality against SNR and against CBR, and a grid of pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from semcom_core.bench.image.results import image_series
from semcom_core.bench.plot import COLOURS, PUBLISHED_COLOUR, PUBLISHED_MARKERS
from semcom_core.bench.published import published_pictures
from semcom_core.errors import ConfigError

if TYPE_CHECKING:  # loaded only where something is drawn
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Draws one plot: (axes, rows).
Draw = Callable[["Axes", list[dict]], None]
#: The codec that this project is about.
HEADLINE = "hybrid"


def _plot_curves(
    axes: Axes,
    rows: list[dict],
    key: str,
    along: str = "snr_db",
    name: Callable[[dict], str] = image_series,
) -> None:
    """Plot a curve for each name of a row.

    Args:
        axes: where to plot.
        rows: rows of the image bench.
        key: field on the ordinate.
        along: field on the abscissa.
        name: row → name of its curve.
    """
    names = list(dict.fromkeys(name(row) for row in rows))
    for i, label in enumerate(names):
        chosen = sorted(
            (row for row in rows if name(row) == label and row[key] is not None),
            key=lambda row: row[along],
        )
        own = bool(chosen) and chosen[0]["codec"] == HEADLINE
        style: dict[str, Any] = {"lw": 2.2, "zorder": 3} if own else {"ls": (0, (5, 1)), "lw": 1.3}
        places = [row[along] for row in chosen]
        values = [row[key] for row in chosen]
        axes.plot(
            places, values, marker="o", ms=4, color=COLOURS[i % len(COLOURS)], label=label, **style
        )
    axes.grid(alpha=0.2)


def draw_psnr(axes: Axes, rows: list[dict]) -> None:
    """PSNR against SNR, and what is published for this kind of channel and these CBRs."""
    kind = rows[0]["channel"].partition(":")[0]
    curves = [
        curve
        for cbr in dict.fromkeys(row["cbr"] for row in rows)
        for curve in published_pictures(kind, cbr)
    ]
    for curve, marker in zip(curves, PUBLISHED_MARKERS * len(curves)):
        style: dict[str, Any] = {
            "ls": "--",
            "lw": 1,
            "marker": marker,
            "mfc": "none",
            "color": PUBLISHED_COLOUR,
            "ms": 5,
        }
        axes.plot(
            list(curve.psnr_db),
            list(curve.psnr_db.values()),
            label=f"published: {curve.system}, CBR {curve.cbr}",
            **style,
        )
    _plot_curves(axes, rows, "psnr_db")
    axes.set(xlabel="SNR (dB)", ylabel="PSNR (dB)", title="Quality, PSNR")


def draw_ms_ssim(axes: Axes, rows: list[dict]) -> None:
    """MS-SSIM against SNR."""
    _plot_curves(axes, rows, "ms_ssim")
    axes.set(xlabel="SNR (dB)", ylabel="MS-SSIM", title="Quality, MS-SSIM")


def draw_objects(axes: Axes, rows: list[dict]) -> None:
    """PSNR inside objects against SNR."""
    _plot_curves(axes, rows, "roi_psnr_db")
    axes.set(xlabel="SNR (dB)", ylabel="PSNR inside objects (dB)", title="Quality inside objects")


def draw_cbr(axes: Axes, rows: list[dict]) -> None:
    """PSNR against CBR, a curve for each codec and SNR."""
    _plot_curves(
        axes,
        rows,
        "psnr_db",
        along="cbr_spent",
        name=lambda row: f"{row['codec']} at {row['snr_db']:g} dB",
    )
    axes.set(
        xlabel="CBR (channel uses over 3 H W)", ylabel="PSNR (dB)", title="Quality against CBR"
    )


def image_pictures(rows: list[dict]) -> dict[str, Draw]:
    """Caption → what draws it, of the plots that the rows have values for."""
    several = len({row["cbr"] for row in rows}) > 1
    objects = any(row["roi_psnr_db"] is not None for row in rows)
    large = any(row["ms_ssim"] is not None for row in rows)
    found: dict[str, Draw] = {
        "Mean PSNR of all pictures, marked ones included. Grey, dashed and hollow: published "
        "figures of other systems.": draw_psnr
    }
    if large:
        found["Mean MS-SSIM, likewise."] = draw_ms_ssim
    if objects:
        found["Mean PSNR inside the objects that the data name."] = draw_objects
    if several:
        found["PSNR against the channel uses spent, side information included."] = draw_cbr
    return found


def plot_image(path: Path, rows: list[dict]) -> None:
    """Draw the pictures of the rows on one page.

    Args:
        path: PNG, SVG or PDF file to write.

    Raises:
        ConfigError: the file cannot be written or its kind is not known.
    """
    from matplotlib.figure import Figure

    draws = list(image_pictures(rows).values())
    figure = Figure(figsize=(7.5 * len(draws), 5.5), layout="constrained")
    for axes, draw in zip(figure.subplots(1, len(draws), squeeze=False).flat, draws):
        draw(axes, rows)
        axes.legend(fontsize=7)
    _save(figure, path, "plot")


def draw_grid(
    path: Path, sent: np.ndarray, received: dict[tuple[str, str], tuple[np.ndarray | None, str]]
) -> None:
    """Draw one picture as it was sent and as each codec delivered it.

    Args:
        path: PNG file to write.
        sent: uint8 (H, W, 3).
        received: (name of the row, name of the column) → the picture, and what to say of it.

    Raises:
        ConfigError: the file cannot be written.
    """
    from matplotlib.figure import Figure

    rows = list(dict.fromkeys(row for row, _ in received))
    columns = list(dict.fromkeys(column for _, column in received))
    size = (
        3.2 * (len(columns) + 1),
        3.2 * len(rows) * sent.shape[0] / sent.shape[1] + 0.45 * len(rows),
    )
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(len(rows), len(columns) + 1, squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    for i, row in enumerate(rows):
        shown: list[tuple[np.ndarray | None, str]] = [(sent, f"{row}: sent")]
        for column in columns:
            pixels, said = received.get((row, column), (None, ""))
            shown.append((pixels, f"{column}: {said}"))
        for axes, (pixels, title) in zip(grid[i], shown):
            if pixels is not None:
                axes.imshow(pixels, interpolation="lanczos")
                axes.set_title(title, fontsize=9)
    _save(figure, path, "picture grid")


def _save(figure: Figure, path: Path, what: str) -> None:
    try:
        figure.savefig(path, dpi=110)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{what} {path} cannot be written: {error}") from error
