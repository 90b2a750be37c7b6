# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bench of the knowledge base: do points and boxes give the objects that people outlined, beside answers that nothing was learned for?"""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from semcom_core.bench.report import verdict
from semcom_core.image.knowledge import KnowledgeBase
from semcom_core.image.knowledge_segments import Segments
from semcom_core.image.scenes import Scene
from semcom_core.image.scenes_objects import CROWD, bounding_box, inner_point

#: Smallest object that counts, as a share of the picture.
LEAST = 0.02
#: Targets: mean IoU of a point by predicted IoU, and of a box.
POINT, BOX = 0.40, 0.65
#: Settings of the graph-based segmentation: what a segment's size costs, blur in pixels, smallest segment in pixels.
FELZENSZWALB = {"scale": 300, "sigma": 0.8, "min_size": 100}


def objects(scene: Scene) -> Iterator[np.ndarray]:
    """Masks, bool (H, W), of the objects of a picture that count."""
    for number in np.setdiff1d(np.unique(scene.labels), [0, CROWD]):
        mask = scene.labels == number
        if mask.sum() >= LEAST * mask.size:
            yield mask


def iou(mask: np.ndarray, wanted: np.ndarray) -> float:
    """Intersection over union of two masks, the second not empty."""
    return float((mask & wanted).sum() / (mask | wanted).sum())


def filled_box(box: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Mask of a box."""
    mask = np.zeros(size, bool)
    mask[box[1] : box[3], box[0] : box[2]] = True
    return mask


def inscribed_ellipse(box: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Mask of the largest ellipse in a box."""
    y, x = np.mgrid[: size[0], : size[1]] + 0.5
    across, down = (2 * x - box[0] - box[2]) / (box[2] - box[0]), (2 * y - box[1] - box[3]) / (box[3] - box[1])
    return across**2 + down**2 <= 1


def object_scores(knowledge: KnowledgeBase, scene: Scene) -> Iterator[dict[str, float]]:
    """IoU of each method for each object of a picture."""
    from skimage.segmentation import felzenszwalb

    regions = None
    for mask in objects(scene):
        regions = felzenszwalb(scene.pixels, **FELZENSZWALB) if regions is None else regions
        point, box, size = inner_point(mask), bounding_box(mask), mask.shape
        by_point = [iou(one, mask) for one in knowledge.segment(scene.pixels, point=tuple(point)).masks]
        yield {
            "point": by_point[0] if by_point else 0.0,
            "point_oracle": max(by_point, default=0.0),
            "felzenszwalb": iou(regions == regions[point[1], point[0]], mask),
            "box": _first_iou(knowledge.segment(scene.pixels, box=tuple(box)), mask),
            "filled_box": iou(filled_box(box, size), mask),
            "ellipse": iou(inscribed_ellipse(box, size), mask),
        }


def _first_iou(found: Segments, mask: np.ndarray) -> float:
    return iou(found.masks[0], mask) if len(found.masks) else 0.0


def prompt_rows(knowledge: KnowledgeBase, scenes: Iterator[Scene]) -> Iterator[dict]:
    """Mean IoU of each method over all objects; prompts take seconds each, the picture's encoding included."""
    scores, started, pictures = [], time.monotonic(), 0
    for scene in scenes:
        scores += object_scores(knowledge, scene)
        pictures += 1
    elapsed = time.monotonic() - started
    for method in scores[0] if scores else ():
        values = np.array([score[method] for score in scores])
        error = float(values.std() / np.sqrt(len(values)))
        yield {
            "measure": "prompts", "method": method, "pictures": pictures, "objects": len(values), "miou": float(values.mean()),
            "standard_error": error, "picture_s": elapsed / pictures,
        }  # fmt: skip


def describe(row: dict, others: dict[str, float]) -> str:
    """One line on a row of prompt_rows, with its targets.

    Args:
        others: mean IoU by method, for what a box must be better than.
    """
    figure = f"mIoU {row['miou']:.3f} ± {row['standard_error']:.3f}"
    if row["method"] == "point":
        figure = verdict(figure, f">= {POINT:g}", row["miou"] >= POINT)
    if row["method"] == "box":
        plain = max(others.get("filled_box", 0.0), others.get("ellipse", 0.0))
        figure = verdict(figure, f">= {BOX:g} and above box and ellipse, {plain:.3f}", row["miou"] >= BOX and row["miou"] > plain)
    return f"prompts    {row['method']:14s} {row['objects']:5d} objects in {row['pictures']} pictures: {figure}"
