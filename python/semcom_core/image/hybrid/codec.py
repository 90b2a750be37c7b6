# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hybrid image codec: VVC layers over a channel code near capacity, and analog symbols for what
they leave.

    matched    picture ─► VVC ─► channel code                                  best where the SNR is known
    graceful   picture ─► VVC base ─────────────────► channel code ─┐
               what it leaves ─► VVC enhancement ──► channel code ─┤ superposed
               what that leaves ─► cosine coefficients, analog ────┘
               picture ─► lowest frequencies, analog ─► uses of their own      gets better with every dB, and never fails outright

The header's `params` is the rate index of the last digital layer; its codec number tells the
profile.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from semcom_core.config import setting
from semcom_core.errors import FrameError, check_choice, check_range
from semcom_core.frame import Frame, ReceivedFrame
from semcom_core.image.codec import DecodedImage, ImageCodec
from semcom_core.image.coders.still import CODERS
from semcom_core.image.digital import index_for
from semcom_core.image.fragments import frames_of, parse_cbr, received, shape_for, uses_for
from semcom_core.image.hybrid.analog import Refinement, Thumbnail
from semcom_core.image.hybrid.layers import (
    Layers,
    Received,
    Superposition,
    add_layer,
    compress_layers,
)
from semcom_core.image.hybrid.layout import PROFILES, Plan, Split, graceful_split
from semcom_core.image.hybrid.roi_prefilter import emphasise
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

    def __post_init__(self):
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
        importance = check_importance(importance, pixels)
        uses = shape_for(uses_for(parse_cbr(self.config.cbr), *pixels.shape[:2])).uses
        design_db = snr_db - self.config.margin_db
        make = self._matched if self.config.profile == "matched" else self._graceful
        symbols, index = make(pixels, uses, design_db, importance)
        return frames_of(symbols, PROFILES[self.config.profile], message_id, index)

    def decode(self, frames: list[ReceivedFrame]) -> DecodedImage:
        """The picture in some of its frames, of either profile (see ImageCodec)."""
        numbers = {number: profile for profile, number in PROFILES.items()}
        number = frames[0].header.codec if frames else self.number
        reception = received(frames, number if number in numbers else self.number, self.name)
        header = reception.header
        y = reception.symbols
        noise_var = reception.noise_var
        plan = Plan(numbers[number], y.size, header.params)
        side = plan.side.decode(y, noise_var)
        lacking = (
            f"{reception.missing} of {header.fragments} fragments are missing"
            if reception.missing
            else ""
        )
        if side is None or not all(side[:2]):
            raise FrameError(
                f"the size of picture {header.message_id} did not arrive; "
                f"{lacking or 'no fragment is missing'}"
            )
        read = _read_matched if plan.profile == "matched" else _read_graceful
        pixels, reason = read(plan, side, y[plan.side.uses :], noise_var[plan.side.uses :])
        reason = "; ".join(filter(None, (reason, lacking))) if reason else ""
        pixels = np.clip(np.rint(pixels), 0, 255).astype(np.uint8)
        return DecodedImage(
            pixels, not reason, header.message_id, reason, reception.missing, header.fragments
        )

    def _matched(
        self, pixels: np.ndarray, uses: int, snr_db: float, importance: np.ndarray | None
    ) -> tuple[np.ndarray, int]:
        """Symbols and rate index of a matched picture."""
        plan = Plan("matched", uses, index_for(snr_db))
        layers = plan.layers()
        coded = self._compress(pixels, layers, importance)
        side = plan.side.encode(*pixels.shape[:2], *coded.steps)
        return np.concatenate([side, layers.modulate(coded.data)]), plan.index

    def _graceful(
        self, pixels: np.ndarray, uses: int, snr_db: float, importance: np.ndarray | None
    ) -> tuple[np.ndarray, int]:
        """Symbols and rate index of a graceful picture."""
        split, index = graceful_split(
            snr_db, self.config.offset_db, self.config.base, self.config.analog
        )
        plan = Plan("graceful", uses, index)
        layers = plan.layers(split)
        coded = self._compress(pixels, layers, importance)
        analog, scale = Refinement(plan.layer_uses, coded.pictures[1], coded.pictures[0]).encode(
            pixels
        )
        side = plan.side.encode(
            *pixels.shape[:2], *coded.steps, split.base_index, split.base, split.analog, scale
        )
        thumbnail = Thumbnail(plan.thumbnail_uses, *pixels.shape[:2]).encode(pixels)
        return np.concatenate([side, thumbnail, layers.modulate(coded.data, analog)]), index

    def _compress(
        self, pixels: np.ndarray, layers: Superposition, importance: np.ndarray | None
    ) -> Layers:
        """Digital layers of a picture as large as their links carry."""
        sizes = [link.capacity_bytes for link in layers.links]
        if importance is not None:
            pixels = emphasise(pixels, importance, sum(sizes), self.config.price)
        return compress_layers(pixels, sizes, self.config.coder, self.config.speed)


def _read_matched(
    plan: Plan, side: tuple[int, ...], y: np.ndarray, noise_var: np.ndarray
) -> tuple[np.ndarray, str]:
    """The picture, float (H, W, 3), and why it is degraded."""
    height, width, steps = side
    got = plan.layers().demodulate(y, noise_var)
    if not got.data:
        return np.full((height, width, 3), 128.0), "the picture's CRC does not hold"
    return add_layer([], got.data[0], steps, height, width), ""


def _read_graceful(
    plan: Plan, side: tuple[int, ...], y: np.ndarray, noise_var: np.ndarray
) -> tuple[np.ndarray, str]:
    """The picture from as many layers as arrived, and why it is degraded."""
    height, width, base_steps, steps, base_index, base, analog, scale = side
    start = plan.thumbnail_uses
    got: Received = plan.layers(Split(base_index, base, analog)).demodulate(
        y[start:], noise_var[start:]
    )
    if not got.data:
        thumbnail = Thumbnail(start, height, width).decode(y[:start], noise_var[:start])
        return thumbnail, "the base layer's CRC does not hold: only the thumbnail is shown"
    pictures = [add_layer([], got.data[0], base_steps, height, width)]
    if len(got.data) == 1:
        return pictures[0], "the enhancement layer's CRC does not hold: only the base is shown"
    pictures.append(add_layer(pictures, got.data[1], steps, height, width))
    if got.symbols is None:
        return pictures[1], ""
    return Refinement(plan.layer_uses, pictures[1], pictures[0]).decode(
        got.symbols, got.noise_var, scale
    ), ""
