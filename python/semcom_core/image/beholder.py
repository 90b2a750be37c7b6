# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What matters in a picture: segments of Segment Anything, and how important the attention over them finds each pixel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from semcom_core.image.attention import Attention, importance_picture
from semcom_core.image.knowledge import KnowledgeBase
from semcom_core.image.knowledge_segments import Segments
from semcom_core.image.panel import segments_picture


@dataclass(frozen=True)
class Seen:
    """What was seen in one picture.

    Args:
        pixels: the picture, uint8 (H, W, 3).
        segments: what it consists of.
        importance: float32 (H, W), 0 to 1.
    """

    pixels: np.ndarray
    segments: Segments
    importance: np.ndarray

    @property
    def views(self) -> dict[str, np.ndarray]:
        """Name → picture for people to look at, uint8 (H, W, 3): segments and importance."""
        return {
            "segments": segments_picture(self.pixels, self.segments.labels),
            "importance": importance_picture(self.pixels, self.importance),
        }


class Beholder:
    """Looks at pictures. The networks are loaded when it is made.

    Raises:
        ModelError: the networks are not there.
    """

    def __init__(self):
        self._knowledge, self._attention = KnowledgeBase(), Attention()

    def look(self, pixels: np.ndarray) -> Seen:
        """What is seen in a picture, uint8 (H, W, 3); raises FrameError where that is none."""
        segments = self._knowledge.segments(pixels)
        return Seen(pixels, segments, self._attention.importance(pixels, segments))
