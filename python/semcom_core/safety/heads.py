# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Linear heads over sentence embeddings: log-odds of a class by logistic regression.

Trained by train.safety_heads and kept as safetensors (data/README.md is their card).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from semcom_core.errors import ModelError
from semcom_core.models.checkpoint import read_checkpoint
from semcom_core.models.sentence import Embedder

#: Folder of the weights that come with the package.
SHIPPED = Path(__file__).parent / "data"
#: Weight of the products of request and answer beside the answer itself.
_PRODUCT = 3.0


@dataclass(frozen=True)
class LinearHead:
    """Log-odds from features: features @ weight + bias.

    Args:
        weight: float32 (features,).
        bias: log-odds of features that are all zero.
    """

    weight: np.ndarray
    bias: float

    def log_odds(self, features: np.ndarray) -> np.ndarray:
        """Natural log-odds of each row of features, float (rows,)."""
        return features @ self.weight + self.bias


def load_head(name: str, folder: Path = SHIPPED) -> LinearHead:
    """Load a head by name.

    Args:
        name: of the file, without its ending: toxicity or preference.
        folder: where it is.

    Raises:
        ModelError: its file is not there or holds no head.
    """
    path = folder / f"{name}.safetensors"
    try:
        tensors = read_checkpoint(path, "a linear head", "numpy").tensors
        return LinearHead(tensors["weight"].reshape(-1), float(tensors["bias"].item()))
    except (KeyError, ValueError, ModelError) as error:
        cause = error.__cause__ or error
        raise ModelError(
            f"weights {str(path)!r} cannot be loaded: {type(cause).__name__}: {cause}"
        ) from error


def pair_features(embedder: Embedder, requests: list[str], answers: list[str]) -> np.ndarray:
    """Features of answers to requests: the answer's embedding, and its products with the request's.

    Args:
        embedder: sentence embedding of D dimensions.
        requests: one for each answer.
        answers: the texts to be judged.

    Returns:
        float32 (len(answers), 2 D).
    """
    request = embedder.embed(requests)
    answer = embedder.embed(answers)
    return np.hstack([answer, _PRODUCT * request * answer])


def probability(log_odds: ArrayLike) -> np.ndarray:
    """Probability of natural log-odds, element by element, without overflow."""
    return 0.5 * (1 + np.tanh(np.asarray(log_odds, float) / 2))
