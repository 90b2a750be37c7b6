# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Image codec in terms of channel symbols: the base of an image codec of one's own.

    side part │ symbols of the picture │ padding          all of it counted as channel uses

The side part holds width, height and 8 bits of the fingerprint behind a polar code and a CRC; the
header's rate parameter holds 6 further bits. Fragments are interleaved symbol by symbol, so that a
lost one takes a little of everything.
"""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from semcom_core.codecs import check_power
from semcom_core.errors import FrameError, ModelError
from semcom_core.frame import Frame, ReceivedFrame
from semcom_core.image.codec import DecodedImage, ImageCodec
from semcom_core.image.fragments import (
    collect_fragments,
    frames_of,
    parse_cbr,
    shape_for,
    uses_for,
)
from semcom_core.image.picture import check_importance, check_pixels
from semcom_core.image.side_info import SidePart

#: Bits of height, width and fingerprint in the side part.
_WIDTHS = (14, 14, 8)
#: Values of a picture for each of its channel uses, at most: a forged size costs no memory.
_MOST_VALUES_PER_USE = 1024


class SymbolImageCodec(ImageCodec):
    """Image codec that is written in terms of channel symbols; frames are made and read here.

    A codec of one's own states what Codec asks for, with a setting `cbr` (channel bandwidth ratio
    that is not exceeded, a fraction or a number), and these two methods. Symbols have unit mean
    power.
    """

    @abstractmethod
    def to_symbols(self, pixels: np.ndarray, snr_db: float) -> np.ndarray:
        """Channel symbols of a picture, complex (n,), E|x|^2 = 1.

        Args:
            pixels: uint8 (H, W, 3) RGB.
            snr_db: SNR of the channel, dB.
        """

    @abstractmethod
    def from_symbols(
        self, symbols: np.ndarray, noise_var: np.ndarray, height: int, width: int
    ) -> np.ndarray:
        """The picture, uint8 (H, W, 3), of received symbols y = x + n.

        Args:
            symbols: complex128 (n or some more,); the last ones may be padding.
            noise_var: float64, E|n|^2 of each; inf where a fragment is missing.
            height: H, as it was sent.
            width: W, as it was sent.
        """

    def encode(
        self,
        pixels: np.ndarray,
        snr_db: float,
        message_id: int = 0,
        importance: np.ndarray | None = None,
    ) -> list[Frame]:
        """Frames of one picture; the importance is left aside (see ImageCodec)."""
        check_pixels(pixels)
        check_importance(importance, pixels)
        height, width = pixels.shape[:2]
        symbols = np.asarray(self.to_symbols(pixels, snr_db), np.complex64)
        check_power(symbols)
        uses = _uses_for(symbols.size)
        most = uses_for(parse_cbr(self.config.cbr), height, width)
        if uses > most:
            raise FrameError(
                f"picture takes {uses} channel uses; cbr {self.config.cbr} allows {most}"
            )
        side = SidePart(uses, _WIDTHS).encode(height, width, self.fingerprint >> 6 & 255)
        padding = np.zeros(uses - side.size - symbols.size, np.complex64)
        parts = np.concatenate([side, symbols, padding])
        return frames_of(parts, self.number, message_id, self.fingerprint & 63)

    def decode(self, frames: list[ReceivedFrame]) -> DecodedImage:
        """The picture in some of its frames; it is marked where any is missing (see ImageCodec)."""
        reception = collect_fragments(frames, self.number, self.name)
        header = reception.header
        self._check(header.params, self.fingerprint & 63)
        missing = f"{reception.missing} of {header.fragments} fragments are missing"
        side = SidePart(reception.symbols.size, _WIDTHS)
        numbers = side.decode(reception.symbols, reception.noise_var)
        if numbers is None or not (numbers[0] and numbers[1]):
            raise FrameError(f"the size of picture {header.message_id} did not arrive; {missing}")
        height, width, stated = numbers
        if 3 * height * width > _MOST_VALUES_PER_USE * reception.symbols.size:
            raise FrameError(
                f"picture says that it is {width}x{height} in {reception.symbols.size} channel "
                f"uses; allowed are {_MOST_VALUES_PER_USE} values a use"
            )
        self._check(stated, self.fingerprint >> 6 & 255)
        pixels = self.from_symbols(
            reception.symbols[side.uses :], reception.noise_var[side.uses :], height, width
        )
        check_pixels(pixels)
        if pixels.shape != (height, width, 3):
            raise FrameError(
                f"codec {self.name!r} decodes to shape {pixels.shape}; allowed is the size "
                f"that was sent, {(height, width, 3)}"
            )
        reason = missing if reception.missing else ""
        return DecodedImage(
            pixels, not reason, header.message_id, reason, reception.missing, header.fragments
        )

    def room(self, height: int, width: int) -> int:
        """Most symbols that `to_symbols` may give for a picture, by the setting `cbr`."""
        uses = shape_for(uses_for(parse_cbr(self.config.cbr), height, width)).uses
        return uses - SidePart(uses, _WIDTHS).uses

    def _check(self, stated: int, own: int) -> None:
        """Raise ModelError where a part of the fingerprint is another than this codec's."""
        if stated != own:
            raise ModelError(
                f"frames were made by another codec or configuration (fingerprint {stated}); "
                f"{self.name!r} with these settings has {own}"
            )


def _uses_for(symbols: int) -> int:
    """Fewest channel uses that hold a side part and so many symbols in fragments of equal length.

    Raises:
        FrameError: they do not fit one message.
    """
    uses = symbols
    while True:
        shape = shape_for(uses)
        if shape.uses >= symbols + SidePart(shape.uses, _WIDTHS).uses:
            return shape.uses
        uses += 1
