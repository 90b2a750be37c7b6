# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Training of the understanding of requests: additions to a sentence encoder, and two heads.

A request is altered at random before it is seen: its things and colours become others, its case and
its marks change, a word is left out. So the task is learned from how one asks, not from what about.

    loss = cross entropy of the task + cross entropy of the item

The heads of the encoder as it ships are fitted after that, by logistic regression on the requests
as they are.

Source: E. J. Hu et al., LoRA, 2021.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from semcom_core.datasets.requests import ITEMS, TASKS, Request
from semcom_core.models.checkpoint import save_checkpoint
from semcom_core.tasks.intention import IntentionConfig, IntentionNetwork, tokens_of
from semcom_core.train.checkpoint import load_state, save_state
from semcom_core.train.settings import IntentionTraining

#: File of the trained network.
WEIGHTS = "intention.safetensors"
#: Words that stand for each other in a request, in the plural or not.
_KINDS = (
    ("ball", "cube", "cone", "ring", "cylinder", "dog", "car", "boat", "tree", "bird", "lamp"),
    ("balls", "cubes", "cones", "rings", "cylinders", "dogs", "cars", "boats", "trees", "birds"),
    ("red", "green", "blue", "yellow", "purple", "white", "black"),
    ("picture", "image", "photo", "snapshot", "frame"),
    ("pictures", "images", "photos", "snapshots", "frames"),
)
_WORD = re.compile(r"[A-Za-z]+")
#: Chances of an alteration of each kind.
_OTHER_WORD, _LOWER, _NO_MARKS, _LEFT_OUT = 0.6, 0.25, 0.25, 0.15
#: Steps in which the learning rate rises.
_WARM_UP = 20
#: Penalty of the logistic regression on the squared weights, and the root mean square norm to which
#: the features are scaled. Both, the threshold of the confidence, and that the two ways count
#: alike, were chosen on requests of the training part that had been left out.
_PENALTY = 1.0
_NORM = 8.0
#: Requests that the encoder reads at once.
_READ = 32


def altered(text: str, rng: np.random.Generator) -> str:
    """A request with other things, colours, case or marks that means the same task and item.

    Args:
        text: the request.
        rng: draws the alterations.
    """

    def other(match: re.Match) -> str:
        for kind in _KINDS:
            if match[0] in kind and rng.random() < _OTHER_WORD:
                return str(rng.choice(kind))
        return match[0]

    text = _WORD.sub(other, text)
    words = text.split()
    if len(words) > 5 and rng.random() < _LEFT_OUT:
        short = [k for k, word in enumerate(words) if word in ("the", "a", "an", "please", "of")]
        if short:
            del words[short[int(rng.integers(len(short)))]]
            text = " ".join(words)
    if rng.random() < _NO_MARKS:
        text = text.rstrip(".?!")
    return text.lower() if rng.random() < _LOWER else text


def logistic_regression(
    features: np.ndarray, labels: np.ndarray, classes: int, penalty: float = _PENALTY
) -> tuple[np.ndarray, np.ndarray]:
    """Weights, float (classes, features), and biases, float (classes,), that minimise the log loss
    + penalty/2 · squared weights, of features that are first centred and scaled to _NORM.

    Args:
        features: float (rows, features).
        labels: int (rows,), below `classes`.
        classes: there are.
        penalty: on the squared weights, of the scaled features.
    """
    from scipy.optimize import minimize

    mean = features.mean(0)
    scale = _NORM / np.sqrt(np.square(features - mean).sum(1).mean())
    rows = np.hstack([(features - mean) * scale, np.ones((len(features), 1))])
    wanted = np.eye(classes)[labels]

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights = flat.reshape(-1, classes)
        logits = rows @ weights
        logs = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
        value = -float((logs * wanted).sum()) + 0.5 * penalty * float((weights**2).sum())
        return value, (rows.T @ (np.exp(logs) - wanted) + penalty * weights).ravel()

    start = np.zeros(rows.shape[1] * classes)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 300}).x
    weights = found.reshape(-1, classes)
    slopes = weights[:-1].T * scale
    return slopes, weights[-1] - slopes @ mean


@dataclass(frozen=True)
class IntentionProgress:
    """Progress of the training of the understanding of requests.

    Args:
        step: steps done.
        steps: steps in all.
        loss: mean over the last 50 steps.
        elapsed_s: time since the start, s.
    """

    step: int
    steps: int
    loss: float
    elapsed_s: float


