# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What matters in the pictures of a bench that sends each of them several times."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from semcom_core.image.attention import Attention
from semcom_core.image.knowledge import KnowledgeBase
from semcom_core.image.knowledge_segments import Segments


class BenchAttention:
    """The attention over the segments of the knowledge base, both loaded for the first picture; segments are kept.

    Args:
        weights: of the attention; empty for those shipped.
    """

    def __init__(self, weights: str = ""):
        self._weights, self._segments = weights, {}

    def __call__(self, pixels: np.ndarray, mode: str) -> np.ndarray:
        """Importance of a picture's pixels, float32 (H, W) in 0 to 1; see Attention.importance."""
        return self._attention.importance(pixels, None if mode == "spatial" else self._segments_of(pixels), mode)

    @cached_property
    def _attention(self) -> Attention:
        return Attention(self._weights or None)

    @cached_property
    def _knowledge(self) -> KnowledgeBase:
        return KnowledgeBase()

    def _segments_of(self, pixels: np.ndarray) -> Segments:
        key = (pixels.shape, pixels.tobytes())
        if key not in self._segments:
            self._segments[key] = self._knowledge.segments(pixels)
        return self._segments[key]
