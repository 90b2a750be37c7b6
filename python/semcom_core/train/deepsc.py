# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vocabulary of the codec "deepsc", counted in training texts.

Batches for the training of the codec "deepsc": tokens, which of their symbols are sent, and the
noise of a channel.

Training of the codec "deepsc": both ends at once, over channels of all SNRs.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from semcom_core.text.baselines.deepsc.codec import length_of, save_model, slots
from semcom_core.text.baselines.deepsc.network import (
    TOKEN_SYMBOLS,
    DeepscNetwork,
    NetworkConfig,
    hidden_of,
)
from semcom_core.text.baselines.deepsc.vocabulary import PLAIN_FORMS, Form, Words, readings
from semcom_core.train.checkpoint import load_state, save_state
from semcom_core.train.settings import DeepscTraining
from semcom_core.units import db_to_linear

_PART_LENGTHS = range(1, 9)


def count_words(texts: Iterable[str], least: int, parts: int, forms: int) -> Words:
    """Vocabulary of texts: all frequent cores, the most useful parts of words, and the most
    frequent forms.

    Args:
        texts: training texts.
        least: a core is in the vocabulary from this count on.
        parts: how many parts of words to add, to spell rarer words with.
        forms: how many forms at the most, beside the plain ones.
    """
    cores = Counter()
    seen = Counter()
    for word, count in Counter(word for text in texts for word in text.split(" ")).items():
        for core, form in readings(word, False)[:1]:
            cores[core] += count
            seen[form] += count
    frequent = [core for core, count in cores.most_common() if count >= least and core]
    known = set(frequent)
    added = [part for part in _parts(cores, parts + len(known)) if part not in known][:parts]
    chosen = [form for form, _ in seen.most_common(forms) if form not in PLAIN_FORMS]
    glued = [
        Form(True, prefix, form.suffix, form.case)
        for prefix in ("", "-")
        for form in (*PLAIN_FORMS[:3], *chosen)
        if not form.prefix
    ]
    return Words(tuple(frequent + added), tuple(dict.fromkeys([*PLAIN_FORMS, *chosen, *glued])))


def _parts(cores: Sequence[str], most: int) -> list[str]:
    """Parts of distinct words by how many characters they would stand for beyond one a token;
    single characters first.
    """
    counts = Counter(
        core[i : i + n] for core in cores for n in _PART_LENGTHS for i in range(len(core) - n + 1)
    )
    weight = {part: count * (len(part) - 1) for part, count in counts.items() if count > 2}
    single = [part for part in weight if len(part) == 1]
    return [
        *single,
        *sorted((part for part in weight if len(part) > 1), key=lambda part: -weight[part]),
    ][:most]


#: Tokens of a training example at the most; a longer one is cut to a random part.
MOST_TOKENS = 64
#: Shares of the messages: over block Rayleigh fading, with a run of erased symbols, cut to a random
#: part, and garbled.
_FADING = 0.3
_ERASED = 0.05
_CUT = 0.1
_GARBLED = 0.12
#: Share of a garbled message's tokens that are exchanged: words out of place are to arrive too.
_EXCHANGED = 0.25
_FADING_BLOCK = 32
_DEEPEST_FADE = 1e-3


class Batch(NamedTuple):
    """Tokens and channel of some messages.

    lengths: tokens of each message, int (B,); cores, forms: int (B, T), 0 in the padding; sent:
    bool (B, T, 8); noise: float (B, T, 16), laid out as DeepscDecoder takes the symbols, which are
    added to it; noise_var: float (B, T, 8), inf where nothing arrives.
    """

    lengths: torch.Tensor
    cores: torch.Tensor
    forms: torch.Tensor
    sent: torch.Tensor
    noise: torch.Tensor
    noise_var: torch.Tensor


def plan_of(items: Sequence, batch_tokens: int, epochs: float, seed: int) -> list[list[int]]:
    """Indices of the items of each batch, of about the same length, for the whole training."""
    rng = np.random.default_rng(seed)
    plan: list[list[int]] = []
    once = None
    while once is None or len(plan) < round(epochs * once):
        found: list[list[int]] = [[]]
        for i in sorted(
            range(len(items)), key=lambda i: (min(len(items[i]), MOST_TOKENS), rng.random())
        ):
            if found[-1] and (len(found[-1]) + 1) * min(len(items[i]), MOST_TOKENS) > batch_tokens:
                found.append([])
            found[-1].append(i)
        plan += [found[i] for i in rng.permutation(len(found))]
        once = once or len(found)
    return plan[: max(1, round(epochs * once))]


def batch_of(
    items: Sequence[Sequence[tuple[int, int]]],
    words: Words,
    snr_db: tuple[float, float],
    rng: np.random.Generator,
) -> Batch:
    """Make a batch of texts' tokens (core, form).

    Args:
        words: the vocabulary.
        snr_db: range of the messages' SNRs, drawn evenly, dB.
    """
    messages = [_varied(np.array(item), words, rng) for item in items]
    size = len(messages)
    most = max(map(len, messages))
    tokens = np.zeros((size, most, 2), np.int64)
    sent = np.zeros((size, most, TOKEN_SYMBOLS), bool)
    noise_var = np.full(sent.shape, np.inf, np.float32)
    for row, message in enumerate(messages):
        tokens[row, : len(message)] = message
        count = sum(words.spaced(token) for token in message)
        where = (row, *slots(len(message), length_of(len(message), count)))
        sent[where] = True
        noise_var[where] = _noise_var(len(where[1]), rng.uniform(*snr_db), rng)
    pair = rng.standard_normal((2, *sent.shape), dtype=np.float32) * np.sqrt(
        np.where(np.isfinite(noise_var), noise_var, 0) / 2
    )
    noise = np.concatenate([pair[0], pair[1]], axis=2)
    cores_, forms = torch.from_numpy(tokens).unbind(2)
    lengths = torch.tensor([len(message) for message in messages])
    return Batch(
        lengths,
        cores_,
        forms,
        torch.from_numpy(sent),
        torch.from_numpy(noise),
        torch.from_numpy(noise_var),
    )


