# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of bench rows."""

from __future__ import annotations

from pathlib import Path

from semcom_core.errors import ConfigError


def plot_text(path: Path, rows: list[dict]) -> None:
    """Draw channel uses a word and the share of exact sentences against SNR, a curve for each codec.

    Args:
        path: PNG, SVG or PDF file to write.
        rows: rows of the text bench.

    Raises:
        ConfigError: the file cannot be written or its kind is not known.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4), layout="constrained")
    uses, exact = figure.subplots(1, 2)
    for codec in dict.fromkeys(row["codec"] for row in rows):
        chosen = sorted((row for row in rows if row["codec"] == codec), key=lambda row: row["snr_db"])
        snr = [row["snr_db"] for row in chosen]
        (line,) = uses.plot(snr, [row["uses_per_word"] for row in chosen], "o-", label=codec)
        bound = [row["uses_per_word"] / row["bound_ratio"] for row in chosen]
        uses.plot(snr, bound, ":", color=line.get_color(), label=f"{codec}: its source bits at capacity")
        exact.plot(snr, [row["exact_rate"] for row in chosen], "o-", label=codec)
    uses.set(xlabel="SNR (dB)", ylabel="channel uses a word", yscale="log", title="Cost")
    exact.set(xlabel="SNR (dB)", ylabel="share of exact sentences", ylim=(0, 1.03), title="Delivery")
    for axes in (uses, exact):
        axes.grid(alpha=0.3, which="both")
        axes.legend(fontsize=8)
    try:
        figure.savefig(path, dpi=120)
    except (OSError, ValueError) as error:
        raise ConfigError(f"plot {path} cannot be written: {error}") from error
