# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bench of the segmentation knowledge base: prompted masks, boundaries, and semantic attention.

Prompts: mean IoU of the mask for a point or a box with the object that people outlined, beside
answers that nothing was learned for (the filled box, an ellipse, graph-based segmentation).
Boundaries: recall and precision of automatic masks against the boundaries that people drew, beside
SLIC and graph-based segmentation. Attention: area under the ROC curve of importance as a detector
of the pixels of objects.

Sources: objects of COCO; boundaries and their tolerance after Martin, Fowlkes and Malik, Learning
to detect natural image boundaries, PAMI 2004 (BSDS).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from semcom_core.bench.report import verdict
from semcom_core.bench.safety import auroc
from semcom_core.datasets.scenes import CROWD, Scene, bounding_box, inner_point, sampled
from semcom_core.errors import ConfigError
from semcom_core.image.picture import read_picture
from semcom_core.image.segmentation.attention import MODES, Attention
from semcom_core.image.segmentation.knowledge import KnowledgeBase
from semcom_core.image.segmentation.segments import Segments

#: Smallest object that counts, as a share of the picture.
LEAST_OBJECT = 0.02
#: Targets: mean IoU of a point by predicted IoU, and of a box.
POINT_MIOU = 0.40
BOX_MIOU = 0.65
#: Settings of the graph-based segmentation: what a segment's size costs, blur in pixels, smallest
#: segment in pixels.
FELZENSZWALB = {"scale": 300, "sigma": 0.8, "min_size": 100}
#: A boundary counts as found within so many pixels.
TOLERANCE = 2
#: Target for the time of automatic masks of a picture of 768 × 512 pixels, seconds.
SECONDS = 5.0
#: Pixels of a picture whose importance is compared with that of all pictures' pixels.
_SAMPLE = 1000


def prompt_rows(knowledge: KnowledgeBase, scenes: Iterator[Scene]) -> Iterator[dict]:
    """Mean IoU of each method over all objects; prompts take seconds each, the picture's encoding
    included.
    """
    scores: list[dict[str, float]] = []
    started = time.monotonic()
    pictures = 0
    for scene in scenes:
        scores += object_scores(knowledge, scene)
        pictures += 1
    elapsed = time.monotonic() - started
    for method in scores[0] if scores else ():
        values = np.array([score[method] for score in scores])
        error = float(values.std() / np.sqrt(len(values)))
        yield {
            "measure": "prompts",
            "method": method,
            "pictures": pictures,
            "objects": len(values),
            "miou": float(values.mean()),
            "standard_error": error,
            "picture_s": elapsed / pictures,
        }


def object_scores(knowledge: KnowledgeBase, scene: Scene) -> Iterator[dict[str, float]]:
    """IoU of each method for each object of a picture."""
    from skimage.segmentation import felzenszwalb

    regions = None
    for mask in objects(scene):
        if regions is None:
            regions = felzenszwalb(scene.pixels, **FELZENSZWALB)
        point = inner_point(mask)
        box = bounding_box(mask)
        size = (mask.shape[0], mask.shape[1])
        by_point = [
            iou(one, mask) for one in knowledge.segment(scene.pixels, point=tuple(point)).masks
        ]
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


def objects(scene: Scene) -> Iterator[np.ndarray]:
    """Masks, bool (H, W), of the objects of a picture that count."""
    for number in np.setdiff1d(np.unique(scene.labels), [0, CROWD]):
        mask = scene.labels == number
        if mask.sum() >= LEAST_OBJECT * mask.size:
            yield mask


def iou(mask: np.ndarray, wanted: np.ndarray) -> float:
    """Intersection over union of two masks, bool (H, W), the second not empty."""
    return float((mask & wanted).sum() / (mask | wanted).sum())


