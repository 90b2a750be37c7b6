# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a link monitor keeps of messages, texts or pictures, and how it compares what was sent with what arrived."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from semcom_core.metrics.image import psnr_db

from .pdu import read_text
from .picture_pdu import is_picture, read_picture_pdu


@dataclass(frozen=True)
class Picture:
    """A picture on its way.

    Args:
        name: what it is called.
        pixels: uint8 (H, W, 3); None where they are not kept.
    """

    name: str
    pixels: np.ndarray | None


#: What a message can hold.
Content = str | Picture


def read_content(message) -> tuple[dict, Content]:
    """Metadata and content of a text or picture PDU.

    Raises:
        FrameError: the message is neither.
    """
    if not is_picture(message):
        return read_text(message)
    meta, pixels = read_picture_pdu(message)
    return meta, Picture(meta.get("name", ""), pixels)


def judge(sent: Content, received: Content, decoded: bool) -> str:
    """What became of a message that arrived: one of the ledger's outcomes."""
    if not decoded:
        return "marked"
    if isinstance(sent, Picture) and isinstance(received, Picture):
        return "whole"
    return "exact" if sent == received else "wrong"


def quality_db(sent: Content, received: Content) -> float | None:
    """PSNR of a received picture, dB; None of texts, and of pictures of another size or not kept."""
    pixels = [content.pixels for content in (sent, received) if isinstance(content, Picture)]
    if len(pixels) < 2 or any(p is None for p in pixels) or pixels[0].shape != pixels[1].shape:
        return None
    return psnr_db(*pixels)


def label(content: Content | None) -> str | None:
    """A message's content for a report: the text itself, the picture's name."""
    return content.name if isinstance(content, Picture) else content


def light(content: Content | None) -> Content | None:
    """The content without pixels, for what is kept on the chance that it may be needed."""
    return Picture(content.name, None) if isinstance(content, Picture) else content
