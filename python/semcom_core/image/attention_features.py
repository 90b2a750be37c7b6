# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is measured on each segment of a picture to judge whether it matters."""

from __future__ import annotations

import numpy as np

from semcom_core.image.knowledge_segments import Segments

#: Figures of a segment before those of the embedding.
COUNT = 20
#: Which of them change sign when the picture is mirrored.
MIRRORED = 7


def segment_features(pixels: np.ndarray, segments: Segments) -> np.ndarray:
    """Figures of each label 0 to N: colour, size, place, contact with the border, contrast, quality; then the embedding's mean.

    Args:
        pixels: uint8 (H, W, 3).
        segments: of the picture; N segments with C channels of embedding.

    Returns:
        float32 (N + 1, COUNT + C); zeros for labels that no pixel has.
    """
    labels, total = segments.labels, len(segments.masks) + 1
    counts = np.bincount(labels.reshape(-1), minlength=total)
    colours = pixels.reshape(-1, 3) / 255.0 - 0.5
    mean = _means(labels, colours, total)
    spread = np.sqrt(np.maximum(_means(labels, colours**2, total) - mean**2, 0))
    place = _places(labels, total)
    border, around = _contacts(labels, mean, total)
    size = np.log10(np.maximum(counts, 1) / labels.size)
    contrast = np.linalg.norm(mean - colours.mean(0), axis=1)
    quality = np.concatenate([[0], segments.predicted_iou])
    figures = [mean, spread, size, place, border, np.linalg.norm(mean - around, axis=1), mean - around, contrast, quality]
    table = np.column_stack([*figures, np.arange(total) == 0, _pooled(segments, total)])
    return np.where(counts[:, None] > 0, table, 0).astype(np.float32)


def _means(labels: np.ndarray, values: np.ndarray, total: int) -> np.ndarray:
    """Mean of values (pixels, n) over each label, (total, n)."""
    flat = labels.reshape(-1)
    counts = np.maximum(np.bincount(flat, minlength=total), 1)
    return np.column_stack([np.bincount(flat, column, total) for column in values.T]) / counts[:, None]


def _places(labels: np.ndarray, total: int) -> np.ndarray:
    """Mean x and y (-1 to 1), their deviations, and mean distance from the picture's middle, (total, 5)."""
    y, x = (np.broadcast_to(axis, labels.shape).reshape(-1) for axis in np.ix_(*(np.linspace(-1, 1, n) for n in labels.shape)))
    mean = _means(labels, np.column_stack([x, y, x * x, y * y, np.hypot(x, y)]), total)
    return np.column_stack([mean[:, :2], np.sqrt(np.maximum(mean[:, 2:4] - mean[:, :2] ** 2, 0)), mean[:, 4]])


def _contacts(labels: np.ndarray, mean: np.ndarray, total: int) -> tuple[np.ndarray, np.ndarray]:
    """Share of the picture's border that each label takes, (total,), and the mean colour across its edges, (total, 3)."""
    frame = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    pairs = np.concatenate([np.stack([a.reshape(-1), b.reshape(-1)]) for a, b in _neighbours(labels)], 1)
    pairs = pairs[:, pairs[0] != pairs[1]]
    own, other = np.concatenate([pairs, pairs[::-1]], 1)
    counts = np.bincount(own, minlength=total)
    around = np.column_stack([np.bincount(own, mean[other, i], total) for i in range(3)]) / np.maximum(counts, 1)[:, None]
    return np.bincount(frame, minlength=total) / frame.size, np.where(counts[:, None] > 0, around, mean)


def _neighbours(labels: np.ndarray) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    return (labels[:, 1:], labels[:, :-1]), (labels[1:], labels[:-1])


def _pooled(segments: Segments, total: int) -> np.ndarray:
    """Mean of the embedding over each label, (total, C); the labels are looked up at 4 × 4 places of each cell."""
    channels, *grid = segments.embedding.shape
    rows, columns = ((np.arange(4 * n) + 0.5) * size / (4 * n) for n, size in zip(grid, segments.labels.shape))
    labels = segments.labels[np.ix_(rows.astype(int), columns.astype(int))]
    fine = segments.embedding.repeat(4, 1).repeat(4, 2).reshape(channels, -1)
    return _means(labels, fine.T, total)
