# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bench of automatic segmentation: how much of the boundaries that people drew is found, beside methods without learning."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from semcom_core.bench.report import verdict
from semcom_core.bench.sam import FELZENSZWALB
from semcom_core.errors import ConfigError
from semcom_core.image.knowledge import KnowledgeBase
from semcom_core.image.picture import read_picture
from semcom_core.image.scenes_labelled import sampled

#: A boundary counts as found within so many pixels.
TOLERANCE = 2
#: Target for the time of automatic masks of a picture of 768 × 512 pixels, seconds.
SECONDS = 5.0


def boundaries(labels: np.ndarray) -> np.ndarray:
    """Pixels whose right or lower neighbour has another label, bool (H, W)."""
    edges = np.zeros(labels.shape, bool)
    edges[:, :-1] |= labels[:, 1:] != labels[:, :-1]
    edges[:-1] |= labels[1:] != labels[:-1]
    return edges


def share_near(edges: np.ndarray, others: np.ndarray) -> float:
    """Share of some boundary pixels, bool (H, W), that lie within the tolerance of others; 1 where there are none."""
    from scipy.ndimage import distance_transform_edt

    if not edges.any():
        return 1.0
    return float((distance_transform_edt(~others)[edges] <= TOLERANCE).mean()) if others.any() else 0.0


def methods(knowledge: KnowledgeBase, count: int) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    """Methods by name, each from a picture to labels; SLIC is asked for `count` segments."""
    from skimage.segmentation import felzenszwalb, slic

    return {
        "sam": lambda pixels: knowledge.segments(pixels).labels,
        "slic": lambda pixels: slic(pixels, n_segments=count),
        "felzenszwalb": lambda pixels: felzenszwalb(pixels, **FELZENSZWALB),
    }


def annotated(folder: Path, limit: int, rng: np.random.Generator) -> Iterator[tuple[np.ndarray, list[np.ndarray]]]:
    """At most `limit` pictures of a folder with images/ID.jpg and masks/ID_K.png, each with the labels that each person gave.

    Raises:
        ConfigError: there are none, or sizes differ.
    """
    from PIL import Image

    pictures = sorted((folder / "images").glob("*.jpg"))
    if not pictures:
        raise ConfigError(f"folder {str(folder)!r} has no pictures; allowed is a folder with images/ID.jpg and masks/ID_K.png")
    for path in sampled(pictures, limit, rng):
        pixels = read_picture(path)
        labels = [np.asarray(Image.open(name)) for name in sorted((folder / "masks").glob(f"{path.stem}_*.png"))]
        if not labels or any(one.shape != pixels.shape[:2] for one in labels):
            raise ConfigError(f"picture {path} has masks of shape {[one.shape for one in labels]}; allowed is its own, {pixels.shape[:2]}")
        yield pixels, labels


def boundary_rows(knowledge: KnowledgeBase, pictures: Iterator[tuple[np.ndarray, list[np.ndarray]]], count: int = 100) -> Iterator[dict]:
    """Mean over pictures and annotators: recall and precision of boundaries, segments, and seconds a picture."""
    tried = methods(knowledge, count)
    found: dict[str, list] = {name: [] for name in tried}
    for pixels, people in pictures:
        drawn = [boundaries(labels) for labels in people]
        for name, method in tried.items():
            started = time.monotonic()
            labels = method(pixels)
            elapsed, edges = time.monotonic() - started, boundaries(labels)
            recall = np.mean([share_near(one, edges) for one in drawn])
            precision = share_near(edges, np.logical_or.reduce(drawn))
            found[name].append((recall, precision, len(np.unique(labels)), elapsed))
    for name, values in found.items():
        recall, precision, segments, elapsed = (float(value) for value in np.mean(values, axis=0))
        figures = {"recall": recall, "precision": precision, "segments": segments, "picture_s": elapsed}
        yield {"measure": "boundaries", "method": name, "pictures": len(values), **figures}


def speed_row(knowledge: KnowledgeBase, pixels: np.ndarray) -> dict:
    """Seconds that automatic masks take, the second time, when everything is loaded."""
    knowledge.segments(pixels)
    started = time.monotonic()
    count = len(knowledge.segments(pixels).masks)
    elapsed = time.monotonic() - started
    return {"measure": "speed", "method": "sam", "size": list(pixels.shape[:2]), "segments": count, "picture_s": elapsed}


def describe(row: dict) -> str:
    """One line on a row of boundary_rows or of speed_row."""
    if row["measure"] == "speed":
        figure = verdict(f"{row['picture_s']:.2f} s", f"<= {SECONDS:g} s", row["picture_s"] <= SECONDS)
        return f"speed      sam            {row['size'][1]}x{row['size'][0]}, {row['segments']} masks: {figure}"
    found = f"recall {row['recall']:.3f}, precision {row['precision']:.3f}, {row['segments']:.0f} segments"
    return f"boundaries {row['method']:14s} {row['pictures']:5d} pictures: {found}, {row['picture_s']:.2f} s a picture"
