# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The loop in which the learned image codecs are trained: steps, learning rate, checkpoints."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from semcom_core.train.checkpoint import load_checkpoint, save_checkpoint
from semcom_core.train.image_settings import ImageTraining

#: Steps in which the learning rate rises.
_RISE = 200
#: Learning rate of tables of logarithms over that of the rest: they have far to go.
_TABLE_RATE = 5.0


@dataclass(frozen=True)
class Progress:
    """Where a training is: step of steps, and the mean PSNR over the last steps, dB."""

    step: int
    steps: int
    psnr_db: float
    elapsed_s: float


class ImageTrainer:
    """Trains a network and keeps in a folder what it needs to go on.

    Args:
        network: with the weights that the training starts from; layers called "linear" and tables called "log_" learn at rates of
            their own.
        loss: draws a message with a Generator; returns its loss and its PSNR, dB.
        folder: where checkpoints are written.
    """

    def __init__(
        self, network: nn.Module, loss: Callable[[np.random.Generator], tuple[Tensor, float]], config: ImageTraining, folder: Path
    ):
        self.network, self._loss, self._config, self._folder = network, loss, config, folder
        self._weights = dict(network.named_parameters())
        for weight in self._weights.values():
            weight.grad = torch.zeros_like(weight)  # so that those that the stage does not use have moments to keep
        self._optimizer = torch.optim.AdamW(_groups(self._weights, config), betas=(0.9, 0.98), weight_decay=1e-4, fused=True)
        self._done = load_checkpoint(folder, self._weights, self._optimizer)

    def run(self) -> Iterator[Progress]:
        """Train to the end; yields after every step."""
        started, recent = time.monotonic(), []
        self.network.train()
        for step in range(self._done, self._config.steps):
            recent = [*recent[-99:], self._step(step)]
            if (step + 1) % self._config.save_steps == 0 or step + 1 == self._config.steps:
                save_checkpoint(self._folder, step + 1, self._weights, self._optimizer)
            yield Progress(step + 1, self._config.steps, float(np.mean(recent)), time.monotonic() - started)

    def _step(self, step: int) -> float:
        """Learn from one message; returns its PSNR, dB."""
        rng = np.random.default_rng([self._config.seed, step])
        torch.manual_seed(int(rng.integers(2**31)))
        for group in self._optimizer.param_groups:
            group["lr"] = group["share"] * rate_at(step, self._config)
        with torch.autocast("cpu", torch.bfloat16):
            loss, psnr_db = self._loss(rng)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._weights.values(), 0.5)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=False)
        return psnr_db


def _groups(weights: dict[str, nn.Parameter], config: ImageTraining) -> list[dict]:
    """The optimizer's groups: parameters, and the share of the learning rate that they get."""
    shares = {name: config.linear_rate if ".linear." in name else _TABLE_RATE if "log_" in name else 1.0 for name in weights}
    return [{"params": [weights[n] for n, share in shares.items() if share == one], "share": one} for one in sorted({*shares.values()})]


def rate_at(step: int, config: ImageTraining) -> float:
    """Learning rate of a step: it rises, stays, and falls to 0 in the last part."""
    left = (config.steps - step) / config.steps
    return config.learning_rate * min(1.0, (step + 1) / _RISE, left / config.fall if config.fall else 1.0)