def filled_box(box: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Mask, bool of the size (H, W), of a box (left, top, right, bottom), pixels."""
    mask = np.zeros(size, bool)
    mask[box[1] : box[3], box[0] : box[2]] = True
    return mask


def inscribed_ellipse(box: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Mask, bool of the size (H, W), of the largest ellipse in a box (see filled_box)."""
    y, x = np.mgrid[: size[0], : size[1]] + 0.5
    across = (2 * x - box[0] - box[2]) / (box[2] - box[0])
    down = (2 * y - box[1] - box[3]) / (box[3] - box[1])
    return across**2 + down**2 <= 1


def describe(row: dict, others: dict[str, float]) -> str:
    """One line on a row of prompt_rows, with its targets.

    Args:
        row: what is described.
        others: mean IoU by method, for what a box must be better than.
    """
    figure = f"mIoU {row['miou']:.3f} ± {row['standard_error']:.3f}"
    if row["method"] == "point":
        figure = verdict(figure, f">= {POINT_MIOU:g}", row["miou"] >= POINT_MIOU)
    if row["method"] == "box":
        plain = max(others.get("filled_box", 0.0), others.get("ellipse", 0.0))
        figure = verdict(
            figure,
            f">= {BOX_MIOU:g} and above box and ellipse, {plain:.3f}",
            row["miou"] >= BOX_MIOU and row["miou"] > plain,
        )
    return (
        f"prompts    {row['method']:14s} {row['objects']:5d} objects in {row['pictures']} "
        f"pictures: {figure}"
    )


def annotated(
    folder: Path, limit: int, rng: np.random.Generator
) -> Iterator[tuple[np.ndarray, list[np.ndarray]]]:
    """Pictures uint8 (H, W, 3), each with the labels (H, W) that each annotator gave.

    Args:
        folder: has images/ID.jpg and masks/ID_K.png.
        limit: most pictures.
        rng: draws the sample.

    Raises:
        ConfigError: there are none, or sizes differ.
    """
    from PIL import Image

    pictures = sorted((folder / "images").glob("*.jpg"))
    if not pictures:
        raise ConfigError(
            f"folder {str(folder)!r} has no pictures; allowed is a folder with images/ID.jpg and "
            "masks/ID_K.png"
        )
    for path in sampled(pictures, limit, rng):
        pixels = read_picture(path)
        labels = [
            np.asarray(Image.open(name))
            for name in sorted((folder / "masks").glob(f"{path.stem}_*.png"))
        ]
        if not labels or any(one.shape != pixels.shape[:2] for one in labels):
            raise ConfigError(
                f"picture {path} has masks of shape {[one.shape for one in labels]}; allowed is "
                f"its own, {pixels.shape[:2]}"
            )
        yield pixels, labels


def boundary_rows(
    knowledge: KnowledgeBase,
    pictures: Iterator[tuple[np.ndarray, list[np.ndarray]]],
    count: int = 100,
) -> Iterator[dict]:
    """Mean over pictures and annotators: recall and precision of boundaries, segments, and seconds
    a picture.

    Args:
        knowledge: what gives the automatic masks.
        pictures: each uint8 (H, W, 3), with the labels (H, W) that each annotator gave.
        count: segments that SLIC is asked for.
    """
    tried = methods(knowledge, count)
    found: dict[str, list] = {name: [] for name in tried}
    for pixels, people in pictures:
        drawn = [boundaries(labels) for labels in people]
        for name, method in tried.items():
            started = time.monotonic()
            labels = method(pixels)
            elapsed = time.monotonic() - started
            edges = boundaries(labels)
            recall = float(np.mean([share_near(one, edges) for one in drawn]))
            precision = share_near(edges, np.logical_or.reduce(drawn))
            found[name].append((recall, precision, len(np.unique(labels)), elapsed))
    for name, values in found.items():
        means = np.mean(values, axis=0).tolist()
        yield {
            "measure": "boundaries",
            "method": name,
            "pictures": len(values),
            "recall": means[0],
            "precision": means[1],
            "segments": means[2],
            "picture_s": means[3],
        }


def methods(knowledge: KnowledgeBase, count: int) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    """Methods by name, each from a picture to labels; SLIC is asked for `count` segments."""
    from skimage.segmentation import felzenszwalb, slic

    return {
        "sam": lambda pixels: knowledge.segments(pixels).labels,
        "slic": lambda pixels: slic(pixels, n_segments=count),
        "felzenszwalb": lambda pixels: felzenszwalb(pixels, **FELZENSZWALB),
    }


def boundaries(labels: np.ndarray) -> np.ndarray:
    """Pixels whose right or lower neighbour has another label, bool (H, W)."""
    edges = np.zeros(labels.shape, bool)
    edges[:, :-1] |= labels[:, 1:] != labels[:, :-1]
    edges[:-1] |= labels[1:] != labels[:-1]
    return edges


def share_near(edges: np.ndarray, others: np.ndarray) -> float:
    """Share of some boundary pixels, bool (H, W), that lie within the tolerance of others; 1 where
    there are none.
    """
    from scipy.ndimage import distance_transform_edt

    if not edges.any():
        return 1.0
    if not others.any():
        return 0.0
    return float((distance_transform_edt(~others)[edges] <= TOLERANCE).mean())


def speed_row(knowledge: KnowledgeBase, pixels: np.ndarray) -> dict:
    """Seconds that automatic masks of pixels, uint8 (H, W, 3), take once everything is loaded."""
    knowledge.segments(pixels)
    started = time.monotonic()
    count = len(knowledge.segments(pixels).masks)
    elapsed = time.monotonic() - started
    return {
        "measure": "speed",
        "method": "sam",
        "size": list(pixels.shape[:2]),
        "segments": count,
        "picture_s": elapsed,
    }


def describe_boundaries(row: dict) -> str:
    """One line on a row of boundary_rows or of speed_row."""
    if row["measure"] == "speed":
        figure = verdict(
            f"{row['picture_s']:.2f} s", f"<= {SECONDS:g} s", row["picture_s"] <= SECONDS
        )
        return (
            f"speed      sam            {row['size'][1]}x{row['size'][0]}, {row['segments']} "
            f"masks: {figure}"
        )
    found = (
        f"recall {row['recall']:.3f}, precision {row['precision']:.3f}, {row['segments']:.0f} "
        "segments"
    )
    return (
        f"boundaries {row['method']:14s} {row['pictures']:5d} pictures: {found}, "
        f"{row['picture_s']:.2f} s a picture"
    )


def attention_rows(
    attention: Attention,
    knowledge: KnowledgeBase,
    scenes: Iterator[Scene],
    rng: np.random.Generator,
) -> Iterator[dict]:
    """For each mode the area under the curve over pixels of all pictures, and the mean over
    pictures of the IoU at importance 0.5.

    Args:
        attention: what is measured.
        knowledge: what segments the pictures.
        scenes: pictures with outlined objects.
        rng: draws the pixels of the area under the curve.
    """
    scores: dict[str, list] = {mode: [] for mode in MODES}
    shares: dict[str, list] = {mode: [] for mode in MODES}
    wanted = []
    for scene in scenes:
        objects = scene.labels > 0
        places = rng.integers(objects.size, size=_SAMPLE)
        wanted.append(objects.reshape(-1)[places])
        segments = knowledge.segments(scene.pixels)
        for mode in MODES:
            importance = attention.importance(scene.pixels, segments, mode)
            scores[mode].append(importance.reshape(-1)[places])
            found = importance >= 0.5
            shares[mode].append((found & objects).sum() / max(1, (found | objects).sum()))
    for mode in MODES:
        area = auroc(np.concatenate(scores[mode]), np.concatenate(wanted))
        yield {
            "measure": "attention",
            "method": mode,
            "pictures": len(wanted),
            "auroc": area,
            "miou": float(np.mean(shares[mode])),
        }


def describe_attention(row: dict) -> str:
    """One line on a row of attention_rows."""
    return (
        f"attention  {row['method']:14s} {row['pictures']:5d} pictures: AUROC "
        f"{row['auroc']:.3f}, mIoU with objects {row['miou']:.3f}"
    )
