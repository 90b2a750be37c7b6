# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Training of the safety heads: logistic regression on sentence embeddings.

    python -m semcom_core.train.safety_heads DATA_FOLDER [OUT_FOLDER]

Source: R. Bradley, M. Terry, Rank analysis of incomplete block designs, Biometrika 1952 (the
preference head).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from semcom_core.datasets.corpus import is_test
from semcom_core.datasets.labelled import preference_pairs, toxicity_texts
from semcom_core.models.checkpoint import save_checkpoint
from semcom_core.models.sentence import Embedder, load_embedder
from semcom_core.safety.heads import SHIPPED, LinearHead, pair_features

#: Texts that are not toxic: file below the data folder, and how many of its training part are
#: taken.
CLEAN = (
    ("text/europarl_en.txt", 2000),
    ("text/sms_ham.txt", 4000),
    ("text/tatoeba_en.txt", 800),
    ("text/coco_captions.tsv", 400),
)
#: Penalties on squared weights, chosen by cross-validation on the training parts.
TOXICITY_PENALTY = 1.0
PREFERENCE_PENALTY = 100.0
#: Share of the texts that are not toxic which the threshold lets count as toxic.
FALSE_POSITIVES = 0.005
#: Folds of the cross-validation.
_FOLDS = 5


def fit(
    features: np.ndarray,
    labels: np.ndarray,
    weights: np.ndarray,
    penalty: float,
    intercept: bool = True,
) -> LinearHead:
    """Logistic regression: the head that minimises the weighted log loss + penalty/2 · |weight|^2.

    Args:
        features: float (rows, features).
        labels: bool (rows,).
        weights: of each row's loss, float (rows,).
        penalty: on the squared weights.
        intercept: whether there is a bias, which is not penalised.
    """
    from scipy.optimize import minimize

    rows = np.hstack([features, np.ones((len(features), 1)) * intercept]).astype(np.float64)
    sign = np.where(labels, 1.0, -1.0)
    ridge = np.r_[np.full(features.shape[1], penalty), 0.0]

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        margin = sign * (rows @ w)
        slope = -weights * sign * 0.5 * (1 - np.tanh(margin / 2))
        value = float(weights @ np.logaddexp(0, -margin) + 0.5 * ridge @ w**2)
        return value, rows.T @ slope + ridge * w

    found = minimize(
        loss, np.zeros(rows.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 2000}
    ).x
    return LinearHead(found[:-1].astype(np.float32), float(found[-1]) * intercept)


def clean_texts(data: Path, rng: np.random.Generator) -> list[str]:
    """Texts of the training part that are taken not to be toxic."""
    found: list[str] = []
    for name, most in CLEAN:
        lines = [
            line.rpartition("\t")[2].strip()
            for line in (data / name).read_text(encoding="utf-8").splitlines()
        ]
        source = [line for line in dict.fromkeys(lines) if line and not is_test(line)]
        found += [source[i] for i in rng.permutation(len(source))[:most]]
    return found


def toxicity_head(embedder: Embedder, data: Path, rng: np.random.Generator) -> LinearHead:
    """Head that tells toxic texts: each class has half of the weight; log-odds 0 is where
    FALSE_POSITIVES of the clean texts are exceeded.

    That threshold is found on held-out texts, by cross-validation.

    Args:
        embedder: of the texts.
        data: folder of the training data.
        rng: draws the clean texts and the folds.
    """
    labelled = toxicity_texts(data, "train")
    texts = [text for text, _ in labelled]
    clean = clean_texts(data, rng)
    features = embedder.embed(texts + clean)
    labels = np.array([toxic for _, toxic in labelled] + [False] * len(clean))
    weights = np.where(labels, 0.5 / labels.mean(), 0.5 / (1 - labels.mean()))

    def train(rows: np.ndarray) -> LinearHead:
        return fit(features[rows], labels[rows], weights[rows], TOXICITY_PENALTY)

    held_out = cross_validated(train, features, rng)
    head = train(np.ones(len(labels), bool))
    return LinearHead(
        head.weight, head.bias - float(np.quantile(held_out[len(texts) :], 1 - FALSE_POSITIVES))
    )


def cross_validated(
    train: Callable[[np.ndarray], LinearHead], features: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Log-odds of each row by a head that was trained without it, float (rows,).

    Args:
        train: makes a head of the rows of a mask, bool (rows,).
        features: float (rows, features).
        rng: draws the folds.
    """
    fold = rng.permutation(len(features)) % _FOLDS
    found = np.zeros(len(features))
    for k in range(_FOLDS):
        found[fold == k] = train(fold != k).log_odds(features[fold == k])
    return found


def preference_head(embedder: Embedder, data: Path) -> LinearHead:
    """Log-odds that an answer is preferred to an average one: fitted to differences of chosen and
    rejected (Bradley and Terry 1952).
    """
    requests, chosen, rejected = map(list, zip(*preference_pairs(data, "train")))
    better = pair_features(embedder, requests, chosen)
    worse = pair_features(embedder, requests, rejected)
    rows = np.vstack([better - worse, worse - better])
    labels = np.repeat([True, False], len(better))
    head = fit(rows, labels, np.ones(len(labels)), PREFERENCE_PENALTY, intercept=False)
    return LinearHead(head.weight, -float(head.log_odds(np.vstack([better, worse])).mean()))


def save(head: LinearHead, path: Path) -> None:
    """Write a head to a safetensors file."""
    weight = np.asarray(head.weight, np.float32)
    bias = np.array([head.bias], np.float32)
    save_checkpoint(path, {"weight": weight, "bias": bias})


def main(arguments: list[str]) -> int:
    """Train both heads and write them."""
    data = Path(arguments[0])
    out = Path(arguments[1]) if len(arguments) > 1 else SHIPPED
    embedder = load_embedder()
    save(toxicity_head(embedder, data, np.random.default_rng(1)), out / "toxicity.safetensors")
    save(preference_head(embedder, data), out / "preference.safetensors")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
