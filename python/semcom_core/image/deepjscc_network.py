# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network of the codec "deepjscc": plain convolutions at both ends, no mask, no attention, no side information.

    picture ─► three convolutions of stride 2 ─► two more ─► power 1 ─► channel ─► two convolutions ─► three transposed ones ─► picture

Source: E. Bourtsoulatze, D. Burth Kurka, D. Gunduz, Deep joint source-channel coding for wireless image transmission, IEEE Trans.
Cognitive Communications and Networking 2019; one halving more than there, for the low rates asked here.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from semcom_core.config import setting
from semcom_core.errors import check_range
from semcom_core.image.jscc_layers import SYMBOLS


@dataclass(frozen=True)
class DeepjsccShape:
    """Shape of the network."""

    width: int = setting(128, "features inside, 8 to 1024")
    symbols: int = setting(SYMBOLS, "complex symbols of a position of 8x8 pixels, 1 to 12: the CBR is 1/192 of it")

    def __post_init__(self):
        check_range("width", self.width, 8, 1024)
        check_range("symbols", self.symbols, 1, SYMBOLS)


class DeepjsccNetwork(nn.Module):
    """Both ends."""

    def __init__(self, shape: DeepjsccShape):
        super().__init__()
        self.shape = shape
        width, values = shape.width, 2 * shape.symbols
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
        """Values of mean power 1 a complex symbol over the message, float (B, 2 symbols, h, w), of pictures (B, 3, H, W)."""
        values = self.sender(pictures).float()
        return values / (2 * values.square().mean() + 1e-12).sqrt()

    def receive(self, values: Tensor) -> Tensor:
        """Pictures, float (B, 3, H, W), of received values; 0 for lost ones."""
        return self.receiver(values).float()


def _layer(convolution: nn.Module) -> tuple[nn.Module, nn.Module]:
    return convolution, nn.PReLU(convolution.out_channels)
