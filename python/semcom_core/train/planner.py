# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Training of the parser that plans for requests, on generated questions.

The questions are drawn once and read once by the encoder, which is not trained. The loss is the
cross entropy of each word of the plan after those before it.

Array axes: B requests, T tokens of a request, W words of a plan.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pad_sequence

from semcom_core.datasets.requests import read_requests
from semcom_core.datasets.toy_questions import BACK, generate_question
from semcom_core.models.checkpoint import save_checkpoint
from semcom_core.tasks.parser import START, ParserConfig, ParserNetwork, request_states
from semcom_core.tasks.planner import WORDS
from semcom_core.train.checkpoint import load_state, save_state
from semcom_core.train.settings import PlannerTraining

#: File of the trained network.
WEIGHTS = "planner.safetensors"
#: Number of words that are none, which the loss passes over.
_NOTHING = -100
#: Steps in which the learning rate rises.
_WARM_UP = 50
#: Questions that the encoder reads at once.
_READ = 64
#: Tasks of the requests that no plan carries out; they are among the training questions.
_UNPLANNED = ("none", "reconstruct", "generate", "classify")


def training_questions(config: PlannerTraining) -> list[tuple[str, str]]:
    """Questions and their plans: generated ones, and requests of the training part that no plan
    carries out.

    Args:
        config: settings.
    """
    rng = np.random.default_rng(config.seed)
    found = [generate_question(rng) for _ in range(config.questions)]
    other = [request.text for request in read_requests("train") if request.task in _UNPLANNED]
    return found + [(text, BACK) for text in other]


@dataclass(frozen=True)
class PlannerProgress:
    """Progress of the training of the parser.

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


class PlannerTrainer:
    """Trains the parser; one that was interrupted goes on.

    Args:
        questions: with their plans.
        encoder: that requests are read by, of the transformers library.
        tokenizer: of the encoder.
        config: settings.
        folder: for state and weights; made where it is not there.
    """

    def __init__(
        self,
        questions: Sequence[tuple[str, str]],
        encoder: Any,
        tokenizer: Any,
        config: PlannerTraining,
        folder: Path,
    ) -> None:
        torch.manual_seed(config.seed)
        self._config = config
        self._folder = folder
        self._states: list[torch.Tensor] = []
        for first in range(0, len(questions), _READ):
            texts = [question for question, _ in questions[first : first + _READ]]
            states, mask = request_states(encoder, tokenizer, texts)
            self._states += [row[kept].half() for row, kept in zip(states, mask)]
        self._plans = [
            torch.tensor([WORDS.index(word) for word in plan.split()]) for _, plan in questions
        ]
        self.shape = ParserConfig(hidden=encoder.config.hidden_size)
        self.network = ParserNetwork(self.shape)
        self._weights = dict(self.network.named_parameters())
        self._optimizer = torch.optim.AdamW(self._weights.values(), weight_decay=0.05)
        folder.mkdir(parents=True, exist_ok=True)
        self._done = load_state(folder, self._weights, self._optimizer)

    def run(self) -> Iterator[PlannerProgress]:
        """Train to the end, a PlannerProgress after every step."""
        config = self._config
        started = time.monotonic()
        recent: list[float] = []
        self.network.train()
        for step in range(self._done, config.steps):
            recent = [*recent[-49:], self._step(step)]
            if (step + 1) % config.save_steps == 0 or step + 1 == config.steps:
                self._save(step + 1)
            elapsed_s = time.monotonic() - started
            yield PlannerProgress(step + 1, config.steps, float(np.mean(recent)), elapsed_s)
        self.network.eval()

    def _step(self, step: int) -> float:
        """One step of AdamW; returns its loss."""
        config = self._config
        rng = np.random.default_rng([config.seed, step])
        rows = rng.integers(len(self._plans), size=config.batch)
        states = pad_sequence([self._states[k].float() for k in rows], True)
        lengths = torch.tensor([len(self._states[k]) for k in rows])
        mask = torch.arange(states.shape[1]) < lengths[:, None]
        wanted = pad_sequence([self._plans[k] for k in rows], True, _NOTHING)
        start = torch.full((config.batch, 1), START)
        words = torch.cat([start, wanted[:, :-1].clamp(min=0)], 1)
        pace = min(1.0, (step + 1) / _WARM_UP) * (1 + math.cos(math.pi * step / config.steps)) / 2
        for group in self._optimizer.param_groups:
            group["lr"] = config.learning_rate * pace
        logits = self.network(self.network.read(states, mask), mask, words)
        loss = cross_entropy(
            logits.flatten(0, 1), wanted.flatten(), ignore_index=_NOTHING, label_smoothing=0.02
        )
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._weights.values(), 1.0)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        return loss.item()

    def _save(self, done: int) -> None:
        """Write the network, and the state to go on from."""
        training = {**asdict(self._config), "done": done}
        save_checkpoint(
            self._folder / WEIGHTS, self.network, self.shape, {"training": training}, half=True
        )
        save_state(self._folder, done, self._weights, self._optimizer)
