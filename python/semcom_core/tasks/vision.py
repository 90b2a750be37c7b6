# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Object detection in received pictures: shape, colour, size and place of each toy.

    picture (3, S, S) ─► convolutions at 1/2, 1/4, 1/8, 1/16 ─► top-down sums ─► maps at 1/4:
        middle (1)  offset (2)  log radius (1)  shape (shapes)  colour (colours)

A detection is a local maximum of the map of middles; its attributes are read at that cell. The
network is trained by train.vision on generated scenes, clean and coded, so that it holds after the
link. A picture of another size is resized to S pixels a side first.

Arrays: B pictures, S pixels a side, cells of 4 x 4 pixels.

Source: X. Zhou et al., Objects as points, 2019; T.-Y. Lin et al., Feature pyramid networks for
object detection, CVPR 2017.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from semcom_core import models
from semcom_core.config import setting
from semcom_core.datasets.toys import COLOURS, LARGE, SHAPES, SIDE, SceneObject
from semcom_core.errors import check_range
from semcom_core.image.picture import check_pixels, resize
from semcom_core.models.checkpoint import file_cache, load_checkpoint

#: Weights that come with the package.
SHIPPED = Path(models.__file__).parent / "weights" / "vision" / "vision.safetensors"
#: Pixels a cell of the maps, each way.
CELL = 4
#: A middle counts from this probability on.
THRESHOLD = 0.35
#: Two detections nearer than this share of the sum of their radii are one.
_SAME = 0.5
#: Most detections in a picture.
_MOST = 64
#: Mean and spread of the natural logarithm of a radius (share of the side).
_LOG_RADIUS = (-2.4, 0.35)
#: Channels of the maps, in their order.
PARTS = {"middle": 1, "offset": 2, "radius": 1, "shape": len(SHAPES), "colour": len(COLOURS)}


@dataclass(frozen=True)
class VisionConfig:
    """Shape of the detector.

    Args:
        width: channels at 1/4 of the size; the next scales have two and three times as many.
        blocks: residual blocks a scale.
        side: of the pictures that it looks at, pixels.
    """

    width: int = setting(40, "channels at a quarter of the size, 8 to 256")
    blocks: int = setting(2, "residual blocks a scale, 1 to 8")
    side: int = setting(SIDE, "side of a picture, pixels, 32 to 512")

    def __post_init__(self) -> None:
        check_range("width", self.width, 8, 256)
        check_range("blocks", self.blocks, 1, 8)
        check_range("side", self.side, 32, 512)
        check_range("side % 16", self.side % 16, 0, 0)


def _convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class _Block(nn.Module):
    """Two convolutions beside the identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = _convolution(width, width)
        self.second = nn.Sequential(
            nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width)
        )

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return torch.relu(rows + self.second(self.first(rows)))


class VisionNetwork(nn.Module):
    """The detector (see the module).

    Args:
        config: its shape.
    """

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.stem = _convolution(3, width // 2, 2)
        widths = (width, 2 * width, 3 * width)
        scales = []
        for inputs, outputs in zip((width // 2, *widths), widths):
            blocks = [_Block(outputs) for _ in range(config.blocks)]
            scales.append(nn.Sequential(_convolution(inputs, outputs, 2), *blocks))
        self.scales = nn.ModuleList(scales)
        self.sides = nn.ModuleList([nn.Conv2d(outputs, width, 1) for outputs in widths])
        self.head = _convolution(width, width)
        self.maps = nn.Conv2d(width, sum(PARTS.values()), 1)
        nn.init.constant_(self.maps.bias[:1], -4.0)  # few cells are a middle

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Maps (B, channels of PARTS, S/4, S/4), middles as logits, of pixels (B, 3, S, S), uint8
        or float of 0 to 255.
        """
        rows = self.stem(pixels.float() / 127.5 - 1)
        levels = []
        for scale, side in zip(self.scales, self.sides):
            rows = scale(rows)
            levels.append(side(rows))
        top = levels[-1]
        for level in levels[-2::-1]:
            top = level + nn.functional.interpolate(top, scale_factor=2.0, mode="nearest")
        return self.maps(self.head(top))


def radius_code(radius: torch.Tensor | np.ndarray) -> torch.Tensor:
    """What the map of radii holds for radii as shares of the side, about -2 to 2."""
    return (torch.as_tensor(radius).log() - _LOG_RADIUS[0]) / _LOG_RADIUS[1]


@dataclass(frozen=True)
class Detector:
    """Finds objects in pictures.

    Args:
        network: in evaluation mode.
        threshold: least probability of a middle, 0 to 1.
    """

    network: VisionNetwork
    threshold: float = THRESHOLD

    @torch.inference_mode()
    def detect(self, pixels: np.ndarray) -> tuple[SceneObject, ...]:
        """Objects in a picture, from left to right.

        Args:
            pixels: uint8 (H, W, 3) RGB.

        Returns:
            The objects; their confidence is the probability of middle, shape and colour together.

        Raises:
            FrameError: it is no picture.
        """
        check_pixels(pixels)
        side = self.network.config.side
        rows = torch.from_numpy(
            np.array(resize(pixels, side, side))
        )  # remembered ones are read-only
        maps = self.network(rows.permute(2, 0, 1)[None])
        found = read_maps(maps[0], self.threshold)
        return tuple(sorted(found, key=lambda each: each.x))


def read_maps(maps: torch.Tensor, threshold: float = THRESHOLD) -> list[SceneObject]:
    """Objects in the maps of one picture, the surest first.

    Args:
        maps: (channels of PARTS, h, w), middles as logits.
        threshold: least probability of a middle, 0 to 1.
    """
    middle, offset, radius, shape, colour = maps.float().split(list(PARTS.values()))
    chance = middle.sigmoid()
    peaks = nn.functional.max_pool2d(chance[None], 3, 1, 1)[0]
    score, cell = torch.where(chance == peaks, chance, 0).flatten().topk(_MOST)
    height, width = middle.shape[1:]
    found: list[SceneObject] = []
    for p, k in zip(score.tolist(), cell.tolist()):
        if p < threshold:
            break
        row, column = divmod(k, width)
        share = float(np.exp(radius[0, row, column].item() * _LOG_RADIUS[1] + _LOG_RADIUS[0]))
        shapes = shape[:, row, column].softmax(0)
        colours = colour[:, row, column].softmax(0)
        toy = SceneObject(
            SHAPES[int(shapes.argmax())],
            list(COLOURS)[int(colours.argmax())],
            "large" if share >= LARGE else "small",
            float(np.clip((column + offset[0, row, column].item()) / width, 0, 1)),
            float(np.clip((row + offset[1, row, column].item()) / height, 0, 1)),
            min(share, 1.0),
            p * float(shapes.max()) * float(colours.max()),
        )
        if not any(_is_same(toy, other) for other in found):
            found.append(toy)
    return found


def _is_same(toy: SceneObject, other: SceneObject) -> bool:
    """Whether two detections are one object seen twice."""
    distance = np.hypot(toy.x - other.x, toy.y - other.y)
    return bool(distance < _SAME * (toy.radius + other.radius))


def load_detector(path: str | Path = SHIPPED) -> Detector:
    """The detector of a file of weights; a second call gives the same, unless the file has changed.

    Args:
        path: weights as train.vision writes them; by default those of the package.

    Raises:
        ModelError: the file is missing, damaged or of another network.
    """
    return _load(Path(path))


@file_cache(maxsize=2)
def _load(path: Path) -> Detector:
    network, _ = load_checkpoint(
        path, VisionConfig, VisionNetwork, "weights of `semcom train vision`"
    )
    return Detector(network)
