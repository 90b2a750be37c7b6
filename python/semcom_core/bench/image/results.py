# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of the image bench: rows, and their lines and tables."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from semcom_core.bench.image.trials import ImageLink, ImageTrial

#: Columns of the table: heading, key of a row, format.
COLUMNS = (
    ("SNR dB", "snr_db", "g"),
    ("CBR", "cbr_spent", ".5f"),
    ("PSNR dB", "psnr_db", ".2f"),
    ("SSIM", "ssim", ".4f"),
    ("MS-SSIM", "ms_ssim", ".4f"),
    ("objects dB", "roi_psnr_db", ".2f"),
    ("marked", "marked", "d"),
    ("kept", "latents_kept", ".3f"),
    ("encode s", "encode_s", ".2f"),
    ("decode s", "decode_s", ".2f"),
)


def summarise(link: ImageLink, trials: list[ImageTrial]) -> dict:
    """One row of the image bench.

    Quality figures are means over all pictures, marked and grey ones included; roi_psnr_db over
    those with objects. cbr is what the codec was allowed, cbr_spent what it took, side information
    included. delivered is the share of the pictures of which the codec made something, marked the
    number of those it did not vouch for, marked_psnr_db their mean. air_uses are samples a picture
    with each fragment in a burst of its own.

    Args:
        link: what was sent over.
        trials: the pictures, one and more.
    """
    marked = [t.psnr_db for t in trials if not t.decoded]
    return {
        "codec": link.codec,
        "channel": str(link.channel),
        "snr_db": link.channel.snr_db,
        "cbr": link.cbr,
        "images": len(trials),
        "psnr_db": _mean(t.psnr_db for t in trials),
        "ssim": _mean(t.ssim for t in trials),
        "ms_ssim": _mean(t.ms_ssim for t in trials),
        "roi_psnr_db": _mean(t.roi_psnr_db for t in trials),
        "latents_kept": _mean(t.latents_kept for t in trials),
        "delivered": _mean(t.delivered for t in trials),
        "marked": len(marked),
        "marked_psnr_db": _mean(marked),
        "uses": _mean(t.uses for t in trials),
        "cbr_spent": sum(t.uses for t in trials) / sum(t.values for t in trials),
        "air_uses": _mean(t.air_uses for t in trials),
        "design_snr_db": link.rate_snr_db,
        "matched": link.design_snr_db is None,
        "modem": link.modem,
        "roi": link.roi,
        "settings": {name: value for name, value in link.settings.items() if name != "cbr"},
        "encode_s": _mean(t.encode_s for t in trials),
        "decode_s": _mean(t.decode_s for t in trials),
    }


def image_series(row: dict) -> str:
    """Name of the curve that a row belongs to."""
    parts = [row["codec"], *(f"{name} {value}" for name, value in row["settings"].items())]
    parts.append(f"CBR {row['cbr']}")
    if row["roi"] != "off":
        parts.append(f"importance {row['roi']}")
    if not row["matched"]:
        parts.append(f"made for {row['design_snr_db']:g} dB")
    return ", ".join(parts)


def describe(row: dict) -> str:
    """One line on a row."""
    figures = [
        f"{image_series(row)}, {row['channel']}{' over the modem' if row['modem'] else ''}: PSNR "
        f"{row['psnr_db']:.2f} dB",
        *(
            f"{name} {row[key]:.4f}"
            for name, key in (("SSIM", "ssim"), ("MS-SSIM", "ms_ssim"))
            if row[key] is not None
        ),
        f"{row['images']} pictures, {row['uses']:.0f} uses each (CBR {row['cbr_spent']:.5f})",
        f"delivered {row['delivered']:.3f}",
        f"encode {row['encode_s']:.2f} s, decode {row['decode_s']:.2f} s",
    ]
    if row["roi_psnr_db"] is not None:
        figures.insert(1, f"in objects {row['roi_psnr_db']:.2f} dB")
    if row["marked"]:
        figures.insert(-1, f"{row['marked']} marked, PSNR {row['marked_psnr_db']:.2f} dB")
    if row["latents_kept"] is not None:
        figures.insert(-1, f"latent kept {row['latents_kept']:.3f}")
    return "; ".join(figures)


def image_cells(rows: list[dict]) -> tuple[list[str], list[list[str]]]:
    """Headings and cells of the table of all rows, without the columns in which none has a value;
    what is not known is a dash.
    """
    shown = [column for column in COLUMNS if any(row[column[1]] is not None for row in rows)]
    table = [
        [
            image_series(row),
            *("-" if row[key] is None else format(row[key], form) for _, key, form in shown),
        ]
        for row in rows
    ]
    return ["codec", *(heading for heading, _, _ in shown)], table


def _mean(values: Iterable[float | None]) -> float | None:
    """Mean of the values that are there."""
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
