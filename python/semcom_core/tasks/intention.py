# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Intention understanding: which task a request asks for, and on which received item.

    request ─┬► MiniLM, each matrix W + B A of low rank ─► means, maxima of layers ─► heads ─┐
             └► MiniLM as it ships ─► means and maxima of all layers ─► heads ───────────────┤
                                                                     task, item ◄── mean ────┘

The encoder is the one that ships for sentence embeddings (models.sentence); A, B and the linear
heads are trained by train.intention on the requests of datasets.requests. The probabilities of the
two ways are averaged, since their errors differ. A request is asked back where it fits no task, or
where the confidence is below the threshold.

Array axes: B requests, T tokens.

Source: E. J. Hu et al., LoRA, 2021 (matrices of low rank); W. Wang et al., MiniLM, 2020.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from semcom_core import models
from semcom_core.config import setting
from semcom_core.datasets.requests import ITEMS, NONE, TASKS
from semcom_core.errors import ConfigError, check_range
from semcom_core.models.checkpoint import file_cache, load_checkpoint
from semcom_core.models.sentence import load_embedder

#: Weights that come with the package.
SHIPPED = Path(models.__file__).parent / "weights" / "intention" / "intention.safetensors"
#: Least confidence of task and item with which a request is not asked back.
THRESHOLD = 0.3
#: Longest request, characters; what is longer is asked back.
MOST_CHARACTERS = 2000
#: Layers whose states are looked at, of the encoder with additions and as it ships; 0 are the words
#: before the first layer.
_LAYERS = (2, 4, 6)
_PLAIN_LAYERS = (1, 2, 3, 4, 5, 6)
#: Matrices of the encoder that get an addition end in these names.
_MATRICES = ("query", "key", "value", "dense")
#: Added to the states of padding before the maximum is taken.
_FAR = -1e4


@dataclass(frozen=True)
class IntentionConfig:
    """Shape of the network.

    Args:
        rank: of each addition.
        hidden: features of a state of the encoder.
    """

    rank: int = setting(8, "rank of each addition, 1 to 64")
    hidden: int = setting(384, "features of a state of the encoder, 8 to 4096")

    def __post_init__(self) -> None:
        check_range("rank", self.rank, 1, 64)
        check_range("hidden", self.hidden, 8, 4096)


def adapted_matrices(encoder: nn.Module) -> dict[str, torch.Tensor]:
    """Weights of the encoder that get an addition, by their names in it."""
    return {
        f"{name}.weight": module.weight
        for name, module in encoder.named_modules()
        if isinstance(module, nn.Linear)
        and name.startswith("encoder.")
        and name.rpartition(".")[2] in _MATRICES
    }


