# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network of the codec "deepjscc": plain convolutions at both ends, no mask, no attention, no
side information.

    picture ─► three convolutions of stride 2 ─► two more ─► power 1 ─► channel ─► two convolutions ─► three transposed ones ─► picture

Source: E. Bourtsoulatze, D. Burth Kurka, D. Gunduz, Deep joint source-channel coding for wireless
image transmission, IEEE Trans. Cognitive Communications and Networking 2019; one halving more than
there, for the low rates asked here.

Image codec "deepjscc", the learned baseline: plain convolutions, as many symbols for every position
(see deepjscc_network).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from semcom_core import models
from semcom_core.config import from_mapping, setting
from semcom_core.errors import ConfigError, check_range
from semcom_core.frame import Frame, ReceivedFrame
from semcom_core.image.codec import DecodedImage, ImageCodec
from semcom_core.image.fragments import parse_cbr, uses_for
from semcom_core.image.learned import message
from semcom_core.image.learned.common import (
    BLOCK_VALUES,
    SYMBOLS,
    JsccModel,
    from_symbols,
    load_model,
    positions_of,
    to_pixels,
    to_symbols,
    to_tensor,
)
from semcom_core.image.picture import check_importance, check_pixels


@dataclass(frozen=True)
class DeepjsccShape:
    """Shape of the network."""

    width: int = setting(128, "features inside, 8 to 1024")
    symbols: int = setting(
        SYMBOLS, "complex symbols of a position of 8x8 pixels, 1 to 12: the CBR is 1/192 of it"
    )

    def __post_init__(self) -> None:
        check_range("width", self.width, 8, 1024)
        check_range("symbols", self.symbols, 1, SYMBOLS)


class DeepjsccNetwork(nn.Module):
    """Both ends."""

    def __init__(self, shape: DeepjsccShape):
        super().__init__()
        self.shape = shape
        width = shape.width
        values = 2 * shape.symbols
        self.sender = nn.Sequential(
            *_layer(nn.Conv2d(3, width // 2, 5, 2, 2)),
            *_layer(nn.Conv2d(width // 2, width // 2, 5, 2, 2)),
            *_layer(nn.Conv2d(width // 2, width, 5, 2, 2)),
            *_layer(nn.Conv2d(width, width, 3, 1, 1)),
            nn.Conv2d(width, values, 3, 1, 1),
        )
        self.receiver = nn.Sequential(
            *_layer(nn.Conv2d(values, width, 3, 1, 1)),
            *_layer(nn.Conv2d(width, width, 3, 1, 1)),
            *_layer(nn.ConvTranspose2d(width, width // 2, 4, 2, 1)),
            *_layer(nn.ConvTranspose2d(width // 2, width // 2, 4, 2, 1)),
            nn.ConvTranspose2d(width // 2, 3, 4, 2, 1),
        )

    def send(self, pictures: Tensor) -> Tensor:
        """Values of mean power 1 a complex symbol over the message, float (B, 2 symbols, h, w), of
        pictures (B, 3, H, W).
        """
        values = self.sender(pictures).float()
        return values / (2 * values.square().mean() + 1e-12).sqrt()

    def receive(self, values: Tensor) -> Tensor:
        """Pictures, float (B, 3, H, W), of received values; 0 for lost ones."""
        return self.receiver(values).float()


def _layer(convolution: nn.Module) -> tuple[nn.Module, nn.Module]:
    return convolution, nn.PReLU(convolution.out_channels)


SHIPPED = Path(models.__file__).parent / "weights" / "deepjscc" / "deepjscc.safetensors"


@dataclass(frozen=True)
class DeepjsccConfig:
    """Settings of the deepjscc codec."""

    cbr: str = setting(
        "1/16",
        "channel bandwidth ratio that is not exceeded; at least that of the network, as a fraction "
        "or a number",
    )
    weights: str = setting(
        "", "file of the network, the same at both ends; empty for the shipped one"
    )

    def __post_init__(self) -> None:
        check_range("cbr", parse_cbr(self.cbr), 0, 4)


class DeepjsccCodec(ImageCodec):
    """Image codec "deepjscc" (see the module and ImageCodec)."""

    name = "deepjscc"
    config_class = DeepjsccConfig

    def __init__(self, config: DeepjsccConfig, model: JsccModel):
        self.config = config
        self._model = model
        self._network = model.network
        self._symbols = model.network.shape.symbols
        if parse_cbr(config.cbr) < self._symbols / BLOCK_VALUES:
            raise ConfigError(
                f"cbr is {config.cbr}; allowed is {self._symbols}/{BLOCK_VALUES} and more: the "
                "network has one rate"
            )

    @classmethod
    def from_settings(cls, **settings: Any) -> Self:
        """Make the codec from fields of DeepjsccConfig and load its weights."""
        config = from_mapping(DeepjsccConfig, settings)
        path = Path(config.weights) if config.weights else SHIPPED
        return cls(config, load_model(path, DeepjsccNetwork, DeepjsccShape))

    def encode(
        self,
        pixels: np.ndarray,
        snr_db: float,
        message_id: int = 0,
        importance: np.ndarray | None = None,
    ) -> list[Frame]:
        """Frames of one picture, the same for every SNR and importance (see ImageCodec)."""
        check_pixels(pixels)
        check_importance(importance, pixels)
        height, width = pixels.shape[:2]
        with torch.inference_mode():
            values = self._network.send(to_tensor(pixels))
        symbols = to_symbols(values, self._sent(height, width))
        most = uses_for(parse_cbr(self.config.cbr), height, width)
        symbols, _ = message.unit_power(
            symbols[: message.room(len(symbols), 0, most)]
        )  # the receiver is not told, as published
        prelude = message.Prelude(height, width, 0, message.code_amplitude(1.0), self._model.number)
        return message.frames_for(prelude, b"", symbols, 0, self.number, message_id)

    def decode(self, frames: list[ReceivedFrame]) -> DecodedImage:
        """Decode the fragments of one picture, in any order (see ImageCodec).

        Raises:
            FrameError: as ImageCodec says.
            ModelError: the picture was sent with other weights.
        """
        heard = message.hear(frames, self.number, self.name, self._model.number)
        height, width = heard.prelude.height, heard.prelude.width
        values, _ = from_symbols(heard.symbols, heard.noise_var, self._sent(height, width))
        with torch.inference_mode():
            picture = self._network.receive(values)
        reception = heard.reception
        common = {
            "missing": reception.missing,
            "fragments": reception.header.fragments,
            "reason": heard.reason,
        }
        return DecodedImage(
            to_pixels(picture, height, width),
            not heard.reason,
            reception.header.message_id,
            **common,
        )

    def _sent(self, height: int, width: int) -> np.ndarray:
        return np.ones((self._symbols, *positions_of(height, width)), bool)
