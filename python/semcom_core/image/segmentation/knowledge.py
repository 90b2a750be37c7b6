# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Semantic knowledge base: segmentation of pictures by Segment Anything.

    picture ─► masks at a grid of points ─► segments (labels, masks, quality, embedding)
    picture, point or box ─► the segment at the prompt

Source: Kirillov et al., Segment Anything, ICCV 2023; Jiang et al., Large AI model-based semantic
communications, IEEE Wireless Communications 2024 (as the knowledge base of a semantic coder).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from semcom_core.config import DEVICE_HELP, check_device, from_mapping, setting
from semcom_core.errors import ConfigError, check_range
from semcom_core.image.picture import check_pixels, picture_size
from semcom_core.image.segmentation.segments import Segments, scaled_masks, segments_of


@dataclass(frozen=True)
class KnowledgeConfig:
    """Settings of the knowledge base. The limits fit "sam-tiny"; for official checkpoints 0.88,
    0.95 and 1.0 are usual.
    """

    model: str = setting(
        "sam-tiny", "sam-tiny, or the path of an official checkpoint or of trained weights"
    )
    points: int = setting(
        10, "points along each side of the picture that automatic mode asks for, 1 to 128"
    )
    least_quality: float = setting(0.3, "least predicted IoU of a mask, 0 to 1")
    least_stability: float = setting(
        0.5, "least IoU of a mask with itself at a higher and a lower threshold, 0 to 1"
    )
    stability_offset: float = setting(0.3, "how far the threshold moves for that, logits, 0 to 10")
    same_box: float = setting(0.6, "masks whose boxes overlap by this IoU are one, 0 to 1")
    side: int = setting(384, "longer side at which masks are compared, pixels, 64 to 4096")
    device: str = setting("cpu", DEVICE_HELP)

    def __post_init__(self) -> None:
        check_range("points", self.points, 1, 128)
        for name in ("least_quality", "least_stability", "same_box"):
            check_range(name, getattr(self, name), 0, 1)
        check_range("stability_offset", self.stability_offset, 0, 10)
        check_range("side", self.side, 64, 4096)
        check_device(self.device)


class KnowledgeBase:
    """Segments of pictures. The network is loaded when it is made.

    Raises:
        ModelError: there is no such model, or it does not load.
    """

    def __init__(self, config: KnowledgeConfig | None = None):
        # loads torch
        from semcom_core.models.sam.loader import RememberingPredictor, load_sam

        self.config = config or KnowledgeConfig()
        self.model = load_sam(self.config.model, self.config.device)
        self._predictor = RememberingPredictor(self.model.network)

    @classmethod
    def from_settings(cls, **settings: Any) -> KnowledgeBase:
        """A knowledge base with settings by name; see KnowledgeConfig."""
        return cls(from_mapping(KnowledgeConfig, settings))

    def segments(self, pixels: np.ndarray) -> Segments:
        """All segments of a picture, by prompts at the points of a grid.

        Args:
            pixels: uint8 (H, W, 3) RGB.

        Raises:
            FrameError: that is no picture.
        """
        from segment_anything import SamAutomaticMaskGenerator

        config = self.config
        small = self._shown(pixels)
        generator = SamAutomaticMaskGenerator(
            self.model.network,
            points_per_side=config.points,
            pred_iou_thresh=config.least_quality,
            stability_score_thresh=config.least_stability,
            stability_score_offset=config.stability_offset,
            box_nms_thresh=config.same_box,
        )
        generator.predictor = self._predictor
        found = generator.generate(small)
        masks = np.array([one["segmentation"] for one in found], bool).reshape(-1, *small.shape[:2])
        quality = np.array([one["predicted_iou"] for one in found], np.float32)
        self._predictor.set_image(small)
        return self._segments(scaled_masks(masks, picture_size(pixels)), quality)

    def segment(
        self, pixels: np.ndarray, point: tuple | None = None, box: tuple | None = None
    ) -> Segments:
        """The segment at a point or in a box of a picture.

        Args:
            pixels: uint8 (H, W, 3) RGB.
            point: x and y of a pixel, from the upper left.
            box: left, top, right and bottom edge, pixels, inside the picture, not empty.

        Returns:
            With a box one segment, nothing of it outside the box; for a point alone three, the best
            by predicted IoU first. Empty ones are left out.

        Raises:
            FrameError: that is no picture.
            ConfigError: neither point nor box is given, or one lies outside the picture.
        """
        small = self._shown(pixels)
        size = picture_size(pixels)
        if point is None and box is None:
            raise ConfigError("prompt is None; allowed is a point, a box or both")
        scale = np.array(small.shape[1::-1]) / size[::-1]
        points = None if point is None else _checked_point(point, size)[None] * scale
        edges = None if box is None else _checked_box(box, size) * np.tile(scale, 2)
        self._predictor.set_image(small)
        labels = None if points is None else np.ones(1, int)
        logits, quality, _ = self._predictor.predict(
            points, labels, edges, multimask_output=box is None, return_logits=True
        )
        order = np.argsort(-quality, kind="stable")
        masks = scaled_masks(logits[order], size)
        return self._segments(masks if box is None else masks & _inside(box, size), quality[order])

    def _segments(self, masks: np.ndarray, quality: np.ndarray) -> Segments:
        return segments_of(masks, quality, self._predictor.embedding(), self.model.fingerprint)

    def _shown(self, pixels: np.ndarray) -> np.ndarray:
        """A picture at the size at which masks are compared, uint8 (h, w, 3); no side becomes so
        short that it vanishes in the network's input.
        """
        from PIL import Image

        check_pixels(pixels)
        longer = min(max(pixels.shape[:2]), self.config.side)
        least = math.ceil(longer / self.model.network.image_encoder.img_size)
        height, width = (
            max(least, round(n * longer / max(pixels.shape[:2]))) for n in pixels.shape[:2]
        )
        if (height, width) == pixels.shape[:2]:
            return pixels
        return np.asarray(
            Image.fromarray(pixels).resize((width, height), Image.BILINEAR, reducing_gap=2.0)
        )


def _checked_point(point: tuple, size: tuple[int, int]) -> np.ndarray:
    values = np.asarray(point, float)
    if values.shape != (2,) or not (0 <= values[0] < size[1] and 0 <= values[1] < size[0]):
        raise ConfigError(
            f"point is {point}; allowed is x, y with 0 <= x < {size[1]} and 0 <= y < {size[0]}"
        )
    return values


def _checked_box(box: tuple, size: tuple[int, int]) -> np.ndarray:
    values = np.asarray(box, float)
    if values.shape != (4,) or not (
        0 <= values[0] < values[2] <= size[1] and 0 <= values[1] < values[3] <= size[0]
    ):
        raise ConfigError(
            f"box is {box}; allowed is left < right <= {size[1]} and top < bottom <= {size[0]}, "
            "none negative"
        )
    return values


def _inside(box: tuple, size: tuple[int, int]) -> np.ndarray:
    """Mask of a box, bool (height, width): pixels that it touches count."""
    left, top, right, bottom = box
    inside = np.zeros(size, bool)
    inside[math.floor(top) : math.ceil(bottom), math.floor(left) : math.ceil(right)] = True
    return inside
