# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attention-based semantic integration (ASI): importance of the pixels of a picture.

    segments ─► channel attention ─► logits of the segments ─┐
    picture ──► spatial attention ─► logits of the places ───┴─► weighted sum ─► sigmoid

The importance is the probability that a pixel belongs to an object that people would outline.

Source: Jiang et al., Large AI model-based semantic communications, IEEE Wireless Communications
2024; the networks are this project's own (see attention_network).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from semcom_core.errors import ConfigError, check_choice
from semcom_core.image.picture import check_pixels
from semcom_core.image.segmentation.segments import COUNT, Segments, segment_features
from semcom_core.models.device import to_host

if TYPE_CHECKING:
    import torch

#: Attention that the importance is made of: over segments and places, over one of them, or none,
#: with which every pixel is equally important.
MODES = ("both", "channel", "spatial", "none")


class Attention:
    """Importance of the pixels of pictures. The network is loaded when it is made.

    Args:
        weights: a file that `semcom train attention` wrote; None for the one in the package.
        device: what the network computes on, one of config.DEVICES.

    Attributes:
        device: what it computes on.

    Raises:
        ConfigError: there is no such device.
        ModelError: the weights are not there, or cannot be read.
    """

    def __init__(self, weights: str | Path | None = None, device: str = "cpu"):
        # loads torch
        from semcom_core.image.segmentation.attention_network import SHIPPED, load_attention

        self._network, self._embedding, self.device = load_attention(
            Path(weights or SHIPPED), device
        )

    def importance(
        self, pixels: np.ndarray, segments: Segments | None, mode: str = "both"
    ) -> np.ndarray:
        """Importance of each pixel.

        Args:
            pixels: uint8 (H, W, 3) RGB.
            segments: of the picture; None is enough for the modes "spatial" and "none".
            mode: one of MODES; "none" gives 1 everywhere.

        Returns:
            float32 (H, W), 0 to 1.

        Raises:
            FrameError: that is no picture.
            ConfigError: the mode is unknown, or the segments are missing or of another size.
        """
        check_pixels(pixels)
        check_choice("attention mode", mode, MODES)
        if mode == "none":
            return np.ones(pixels.shape[:2], np.float32)
        if mode == "spatial":
            logits = self._spatial(pixels)
        elif mode == "channel":
            logits = self._channel(pixels, segments)
        else:
            channel_weight, spatial_weight, offset = to_host(self._network.mix).tolist()
            spatial = self._spatial(pixels)
            channel = self._channel(pixels, segments)
            logits = channel_weight * channel + spatial_weight * spatial + offset
        return (1 / (1 + np.exp(-np.clip(logits, -30, 30)))).astype(np.float32)

    def _spatial(self, pixels: np.ndarray) -> np.ndarray:
        """Logits (H, W) of the places."""
        import torch
        from PIL import Image

        with torch.inference_mode():
            pictures = spatial_input(pixels)[None].to(self.device)
            logits = to_host(self._network.spatial(pictures)[0]).numpy()
        return np.asarray(Image.fromarray(logits).resize(pixels.shape[1::-1], Image.BILINEAR))

    def _channel(self, pixels: np.ndarray, segments: Segments | None) -> np.ndarray:
        """Logits (H, W) of the segments, at each pixel that of the smallest one there."""
        import torch

        if segments is None or segments.labels.shape != pixels.shape[:2]:
            shape = None if segments is None else segments.labels.shape
            raise ConfigError(
                f"segments are of size {shape}; allowed is that of the picture, {pixels.shape[:2]}"
            )
        features = segment_features(pixels, segments)
        known = segments.fingerprint == self._embedding
        if not known:  # the embedding of another network cannot be used
            width = self._network.channel.norm.num_features - COUNT
            features = np.concatenate(
                [features[:, :COUNT], np.zeros((len(features), width), np.float32)], 1
            )
        weights = (
            np.bincount(segments.labels.reshape(-1), minlength=len(features)) / segments.labels.size
        )
        with torch.inference_mode():
            table = torch.from_numpy(features)[None].to(self.device)
            sizes = torch.from_numpy(weights.astype(np.float32))[None].to(self.device)
            counts = torch.tensor([[float(known)]], device=self.device)
            logits = to_host(self._network.channel(table, sizes, counts)[0]).numpy()
        return logits[segments.labels]


def spatial_input(pixels: np.ndarray) -> torch.Tensor:
    """Input of the spatial attention: a picture as float32 (3, SIDE, SIDE), -0.5 to 0.5."""
    import torch
    from PIL import Image

    from semcom_core.image.segmentation.attention_network import SIDE

    small = np.asarray(
        Image.fromarray(pixels).resize((SIDE, SIDE), Image.BILINEAR, reducing_gap=2.0)
    )
    return torch.from_numpy(small.astype(np.float32)).permute(2, 0, 1) / 255 - 0.5


def importance_picture(pixels: np.ndarray, importance: np.ndarray) -> np.ndarray:
    """Heat map of the importance over the picture in grey: blue 0, green 0.5, red 1.

    Args:
        pixels: uint8 (H, W, 3).
        importance: float (H, W), 0 to 1.

    Returns:
        uint8 (H, W, 3).

    Raises:
        ConfigError: the importance is of another size than the picture.
    """
    check_pixels(pixels)
    if importance.shape != pixels.shape[:2]:
        raise ConfigError(
            f"importance is of size {importance.shape}; allowed is that of the picture, "
            f"{pixels.shape[:2]}"
        )
    level = np.clip(importance, 0, 1)[..., None]
    colour = np.clip(1.5 - np.abs(4 * level - np.array([3.0, 2.0, 1.0])), 0, 1)
    grey = pixels.mean(2, keepdims=True) / 255
    return np.round(255 * (0.45 * grey + 0.55 * colour)).astype(np.uint8)
