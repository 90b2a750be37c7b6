# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How toxic a text is, by one of several classifiers. Each is loaded when it is first used."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

import numpy as np

from semcom_core.errors import ConfigError, ModelError, check_choice
from semcom_core.safety.heads import LinearHead, load_head, probability
from semcom_core.text.sentence import Embedder, load_embedder


class ToxicityClassifier(Protocol):
    """What is needed of a classifier.

    Attributes:
        name: its name in CLASSIFIERS.
    """

    name: str

    def scores(self, texts: Sequence[str]) -> np.ndarray:
        """Probability that each text is toxic, float (len(texts),); from 0.5 on it counts as toxic."""


class EmbeddingToxicity:
    """A logistic head on a sentence embedding: the project's own classifier.

    Args:
        embedder: sentence embedding that the head was trained on.
        head: its log-odds are 0 where one in a hundred texts of the training part that are not toxic is exceeded.
    """

    name = "minilm"

    def __init__(self, embedder: Embedder, head: LinearHead):
        self._embedder, self._head = embedder, head

    def scores(self, texts: Sequence[str]) -> np.ndarray:
        return probability(self._head.log_odds(self._embedder.embed(texts)))


class ProfanityCheck:
    """The package alt-profanity-check: a linear support vector machine on words, calibrated. It loads its own pickles.

    Source: V. Zhou, profanity-check, 2019; maintained as alt-profanity-check.
    """

    name = "profanity-check"

    def __init__(self):
        try:
            self._package = importlib.import_module("profanity_check")
        except ImportError as error:
            raise ModelError("classifier 'profanity-check' is not installed; install it by: pip install alt-profanity-check") from error

    def scores(self, texts: Sequence[str]) -> np.ndarray:
        return np.asarray(self._package.predict_prob(list(texts)), float)


def _minilm(path: str) -> ToxicityClassifier:
    return EmbeddingToxicity(load_embedder(path), load_head("toxicity"))


def _profanity_check(path: str) -> ToxicityClassifier:
    if path:
        raise ConfigError(f"path is {path!r}; classifier 'profanity-check' has its weights in its package and takes none")
    return ProfanityCheck()


def _detoxify(path: str) -> ToxicityClassifier:
    from semcom_core.safety.detoxify import load_detoxify

    return load_detoxify(path)


#: Name → how to load it, given a path: of another embedding's folder (minilm), or of a folder with a checkpoint (detoxify).
CLASSIFIERS = {"minilm": _minilm, "profanity-check": _profanity_check, "detoxify": _detoxify}


@lru_cache(maxsize=4)
def load_toxicity(name: str = "minilm", path: str = "") -> ToxicityClassifier:
    """Load a classifier on first use; a second call gives the same object.

    Args:
        name: one of CLASSIFIERS.
        path: of its weights, where it does not bring its own.

    Raises:
        ConfigError: no such classifier.
        ModelError: its weights are not there or do not load.
    """
    check_choice("toxicity classifier", name, CLASSIFIERS)
    return CLASSIFIERS[name](path)
