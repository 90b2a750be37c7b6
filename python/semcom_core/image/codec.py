# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Image codec contract: base class, result type, and loading by name."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self, cast

import numpy as np

from semcom_core.codecs import CODECS, IMAGE, Codec, find_codec, load_codec
from semcom_core.frame import Frame, ReceivedFrame


@dataclass(frozen=True)
class DecodedImage:
    """Decoded picture of one message.

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

    def to_dict(self) -> dict[str, Any]:
        """The fields by name; `pixels` stays an array."""
        return asdict(self)


class ImageCodec(Codec):
    """Pictures to frames and back.

    Attributes:
        takes_importance: whether `encode` spends channel uses where the importance is high.
    """

    modality = IMAGE
    takes_importance: ClassVar[bool] = False

    @classmethod
    def from_settings(cls, **settings: Any) -> Self:
        """Make the codec (see Codec); `cbr` may be a number as well."""
        cbr = settings.get("cbr")
        if isinstance(cbr, int | float) and not isinstance(cbr, bool):
            settings["cbr"] = str(cbr)
        return super().from_settings(**settings)

    @abstractmethod
    def encode(
        self,
        pixels: np.ndarray,
        snr_db: float,
        message_id: int = 0,
        importance: np.ndarray | None = None,
    ) -> list[Frame]:
        """Frames of one picture.

        Args:
            pixels: uint8 (H, W, 3) RGB.
            snr_db: SNR of the channel, dB.
            message_id: number of the message, 0 to 255.
            importance: float (H, W), 0 to 1, what matters in the picture; None where everything
                does alike. A codec without a use for it leaves it aside.

        Raises:
            FrameError: the picture does not fit the largest number of fragments, or is too small
                for the channel uses it may take.
            ConfigError: the importance has another size than the picture.
        """

    @abstractmethod
    def decode(self, frames: list[ReceivedFrame]) -> DecodedImage:
        """Decode the fragments of one picture, in any order; missing ones degrade the picture,
        which is marked then.

        Raises:
            FrameError: no frames, frames of another codec or of more than one picture, or too few
                to tell even the picture's size.
            ModelError: the frames were made with another configuration.
        """

    def latents_kept(self, frames: list[Frame]) -> float | None:
        """Share of the latent symbols that the frames of a picture hold; None for a codec that
        masks none.
        """
        return None


#: Codec name → (number in the frame header, "module:class") of the image codecs of this package.
IMAGE_CODECS = {e.name: (e.number, e.target) for e in CODECS.values() if e.modality == IMAGE}


def numbers_of(name: str) -> tuple[int, ...]:
    """All numbers in the frame header under which a codec's pictures travel."""
    return find_codec(name, IMAGE).numbers


def load_image_codec(name: str, **settings: Any) -> ImageCodec:
    """Make an image codec by name; keyword arguments are fields of its configuration.

    Args:
        name: a name such as "hybrid", "module:Class", or one that another package declares (see
            semcom_core.codecs).

    Raises:
        ConfigError: unknown codec, unknown setting, or a setting out of range.
        ModelError: the codec needs a model that is not there.
    """
    return cast(ImageCodec, load_codec(name, IMAGE, **settings))
