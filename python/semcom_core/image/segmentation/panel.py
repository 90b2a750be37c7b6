# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures: pictures side by side with captions, and segmentations in colours."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from semcom_core.errors import ConfigError
from semcom_core.image.picture import check_pixels

#: Share of a segment's colour over the picture.
_TINT = 0.55
#: Step from the hue of one segment to that of the next: the golden ratio keeps neighbours apart.
_HUE_STEP = 0.618034
#: Margins, pixels.
_MARGIN = 12
#: Sizes of the text, pixels, and distance of its lines over that.
_CAPTION_SIZE = 20
_NOTE_SIZE = 14
_LINE = 1.35


@dataclass(frozen=True)
class Panel:
    """One picture of several.

    Args:
        caption: text above it, a word or two.
        pixels: uint8 (H, W, 3).
        note: text below it, a few words a line.
    """

    caption: str
    pixels: np.ndarray
    note: str = ""

    def __post_init__(self) -> None:
        check_pixels(self.pixels)


def side_by_side(panels: Sequence[Panel], height: int = 384) -> np.ndarray:
    """Panels from left to right on white, captions above, notes below.

    Args:
        panels: one or more.
        height: to which each picture is scaled, pixels.

    Returns:
        uint8 (H, W, 3).

    Raises:
        ConfigError: there is no panel.
    """
    from PIL import Image, ImageDraw, ImageFont

    if not panels:
        raise ConfigError("panels are none; allowed is one or more")
    pictures = [Image.fromarray(p.pixels) for p in panels]
    pictures = [
        p.resize((max(1, round(p.width * height / p.height)), height), Image.LANCZOS)
        for p in pictures
    ]
    fonts = {size: ImageFont.load_default(size) for size in (_CAPTION_SIZE, _NOTE_SIZE)}
    widths = [
        max(p.width, *(_text_width(panel, fonts)))
        for p, panel in zip(pictures, panels, strict=True)
    ]
    top = _MARGIN + round(_CAPTION_SIZE * _LINE)
    lines = max(len(panel.note.splitlines()) for panel in panels)
    size = (
        sum(widths) + _MARGIN * (len(panels) + 1),
        top + height + _MARGIN + round(lines * _NOTE_SIZE * _LINE),
    )
    sheet = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(sheet)
    left = _MARGIN
    for panel, picture, width in zip(panels, pictures, widths, strict=True):
        pen.text((left, _MARGIN // 2), panel.caption, "black", fonts[_CAPTION_SIZE])
        sheet.paste(picture, (left, top))
        for number, line in enumerate(panel.note.splitlines()):
            pen.text(
                (left, top + height + 4 + round(number * _NOTE_SIZE * _LINE)),
                line,
                "dimgrey",
                fonts[_NOTE_SIZE],
            )
        left += width + _MARGIN
    return np.array(sheet)


def _text_width(panel: Panel, fonts: dict) -> list[int]:
    """Widths of a panel's caption and of the lines of its note, pixels."""
    lines = [
        (panel.caption, fonts[_CAPTION_SIZE]),
        *((line, fonts[_NOTE_SIZE]) for line in panel.note.splitlines()),
    ]
    return [round(font.getlength(line)) for line, font in lines]


def segments_picture(pixels: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Segments as colours over the picture, with white borders between them.

    Args:
        pixels: uint8 (H, W, 3).
        labels: int (H, W), number of the segment that a pixel is part of; 0, none, keeps the
            picture's colour.

    Returns:
        uint8 (H, W, 3).

    Raises:
        ConfigError: the labels are of another size than the picture.
    """
    check_pixels(pixels)
    if labels.shape != pixels.shape[:2]:
        raise ConfigError(
            f"labels are of size {labels.shape}; allowed is that of the picture, {pixels.shape[:2]}"
        )
    colours = np.array(
        [
            colorsys.hsv_to_rgb(number * _HUE_STEP % 1, 0.75, 1.0)
            for number in range(int(labels.max(initial=0)) + 1)
        ]
    )
    tint = np.where(labels[..., None] > 0, _TINT, 0.0)
    mixed = (1 - tint) * pixels + tint * 255 * colours[labels]
    border = np.zeros(labels.shape, bool)
    border[1:] |= labels[1:] != labels[:-1]
    border[:, 1:] |= labels[:, 1:] != labels[:, :-1]
    mixed[border] = 255
    return np.round(mixed).astype(np.uint8)
