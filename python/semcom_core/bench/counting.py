# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bench of counting in photographs: objects and people of labelled pictures, by regression.

    photograph ─► encoder of Segment Anything ─► means, deviations, maxima over the picture
               ─► ridge regression of log(1 + count) ─► rounded

The regression is fitted on the training part and its penalty chosen there by cross-validation;
the test part is only counted. Beside it stand constants: the training part's most frequent count,
of which more are right, and its median, of which the mean error is least. There is no target: it
says how far features of a small network go.

Source: A. Chan, Z.-S. Liang, N. Vasconcelos, Privacy preserving crowd monitoring: counting people
without people models or tracking, CVPR 2008 (counting by regression on features of the picture).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from semcom_core.bench.tasks import task_row
from semcom_core.datasets.scenes import labelled_scenes, sampled
from semcom_core.errors import ConfigError
from semcom_core.models.sam.loader import RememberingPredictor, load_sam

#: What is counted: the categories of meta.jsonl; None counts all.
CATEGORIES = {"objects": None, "people": "person"}
#: Penalties that cross-validation chooses from, and its folds.
_PENALTIES = (1.0, 10.0, 100.0, 300.0, 1000.0, 3000.0, 10_000.0)
_FOLDS = 5
#: Longer side of the pictures, pixels.
_SIDE = 256


def true_counts(folder: Path, part: str) -> dict[str, np.ndarray]:
    """Counts of what is in CATEGORIES, int (pictures,), in the order of labelled_scenes.

    Args:
        folder: cocoseg/, with meta.jsonl.
        part: train or test.

    Raises:
        ConfigError: the file cannot be read.
    """
    split = {"train": "train", "test": "val"}[part]
    try:
        lines = (folder / "meta.jsonl").read_text(encoding="utf-8").splitlines()
        rows = [entry for entry in map(json.loads, lines) if entry["split"] == split]
        names = [[thing["category"] for thing in entry["objects"]] for entry in rows]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{folder / 'meta.jsonl'} cannot be read: {error}; allowed is a folder like cocoseg/"
        ) from error
    return {
        what: np.array([sum(category in (None, name) for name in each) for each in names])
        for what, category in CATEGORIES.items()
    }


def picture_features(folder: Path, part: str, limit: int, seed: int) -> np.ndarray:
    """Features of the pictures of a part, float (pictures, features).

    Args:
        folder: cocoseg/.
        part: train or test.
        limit: most pictures.
        seed: of the sample.
    """
    predictor = RememberingPredictor(load_sam().network)
    rows = []
    for scene in labelled_scenes(folder, part, _SIDE, limit, np.random.default_rng(seed)):
        predictor.set_image(scene.pixels)
        found = predictor.embedding()
        cells = found.reshape(len(found), -1)
        rows.append(np.concatenate([cells.mean(1), cells.std(1), cells.max(1)]))
    return np.stack(rows)


def ridge(features: np.ndarray, counts: np.ndarray, penalty: float) -> np.ndarray:
    """Weights of log(1 + count) on features and a constant, float (features + 1,).

    Args:
        features: float (pictures, features), of unit variance.
        counts: int (pictures,).
        penalty: on the squared weights, without the constant.
    """
    rows = np.hstack([features, np.ones((len(features), 1))])
    weights = np.r_[np.full(features.shape[1], penalty), 1e-9]
    return np.linalg.solve(rows.T @ rows + np.diag(weights), rows.T @ np.log1p(counts))


def predicted(features: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Counts of pictures, int (pictures,).

    Args:
        features: float (pictures, features).
        weights: of `ridge`.
    """
    logs = features @ weights[:-1] + weights[-1]
    return np.maximum(0, np.rint(np.expm1(np.clip(logs, 0, 6)))).astype(int)


def chosen_penalty(features: np.ndarray, counts: np.ndarray, rng: np.random.Generator) -> float:
    """The penalty of the least mean absolute error in cross-validation.

    Args:
        features, counts: as of `ridge`.
        rng: draws the folds.
    """
    fold = rng.permutation(len(counts)) % _FOLDS
    errors = []
    for penalty in _PENALTIES:
        found = np.zeros(len(counts))
        for k in range(_FOLDS):
            weights = ridge(features[fold != k], counts[fold != k], penalty)
            found[fold == k] = predicted(features[fold == k], weights)
        errors.append(np.abs(found - counts).mean())
    return _PENALTIES[int(np.argmin(errors))]


def photograph_rows(folder: Path, limit: int, seed: int) -> Iterator[dict]:
    """Shares of photographs of the test part whose count is right, with the mean absolute error and
    the share that is wrong by one at most, and share and error of the best constants.

    Args:
        folder: cocoseg/.
        limit: most pictures of each part.
        seed: of the samples and folds.
    """
    features = {part: picture_features(folder, part, limit, seed) for part in ("train", "test")}
    mean = features["train"].mean(0)
    spread = features["train"].std(0) + 1e-6
    train, test = ((features[part] - mean) / spread for part in ("train", "test"))
    for what in CATEGORIES:
        counts = {
            part: np.array(
                sampled(list(true_counts(folder, part)[what]), limit, np.random.default_rng(seed))
            )
            for part in ("train", "test")
        }
        penalty = chosen_penalty(train, counts["train"], np.random.default_rng(seed))
        found = predicted(test, ridge(train, counts["train"], penalty))
        errors = np.abs(found - counts["test"])
        constant = Counter(counts["train"].tolist()).most_common(1)[0][0]
        yield task_row(
            "photographs",
            f"count of {what}",
            (errors == 0).tolist(),
            mean_error=float(errors.mean()),
            within_one=float((errors <= 1).mean()),
            constant=float((counts["test"] == constant).mean()),
            constant_error=float(np.abs(counts["test"] - np.median(counts["train"])).mean()),
            penalty=penalty,
        )