class IntentionNetwork(nn.Module):
    """Additions to an encoder, and the heads on its states (see the module).

    Args:
        config: its shape.
        encoder: of the transformers library; it is not changed and is no part of the weights.
    """

    def __init__(self, config: IntentionConfig, encoder: Any) -> None:
        super().__init__()
        if encoder.config.hidden_size != config.hidden:
            raise ConfigError(
                f"encoder has {encoder.config.hidden_size} features; allowed is {config.hidden}"
            )
        self.config = config
        self._encoder = (encoder,)  # in a tuple, so that its weights are not those of this module
        self._places = list(adapted_matrices(encoder))
        shapes = [weight.shape for weight in adapted_matrices(encoder).values()]
        self.inner = nn.ParameterList(
            torch.randn(config.rank, shape[1]) / math.sqrt(shape[1]) for shape in shapes
        )
        self.outer = nn.ParameterList(torch.zeros(shape[0], config.rank) for shape in shapes)
        features = 2 * len(_LAYERS) * config.hidden
        self.task = nn.Linear(features, len(TASKS))
        self.item = nn.Linear(features, len(ITEMS))
        self.dropout = nn.Dropout(0.2)
        plain = 2 * len(_PLAIN_LAYERS) * config.hidden
        self.plain_task = nn.Linear(plain, len(TASKS)).requires_grad_(False)
        self.plain_item = nn.Linear(plain, len(ITEMS)).requires_grad_(False)

    def matrices(self) -> dict[str, torch.Tensor]:
        """The encoder's matrices with their additions."""
        plain = adapted_matrices(self._encoder[0])
        return {
            name: plain[name] + outer @ inner
            for name, inner, outer in zip(self._places, self.inner, self.outer)
        }

    def logits(
        self, inputs: Mapping[str, torch.Tensor], matrices: Mapping[str, torch.Tensor]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits by the encoder with its additions: of the tasks, float (B, tasks), and of the
        items, float (B, items).

        Args:
            inputs: of the tokenizer, (B, T) each.
            matrices: of `matrices`, which need to be added up only once.
        """
        features = self.dropout(self._features(inputs, matrices, _LAYERS))
        return self.task(features), self.item(features)

    def plain_features(self, inputs: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """What the heads of the encoder as it ships look at, float (B, features).

        Args:
            inputs: of the tokenizer, (B, T) each.
        """
        return self._features(inputs, {}, _PLAIN_LAYERS)

    def forward(
        self, inputs: Mapping[str, torch.Tensor], matrices: Mapping[str, torch.Tensor]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Probabilities of the tasks, float (B, tasks), and of the items, float (B, items).

        Args:
            inputs, matrices: as `logits` takes them.
        """
        task, item = self.logits(inputs, matrices)
        plain = self.plain_features(inputs)
        return (
            (task.softmax(1) + self.plain_task(plain).softmax(1)) / 2,
            (item.softmax(1) + self.plain_item(plain).softmax(1)) / 2,
        )

    def _features(
        self,
        inputs: Mapping[str, torch.Tensor],
        matrices: Mapping[str, torch.Tensor],
        layers: Sequence[int],
    ) -> torch.Tensor:
        """Means and maxima over the tokens of the states of some layers, float (B, features)."""
        options = {**inputs, "output_hidden_states": True}
        states = torch.func.functional_call(
            self._encoder[0], dict(matrices), args=(), kwargs=options
        ).hidden_states
        mask = inputs["attention_mask"][..., None].float()
        parts = []
        for layer in layers:
            state = nn.functional.layer_norm(states[layer], states[layer].shape[-1:])
            parts.append((state * mask).sum(1) / mask.sum(1))
            parts.append((state + (1 - mask) * _FAR).max(1).values / 2)
        return torch.cat(parts, 1)


@dataclass(frozen=True)
class Intention:
    """What a request asks for.

    Args:
        task: one of TASKS.
        item: one of ITEMS.
        confidence: probability of the task and the item, the smaller of the two, 0 to 1.
        asked_back: why the request is not carried out but asked back, in one line; else empty.
    """

    task: str
    item: str
    confidence: float
    asked_back: str = ""


class IntentionClassifier:
    """Understands requests.

    Args:
        network: trained, in evaluation mode.
        tokenizer: of its encoder.
        threshold: least confidence, 0 to 1.
    """

    def __init__(
        self, network: IntentionNetwork, tokenizer: Any, threshold: float = THRESHOLD
    ) -> None:
        check_range("threshold", threshold, 0, 1)
        self.threshold = threshold
        self._network = network
        self._tokenizer = tokenizer
        with torch.inference_mode():
            self._matrices = network.matrices()

    def understand(self, request: str) -> Intention:
        """The intention of one request."""
        return self.understand_all([request])[0]

    def understand_all(self, requests: Sequence[str]) -> list[Intention]:
        """The intention of each request; a request is never more than text.

        Args:
            requests: as received.
        """
        readable = [k for k, text in enumerate(requests) if _is_readable(text)]
        found = [
            Intention(NONE, NONE, 1.0, f"no request of 1 to {MOST_CHARACTERS} characters")
        ] * len(requests)
        for first in range(0, len(readable), 32):
            rows = readable[first : first + 32]
            inputs = tokens_of(self._tokenizer, [requests[k] for k in rows])
            with torch.inference_mode():
                tasks, items = self._network(inputs, self._matrices)
            for k, task, item in zip(rows, tasks, items):
                found[k] = self._decide(task, item)
        return found

    def _decide(self, tasks: torch.Tensor, items: torch.Tensor) -> Intention:
        """Intention of the probabilities of tasks and items."""
        task = TASKS[int(tasks.argmax())]
        item = ITEMS[int(items.argmax())]
        if task == NONE:
            reason = "the request fits none of the tasks " + ", ".join(TASKS[:-1])
            return Intention(NONE, NONE, float(tasks.max()), reason)
        if item == NONE and task != "generate":  # all others need something received
            items = items.clone()
            items[ITEMS.index(NONE)] = 0
            item = ITEMS[int(items.argmax())]
        confidence = min(float(tasks.max()), float(items.max()))
        if confidence < self.threshold:
            unsure = "which task" if float(tasks.max()) < self.threshold else "which item"
            reason = f"it is not clear {unsure} the request means"
            return Intention(task, item, confidence, reason)
        return Intention(task, item, confidence)


def _is_readable(text: str) -> bool:
    return 0 < len(text.strip()) and len(text) <= MOST_CHARACTERS


def tokens_of(tokenizer: Any, requests: Sequence[str]) -> dict[str, torch.Tensor]:
    """Inputs of the encoder, (B, T) each; text that looks like a special token is text."""
    return dict(
        tokenizer(
            list(requests),
            padding=True,
            truncation=True,
            max_length=128,
            split_special_tokens=True,
            return_tensors="pt",
        )
    )


def load_intentions(
    path: str | Path = SHIPPED, threshold: float = THRESHOLD
) -> IntentionClassifier:
    """The classifier of a file of weights; a second call gives the same, unless the file has
    changed.

    Args:
        path: weights as train.intention writes them; by default those of the package.
        threshold: least confidence, 0 to 1.

    Raises:
        ModelError: the file, or the encoder, is missing, damaged or of another network.
    """
    return _load(Path(path), threshold)


@file_cache(maxsize=2)
def _load(path: Path, threshold: float) -> IntentionClassifier:
    encoder, tokenizer = load_embedder().encoder

    def make(config: IntentionConfig) -> IntentionNetwork:
        return IntentionNetwork(config, encoder)

    network, _ = load_checkpoint(path, IntentionConfig, make, "weights of `semcom train intention`")
    return IntentionClassifier(network, tokenizer, threshold)
