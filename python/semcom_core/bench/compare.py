# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of the text bench as lines and tables for people."""

from __future__ import annotations

from semcom_core.bench.gap import CAUSES
from semcom_core.bench.published import published
from semcom_core.bench.rows import series
from semcom_core.bench.targets import HEADLINE

#: Columns of the table: heading, key of a row, format.
COLUMNS = (
    ("SNR dB", "snr_db", "g"),
    ("uses/word", "uses_per_word", ".2f"),
    ("bits/word", "bits_per_word", ".2f"),
    ("over bound", "bound_ratio", ".3f"),
    ("exact", "exact_rate", ".3f"),
    ("BLEU-1", "bleu1", ".3f"),
    ("BLEU-4", "bleu4", ".3f"),
    ("wrong marked", "marked_of_wrong", ".2f"),
    ("rounds", "rounds", ".2f"),
    ("decode s", "decode_s", ".2f"),
)


def describe(row: dict) -> str:
    """One line on a row."""
    marked = "" if row["marked_of_wrong"] is None else f", wrong ones marked {row['marked_of_wrong']:.2f}"
    figures = [
        f"{series(row):8s} {row['channel']:10s} exact {row['exact_rate']:.3f}{marked}",
        f"{row['uses_per_word']:6.2f} uses/word, {row['bits_per_word']:.2f} bits/word",
        f"uses over bound {row['bound_ratio']:.3f} (limit {row['limit_ratio']:.3f})",
        f"BLEU-1/4 {row['bleu1']:.3f}/{row['bleu4']:.3f}",
        "on air with " + ", ".join(f"{n}: {ratio:.2f} x" for n, ratio in row["air_ratio"].items()) + " messages a burst",
        f"encode {row['encode_s']:.2f} s, decode {row['decode_s']:.2f} s",
    ]
    if row["max_rounds"] > 1:
        figures.insert(4, f"{row['rounds']:.2f} rounds, {row['throughput']:.2f} bits/use delivered")
    if row["efficiency"] is not None:
        figures.append(f"efficiency {row['efficiency']:g}")
    return "; ".join(figures)


def cells(rows: list[dict]) -> tuple[list[str], list[list[str]]]:
    """Headings and cells of the table of all rows; what is not known is a dash."""
    headings = ["codec", *(heading for heading, _, _ in COLUMNS)]
    return headings, [[series(row), *("-" if row[key] is None else format(row[key], form) for _, key, form in COLUMNS)] for row in rows]


def gap_cells(rows: list[dict]) -> tuple[list[str], list[list[str]]]:
    """Headings and cells of the table of uses by cause, in uses a word."""
    causes = [cause for cause in CAUSES if any(cause in row["gap"] for row in rows)]
    table = [
        [series(row), f"{row['snr_db']:g}", *(f"{_uses(row, c):.2f}" if c in row["gap"] else "-" for c in causes)]
        for row in rows
        if row["gap"] and row["max_rounds"] == 1
    ]
    return ["codec", "SNR dB", *causes], table


def _uses(row: dict, cause: str) -> float:
    """Uses a word of a cause, to hundredths and never -0."""
    return round(row["gap"][cause] * row["uses_per_word"], 2) + 0.0


def ratio_cells(rows: list[dict]) -> tuple[list[str], list[list[str]]]:
    """Headings and cells of the table of the headline codec's uses over those of each other codec, with what that one delivers."""
    plain = [row for row in rows if row["max_rounds"] == 1 and row["context"] == 0]
    own = {row["snr_db"]: row for row in plain if row["codec"] == HEADLINE}
    others = list(dict.fromkeys(row["codec"] for row in plain if row["codec"] != HEADLINE))
    found = {(row["codec"], row["snr_db"]): row for row in plain}
    if not own or not others:
        return [], []
    table = []
    for snr_db, row in own.items():
        pairs = [(row, found.get((codec, snr_db))) for codec in others]
        table.append([f"{snr_db:g}", f"{row['exact_rate']:.3f}", *(_ratio(*pair) for pair in pairs)])
    return ["SNR dB", f"{HEADLINE} exact", *others], table


def _ratio(row: dict, other: dict | None) -> str:
    return "-" if other is None else f"{row['uses_per_word'] / other['uses_per_word']:.3f} (exact {other['exact_rate']:.3f})"


def published_cells(kind: str) -> tuple[list[str], list[list[str]]]:
    """Headings and cells of the table of published figures for a kind of channel."""
    curves = published(kind)
    snrs = sorted({snr_db for curve in curves for snr_db in curve.bleu})
    table = []
    for curve in curves:
        pairs = (curve.bleu.get(snr_db) for snr_db in snrs)
        table.append([curve.system, curve.uses, *(f"{pair[0]:.3f} / {pair[1]:.3f}" if pair else "-" for pair in pairs)])
    return ["system", "uses", *(f"{snr_db:g} dB" for snr_db in snrs)], table


def aligned(headings: list[str], table: list[list[str]]) -> list[str]:
    """A table as lines of text, columns as wide as they need."""
    lines = [headings, *table]
    widths = [max(len(line[i]) for line in lines) for i in range(len(headings))]
    return ["  ".join([line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:]))]) for line in lines]