def _noise_var(length: int, snr_db: float, rng: np.random.Generator) -> np.ndarray:
    """Noise variance of each symbol of a message, inf where it is erased."""
    variance = np.full(length, 1 / db_to_linear(snr_db))
    if rng.random() < _FADING:
        gains = rng.exponential(size=-(-length // _FADING_BLOCK)).repeat(_FADING_BLOCK)[:length]
        variance = np.where(
            gains > _DEEPEST_FADE, variance / np.maximum(gains, _DEEPEST_FADE), np.inf
        )
    if rng.random() < _ERASED:
        start, stop = sorted(rng.integers(0, length + 1, 2))
        variance[start:stop] = np.inf
    return variance


def _varied(message: np.ndarray, words: Words, rng: np.random.Generator) -> np.ndarray:
    """A text's tokens, some cut, some with tokens exchanged for others."""
    cut = rng.random() < _CUT
    if len(message) > MOST_TOKENS or cut:
        size = int(rng.integers(1, min(len(message), MOST_TOKENS) + 1)) if cut else MOST_TOKENS
        start = int(rng.integers(0, len(message) - size + 1))
        message = message[start : start + size]
    if rng.random() < _GARBLED:
        exchanged = rng.random(len(message)) < _EXCHANGED
        message = message.copy()
        message[exchanged, 0] = rng.integers(0, len(words), exchanged.sum())
        exchanged &= rng.random(len(message)) < 0.5
        message[exchanged, 1] = rng.integers(0, len(words.forms), exchanged.sum())
    return message


@dataclass(frozen=True)
class Progress:
    """Where a training is: step of steps, mean loss of a token over the last steps, bits, and the
    share of right cores.
    """

    step: int
    steps: int
    bits_per_token: float
    right: float
    elapsed_s: float


def loss_of(network: DeepscNetwork, batch: Batch, rivals: tuple[torch.Tensor, torch.Tensor]):
    """Mean cross entropy of a token and of its look-up alone, nats, and the share of right cores.

    Args:
        rivals: cores to choose from, sorted, all of the batch's among them; see
            DeepscNetwork.receive.
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

    def __init__(
        self,
        words: Words,
        items: Sequence,
        config: DeepscTraining,
        shape: NetworkConfig,
        folder: Path,
    ):
        torch.manual_seed(config.seed)
        counts = (
            np.bincount([core for item in items for core, _ in item], minlength=len(words)) + 0.1
        )
        self.network = DeepscNetwork(
            shape,
            len(words),
            len(words.forms),
            torch.tensor(np.log2(counts / counts.sum()), dtype=torch.float32),
        )
        self._words = words
        self._items = items
        self._config = config
        self._folder = folder
        self._weights = dict(self.network.named_parameters())
        self._optimizer = torch.optim.AdamW(
            self._weights.values(), betas=(0.9, 0.98), weight_decay=0.01, fused=True
        )
        self._done = load_state(folder, self._weights, self._optimizer)

    def run(self) -> Iterator[Progress]:
        """Train to the end; yields after every step."""
        plan = plan_of(
            self._items, self._config.batch_tokens, self._config.epochs, self._config.seed
        )
        started = time.monotonic()
        recent = []
        self.network.train()
        for step in range(self._done, len(plan)):
            recent = [
                *recent[-99:],
                self._step(step, len(plan), [self._items[i] for i in plan[step]]),
            ]
            if (step + 1) % self._config.save_steps == 0 or step + 1 == len(plan):
                save_state(self._folder, step + 1, self._weights, self._optimizer)
            loss, right = np.mean(recent, axis=0)
            yield Progress(
                step + 1, len(plan), float(loss), float(right), time.monotonic() - started
            )

    def _step(self, step: int, steps: int, items: list) -> tuple[float, float]:
        """Learn from one batch; returns its loss in bits and its share of right cores."""
        rng = np.random.default_rng([self._config.seed, step])
        torch.manual_seed(int(rng.integers(2**31)))
        batch = batch_of(
            items, self._words, (self._config.lowest_snr_db, self._config.highest_snr_db), rng
        )
        for group in self._optimizer.param_groups:
            group["lr"] = (
                self._config.learning_rate
                * min(1.0, (step + 1) / 200)
                * 0.5
                * (1 + math.cos(math.pi * step / steps))
            )
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
        return choice, torch.cat(
            [torch.zeros(own.numel()), torch.full((drawn.numel(),), stand_for)]
        )[order]


def train_deepsc(
    config: DeepscTraining, texts: Sequence[str], folder: Path, shape: NetworkConfig | None = None
) -> Iterator[Progress]:
    """Make a vocabulary of texts, train the network on them, and write the codec's two files into a
    folder.

    A training that was interrupted goes on from its last checkpoint in the folder.
    """
    shape = shape or NetworkConfig()
    folder.mkdir(parents=True, exist_ok=True)
    words = count_words(texts, config.least_count, config.parts, config.forms)
    trainer = DeepscTrainer(words, [words.tokens(text) for text in texts], config, shape, folder)
    yield from trainer.run()
    save_model(trainer.network, shape, words, asdict(config), folder)
