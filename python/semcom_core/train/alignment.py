# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Training of the text-image alignment on captioned pictures and their outlined objects.

    picture, its mirror image -> features -> | captions, or a list of what is seen
    outlined objects, cut out --> features -> | "a photo of a NAME"

What takes time is the features; they are kept in the output folder, so that an interrupted training
goes on. The projection itself is a ridge regression (see memory.alignment).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from semcom_core.datasets.captions import CaptionedPicture, captioned_pictures
from semcom_core.memory.alignment import (
    WEIGHTS,
    Projection,
    encoder_fingerprints,
    picture_features,
    ridge,
    save_projection,
)
from semcom_core.models.checkpoint import read_checkpoint, save_checkpoint
from semcom_core.models.sentence import Embedder, load_embedder
from semcom_core.train.settings import AlignmentTraining

#: File of the features in the output folder, and pictures between two writes of it.
_KEPT = "features.safetensors"
_EVERY = 25
#: Objects of a picture that are cut out, least share of the picture of one, and what is shown
#: around it over its longer side.
_OBJECTS = 4
_LEAST_SHARE = 0.015
_AROUND = 0.15
#: Objects that a list of what is seen names, and the count from which on they are many.
_NAMED = 4
_MANY = 5


@dataclass(frozen=True)
class AlignmentProgress:
    """Progress of the training: pictures done, and in all."""

    step: int
    steps: int


@dataclass(frozen=True)
class View:
    """What is learned from: pixels, uint8 (H, W, 3), texts about them, and its weight."""

    pixels: np.ndarray
    texts: tuple[str, ...]
    weight: float


def views_of(picture: CaptionedPicture, config: AlignmentTraining) -> list[View]:
    """The views of a picture: it, its mirror image, and its larger objects cut out."""
    pixels = picture.pixels()
    texts = picture.captions or seen(picture)
    weight = 1.0 if picture.captions else config.listed
    found = [View(pixels, texts, weight), View(pixels[:, ::-1], texts, weight)] if texts else []
    for name, left, top, width, height in picture.objects[:_OBJECTS]:
        if width * height >= _LEAST_SHARE * pixels.shape[0] * pixels.shape[1]:
            around = round(_AROUND * max(width, height))
            cut = pixels[
                max(0, top - around) : top + height + around,
                max(0, left - around) : left + width + around,
            ]
            found.append(View(cut, (f"a photo of a {name}",), config.objects))
    return found


def seen(picture: CaptionedPicture) -> tuple[str, ...]:
    """A sentence that lists the outlined objects of a picture; none where there are none."""
    counts = Counter(name for name, *_ in picture.objects).most_common(_NAMED)
    words = [
        f"a {name}" if count == 1 else f"{'many' if count >= _MANY else count} {name}s"
        for name, count in counts
    ]
    return (f"a photo of {' and '.join(words)}",) if words else ()


def train_alignment(
    data: Path, config: AlignmentTraining, folder: Path
) -> Iterator[AlignmentProgress]:
    """Train the projection and write it.

    Args:
        data: folder of captioned_pictures.
        config: settings.
        folder: for the features and the weights; there already.

    Yields:
        An AlignmentProgress after each picture.
    """
    pictures = captioned_pictures(data, "train")
    kept = _kept_features(folder)
    targets = []
    weights = []
    features = []
    embedder = load_embedder()
    for number, picture in enumerate(pictures):
        views = views_of(picture, config)
        name = picture.path.name
        if name not in kept or len(kept[name]) != len(views):
            kept[name] = np.stack([picture_features(view.pixels) for view in views])
        features.append(kept[name])
        targets += [mean_embedding(view.texts, embedder) for view in views]
        weights += [view.weight for view in views]
        if number % _EVERY == _EVERY - 1 or number == len(pictures) - 1:
            metadata = {"encoders": encoder_fingerprints()}
            save_checkpoint(folder / _KEPT, kept, metadata=metadata)
        yield AlignmentProgress(number + 1, len(pictures))
    projection = fit(np.concatenate(features), np.stack(targets), np.array(weights), config)
    save_projection(folder / WEIGHTS, projection, asdict(config))


def fit(
    features: np.ndarray, targets: np.ndarray, weights: np.ndarray, config: AlignmentTraining
) -> Projection:
    """The projection of views: features (N, F), sentence embeddings (N, D), weights (N,)."""
    return ridge(features.astype(float), targets.astype(float), weights, config.penalty)


def mean_embedding(texts: tuple[str, ...], embedder: Embedder) -> np.ndarray:
    """Mean of the sentence embeddings of texts, (D,)."""
    return embedder.embed(texts).mean(axis=0)


def _kept_features(folder: Path) -> dict[str, np.ndarray]:
    """Features by picture that an interrupted training with the same encoders has kept."""
    path = folder / _KEPT
    if not path.exists():
        return {}
    found = read_checkpoint(path, "the features of a training of this kind", "numpy")
    same = found.metadata.get("encoders") == encoder_fingerprints()
    return dict(found.tensors) if same else {}
