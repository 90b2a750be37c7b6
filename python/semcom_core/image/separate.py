# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Separate source and channel coding of pictures: JPEG, WebP or AVIF over a channel code.

    picture ─► file of as many bytes as the link carries ─► DigitalLink ─┐
    width, height ─► polar code, QPSK (the side part) ───────────────────┴─► fragments

The header's `params` is the rate index of the digital link. The picture's size travels on its own,
well protected, so that a damaged file still becomes a picture of the right size, which is marked.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np

from semcom_core.config import setting
from semcom_core.errors import FrameError, check_range
from semcom_core.frame import Frame, ReceivedFrame
from semcom_core.image.codec import DecodedImage, ImageCodec
from semcom_core.image.coders.av1 import avif_file
from semcom_core.image.coders.jpeg_webp import (
    FileEncoder,
    encode_to_size,
    jpeg_file,
    read_file,
    webp_file,
)
from semcom_core.image.digital import DigitalLink, index_for
from semcom_core.image.fragments import (
    collect_fragments,
    frames_of,
    parse_cbr,
    shape_for,
    uses_for,
)
from semcom_core.image.picture import MAX_SIDE, check_importance, check_pixels
from semcom_core.image.side_info import SidePart

#: Grey of a picture whose file cannot be read.
_MID_GREY = 128


@dataclass(frozen=True)
class SeparateImageConfig:
    """Settings of a separate image codec.

    Raises:
        ConfigError: a value is out of range.
    """

    cbr: str = setting(
        "1/16",
        "channel uses over 3 H W, a number or a fraction; the size of the picture is counted",
    )
    margin_db: float = setting(
        0.0, "how far below the stated SNR the channel may fall, dB, 0 to 30"
    )
    shaped: bool = setting(
        False, "shape the amplitudes of QAM, as the hybrid codec does; both ends need the same"
    )

    def __post_init__(self) -> None:
        parse_cbr(self.cbr)
        check_range("margin_db", self.margin_db, 0.0, 30.0)


class SeparateImageCodec(ImageCodec):
    """Image codec over a file format (see ImageCodec); a codec says how its files are made."""

    config_class: ClassVar[type] = SeparateImageConfig

    @property
    @abstractmethod
    def file_encoder(self) -> FileEncoder:
        """Makes a file of at most so many bytes."""

    def encode(
        self,
        pixels: np.ndarray,
        snr_db: float,
        message_id: int = 0,
        importance: np.ndarray | None = None,
    ) -> list[Frame]:
        """Frames of one picture at the rate for `snr_db` (see ImageCodec)."""
        check_pixels(pixels)
        check_importance(importance, pixels)
        height, width = pixels.shape[:2]
        uses = shape_for(uses_for(parse_cbr(self.config.cbr), height, width)).uses
        params = index_for(snr_db, self.config.margin_db)
        side, link = _parts(uses, params, self.config.shaped)
        data = encode_to_size(pixels, link.capacity_bytes, self.file_encoder)
        return frames_of(
            np.concatenate([side.encode(height, width), link.encode(data)]),
            self.number,
            message_id,
            params,
        )

    def decode(self, frames: list[ReceivedFrame]) -> DecodedImage:
        """The picture in some of its frames, in any order; where the file is damaged, what can be
        read of it (see ImageCodec).
        """
        reception = collect_fragments(frames, self.number, self.name)
        header = reception.header
        side, link = _parts(reception.symbols.size, header.params, self.config.shaped)
        size = side.decode(reception.symbols, reception.noise_var)
        if size is None or not all(size):
            raise FrameError(
                f"the size of picture {header.message_id} did not arrive; {reception.shortfall}"
            )
        data, whole = link.decode(reception.symbols[side.uses :], reception.noise_var[side.uses :])
        reason = "" if whole else "the CRC does not hold"
        try:
            pixels = read_file(data, *size)
        except FrameError as error:
            pixels = np.full((*size, 3), _MID_GREY, np.uint8)
            reason = f"{reason or 'the CRC holds'}: {error}"
        if reason and reception.missing:
            reason = "; ".join(filter(None, (reason, reception.shortfall)))
        return DecodedImage(
            pixels, not reason, header.message_id, reason, reception.missing, header.fragments
        )


class JpegCodec(SeparateImageCodec):
    """JPEG, progressive, with optimised Huffman codes and tables made for PSNR."""

    name = "jpeg"
    file_encoder = staticmethod(jpeg_file)


class WebpCodec(SeparateImageCodec):
    """WebP at its slowest method."""

    name = "webp"
    file_encoder = staticmethod(webp_file)


@dataclass(frozen=True)
class AvifConfig(SeparateImageConfig):
    """Settings of the AVIF codec.

    Raises:
        ConfigError: a value is out of range.
    """

    speed: int = setting(3, "speed of the last encoding, 0 (slowest, best) to 10")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range("speed", self.speed, 0, 10)


class AvifCodec(SeparateImageCodec):
    """AVIF (AV1), tuned for PSNR, chroma at full size."""

    name = "avif"
    config_class = AvifConfig

    @property
    def file_encoder(self) -> FileEncoder:
        """Makes an AVIF file at the speed of the settings."""
        return partial(avif_file, speed=self.config.speed)


def _parts(uses: int, params: int, shaped: bool) -> tuple[SidePart, DigitalLink]:
    """Side part (height, width) and digital part of a picture's symbols.

    Raises:
        FrameError: there are too few symbols for both.
    """
    side = SidePart(uses, (MAX_SIDE.bit_length(),) * 2)
    link = DigitalLink(uses - side.uses, params, shaped) if uses > side.uses else None
    if link is None or not link.capacity_bytes:
        raise FrameError(
            f"picture has {uses} channel uses, which carry no file at rate index {params}; more "
            "are needed: raise cbr"
        )
    return side, link
