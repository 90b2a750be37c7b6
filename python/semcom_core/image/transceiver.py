# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What matters in a picture: segments of Segment Anything, and how important the attention over
them finds each pixel.

One end of an image link: a codec, and for the sending end what matters in a picture.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from semcom_core.errors import check_choice
from semcom_core.frame import Frame, ReceivedFrame
from semcom_core.image.codec import DecodedImage, ImageCodec, load_image_codec
from semcom_core.image.segmentation.attention import Attention, importance_picture
from semcom_core.image.segmentation.knowledge import KnowledgeBase
from semcom_core.image.segmentation.panel import segments_picture
from semcom_core.image.segmentation.segments import Segments


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
        self._knowledge = KnowledgeBase()
        self._attention = Attention()

    def look(self, pixels: np.ndarray) -> Seen:
        """What is seen in a picture, uint8 (H, W, 3); raises FrameError where that is none."""
        segments = self._knowledge.segments(pixels)
        return Seen(pixels, segments, self._attention.importance(pixels, segments))


#: Where the importance of a picture's parts comes from: nowhere, or from Segment Anything and the
#: attention over its segments.
IMPORTANCES = ("none", "sam")


@dataclass(frozen=True)
class EncodedImage:
    """A picture on its way.

    Args:
        frames: its frames.
        views: name → picture for people to look at, uint8 (H, W, 3): segments and importance, where
            the codec was given any.
    """

    frames: list[Frame]
    views: dict[str, np.ndarray] = field(default_factory=dict)


class ImageEnd:
    """A codec by name, with Segment Anything beside it from the first picture on that needs it.

    Args:
        codec: encodes and decodes.
    """

    def __init__(self, codec: ImageCodec):
        self.codec = codec
        self._beholder = None

    @classmethod
    def from_settings(cls, codec: str, **settings) -> ImageEnd:
        """An end with the codec of that name; raises ConfigError and ModelError as load_image_codec
        does.
        """
        return cls(load_image_codec(codec, **settings))

    def encode(
        self, pixels: np.ndarray, snr_db: float, message_id: int = 0, importance: str = "none"
    ) -> EncodedImage:
        """Encode a picture, uint8 (H, W, 3), for a channel of SNR `snr_db`, dB.

        Args:
            importance: one of IMPORTANCES.

        Raises:
            FrameError: the codec refuses the picture.
            ConfigError: no such importance.
            ModelError: Segment Anything is not there.
        """
        check_choice("importance", importance, IMPORTANCES)
        if importance == "none":
            return EncodedImage(self.codec.encode(pixels, snr_db, message_id))
        if self._beholder is None:
            self._beholder = Beholder()
        seen = self._beholder.look(pixels)
        frames = self.codec.encode(pixels, snr_db, message_id, importance=seen.importance)
        return EncodedImage(frames, seen.views)

    def decode(self, frames: list[ReceivedFrame]) -> DecodedImage:
        """Decode the fragments of one picture; raises FrameError as the codec does."""
        return self.codec.decode(frames)
