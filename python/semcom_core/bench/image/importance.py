# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Importance of the pixels of bench pictures, as it is handed to a codec."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from semcom_core.errors import check_choice
from semcom_core.image.segmentation.attention import Attention
from semcom_core.image.segmentation.knowledge import KnowledgeBase, KnowledgeConfig
from semcom_core.image.segmentation.segments import Segments

#: Nothing, the objects that the data name, or what the attention over the segments of each picture
#: finds.
KINDS = ("off", "objects", "attention")


class Importance:
    """Importance of one kind.

    Args:
        kind: one of KINDS; networks are loaded for the first picture that takes them.
        device: what they compute on, one of config.DEVICES.

    Raises:
        ConfigError: the kind is unknown.
    """

    def __init__(self, kind: str, device: str = "cpu"):
        check_choice("roi", kind, KINDS)
        self._kind = kind
        self._device = device

    def __call__(self, pixels: np.ndarray, objects: np.ndarray | None) -> np.ndarray | None:
        """What matters in a picture, float32 (H, W) in 0 to 1; None where the codec is told
        nothing.

        Args:
            pixels: uint8 (H, W, 3).
            objects: where the data name objects, bool (H, W), or None.

        Raises:
            ModelError: the networks are not there.
        """
        if self._kind == "attention":
            return self._attention(pixels, "both")
        if self._kind == "objects" and objects is not None:
            return objects.astype(np.float32)
        return None

    @cached_property
    def _attention(self) -> BenchAttention:
        return BenchAttention(device=self._device)


class BenchAttention:
    """The attention over the segments of the knowledge base, for benches that send each picture
    several times: networks are loaded for the first picture, and segments are kept.

    Args:
        weights: of the attention; empty for those shipped.
        device: what attention and knowledge base compute on, one of config.DEVICES.
    """

    def __init__(self, weights: str = "", device: str = "cpu"):
        self._weights = weights
        self._device = device
        self._segments: dict[tuple[tuple[int, ...], bytes], Segments] = {}

    def __call__(self, pixels: np.ndarray, mode: str) -> np.ndarray:
        """Importance of a picture's pixels, float32 (H, W) in 0 to 1; see Attention.importance."""
        segments = None if mode == "spatial" else self._segments_of(pixels)
        return self._attention.importance(pixels, segments, mode)

    @cached_property
    def _attention(self) -> Attention:
        return Attention(self._weights or None, self._device)

    @cached_property
    def _knowledge(self) -> KnowledgeBase:
        return KnowledgeBase(KnowledgeConfig(device=self._device))

    def _segments_of(self, pixels: np.ndarray) -> Segments:
        key = (pixels.shape, pixels.tobytes())
        if key not in self._segments:
            self._segments[key] = self._knowledge.segments(pixels)
        return self._segments[key]
