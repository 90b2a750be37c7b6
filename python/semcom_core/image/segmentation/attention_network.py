# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks of the semantic attention over segments (channel) and places (spatial) of a picture.

    features of the segments ─► channel attention ─► a logit for each segment ─┐
    picture, 96 x 96 ─────────► spatial attention ─► a logit for each place ───┴─► importance

Arrays: B pictures, n labels (segments and the background), COUNT features of a segment and C
channels of its embedding, SIDE pixels of each side.

Source: Jiang et al., Large AI model-based semantic communications, IEEE Wireless Communications
2024 (attention over segments and pixels); Woo et al., CBAM, ECCV 2018 (channel and spatial
attention). The networks are this project's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torch.nn.functional import interpolate, relu

from semcom_core import models
from semcom_core.config import setting
from semcom_core.errors import check_range
from semcom_core.image.segmentation.segments import COUNT
from semcom_core.models.checkpoint import file_cache, load_checkpoint, save_checkpoint
from semcom_core.models.device import find_device, place_network

#: Pixels of each side of the picture that the spatial attention sees.
SIDE = 96
#: Name of the file of weights.
WEIGHTS = "attention.safetensors"
#: The weights that come with the package.
SHIPPED = Path(models.__file__).parent / "weights" / "attention" / WEIGHTS


@dataclass(frozen=True)
class AttentionConfig:
    """Size of the network."""

    embedding: int = setting(96, "channels of the knowledge base's embedding, 0 to 4096")
    hidden: int = setting(64, "width of the part over segments, 8 to 1024")
    filters: int = setting(16, "filters of the part over places at its finest, 4 to 256")

    def __post_init__(self) -> None:
        check_range("embedding", self.embedding, 0, 4096)
        check_range("hidden", self.hidden, 8, 1024)
        check_range("filters", self.filters, 4, 256)


class ChannelAttention(nn.Module):
    """A logit for each segment, from its hidden features and the mean and the maximum over all.

    The embedding is left out (`known` is 0) where another network made it than in training.
    """

    def __init__(self, config: AttentionConfig):
        super().__init__()
        self.norm = nn.BatchNorm1d(COUNT + config.embedding)
        self.own = nn.Sequential(
            nn.Linear(COUNT + config.embedding + 1, config.hidden), nn.ReLU(), nn.Dropout(0.2)
        )
        self.judge = nn.Sequential(
            nn.Linear(3 * config.hidden, config.hidden), nn.ReLU(), nn.Linear(config.hidden, 1)
        )

    def forward(
        self, features: torch.Tensor, weights: torch.Tensor, known: torch.Tensor
    ) -> torch.Tensor:
        """Logits (B, n).

        Args:
            features: float (B, n, COUNT + C), see segment_features.
            weights: float (B, n), share of the picture that each segment takes; 0 for padding.
            known: float (B, 1), 1 where the embedding counts, else 0.
        """
        real = weights > 0
        table = torch.zeros_like(features)
        table[real] = self.norm(features[real])
        table = torch.cat([table[..., :COUNT], table[..., COUNT:] * known[..., None]], 2)
        own = (
            self.own(torch.cat([table, known[:, None].expand(-1, table.shape[1], -1)], 2))
            * real[..., None]
        )
        mean = (own * weights[..., None]).sum(1, keepdim=True)
        most = own.max(1, keepdim=True).values
        return self.judge(torch.cat([own, mean.expand_as(own), most.expand_as(own)], 2))[..., 0]


class SpatialAttention(nn.Module):
    """A logit for each 2 x 2 pixels of a small picture: a U-Net with a global term at its coarsest.

    Source: Ronneberger, Fischer, Brox, U-Net, MICCAI 2015.
    """

    def __init__(self, config: AttentionConfig):
        super().__init__()
        widths = [5, config.filters, 2 * config.filters, 4 * config.filters, 4 * config.filters]
        self.down = nn.ModuleList(_convolution(a, b, 2) for a, b in zip(widths, widths[1:]))
        self.whole = nn.Linear(widths[-1], widths[-1])
        self.up = nn.ModuleList(
            _convolution(a + b, b, 1) for a, b in zip(widths[:1:-1], widths[-2:0:-1])
        )
        self.last = nn.Conv2d(config.filters, 1, 1)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Logits (B, SIDE/2, SIDE/2) of pictures (B, 3, SIDE, SIDE), -0.5 to 0.5."""
        line = torch.linspace(-1, 1, SIDE, device=pictures.device)
        place = (
            torch.stack(torch.meshgrid(line, line, indexing="ij"))
            .abs()
            .expand(len(pictures), -1, -1, -1)
        )
        found = [torch.cat([pictures, place], 1)]
        for layer in self.down:
            found.append(layer(found[-1]))
        x = found[-1]
        x = x + relu(self.whole(x.mean((2, 3))))[..., None, None]
        for layer, skip in zip(self.up, found[-2:0:-1]):
            x = layer(torch.cat([interpolate(x, scale_factor=2.0, mode="bilinear"), skip], 1))
        return self.last(x)[:, 0]


def _convolution(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    )


class AttentionNetwork(nn.Module):
    """Channel and spatial attention, and the weights by which their logits are added."""

    def __init__(self, config: AttentionConfig):
        super().__init__()
        self.channel = ChannelAttention(config)
        self.spatial = SpatialAttention(config)
        self.mix = nn.Parameter(torch.tensor([0.5, 0.5, 0.0]))

    def both(self, channel: torch.Tensor, spatial: torch.Tensor) -> torch.Tensor:
        """Weighted sum of the logits of channel and spatial attention, of one shape."""
        return self.mix[0] * channel + self.mix[1] * spatial + self.mix[2]


def save_attention(
    path: Path, network: AttentionNetwork, shape: AttentionConfig, embedding: str, training: dict
) -> None:
    """Write a network in half precision.

    Args:
        path: file to write.
        network: the network.
        shape: from which it was made.
        embedding: fingerprint of the knowledge base's network.
        training: settings of its training.
    """
    metadata = {"embedding": embedding, "training": training}
    save_checkpoint(path, network, shape, metadata, half=True)


def load_attention(path: Path, device: str = "cpu") -> tuple[AttentionNetwork, str, str]:
    """The network in a file, in evaluation mode.

    Args:
        path: file that save_attention wrote.
        device: what it computes on, one of config.DEVICES.

    Returns:
        The network, the fingerprint of the network whose embedding it knows, and the device.

    Raises:
        ConfigError: there is no such device.
        ModelError: the file cannot be read, or is not of this network.
    """
    return _load(path, find_device(device))


@file_cache(maxsize=2)
def _load(path: Path, device: str) -> tuple[AttentionNetwork, str, str]:
    """Read a network; the file's stamp is part of the cache's key."""
    allowed = "a file that `semcom train attention` wrote"
    network, checkpoint = load_checkpoint(path, AttentionConfig, AttentionNetwork, allowed)
    return place_network(network, device), checkpoint.metadata.get("embedding", ""), device