class IntentionTrainer:
    """Trains additions and heads; one that was interrupted goes on.

    Args:
        requests: of the training part.
        encoder: that requests are read by, of the transformers library.
        tokenizer: of the encoder.
        config: settings.
        folder: for state and weights; made where it is not there.
    """

    def __init__(
        self,
        requests: Sequence[Request],
        encoder: Any,
        tokenizer: Any,
        config: IntentionTraining,
        folder: Path,
    ) -> None:
        torch.manual_seed(config.seed)
        self._requests = list(requests)
        self._tokenizer = tokenizer
        self._config = config
        self._folder = folder
        self.shape = IntentionConfig(hidden=encoder.config.hidden_size)
        self.network = IntentionNetwork(self.shape, encoder)
        self._weights = {
            name: weight for name, weight in self.network.named_parameters() if weight.requires_grad
        }
        self._optimizer = torch.optim.AdamW(self._weights.values(), weight_decay=0.05)
        folder.mkdir(parents=True, exist_ok=True)
        self._done = load_state(folder, self._weights, self._optimizer)
        self.steps = config.epochs * math.ceil(len(self._requests) / config.requests)

    def run(self) -> Iterator[IntentionProgress]:
        """Train to the end, an IntentionProgress after every step."""
        started = time.monotonic()
        recent: list[float] = []
        self.network.train()
        for step in range(self._done, self.steps):
            recent = [*recent[-49:], self._step(step)]
            if (step + 1) % self._config.save_steps == 0 or step + 1 == self.steps:
                self._save(step + 1)
            elapsed_s = time.monotonic() - started
            yield IntentionProgress(step + 1, self.steps, float(np.mean(recent)), elapsed_s)
        self.network.eval()
        self._fit_plain_heads()
        self._save(self.steps)

    def _fit_plain_heads(self) -> None:
        """Fit the heads of the encoder as it ships."""
        features = []
        for first in range(0, len(self._requests), _READ):
            texts = [request.text for request in self._requests[first : first + _READ]]
            with torch.no_grad():
                inputs = tokens_of(self._tokenizer, texts)
                features.append(self.network.plain_features(inputs).double().numpy())
        rows = np.concatenate(features)
        for head, names, wanted in (
            (self.network.plain_task, TASKS, [request.task for request in self._requests]),
            (self.network.plain_item, ITEMS, [request.item for request in self._requests]),
        ):
            labels = np.array([names.index(name) for name in wanted])
            weights, biases = logistic_regression(rows, labels, len(names))
            head.weight.copy_(torch.from_numpy(weights))
            head.bias.copy_(torch.from_numpy(biases))

    def _step(self, step: int) -> float:
        """One step of AdamW; returns its loss."""
        config = self._config
        each = math.ceil(len(self._requests) / config.requests)
        order = np.random.default_rng([config.seed, step // each]).permutation(len(self._requests))
        rng = np.random.default_rng([config.seed, step // each, step])
        rows = order[step % each :: each]
        drawn = [self._requests[k] for k in rows]
        texts = [
            altered(each.text, rng) if rng.random() < config.altered else each.text
            for each in drawn
        ]
        tasks = torch.tensor([TASKS.index(request.task) for request in drawn])
        items = torch.tensor([ITEMS.index(request.item) for request in drawn])
        pace = min(1.0, (step + 1) / _WARM_UP) * (1 + math.cos(math.pi * step / self.steps)) / 2
        for group in self._optimizer.param_groups:
            group["lr"] = config.learning_rate * pace
        with torch.autocast("cpu", torch.bfloat16):
            logits = self.network.logits(tokens_of(self._tokenizer, texts), self.network.matrices())
        losses = [
            cross_entropy(found.float(), wanted, label_smoothing=config.smoothing)
            for found, wanted in zip(logits, (tasks, items))
        ]
        loss = losses[0] + losses[1]
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._weights.values(), 5.0)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        return loss.item()

    def _save(self, done: int) -> None:
        """Write the network, and the state to go on from."""
        training = {**asdict(self._config), "done": done, "trained_on": len(self._requests)}
        save_checkpoint(
            self._folder / WEIGHTS, self.network, self.shape, {"training": training}, half=True
        )
        save_state(self._folder, done, self._weights, self._optimizer)
