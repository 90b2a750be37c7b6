# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every image codec offers, and the table of codecs by name."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from semcom_core.errors import check_choice
from semcom_core.frame import Frame, ReceivedFrame


@dataclass(frozen=True)
class DecodedImage:
    """What an image codec made of the received frames of one message.

    Args:
        pixels: the picture, uint8 (H, W, 3) RGB; where `decoded` is False, the best guess.
        decoded: whether all that the sender coded digitally has arrived, or of an analog codec
            every fragment.
        message_id: number of the message, 0 to 255.
        reason: why the picture is degraded, in one line; empty where it is not.
        missing: fragments that never arrived.
        fragments: fragments that the message has.
    """

    pixels: np.ndarray
    decoded: bool
    message_id: int = 0
    reason: str = ""
    missing: int = 0
    fragments: int = 1


class ImageCodec(Protocol):
    """Pictures to frames and back. Codecs know nothing of samples."""

    name: str
    number: int

    def encode(
        self,
        pixels: np.ndarray,
        snr_db: float,
        message_id: int = 0,
        importance: np.ndarray | None = None,
    ) -> list[Frame]:
        """Frames of one picture, for a channel of SNR `snr_db`, dB.

        Args:
            pixels: uint8 (H, W, 3) RGB.
            importance: float (H, W), 0 to 1, what matters in the picture; None where everything
                does alike. A codec without a use for it leaves it aside.

        Raises:
            FrameError: the picture does not fit the largest number of fragments, or is too small
                for the channel uses it may take.
            ConfigError: the importance has another size than the picture.
        """

    def decode(self, frames: list[ReceivedFrame]) -> DecodedImage:
        """Decode the fragments of one picture, in any order; missing ones degrade the picture,
        which is marked then.

        Raises:
            FrameError: no frames, frames of another codec or of more than one picture, or too few
                to tell even the picture's size.
        """


#: Codec name → (number in the frame header, "module:class"). A module is imported when its codec is
#: first loaded.
IMAGE_CODECS = {
    "hybrid": (8, "semcom_core.image.hybrid.codec:HybridCodec"),
    "lam-sc": (9, "semcom_core.image.learned.lam_sc:LamScCodec"),
    "deepjscc": (10, "semcom_core.image.learned.deepjscc:DeepjsccCodec"),
    "softcast": (11, "semcom_core.image.softcast:SoftcastCodec"),
    "jpeg": (12, "semcom_core.image.separate:JpegCodec"),
    "webp": (13, "semcom_core.image.separate:WebpCodec"),
    "avif": (14, "semcom_core.image.separate:AvifCodec"),
}
#: Codec name → further numbers that its frames may bear: those of the hybrid codec's profile
#: graceful.
_FURTHER_NUMBERS = {"hybrid": (15,)}


def numbers_of(name: str) -> tuple[int, ...]:
    """All numbers in the frame header under which a codec's pictures travel."""
    return IMAGE_CODECS[name][0], *_FURTHER_NUMBERS.get(name, ())


def load_image_codec(name: str, **settings) -> ImageCodec:
    """Make an image codec by name; keyword arguments are fields of its configuration.

    Raises:
        ConfigError: unknown codec, unknown setting, or a setting out of range.
        ModelError: the codec needs a model that is not there.
    """
    check_choice("codec", name, IMAGE_CODECS)
    module, cls = IMAGE_CODECS[name][1].split(":")
    return getattr(importlib.import_module(module), cls).from_settings(**settings)
