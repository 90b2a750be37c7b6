# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Image codec "deepjscc": deep joint source-channel coding, the learned baseline.

    picture ─► 3 convolutions of stride 2 ─► 2 more ─► power 1 ─► channel
    channel ─► 2 convolutions ─► 3 transposed ones of stride 2 ─► picture

Plain convolutions at both ends, no mask, no attention and no side information: each position of 8 x
8 pixels has as many symbols, whatever the SNR.

Arrays: B pictures (B, 3, H, W), values -0.5 to 0.5; h = H/8 and w = W/8 positions; values of the
symbols (B, 2 S, h, w), S real parts and then S imaginary parts.

Source: E. Bourtsoulatze, D. Burth Kurka, D. Gunduz, Deep joint source-channel coding for wireless
image transmission, IEEE Trans. Cognitive Communications and Networking 2019; one convolution of
stride 2 more than there, for the low rates asked here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from semcom_core import models
from semcom_core.config import DEVICE_HELP, check_device, from_mapping, setting
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

#: The weights that come with the package.
SHIPPED = Path(models.__file__).parent / "weights" / "deepjscc" / "deepjscc.safetensors"


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
    """Encoder (`sender`) and decoder (`receiver`)."""

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
        """Values of the symbols, float (B, 2 S, h, w), of pictures, float (B, 3, H, W); the mean
        power of a complex symbol over the batch, which is one message, is 1.
        """
        values = self.sender(pictures).float()
        return values / (2 * values.square().mean() + 1e-12).sqrt()

    def receive(self, values: Tensor) -> Tensor:
        """Pictures, float (B, 3, H, W), of received values, float (B, 2 S, h, w), 0 where lost."""
        return self.receiver(values).float()


def _layer(convolution: nn.Module) -> tuple[nn.Module, nn.Module]:
    return convolution, nn.PReLU(convolution.out_channels)


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
    device: str = setting("cpu", DEVICE_HELP)

    def __post_init__(self) -> None:
        check_range("cbr", parse_cbr(self.cbr), 0, 4)
        check_device(self.device)


class DeepjsccCodec(ImageCodec):
    """Image codec "deepjscc" (see the module and ImageCodec)."""

    name = "deepjscc"
    config_class = DeepjsccConfig

    def __init__(self, config: DeepjsccConfig, model: JsccModel):
        self.config = config
        self._model = model
        self.device = model.device
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
        return cls(config, load_model(path, DeepjsccNetwork, DeepjsccShape, config.device))

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
            values = self._network.send(to_tensor(pixels).to(self._model.device))
        symbols = to_symbols(values, self._sent(height, width))
        most = uses_for(parse_cbr(self.config.cbr), height, width)
        count = message.sent_count(len(symbols), 0, most)
        # the receiver is not told the amplitude, as published
        symbols, _ = message.unit_power(symbols[:count])
        prelude = message.Prelude(height, width, 0, message.code_amplitude(1.0), self._model.number)
        return message.message_frames(prelude, b"", symbols, 0, self.number, message_id)

    def decode(self, frames: list[ReceivedFrame]) -> DecodedImage:
        """Decode the fragments of one picture, in any order (see ImageCodec).

        Raises:
            FrameError: as ImageCodec says.
            ModelError: the picture was sent with other weights.
        """
        received = message.read_message(frames, self.number, self.name, self._model.number)
        height, width = received.prelude.height, received.prelude.width
        sent = self._sent(height, width)
        values, _ = from_symbols(received.symbols, received.noise_var, sent)
        with torch.inference_mode():
            picture = self._network.receive(values.to(self._model.device))
        return received.decoded(to_pixels(picture, height, width))

    def _sent(self, height: int, width: int) -> np.ndarray:
        """Symbols that are sent, bool (S, h, w): all."""
        return np.ones((self._symbols, *positions_of(height, width)), bool)
