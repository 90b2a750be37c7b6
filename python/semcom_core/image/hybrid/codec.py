# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hybrid image codec: VVC layers over a channel code near capacity, and analog layers.

    matched    picture ─► VVC ─► channel code

    graceful   picture ─► VVC base layer ──────────────────► channel code ─┐
               residual ─► VVC enhancement layer ──────────► channel code ─┤ superposed
               residual of both ─► refinement, analog ─────────────────────┘
               picture ─► thumbnail, analog, in channel uses of its own

"matched" is best where the SNR is known. "graceful" gets better with every dB: below the SNR of the
base layer the thumbnail shows, above that of the enhancement the refinement adds to it.

The header's `params` is the rate index of the last digital layer; its codec number tells the
profile. Symbols y (N,) of a received picture are y = x + n with E|n|^2 = noise_var (N,).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from semcom_core.config import setting
from semcom_core.errors import FrameError, check_choice, check_number, check_range
from semcom_core.frame import Frame, ReceivedFrame
from semcom_core.image.codec import DecodedImage, ImageCodec
from semcom_core.image.coders.still_coder import CODERS
from semcom_core.image.digital import index_for
from semcom_core.image.fragments import (
    collect_fragments,
    frames_of,
    parse_cbr,
    shape_for,
    uses_for,
)
from semcom_core.image.hybrid.analog import Refinement, Thumbnail
from semcom_core.image.hybrid.layers import (
    CodedLayers,
    Superposition,
    add_layer,
    compress_layers,
)
from semcom_core.image.hybrid.layout import PROFILES, HybridLayout, PowerSplit, graceful_split
from semcom_core.image.hybrid.roi_prefilter import roi_prefilter
from semcom_core.image.picture import check_importance, check_pixels


@dataclass(frozen=True)
class HybridConfig:
    """Settings of the hybrid codec. The receiver needs none of them.

    Raises:
        ConfigError: a value is out of range.
    """

    profile: str = setting(
        "matched", "matched (one digital layer) or graceful (base, enhancement and analog layer)"
    )
    cbr: str = setting(
        "1/16", "channel uses over 3 H W, a number or a fraction; all side information is counted"
    )
    margin_db: float = setting(
        0.0, "how far below the stated SNR the channel may fall, dB, 0 to 30"
    )
    coder: str = setting("vvc", "vvc, or av1, which needs no ffmpeg program at either end")
    speed: int = setting(5, "speed of the encoder, 0 (slowest, best) to 10")
    price: float = setting(
        1.3, "dB where it is important that a dB of the whole picture must bring, 0.1 to 100"
    )
    offset_db: float = setting(
        6.0, "graceful: how far below the stated SNR the base still arrives, dB, 0 to 20"
    )
    base: int = setting(14, "graceful: the base layer's share of the power in 32nds, 1 to 27")
    analog: int = setting(3, "graceful: the analog layer's share of the power in 128ths, 0 to 15")

    def __post_init__(self) -> None:
        check_choice("profile", self.profile, PROFILES)
        parse_cbr(self.cbr)
        check_range("margin_db", self.margin_db, 0.0, 30.0)
        check_choice("coder", self.coder, CODERS)
        check_range("speed", self.speed, 0, 10)
        check_range("price", self.price, 0.1, 100.0)
        check_range("offset_db", self.offset_db, 0.0, 20.0)
        check_range("base", self.base, 1, 27)
        check_range("analog", self.analog, 0, 15)


