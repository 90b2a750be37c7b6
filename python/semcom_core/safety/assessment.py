# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Helpful, honest, harmless: three measured scores of a message, each 0 to 1.

- helpful: to a request, the relevance of the answer: cosine of their sentence embeddings, below 0
  counted as 0. Without a request, the same between what was sent and what is delivered.
- honest: fidelity of what is delivered to what was sent. Where both are known: their similarity,
  times the share of protected items (numbers, names, negations; see
  text.distillation.protected) that they have in common, times ALTERED where their order or meaning
  is not the same. Where only the codec's score is known: the posterior probability
  1 / (1 + 2^-score) that the text is right.
- harmless: probability that the text is not toxic, times, where it answers a request, the
  probability that people prefer it to an average answer.

Source: the three words are those of A. Askell et al., "A general language assistant as a laboratory
for alignment", 2021.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from semcom_core.errors import ConfigError
from semcom_core.models.sentence import Embedder, load_embedder
from semcom_core.safety.heads import LinearHead, load_head, pair_features, probability
from semcom_core.safety.toxicity import ToxicityClassifier, load_toxicity
from semcom_core.text.distillation.protected import altered, kept_items

#: What honesty is multiplied by where a protected item is altered.
ALTERED = 0.5


@dataclass(frozen=True)
class Assessment:
    """The three scores (see the module), 0 to 1; NaN where nothing is known to tell it by.

    Args:
        helpful: relevance of the message.
        honest: fidelity to what was sent.
        harmless: probability that it is harmless.
    """

    helpful: float
    honest: float
    harmless: float


class Assessor:
    """Assesses messages (see the module).

    Args:
        embedder: sentence embedding.
        classifier: of toxicity.
        preference: head over pairs of request and answer.
    """

    def __init__(
        self, embedder: Embedder, classifier: ToxicityClassifier, preference: LinearHead
    ) -> None:
        self._embedder = embedder
        self._classifier = classifier
        self._preference = preference

    @classmethod
    def load(cls, device: str = "cpu") -> Assessor:
        """The assessor with the weights that come with the package.

        Args:
            device: what its network computes on, one of config.DEVICES.

        Raises:
            ConfigError: there is no such device.
            ModelError: the sentence embedding is not installed.
        """
        return cls(
            load_embedder(device=device), load_toxicity(device=device), load_head("preference")
        )

    def assess(
        self,
        delivered: str,
        sent: str | None = None,
        score: float = math.nan,
        request: str | None = None,
    ) -> Assessment:
        """The three scores of a delivered message.

        Args:
            delivered: the text.
            sent: what was sent, where it is known.
            score: log2 odds by the codec that the text is right, where it has them.
            request: the message that this one answers.
        """
        about = sent if request is None else request
        helpful = math.nan if about is None else float(self.relevance([about], [delivered])[0])
        honest = (
            float(0.5 * (1 + math.tanh(score * math.log(2) / 2)))
            if sent is None
            else float(self.fidelity([sent], [delivered])[0])
        )
        return Assessment(
            helpful,
            honest,
            float(self.harmlessness([delivered], None if request is None else [request])[0]),
        )

    def relevance(self, requests: list[str], answers: list[str]) -> np.ndarray:
        """How much each answer is about its request, float (rows,), 0 to 1."""
        return np.maximum(
            (self._embedder.embed(requests) * self._embedder.embed(answers)).sum(axis=1), 0.0
        )

    def fidelity(self, sent: list[str], delivered: list[str]) -> np.ndarray:
        """How faithful each delivered text is to what was sent, float (rows,), 0 to 1."""
        if len(sent) != len(delivered):
            raise ConfigError(
                f"{len(sent)} texts were sent and {len(delivered)} delivered; allowed is the same "
                "count"
            )
        return self.relevance(sent, delivered) * np.array(
            [_common_items(a, b) for a, b in zip(sent, delivered)]
        )

    def preference(self, requests: list[str], answers: list[str]) -> np.ndarray:
        """Probability that people prefer each answer to an average one, float (rows,)."""
        return probability(
            self._preference.log_odds(pair_features(self._embedder, requests, answers))
        )

    def harmlessness(self, texts: list[str], requests: list[str] | None = None) -> np.ndarray:
        """Probability that each text is harmless, float (rows,)."""
        clean = 1 - self._classifier.scores(texts)
        return clean if requests is None else clean * self.preference(requests, texts)


def _common_items(sent: str, delivered: str) -> float:
    """Share of protected items that two texts have in common, lower where they are altered."""
    shares = [
        (kept + 1) / (wanted + 1)
        for kept, wanted in (kept_items(sent, delivered), kept_items(delivered, sent))
    ]
    return min(shares) * (ALTERED if altered(sent, delivered) else 1.0)
