# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Segments of a picture: labels and masks, features of each segment, and overlap of segmentations.

Arrays: N segments, of which label n is segment n - 1 and label 0 the background; C channels of the
embedding, h x w cells.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from semcom_core.errors import ConfigError

#: Features of a segment before those of the embedding.
COUNT = 20
#: Index of the feature that changes its sign when the picture is mirrored.
MIRRORED = 7


@dataclass(frozen=True)
class Segments:
    """N segments of a picture; they may overlap.

    Args:
        labels: int32 (H, W), 1 to N: the smallest segment that a pixel is part of; 0 where there is
            none.
        masks: bool (N, H, W).
        predicted_iou: float32 (N,), the quality that the network expects.
        areas: int64 (N,), pixels.
        embedding: float32 (C, h, w) of the picture, by the network that found the segments.
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

    def __post_init__(self) -> None:
        count = len(self.masks)
        if (
            self.masks.shape[1:] != self.labels.shape
            or self.predicted_iou.shape != (count,)
            or self.areas.shape != (count,)
        ):
            shapes = ", ".join(
                str(array.shape)
                for array in (self.labels, self.masks, self.predicted_iou, self.areas)
            )
            raise ConfigError(
                f"segments have shapes {shapes}; allowed is (H, W), (N, H, W), (N,), (N,)"
            )


def segments_of(
    masks: np.ndarray, predicted_iou: np.ndarray, embedding: np.ndarray, fingerprint: str
) -> Segments:
    """Segments from masks; empty masks are left out.

    Args:
        masks: bool (N, H, W).
        predicted_iou: float (N,).
        embedding: float32 (C, h, w) of the picture.
        fingerprint: of the network.
    """
    areas = masks.sum((1, 2), dtype=np.int64)
    kept = areas > 0
    masks = masks[kept]
    areas = areas[kept]
    labels = np.zeros(masks.shape[1:], np.int32)
    for number in np.argsort(-areas, kind="stable"):  # small ones last, over the large ones
        labels[masks[number]] = number + 1
    return Segments(
        labels, masks, predicted_iou[kept].astype(np.float32), areas, embedding, fingerprint
    )


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
    """Intersection over union of each mask of the first, bool (N, H, W), with each of the second,
    (M, H, W): (N, M), 0 for empty ones.
    """
    if first.shape[1:] != second.shape[1:]:
        raise ConfigError(
            f"masks are of size {second.shape[1:]}; allowed is that of the others, "
            f"{first.shape[1:]}"
        )
    a, b = (
        masks.reshape(len(masks), int(np.prod(first.shape[1:]))).astype(np.float32)
        for masks in (first, second)
    )
    both = a @ b.T
    return both / np.maximum(a.sum(1)[:, None] + b.sum(1) - both, 1)


def validate(sent: Segments, received: Segments) -> float:
    """Agreement of the segments of a received picture with those of the picture that was sent.

    The mean over the sent segments, weighted by area, of the IoU with the received segment that
    fits best.

    Returns:
        0 to 1; 1 where nothing was found in either.

    Raises:
        ConfigError: the pictures differ in size.
    """
    if sent.labels.shape != received.labels.shape:
        raise ConfigError(
            f"received segments are of size {received.labels.shape}; allowed is that of the sent "
            f"ones, {sent.labels.shape}"
        )
    if not len(sent.masks) or not len(received.masks):
        return float(len(sent.masks) == len(received.masks))
    return float(np.average(overlaps(sent.masks, received.masks).max(1), weights=sent.areas))


def segment_features(pixels: np.ndarray, segments: Segments) -> np.ndarray:
    """Features of each label 0 to N: colour, size, place, contact with the border, contrast,
    quality; then the mean of the embedding.

    Args:
        pixels: uint8 (H, W, 3).
        segments: of the picture; N segments with C channels of embedding.

    Returns:
        float32 (N + 1, COUNT + C); zeros for labels that no pixel has.
    """
    labels = segments.labels
    total = len(segments.masks) + 1
    counts = np.bincount(labels.reshape(-1), minlength=total)
    colours = pixels.reshape(-1, 3) / 255.0 - 0.5
    mean = _means(labels, colours, total)
    spread = np.sqrt(np.maximum(_means(labels, colours**2, total) - mean**2, 0))
    place = _places(labels, total)
    border, around = _contacts(labels, mean, total)
    size = np.log10(np.maximum(counts, 1) / labels.size)
    contrast = np.linalg.norm(mean - colours.mean(0), axis=1)
    quality = np.concatenate([[0], segments.predicted_iou])
    features = [
        mean,
        spread,
        size,
        place,
        border,
        np.linalg.norm(mean - around, axis=1),
        mean - around,
        contrast,
        quality,
    ]
    table = np.column_stack([*features, np.arange(total) == 0, _pooled(segments, total)])
    return np.where(counts[:, None] > 0, table, 0).astype(np.float32)


def _means(labels: np.ndarray, values: np.ndarray, total: int) -> np.ndarray:
    """Mean of values (pixels, n) over each label, (total, n)."""
    flat = labels.reshape(-1)
    counts = np.maximum(np.bincount(flat, minlength=total), 1)
    return (
        np.column_stack([np.bincount(flat, column, total) for column in values.T]) / counts[:, None]
    )


def _places(labels: np.ndarray, total: int) -> np.ndarray:
    """Mean x and y (-1 to 1), their deviations, and mean distance from the picture's middle,
    (total, 5).
    """
    y, x = (
        np.broadcast_to(axis, labels.shape).reshape(-1)
        for axis in np.ix_(*(np.linspace(-1, 1, n) for n in labels.shape))
    )
    mean = _means(labels, np.column_stack([x, y, x * x, y * y, np.hypot(x, y)]), total)
    return np.column_stack(
        [mean[:, :2], np.sqrt(np.maximum(mean[:, 2:4] - mean[:, :2] ** 2, 0)), mean[:, 4]]
    )


def _contacts(labels: np.ndarray, mean: np.ndarray, total: int) -> tuple[np.ndarray, np.ndarray]:
    """Share of the picture's border that each label takes, (total,), and the mean colour across its
    edges, (total, 3).
    """
    frame = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    pairs = np.concatenate(
        [np.stack([a.reshape(-1), b.reshape(-1)]) for a, b in _neighbours(labels)], 1
    )
    pairs = pairs[:, pairs[0] != pairs[1]]
    own, other = np.concatenate([pairs, pairs[::-1]], 1)
    counts = np.bincount(own, minlength=total)
    around = (
        np.column_stack([np.bincount(own, mean[other, i], total) for i in range(3)])
        / np.maximum(counts, 1)[:, None]
    )
    return np.bincount(frame, minlength=total) / frame.size, np.where(
        counts[:, None] > 0, around, mean
    )


def _neighbours(labels: np.ndarray) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    return (labels[:, 1:], labels[:, :-1]), (labels[1:], labels[:-1])


def _pooled(segments: Segments, total: int) -> np.ndarray:
    """Mean of the embedding over each label, (total, C); the labels are looked up at 4 × 4 places
    of each cell.
    """
    channels, *grid = segments.embedding.shape
    rows, columns = (
        (np.arange(4 * n) + 0.5) * size / (4 * n) for n, size in zip(grid, segments.labels.shape)
    )
    labels = segments.labels[np.ix_(rows.astype(int), columns.astype(int))]
    fine = segments.embedding.repeat(4, 1).repeat(4, 2).reshape(channels, -1)
    return _means(labels, fine.T, total)