class HybridCodec(ImageCodec):
    """Image codec "hybrid" (see the module)."""

    name = "hybrid"
    config_class = HybridConfig
    takes_importance = True

    def encode(
        self,
        pixels: np.ndarray,
        snr_db: float,
        message_id: int = 0,
        importance: np.ndarray | None = None,
    ) -> list[Frame]:
        """Frames of one picture (see ImageCodec)."""
        check_pixels(pixels)
        check_number("snr_db", snr_db)
        importance = check_importance(importance, pixels)
        uses = shape_for(uses_for(parse_cbr(self.config.cbr), *pixels.shape[:2])).uses
        design_db = snr_db - self.config.margin_db
        make = self._matched if self.config.profile == "matched" else self._graceful
        symbols, index = make(pixels, uses, design_db, importance)
        return frames_of(symbols, PROFILES[self.config.profile], message_id, index)

    def decode(self, frames: list[ReceivedFrame]) -> DecodedImage:
        """The picture in some of its frames, of either profile (see ImageCodec)."""
        profile_of = {number: profile for profile, number in PROFILES.items()}
        number = frames[0].header.codec if frames else self.number
        if number not in profile_of:
            number = self.number
        reception = collect_fragments(frames, number, self.name)
        header = reception.header
        y = reception.symbols
        noise_var = reception.noise_var
        layout = HybridLayout(profile_of[number], y.size, header.params)
        shortfall = reception.shortfall if reception.missing else ""
        side = layout.side.decode(y, noise_var)
        if side is None or not all(side[:2]):
            raise FrameError(
                f"the size of picture {header.message_id} did not arrive; "
                f"{shortfall or 'no fragment is missing'}"
            )
        read = _read_matched if layout.profile == "matched" else _read_graceful
        start = layout.side.uses
        picture, reason = read(layout, side, y[start:], noise_var[start:])
        if reason:
            reason = "; ".join(filter(None, (reason, shortfall)))
        pixels = np.clip(np.rint(picture), 0, 255).astype(np.uint8)
        return DecodedImage(
            pixels, not reason, header.message_id, reason, reception.missing, header.fragments
        )

    def _matched(
        self, pixels: np.ndarray, uses: int, snr_db: float, importance: np.ndarray | None
    ) -> tuple[np.ndarray, int]:
        """Symbols, complex (uses,), and rate index of a matched picture."""
        layout = HybridLayout("matched", uses, index_for(snr_db))
        layers = layout.layers()
        coded = self._compress(pixels, layers, importance)
        side = layout.side.encode(*pixels.shape[:2], *coded.steps)
        return np.concatenate([side, layers.modulate(coded.data)]), layout.index

    def _graceful(
        self, pixels: np.ndarray, uses: int, snr_db: float, importance: np.ndarray | None
    ) -> tuple[np.ndarray, int]:
        """Symbols, complex (uses,), and rate index of a graceful picture."""
        split, index = graceful_split(
            snr_db, self.config.offset_db, self.config.base, self.config.analog
        )
        layout = HybridLayout("graceful", uses, index)
        layers = layout.layers(split)
        coded = self._compress(pixels, layers, importance)
        refinement = Refinement(layout.layer_uses, coded.pictures[1], coded.pictures[0])
        analog, scale = refinement.encode(pixels)
        side = layout.side.encode(
            *pixels.shape[:2], *coded.steps, split.base_index, split.base, split.analog, scale
        )
        thumbnail = Thumbnail(layout.thumbnail_uses, *pixels.shape[:2]).encode(pixels)
        return np.concatenate([side, thumbnail, layers.modulate(coded.data, analog)]), index

    def _compress(
        self, pixels: np.ndarray, layers: Superposition, importance: np.ndarray | None
    ) -> CodedLayers:
        """Digital layers of a picture of the bytes that their links carry."""
        sizes = [link.capacity_bytes for link in layers.links]
        if importance is not None:
            pixels = roi_prefilter(pixels, importance, sum(sizes), self.config.price)
        return compress_layers(pixels, sizes, self.config.coder, self.config.speed)


def _read_matched(
    layout: HybridLayout, side: tuple[int, ...], y: np.ndarray, noise_var: np.ndarray
) -> tuple[np.ndarray, str]:
    """Decode the part of a matched picture after its side part.

    Args:
        layout: of the picture.
        side: numbers of its side part.
        y: received symbols, complex (n,), and in noise_var the noise variance of each.

    Returns:
        The picture, float (H, W, 3), and why it is degraded; empty where it is not.
    """
    height, width, steps = side
    decoded = layout.layers().demodulate(y, noise_var)
    if not decoded.data:
        return np.full((height, width, 3), 128.0), "the picture's CRC does not hold"
    return add_layer([], decoded.data[0], steps, height, width), ""


def _read_graceful(
    layout: HybridLayout, side: tuple[int, ...], y: np.ndarray, noise_var: np.ndarray
) -> tuple[np.ndarray, str]:
    """Decode as many layers of a graceful picture as arrived; as _read_matched."""
    height, width, base_steps, steps, base_index, base, analog, scale = side
    start = layout.thumbnail_uses
    layers = layout.layers(PowerSplit(base_index, base, analog))
    decoded = layers.demodulate(y[start:], noise_var[start:])
    if not decoded.data:
        thumbnail = Thumbnail(start, height, width).decode(y[:start], noise_var[:start])
        return thumbnail, "the base layer's CRC does not hold: only the thumbnail is shown"
    pictures = [add_layer([], decoded.data[0], base_steps, height, width)]
    if len(decoded.data) == 1:
        return pictures[0], "the enhancement layer's CRC does not hold: only the base is shown"
    pictures.append(add_layer(pictures, decoded.data[1], steps, height, width))
    if decoded.symbols is None or decoded.noise_var is None:
        return pictures[1], ""
    refinement = Refinement(layout.layer_uses, pictures[1], pictures[0])
    return refinement.decode(decoded.symbols, decoded.noise_var, scale), ""
