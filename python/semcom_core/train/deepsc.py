# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Training of the codec "deepsc": both ends at once, over channels of all SNRs."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from semcom_core.text.deepsc_network import DeepscNetwork, NetworkConfig, hidden_of
from semcom_core.text.deepsc_weights import save_model
from semcom_core.text.deepsc_words import Words
from semcom_core.train.checkpoint import load_checkpoint, save_checkpoint
from semcom_core.train.deepsc_batches import Batch, batch_of, plan_of
from semcom_core.train.deepsc_words import count_words
from semcom_core.train.settings import DeepscTraining


@dataclass(frozen=True)
class Progress:
    """Where a training is: step of steps, mean loss of a token over the last steps, bits, and the share of right cores."""

    step: int
    steps: int
    bits_per_token: float
    right: float
    elapsed_s: float


def loss_of(network: DeepscNetwork, batch: Batch, rivals: tuple[torch.Tensor, torch.Tensor]):
    """Mean cross entropy of a token and of its look-up alone, nats, and the share of right cores.

    Args:
        rivals: cores to choose from, sorted, all of the batch's among them; see DeepscNetwork.receive.
    """
    hidden = hidden_of(batch.lengths)
    sent = network.send(batch.cores, batch.forms, batch.sent, hidden)
    decisions = network.receive(sent + batch.noise, batch.noise_var, hidden, rivals)
    real = torch.arange(batch.cores.shape[1]) < batch.lengths[:, None]
    cores, wanted = batch.cores[real], torch.searchsorted(rivals[0], batch.cores[real])
    odds = decisions.cores[real].float()
    forms = network.form_odds(decisions.states[real], cores).float()
    loss = cross_entropy(odds, wanted) + cross_entropy(forms, batch.forms[real])
    right = (odds.argmax(1) == wanted).float().mean().item()
    return loss, cross_entropy(decisions.look[real].float(), wanted), right


class DeepscTrainer:
    """Trains the network and keeps in a folder what it needs to go on.

    Args:
        items: tokens (core, form) of each text.
        folder: where checkpoint and vocabulary are written.
    """

    def __init__(self, words: Words, items: Sequence, config: DeepscTraining, shape: NetworkConfig, folder: Path):
        torch.manual_seed(config.seed)
        counts = np.bincount([core for item in items for core, _ in item], minlength=len(words)) + 0.1
        self.network = DeepscNetwork(shape, len(words), len(words.forms), torch.tensor(np.log2(counts / counts.sum()), dtype=torch.float32))
        self._words, self._items, self._config, self._folder = words, items, config, folder
        self._weights = dict(self.network.named_parameters())
        self._optimizer = torch.optim.AdamW(self._weights.values(), betas=(0.9, 0.98), weight_decay=0.01, fused=True)
        self._done = load_checkpoint(folder, self._weights, self._optimizer)

    def run(self) -> Iterator[Progress]:
        """Train to the end; yields after every step."""
        plan = plan_of(self._items, self._config.batch_tokens, self._config.epochs, self._config.seed)
        started, recent = time.monotonic(), []
        self.network.train()
        for step in range(self._done, len(plan)):
            recent = [*recent[-99:], self._step(step, len(plan), [self._items[i] for i in plan[step]])]
            if (step + 1) % self._config.save_steps == 0 or step + 1 == len(plan):
                save_checkpoint(self._folder, step + 1, self._weights, self._optimizer)
            loss, right = np.mean(recent, axis=0)
            yield Progress(step + 1, len(plan), float(loss), float(right), time.monotonic() - started)

    def _step(self, step: int, steps: int, items: list) -> tuple[float, float]:
        """Learn from one batch; returns its loss in bits and its share of right cores."""
        rng = np.random.default_rng([self._config.seed, step])
        torch.manual_seed(int(rng.integers(2**31)))
        batch = batch_of(items, self._words, (self._config.lowest_snr_db, self._config.highest_snr_db), rng)
        for group in self._optimizer.param_groups:
            group["lr"] = self._config.learning_rate * min(1.0, (step + 1) / 200) * 0.5 * (1 + math.cos(math.pi * step / steps))
        with torch.autocast("cpu", torch.bfloat16):
            loss, look, right = loss_of(self.network, batch, self._rivals(batch))
        (loss + self._config.look_weight * look).backward()
        torch.nn.utils.clip_grad_norm_(self._weights.values(), 1.0)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        return loss.item() / math.log(2), right

    def _rivals(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """The batch's cores and as many others, which stand for all others."""
        total = len(self.network.cores)
        own = torch.unique(batch.cores)
        if self._config.rivals == 0 or own.numel() + self._config.rivals >= total:
            return torch.arange(total), torch.zeros(total)
        rest = torch.ones(total, dtype=torch.bool)
        rest[own] = False
        others = torch.nonzero(rest)[:, 0]
        drawn = others[torch.randperm(others.numel())[: self._config.rivals]]
        choice, order = torch.cat([own, drawn]).sort()
        stand_for = math.log(others.numel() / drawn.numel())
        return choice, torch.cat([torch.zeros(own.numel()), torch.full((drawn.numel(),), stand_for)])[order]


def train_deepsc(
    config: DeepscTraining, texts: Sequence[str], folder: Path, shape: NetworkConfig | None = None
) -> Iterator[Progress]:
    """Make a vocabulary of texts, train the network on them, and write the codec's two files into a folder.

    A training that was interrupted goes on from its last checkpoint in the folder.
    """
    shape = shape or NetworkConfig()
    folder.mkdir(parents=True, exist_ok=True)
    words = count_words(texts, config.least_count, config.parts, config.forms)
    trainer = DeepscTrainer(words, [words.tokens(text) for text in texts], config, shape, folder)
    yield from trainer.run()
    save_model(trainer.network, shape, words, asdict(config), folder)
