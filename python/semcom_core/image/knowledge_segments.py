# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Segments of a picture, and how well two segmentations agree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from semcom_core.errors import ConfigError


@dataclass(frozen=True)
class Segments:
    """N segments of a picture; they may overlap.

    Args:
        labels: int32 (H, W), 1 to N: the smallest segment that a pixel is part of; 0 where there is none.
        masks: bool (N, H, W).
        predicted_iou: float32 (N,), the quality that the network expects.
        areas: int64 (N,), pixels.
        embedding: float32 (C, h, w), what the network made of the picture, coarser than the picture.
        fingerprint: of the network.

    Raises:
        ConfigError: shapes do not fit each other.
    """

    labels: np.ndarray
    masks: np.ndarray
    predicted_iou: np.ndarray
    areas: np.ndarray
    embedding: np.ndarray
    fingerprint: str

    def __post_init__(self):
        count = len(self.masks)
        if self.masks.shape[1:] != self.labels.shape or self.predicted_iou.shape != (count,) or self.areas.shape != (count,):
            shapes = ", ".join(str(array.shape) for array in (self.labels, self.masks, self.predicted_iou, self.areas))
            raise ConfigError(f"segments have shapes {shapes}; allowed is (H, W), (N, H, W), (N,), (N,)")


def segments_of(masks: np.ndarray, predicted_iou: np.ndarray, embedding: np.ndarray, fingerprint: str) -> Segments:
    """Segments from masks, bool (N, H, W); empty masks are left out."""
    areas = masks.sum((1, 2), dtype=np.int64)
    kept = areas > 0
    masks, areas = masks[kept], areas[kept]
    labels = np.zeros(masks.shape[1:], np.int32)
    for number in np.argsort(-areas, kind="stable"):  # small ones last, so that they stay visible
        labels[masks[number]] = number + 1
    return Segments(labels, masks, predicted_iou[kept].astype(np.float32), areas, embedding, fingerprint)


def scaled_masks(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Masks at another size, bool (N, H, W).

    Args:
        values: (N, h, w): bool, or logits that are positive inside.
        size: (H, W).
    """
    from PIL import Image

    threshold = 0.5 if values.dtype == bool else 0.0
    result = np.empty((len(values), *size), bool)
    for number, one in enumerate(values):
        picture = Image.fromarray(one.astype(np.float32))
        result[number] = np.asarray(picture.resize(size[::-1], Image.BILINEAR)) > threshold
    return result


def overlaps(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Intersection over union of each mask of the first, bool (N, H, W), with each of the second, (M, H, W): (N, M), 0 for empty ones."""
    if first.shape[1:] != second.shape[1:]:
        raise ConfigError(f"masks are of size {second.shape[1:]}; allowed is that of the others, {first.shape[1:]}")
    a, b = (masks.reshape(len(masks), int(np.prod(first.shape[1:]))).astype(np.float32) for masks in (first, second))
    both = a @ b.T
    return both / np.maximum(a.sum(1)[:, None] + b.sum(1) - both, 1)


def validate(sent: Segments, received: Segments) -> float:
    """How far the segments of a received picture agree with those of the picture that was sent.

    Each segment that was sent counts by its area with the IoU of the received segment that fits it best.

    Returns:
        0 to 1; 1 where nothing was found in either.

    Raises:
        ConfigError: the pictures differ in size.
    """
    if sent.labels.shape != received.labels.shape:
        raise ConfigError(f"received segments are of size {received.labels.shape}; allowed is that of the sent ones, {sent.labels.shape}")
    if not len(sent.masks) or not len(received.masks):
        return float(len(sent.masks) == len(received.masks))
    return float(np.average(overlaps(sent.masks, received.masks).max(1), weights=sent.areas))
