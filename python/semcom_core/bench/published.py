# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Published figures of other systems beside measured ones, from published.yml with its sources."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources

import yaml


@dataclass(frozen=True)
class Published:
    """One published curve.

    Args:
        system: its name.
        channel: awgn or rayleigh.
        uses: what it spends.
        short: the same in a few letters, for a legend.
        bleu: BLEU-1 and BLEU-4 by SNR in dB.
    """

    system: str
    channel: str
    uses: str
    short: str
    bleu: dict[float, tuple[float, float]]

    def curve(self, order: int) -> tuple[list[float], list[float]]:
        """SNRs in dB, and BLEU-1 or BLEU-4 at each."""
        return list(self.bleu), [pair[0 if order == 1 else 1] for pair in self.bleu.values()]


@dataclass(frozen=True)
class PublishedPictures:
    """One published curve of pictures.

    Args:
        system: its name.
        channel: awgn or rayleigh.
        cbr: channel uses over 3 H W, as a fraction.
        read: table or plot, whence the figures were read.
        psnr_db: mean PSNR over the Kodak pictures by SNR, both in dB.
    """

    system: str
    channel: str
    cbr: str
    read: str
    psnr_db: dict[float, float]


def published(channel: str) -> list[Published]:
    """The published curves of text over a kind of channel, awgn or rayleigh."""
    return [Published(**entry) for entry in _entries(channel) if "bleu" in entry]


def published_pictures(channel: str, cbr: str) -> list[PublishedPictures]:
    """The published curves of pictures over a kind of channel at a channel bandwidth ratio, such as
    1/16.
    """
    return [
        PublishedPictures(**entry)
        for entry in _entries(channel)
        if "psnr_db" in entry and entry["cbr"] == cbr
    ]


def _entries(channel: str) -> list[dict]:
    text = (
        resources.files("semcom_core.bench").joinpath("published.yml").read_text(encoding="utf-8")
    )
    return [entry for entry in yaml.safe_load(text) if entry["channel"] == channel]
