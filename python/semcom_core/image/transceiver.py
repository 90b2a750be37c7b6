# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Image transceiver: an image codec by name, with importance estimation at the sending end.

picture ─► Segment Anything ─► segments ─► attention ─► importance ─┐
   └────────────────────────────────────────────────────────────────┴─► codec ─► frames
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from semcom_core.errors import check_choice
from semcom_core.frame import Frame, ReceivedFrame
from semcom_core.image.codec import DecodedImage, ImageCodec, load_image_codec
from semcom_core.image.segmentation.attention import Attention, importance_picture
from semcom_core.image.segmentation.knowledge import KnowledgeBase, KnowledgeConfig
from semcom_core.image.segmentation.panel import segments_picture
from semcom_core.image.segmentation.segments import Segments

#: Sources of the importance: none, or Segment Anything and the attention over its segments.
IMPORTANCES = ("none", "sam")


@dataclass(frozen=True)
class ImportanceEstimate:
    """Segments and importance of one picture.

    Args:
        pixels: the picture, uint8 (H, W, 3).
        segments: of the picture.
        importance: float32 (H, W), 0 to 1.
    """

    pixels: np.ndarray
    segments: Segments
    importance: np.ndarray

    @property
    def views(self) -> dict[str, np.ndarray]:
        """Name → picture to show, uint8 (H, W, 3): segments and importance."""
        return {
            "segments": segments_picture(self.pixels, self.segments.labels),
            "importance": importance_picture(self.pixels, self.importance),
        }


class ImportanceEstimator:
    """Estimates the importance of each pixel. The networks are loaded when it is made.

    Args:
        device: what the networks compute on, one of config.DEVICES.

    Raises:
        ConfigError: there is no such device.
        ModelError: the networks are not there.
    """

    def __init__(self, device: str = "cpu") -> None:
        self._knowledge = KnowledgeBase(KnowledgeConfig(device=device))
        self._attention = Attention(device=device)

    def estimate(self, pixels: np.ndarray) -> ImportanceEstimate:
        """Segments and importance of a picture.

        Args:
            pixels: uint8 (H, W, 3) RGB.

        Raises:
            FrameError: that is no picture.
        """
        segments = self._knowledge.segments(pixels)
        return ImportanceEstimate(pixels, segments, self._attention.importance(pixels, segments))


@dataclass(frozen=True)
class EncodedImage:
    """Frames of a picture.

    Args:
        frames: its frames.
        views: name → picture to show, uint8 (H, W, 3): segments and importance, where the codec was
            given any.
    """

    frames: list[Frame]
    views: dict[str, np.ndarray] = field(default_factory=dict)


class ImageEnd:
    """One end of an image link.

    Args:
        codec: encodes and decodes; Segment Anything is loaded for the first picture that needs it,
            on the device that the codec's network computes on.
    """

    def __init__(self, codec: ImageCodec):
        self.codec = codec
        self._estimator: ImportanceEstimator | None = None

    @classmethod
    def from_settings(cls, codec: str, **settings: Any) -> ImageEnd:
        """An end with the codec of that name; raises ConfigError and ModelError as load_image_codec
        does.
        """
        return cls(load_image_codec(codec, **settings))

    def encode(
        self, pixels: np.ndarray, snr_db: float, message_id: int = 0, importance: str = "none"
    ) -> EncodedImage:
        """Encode a picture.

        Args:
            pixels: uint8 (H, W, 3) RGB.
            snr_db: SNR of the channel, dB.
            message_id: number of the message, 0 to 255.
            importance: one of IMPORTANCES.

        Raises:
            FrameError: the codec refuses the picture.
            ConfigError: no such importance.
            ModelError: Segment Anything is not there.
        """
        check_choice("importance", importance, IMPORTANCES)
        if importance == "none":
            return EncodedImage(self.codec.encode(pixels, snr_db, message_id))
        if self._estimator is None:
            self._estimator = ImportanceEstimator(self.codec.device)
        estimate = self._estimator.estimate(pixels)
        frames = self.codec.encode(pixels, snr_db, message_id, importance=estimate.importance)
        return EncodedImage(frames, estimate.views)

    def decode(self, frames: list[ReceivedFrame]) -> DecodedImage:
        """Decode the fragments of one picture; raises FrameError as the codec does."""
        return self.codec.decode(frames)
