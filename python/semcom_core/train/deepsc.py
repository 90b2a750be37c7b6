# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Training of the text codec "deepsc": vocabulary, batches over a simulated channel, and loop.

The vocabulary is counted in the training texts. Encoder and decoder learn together, over channels
of all SNRs, some with block fading, erased symbols, or texts cut and with words exchanged.

Arrays: B messages of up to T tokens (core, form); 8 symbols of a token, 16 real values.

Source: H. Xie et al., Deep learning enabled semantic communication systems, IEEE Trans. Signal
Processing 2021.
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

#: Lengths of the parts of words, characters.
_PART_LENGTHS = range(1, 9)
#: Tokens of a training example at the most; a longer one is cut to a random part.
MOST_TOKENS = 64
#: Share of the messages over block Rayleigh fading.
_FADING = 0.3
#: Symbols of a fading block, and the power gain below which a block counts as erased.
_FADING_BLOCK = 32
_DEEPEST_FADE = 1e-3
#: Share of the messages with a run of erased symbols.
_ERASED = 0.05
#: Share of the messages cut to a random part.
_CUT = 0.1
#: Share of the messages with tokens exchanged, so that words out of place arrive too.
_GARBLED = 0.12
#: Share of the tokens exchanged in them.
_EXCHANGED = 0.25


def count_words(texts: Iterable[str], least: int, parts: int, forms: int) -> Words:
    """Vocabulary of texts: frequent cores, the parts of words that save most tokens, and the most
    frequent forms.

    Args:
        texts: training texts.
        least: a core is in the vocabulary from this count on.
        parts: how many parts of words to add, to spell rarer words with.
        forms: how many forms at the most, beside the plain ones.
    """
    cores: Counter[str] = Counter()
    seen: Counter[Form] = Counter()
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


def _parts(cores: Iterable[str], most: int) -> list[str]:
    """Parts of distinct words, by the characters that they save over one token a character; single
    characters first.
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


class TextBatch(NamedTuple):
    """Tokens and channel of some messages.

    Args:
        lengths: tokens of each message, int (B,).
        cores, forms: int (B, T), 0 in the padding.
        sent: symbols that are sent, bool (B, T, 8).
        noise: float (B, T, 16), laid out as DeepscDecoder takes the symbols, which are added to it.
        noise_var: float (B, T, 8), inf where nothing arrives.
    """

    lengths: torch.Tensor
    cores: torch.Tensor
    forms: torch.Tensor
    sent: torch.Tensor
    noise: torch.Tensor
    noise_var: torch.Tensor


def plan_of(items: Sequence, batch_tokens: int, epochs: float, seed: int) -> list[list[int]]:
    """Indices of the items of each batch of the whole training, items of similar length together.

    Args:
        items: tokens of each text.
        batch_tokens: of a batch at most, padding included.
        epochs: passes over the items.
        seed: of their order.
    """
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
) -> TextBatch:
    """Batch of texts over channels that are drawn.

    Args:
        items: tokens (core, form) of each text.
        words: the vocabulary.
        snr_db: range of the messages' SNRs, drawn evenly, dB.
        rng: draws variations, SNRs and noise.
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
    cores, forms = torch.from_numpy(tokens).unbind(2)
    lengths = torch.tensor([len(message) for message in messages])
    return TextBatch(
        lengths,
        cores,
        forms,
        torch.from_numpy(sent),
        torch.from_numpy(noise),
        torch.from_numpy(noise_var),
    )


def _noise_var(length: int, snr_db: float, rng: np.random.Generator) -> np.ndarray:
    """Noise variance of each symbol of a message, float (length,), inf where it is erased."""
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
    """Tokens (core, form) of a text, some texts cut, some with tokens exchanged."""
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
class DeepscProgress:
    """Progress of the training of "deepsc".

    Args:
        step: steps done.
        steps: steps in all.
        bits_per_token: mean loss over the last 100 steps, bits.
        right: share of right cores over the last 100 steps.
        elapsed_s: time since the start, s.
    """

    step: int
    steps: int
    bits_per_token: float
    right: float
    elapsed_s: float


def loss_of(
    network: DeepscNetwork, batch: TextBatch, rivals: tuple[torch.Tensor, torch.Tensor]
) -> tuple[torch.Tensor, torch.Tensor, float]:
    """Mean cross entropy of a token and of its look-up alone, nats, and the share of right cores.

    Args:
        network: to train.
        batch: messages.
        rivals: cores to choose from, sorted, all of the batch's among them; see
            DeepscNetwork.receive.
    """
    hidden = hidden_of(batch.lengths)
    sent = network.send(batch.cores, batch.forms, batch.sent, hidden)
    decisions = network.receive(sent + batch.noise, batch.noise_var, hidden, rivals)
    real = torch.arange(batch.cores.shape[1]) < batch.lengths[:, None]
    cores = batch.cores[real]
    wanted = torch.searchsorted(rivals[0], cores)
    odds = decisions.cores[real].float()
    forms = network.form_odds(decisions.states[real], cores).float()
    loss = cross_entropy(odds, wanted) + cross_entropy(forms, batch.forms[real])
    right = (odds.argmax(1) == wanted).float().mean().item()
    return loss, cross_entropy(decisions.look[real].float(), wanted), right


class DeepscTrainer:
    """Trains the network and keeps the state of the training in a folder.

    Args:
        words: the vocabulary.
        items: tokens (core, form) of each text.
        config: settings.
        shape: of the network.
        folder: for the state; it exists.
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

    def run(self) -> Iterator[DeepscProgress]:
        """Train to the end, a DeepscProgress after every step."""
        plan = plan_of(
            self._items, self._config.batch_tokens, self._config.epochs, self._config.seed
        )
        started = time.monotonic()
        recent: list[tuple[float, float]] = []
        self.network.train()
        for step in range(self._done, len(plan)):
            recent = [
                *recent[-99:],
                self._step(step, len(plan), [self._items[i] for i in plan[step]]),
            ]
            if (step + 1) % self._config.save_steps == 0 or step + 1 == len(plan):
                save_state(self._folder, step + 1, self._weights, self._optimizer)
            loss, right = np.mean(recent, axis=0)
            yield DeepscProgress(
                step + 1, len(plan), float(loss), float(right), time.monotonic() - started
            )

    def _step(self, step: int, steps: int, items: list) -> tuple[float, float]:
        """One step of AdamW; returns its loss in bits and its share of right cores."""
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

    def _rivals(self, batch: TextBatch) -> tuple[torch.Tensor, torch.Tensor]:
        """Cores to choose from, sorted, and the bias of each (sampled softmax).

        They are the batch's and a sample of the others, which stands for all others.
        """
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
) -> Iterator[DeepscProgress]:
    """Count a vocabulary in texts, train the network on them, and write both.

    Args:
        config: settings.
        texts: training texts.
        folder: for state, vocabulary and weights; made where it is not there. A state in it is gone
            on from.
        shape: of the network; None for the default.
    """
    shape = shape or NetworkConfig()
    folder.mkdir(parents=True, exist_ok=True)
    words = count_words(texts, config.least_count, config.parts, config.forms)
    trainer = DeepscTrainer(words, [words.tokens(text) for text in texts], config, shape, folder)
    yield from trainer.run()
    save_model(trainer.network, shape, words, asdict(config), folder)
