# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One end of an image link: a codec, and for the sending end what matters in a picture."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from semcom_core.errors import check_choice
from semcom_core.image.codec import DecodedImage, ImageCodec, load_image_codec
from semcom_core.phy.frame import Frame, ReceivedFrame

#: Where the importance of a picture's parts comes from: nowhere, or from Segment Anything and the attention over its segments.
IMPORTANCES = ("none", "sam")


@dataclass(frozen=True)
class EncodedImage:
    """A picture on its way.

    Args:
        frames: its frames.
        views: name → picture for people to look at, uint8 (H, W, 3): segments and importance, where the codec was given any.
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
        """An end with the codec of that name; raises ConfigError and ModelError as load_image_codec does."""
        return cls(load_image_codec(codec, **settings))

    def encode(self, pixels: np.ndarray, snr_db: float, message_id: int = 0, importance: str = "none") -> EncodedImage:
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
            from semcom_core.image.beholder import Beholder

            self._beholder = Beholder()
        seen = self._beholder.look(pixels)
        frames = self.codec.encode(pixels, snr_db, message_id, importance=seen.importance)
        return EncodedImage(frames, seen.views)

    def decode(self, frames: list[ReceivedFrame]) -> DecodedImage:
        """Decode the fragments of one picture; raises FrameError as the codec does."""
        return self.codec.decode(frames)
