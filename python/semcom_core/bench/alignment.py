# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measurement of the text-image alignment: recall of pictures by captions, and of captions by
pictures.

    caption -> embedding -+-> cosine -> rank of its own picture among all of the test part
    pictures -> the same -+

Beside the alignment stands the same projection of colours alone, a histogram and a picture of 4 x 4
pixels, trained on the same views of the same pictures, and chance.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from semcom_core.datasets.captions import captioned_pictures
from semcom_core.errors import ConfigError, check_range
from semcom_core.memory.alignment import Alignment, Projection
from semcom_core.models.sentence import load_embedder
from semcom_core.train.alignment import fit, mean_embedding, views_of
from semcom_core.train.settings import AlignmentTraining

#: Ranks up to which a picture counts as recalled.
RANKS = (1, 5, 10)
#: Penalty of the projection of colours, chosen by cross-validation on the training part.
_PENALTY = 5.0
#: Steps of each colour in the histogram, and pixels of each side of the small picture.
_STEPS = 4
_PIXELS = 4
#: Redrawn samples of an interval, and its coverage.
_REDRAWN = 2000
_COVERAGE = 0.95


def alignment_rows(
    data: Path, limit: int | None = None, seed: int = 1, weights: str | Path | None = None
) -> list[dict[str, Any]]:
    """Recall of the alignment, of colours alone and by chance on the test part.

    Args:
        data: folder of datasets.captions.captioned_pictures.
        limit: most pictures, a seeded sample, 10 or more; None for all.
        seed: of the sample and the intervals.
        weights: of the alignment; None for those in the package.

    Returns:
        For each way and direction a row: task, system, direction, pictures, captions, and recall_K
        with recall_K_low and recall_K_high for K in RANKS.

    Raises:
        ConfigError: the folder holds no such data, or too few pictures.
        ModelError: the weights cannot be read.
    """
    rng = np.random.default_rng(seed)
    pictures = captioned_pictures(data, "test")
    if limit is not None:
        check_range("limit", limit, RANKS[-1], 1_000_000)
        pictures = [pictures[i] for i in sorted(rng.permutation(len(pictures))[:limit])]
    if len(pictures) < RANKS[-1]:
        raise ConfigError(
            f"test part has {len(pictures)} pictures; allowed are {RANKS[-1]} or more"
        )
    alignment = Alignment(weights)
    sentences = load_embedder().embed([text for one in pictures for text in one.captions])
    pixels = [picture.pixels() for picture in pictures]
    colours = colour_projection(data)
    systems = {
        "sam-tiny and lam-sc": (alignment.projection, alignment.embed_pictures(pixels)),
        "colours alone": (colours, colours.pictures(np.stack(list(map(colour_features, pixels))))),
    }
    owners = np.repeat(np.arange(len(pictures)), [len(one.captions) for one in pictures])
    rows = []
    for system, (projection, embedded) in systems.items():
        cosines = projection.sentences(sentences) @ embedded.T
        rows += _recall_rows(system, cosines, owners, rng)
    return [*rows, *_chance_rows(owners)]


def colour_projection(data: Path) -> Projection:
    """The projection of colours, trained on the very views and texts of the alignment."""
    config = AlignmentTraining(penalty=_PENALTY)
    views = [
        replace(view, pixels=colour_features(view.pixels))
        for picture in captioned_pictures(data, "train")
        for view in views_of(picture, config)
    ]
    embedder = load_embedder()
    targets = np.stack([mean_embedding(view.texts, embedder) for view in views])
    weights = np.array([view.weight for view in views])
    return fit(np.stack([view.pixels for view in views]), targets, weights, config)


def colour_features(pixels: np.ndarray) -> np.ndarray:
    """Roots of the shares of 4 x 4 x 4 colours, and the picture of 4 x 4 pixels, float (112,)."""
    from PIL import Image

    steps = pixels.reshape(-1, 3).astype(int) * _STEPS // 256
    numbers = steps @ np.array([_STEPS**2, _STEPS, 1])
    shares = np.bincount(numbers, minlength=_STEPS**3) / len(numbers)
    small = np.asarray(Image.fromarray(pixels).resize((_PIXELS, _PIXELS), Image.BOX))
    return np.concatenate([np.sqrt(shares), small.ravel() / 255])


def _recall_rows(
    system: str, cosines: np.ndarray, owners: np.ndarray, rng: np.random.Generator
) -> list[dict[str, Any]]:
    """Rows of both directions of cosines (captions, pictures)."""
    own = cosines[np.arange(len(owners)), owners]
    by_caption = (cosines > own[:, None]).sum(axis=1)
    count = cosines.shape[1]
    # of a picture the best rank among all captions that one of its own has
    best = np.array([cosines[owners == k, k].max() for k in range(count)])
    by_picture = np.array([(cosines[owners != k, k] > best[k]).sum() for k in range(count)])
    return [
        _row(system, "text to picture", by_caption, owners, owners, rng),
        _row(system, "picture to text", by_picture, np.arange(count), owners, rng),
    ]


def _row(
    system: str,
    direction: str,
    ranks: np.ndarray,
    groups: np.ndarray,
    owners: np.ndarray,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """A row of ranks from 0, with intervals bootstrapped over pictures, the groups of the ranks."""
    count = int(owners.max()) + 1
    row = {
        "task": "alignment",
        "system": system,
        "direction": direction,
        "pictures": count,
        "captions": len(owners),
    }
    sizes = np.bincount(groups, minlength=count)
    drawn = rng.integers(count, size=(_REDRAWN, count))
    for rank in RANKS:
        hits = np.bincount(groups, ranks < rank, minlength=count)
        redrawn = hits[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
        low, high = np.quantile(redrawn, [0.5 - _COVERAGE / 2, 0.5 + _COVERAGE / 2])
        row[f"recall_{rank}"] = float(hits.sum() / sizes.sum())
        row[f"recall_{rank}_low"] = float(low)
        row[f"recall_{rank}_high"] = float(high)
    return row


def _chance_rows(owners: np.ndarray) -> list[dict[str, Any]]:
    """What random order would recall."""
    count = int(owners.max()) + 1
    total = len(owners)
    own = np.bincount(owners)
    rows = []
    for direction in ("text to picture", "picture to text"):
        row: dict[str, Any] = {
            "task": "alignment",
            "system": "chance",
            "direction": direction,
            "pictures": count,
            "captions": total,
        }
        for rank in RANKS:
            if direction == "text to picture":
                found = rank / count
            else:  # that at least one of the first captions is its own
                missed = np.ones(count)
                for place in range(rank):
                    missed *= np.maximum(total - own - place, 0) / max(total - place, 1)
                found = float(np.mean(1 - missed))
            row |= {f"recall_{rank}{end}": float(found) for end in ("", "_low", "_high")}
        rows.append(row)
    return rows


def describe_alignment(row: dict[str, Any]) -> str:
    """A row of alignment_rows in words."""
    figures = ", ".join(
        f"@{rank} {row[f'recall_{rank}']:.3f} "
        f"[{row[f'recall_{rank}_low']:.3f}, {row[f'recall_{rank}_high']:.3f}]"
        for rank in RANKS
    )
    return (
        f"alignment, {row['direction']}, {row['system']:19s} recall {figures} "
        f"({row['pictures']} pictures, {row['captions']} captions)"
    )
