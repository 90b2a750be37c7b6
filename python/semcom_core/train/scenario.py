# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Training of scenario question answering over simulated channels, in stages.

    text          text reader and reasoning on texts, some garbled, as a decoder hands them on
    link          sender and slot receiver, led by the embeddings of the text reader
    transceiver   sender, slot receiver and reasoning together, for the answers
    sender        a sender with a local decoder of its words, over the channel
    proxy-link    slot receiver for the sender of "sender", which is fixed, led as in "link"
    proxy         the same receiver and the reasoning, for the answers
    mask          gates of the symbols of "transceiver", all else fixed: loss + price x symbols
    keeping       what the update rule of a memory is told, all else of "transceiver" fixed

In the first half of "text", "transceiver" and "proxy" the reasoning is also shown which statements
an answer follows from, and the receiver the embeddings of the text reader; the second half is led
by the answers alone.

Arrays: B stories, S statements, Q questions, M messages (all statements and questions), C symbols.

Sources: as of tasks/scenario/network.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from semcom_core.datasets.stories import TASKS, Story
from semcom_core.models.checkpoint import save_checkpoint
from semcom_core.tasks.scenario.network import (
    ANSWER_WORDS,
    OTHER,
    PAD,
    SYMBOLS,
    Reasoning,
    ScenarioNetwork,
    ScenarioShape,
    TextNetwork,
    TextReader,
    Vocabulary,
    highest,
    on_air,
    soft_mask,
)
from semcom_core.tasks.scenario.systems import load_networks
from semcom_core.train.checkpoint import load_state, save_state
from semcom_core.train.settings import ScenarioTraining
from semcom_core.train.story_batches import (
    CHAINS,
    FEWEST,
    FOREVER,
    Conditions,
    SentenceTable,
    StoryBatch,
    StoryPool,
    batch_of,
    drawn_conditions,
    story_vocabulary,
)

#: Questions of a step that are asked with the last statement alone, and the weight of their loss.
_ALONE = 96
_ALONE_WEIGHT = 0.15
#: Weight of the loss of the support at the start of a stage.
_SUPPORT_WEIGHT = 0.5
#: Words that the local decoder of "sender" decides on.
_PROXY_WORDS = 8
#: Price of a symbol of each message in "mask", nats of an answer.
_SYMBOL_PRICE = 0.02
#: Share of the texts with words exchanged, in stage "text", and share of the words in them.
_GARBLED = 0.15
_EXCHANGED = 0.3


class Received(NamedTuple):
    """Messages of a batch after the channel, those that are no padding.

    Args:
        symbols: float (M, C, 2).
        noise_var: float (M, C).
        questions: bool (M,).
        real: which of the places (B, S + Q) they belong to, bool.
        sent: 1 where a symbol was sent, float (M, C).
    """

    symbols: Tensor
    noise_var: Tensor
    questions: Tensor
    real: Tensor
    sent: Tensor


def through_channel(
    network: ScenarioNetwork, table: SentenceTable, batch: StoryBatch, conditions: Conditions
) -> Received:
    """All messages of a batch over their channels; noise is of torch's generator."""
    real = torch.cat([batch.real_statements, batch.real_questions], 1)
    places, inverse = torch.cat([batch.statements, batch.questions], 1)[real].unique(
        return_inverse=True
    )
    words, kinds = table.rows(places)
    symbols = network.sender(words, kinds)[inverse]
    kinds = kinds[inverse]
    story = torch.arange(real.shape[0])[:, None].expand(real.shape)[real]
    scores = network.sender.scores(conditions.snr_db[story], kinds)
    if conditions.symbols is None:
        scores = network.sender.gates(conditions.snr_db[story], kinds)
        fewest = torch.full((len(scores),), FEWEST)
        kept = (scores > 0) | highest(scores, fewest)
        mask = kept.float() + torch.sigmoid(scores) - torch.sigmoid(scores).detach()
    else:
        kept = highest(scores, conditions.symbols[story])
        mask = soft_mask(scores, kept)
    noise_var = conditions.noise_var[real][:, None].expand(kept.shape).masked_fill(~kept, torch.inf)
    sent = on_air(symbols, mask)
    finite = noise_var.isfinite()
    deviation = torch.where(finite, noise_var / 2, 0).sqrt()[..., None]
    received = (sent + deviation * torch.randn_like(sent)) * finite[..., None]
    return Received(received, noise_var, kinds, real, mask)


class AnswerLoss(NamedTuple):
    """Losses of a batch.

    Args:
        answers: mean cross entropy of an answer, nats.
        support: how far the last step's attention is from the statements that the answers follow
            from, nats.
        right: which answers are right, bool (B, Q).
    """

    answers: Tensor
    support: Tensor
    right: Tensor


def answer_loss(
    reasoning: Reasoning, embeddings: Tensor, batch: StoryBatch, until: Tensor
) -> AnswerLoss:
    """Losses of a batch, its questions asked with the memory, and some with the last statement
    alone.

    Args:
        reasoning: the network.
        embeddings: of all messages, float (B, S + Q, D).
        batch: of stories.
        until: slot in which each statement leaves the memory, int (B, S).
    """
    most = batch.statements.shape[1]
    found = reasoning(
        embeddings[:, :most],
        embeddings[:, most:],
        batch.slots,
        batch.asked,
        until.masked_fill(~batch.real_statements, -1),
    )
    real = batch.real_questions
    loss = cross_entropy(found.odds[real].flatten(0, 1), batch.answers[real].flatten())
    rows, asks = real.nonzero(as_tuple=True)
    chosen = torch.randperm(len(rows))[:_ALONE]
    rows = rows[chosen]
    asks = asks[chosen]
    last = batch.asked[rows, asks] - 1
    alone = reasoning(
        embeddings[rows, last][:, None],
        embeddings[rows, most + asks][:, None],
        last[:, None],
        batch.asked[rows, asks][:, None],
        batch.asked[rows, asks][:, None],
    ).odds[:, 0]
    alone_loss = cross_entropy(alone.flatten(0, 1), batch.answers[rows, asks].flatten())
    return AnswerLoss(
        (loss + _ALONE_WEIGHT * alone_loss) * ANSWER_WORDS,
        _support_loss(found.read, batch, until),
        (found.odds.argmax(3) == batch.answers).all(2),
    )


def _support_loss(read: Tensor, batch: StoryBatch, until: Tensor) -> Tensor:
    """The first two heads that find the latest shall find the chain, and the first of the others
    all of the support.
    """
    loss = read.new_zeros(())
    for head in range(2):
        wanted = batch.chain[:, :, head]
        there = (wanted >= 0) & (until.gather(1, wanted.clamp(min=0)) >= batch.asked)
        weight = read[:, head].gather(2, wanted.clamp(min=0)[:, :, None])[:, :, 0]
        loss = loss - torch.log(weight[there].clamp(min=1e-4)).sum() / max(1, int(there.sum()))
    summed = batch.real_questions & ~torch.isin(batch.tasks, torch.tensor(CHAINS))[:, None]
    asked = batch.asked[:, :, None]
    there = (batch.slots[:, None] < asked) & (asked <= until[:, None])
    judged = summed[:, :, None] & there
    weights = read[:, read.shape[1] // 2][judged].clamp(1e-4, 1 - 1e-4)
    wanted = batch.support[judged].to(weights.dtype)
    entropy = wanted * torch.log(weights) + (1 - wanted) * torch.log(1 - weights)
    return loss - 3 * entropy.sum() / max(1, len(weights))


@dataclass(frozen=True)
class ScenarioProgress:
    """Progress of a stage.

    Args:
        step: steps done.
        steps: steps in all.
        loss: mean over the last steps, nats an answer (or a word, of "proxy").
        accuracy: by task, of answers above 6 dB with the whole memory, over the last steps.
        elapsed_s: time since the start, s.
    """

    step: int
    steps: int
    loss: float
    accuracy: dict[int, float]
    elapsed_s: float


class StageTrainer:
    """Trains a network for answers, and keeps the state of the training in a folder.

    Args:
        pool: of stories.
        config: settings.
        network: whose reasoning is trained.
        weights: that are trained, by name.
        folder: for the state; it exists.
    """

    #: Where an SNR counts as good for the progress, dB.
    _GOOD_SNR_DB = 6.0

    def __init__(
        self,
        pool: StoryPool,
        config: ScenarioTraining,
        network: ScenarioNetwork | TextNetwork,
        weights: dict[str, nn.Parameter],
        folder: Path,
    ) -> None:
        self._network = network
        self._pool = pool
        self._config = config
        self._folder = folder
        self._weights = weights
        self._optimizer = torch.optim.AdamW(
            weights.values(), betas=(0.9, 0.98), weight_decay=0.01, fused=True
        )
        self._done = load_state(folder, weights, self._optimizer)
        self._losses: list[float] = []
        self._right = {task: [0.0, 0.0] for task in TASKS}

    def run(self) -> Iterator[ScenarioProgress]:
        """Train to the end, a ScenarioProgress after every step."""
        started = time.monotonic()
        config = self._config
        # a training that is resumed draws other stories than it began with
        batches = self._pool.batches(
            config.stories, np.random.default_rng([config.seed, self._done])
        )
        self._network.train()
        for step in range(self._done, config.steps):
            rng = np.random.default_rng([config.seed, step])
            torch.manual_seed(int(rng.integers(2**31)))
            rate = config.learning_rate * min(1.0, (step + 1) / 200)
            rate *= 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / config.steps))
            for group in self._optimizer.param_groups:
                group["lr"] = rate
            batch = batch_of(next(batches))
            loss = self._loss(batch, rng, step / config.steps)
            loss.backward()
            nn.utils.clip_grad_norm_(self._weights.values(), 1.0)
            self._optimizer.step()
            self._optimizer.zero_grad(set_to_none=True)
            self._losses = [*self._losses[-99:], loss.item()]
            if (step + 1) % config.save_steps == 0 or step + 1 == config.steps:
                save_state(self._folder, step + 1, self._weights, self._optimizer)
            yield ScenarioProgress(
                step + 1,
                config.steps,
                float(np.mean(self._losses)),
                {task: right / max(count, 1e-9) for task, (right, count) in self._right.items()},
                time.monotonic() - started,
            )

    def _loss(self, batch: StoryBatch, rng: np.random.Generator, progress: float) -> Tensor:
        """Loss of a batch, whose accuracy is counted; progress runs from 0 to 1."""
        raise NotImplementedError

    def _answers(
        self,
        batch: StoryBatch,
        conditions: Conditions,
        real: Tensor,
        found: Tensor,
        progress: float,
    ) -> Tensor:
        """Loss of the answers, which are counted, and in the first half that of the support.

        Args:
            batch, conditions, progress: of the step.
            real: places of the messages, bool (B, S + Q).
            found: their embeddings, float (M, D).
        """
        embeddings = found.new_zeros(*real.shape, found.shape[1])
        embeddings[real] = found
        loss = answer_loss(self._network.reasoning, embeddings, batch, conditions.until)
        good = (conditions.snr_db >= self._GOOD_SNR_DB) & (conditions.until >= FOREVER).all(1)
        if conditions.symbols is not None:
            good = good & (conditions.symbols == SYMBOLS)
        for task, counts in self._right.items():
            chosen = batch.real_questions & (good & (batch.tasks == task))[:, None]
            counts[0] = 0.98 * counts[0] + float(loss.right[chosen].sum())
            counts[1] = 0.98 * counts[1] + float(chosen.sum())
        return loss.answers + _SUPPORT_WEIGHT * max(0.0, 1 - 2 * progress) * loss.support


class TextTrainer(StageTrainer):
    """Stage "text" (see StageTrainer)."""

    def __init__(
        self, pool: StoryPool, config: ScenarioTraining, network: TextNetwork, folder: Path
    ) -> None:
        super().__init__(pool, config, network, dict(network.named_parameters()), folder)
        self.network = network

    def _loss(self, batch: StoryBatch, rng: np.random.Generator, progress: float) -> Tensor:
        real = torch.cat([batch.real_statements, batch.real_questions], 1)
        places = torch.cat([batch.statements, batch.questions], 1)[real]
        unique, inverse = places.unique(return_inverse=True)
        words, kinds = self._pool.table.rows(unique)
        found = self.network.reader(words, kinds)[inverse]
        garbled = torch.from_numpy(rng.random(len(places)) < _GARBLED * min(1, 2 * progress))
        if garbled.any():
            words, kinds = self._pool.table.rows(places[garbled])
            others = torch.from_numpy(
                rng.integers(0, self._pool.table.vocabulary.sizes[0], words.shape)
            )
            changed = torch.from_numpy(rng.random(words.shape) < _EXCHANGED)
            words = torch.where(changed, others, words)
            words[:, 0] = torch.where(words[:, 0] == PAD, OTHER, words[:, 0])
            found = found.index_put((garbled.nonzero()[:, 0],), self.network.reader(words, kinds))
        conditions = drawn_conditions(batch, self._config, rng)
        return self._answers(batch, conditions, real, found, progress)


class LinkTrainer(StageTrainer):
    """Stages "link" and "proxy-link": the embeddings of a text reader over the channel.

    Args:
        pool, config, network, folder: as of StageTrainer.
        teacher: text reader.
        fixed_sender: whether the sender is left as it is.
        parts: of the network that are trained.
    """

    def __init__(
        self,
        pool: StoryPool,
        config: ScenarioTraining,
        network: ScenarioNetwork,
        folder: Path,
        teacher: TextReader,
        fixed_sender: bool = False,
        parts: tuple[str, ...] = ("sender.", "receiver."),
    ) -> None:
        chosen = tuple(part for part in parts if not (fixed_sender and part == "sender."))
        named = network.named_parameters()
        weights = {
            name: weight
            for name, weight in named
            if name.startswith(chosen) and not name.startswith("sender.gate_")
        }
        super().__init__(pool, config, network, weights, folder)
        self.network = network
        self._teacher = teacher.eval()

    def _loss(self, batch: StoryBatch, rng: np.random.Generator, progress: float) -> Tensor:
        conditions = drawn_conditions(batch, self._config, rng)
        received = through_channel(self.network, self._pool.table, batch, conditions)
        found = self.network.receiver(received.symbols, received.noise_var, received.questions)
        return self._lead(batch, received, found)

    def _lead(self, batch: StoryBatch, received: Received, found: Tensor) -> Tensor:
        """Distance of embeddings from those of the text reader, over the spread of these."""
        places = torch.cat([batch.statements, batch.questions], 1)[received.real]
        unique, inverse = places.unique(return_inverse=True)
        with torch.no_grad():
            wanted = self._teacher(*self._pool.table.rows(unique))
        return (found - wanted[inverse]).square().mean() / wanted.var(0).mean()


class TransceiverTrainer(LinkTrainer):
    """Stages "transceiver" and "proxy": answers over the channel (see LinkTrainer); the text reader
    leads in the first half alone.
    """

    def __init__(
        self,
        pool: StoryPool,
        config: ScenarioTraining,
        network: ScenarioNetwork,
        folder: Path,
        teacher: TextReader,
        fixed_sender: bool = False,
    ) -> None:
        parts = ("sender.", "receiver.", "reasoning.")
        super().__init__(pool, config, network, folder, teacher, fixed_sender, parts)

    def _loss(self, batch: StoryBatch, rng: np.random.Generator, progress: float) -> Tensor:
        conditions = drawn_conditions(batch, self._config, rng)
        received = through_channel(self.network, self._pool.table, batch, conditions)
        found = self.network.receiver(received.symbols, received.noise_var, received.questions)
        loss = self._answers(batch, conditions, received.real, found, progress)
        lead = max(0.0, 1 - 2 * progress)
        return loss + lead * self._lead(batch, received, found) if lead else loss


class SenderTrainer(StageTrainer):
    """Stage "sender": words from the symbols of one message, with a decoder that is then left.

    Args:
        pool, config, network, folder: as of StageTrainer.
    """

    def __init__(
        self, pool: StoryPool, config: ScenarioTraining, network: ScenarioNetwork, folder: Path
    ) -> None:
        words = pool.table.vocabulary.sizes[0]
        self._decoder = nn.Linear(network.receiver.last.out_features, _PROXY_WORDS * words)
        named = network.sender.named_parameters()
        weights = {name: weight for name, weight in named if not name.startswith("gate_")}
        weights |= {f"receiver.{name}": w for name, w in network.receiver.named_parameters()}
        weights |= {f"decoder.{name}": w for name, w in self._decoder.named_parameters()}
        super().__init__(pool, config, network, weights, folder)
        self.network = network

    def _loss(self, batch: StoryBatch, rng: np.random.Generator, progress: float) -> Tensor:
        conditions = drawn_conditions(batch, self._config, rng)
        received = through_channel(self.network, self._pool.table, batch, conditions)
        found = self.network.receiver(received.symbols, received.noise_var, received.questions)
        places = torch.cat([batch.statements, batch.questions], 1)[received.real]
        words, _ = self._pool.table.rows(places)
        words = nn.functional.pad(words, (0, max(0, _PROXY_WORDS - words.shape[1])))
        odds = self._decoder(found).unflatten(1, (_PROXY_WORDS, -1))
        return cross_entropy(odds.flatten(0, 1), words[:, :_PROXY_WORDS].flatten()) * _PROXY_WORDS


class MaskTrainer(StageTrainer):
    """Stage "mask": how many symbols are worth their price at each SNR.

    Args:
        pool, config, network, folder: as of StageTrainer.
        price: of a symbol of each message, nats of an answer.
    """

    def __init__(
        self,
        pool: StoryPool,
        config: ScenarioTraining,
        network: ScenarioNetwork,
        folder: Path,
        price: float = _SYMBOL_PRICE,
    ) -> None:
        sender = network.sender
        weights = {"base": sender.gate_base, "slope": sender.gate_slope}
        super().__init__(pool, config, network, weights, folder)
        self.network = network
        self._price = price

    def _loss(self, batch: StoryBatch, rng: np.random.Generator, progress: float) -> Tensor:
        conditions = drawn_conditions(batch, self._config, rng)._replace(symbols=None)
        received = through_channel(self.network, self._pool.table, batch, conditions)
        found = self.network.receiver(received.symbols, received.noise_var, received.questions)
        loss = self._answers(batch, conditions, received.real, found, 1.0)
        return loss + self._price * received.sent.sum(1).mean()


class KeepingTrainer(StageTrainer):
    """Stage "keeping": vectors that are alike for statements on the same topic, and the odds that
    an answer will follow from a statement.
    """

    def __init__(
        self, pool: StoryPool, config: ScenarioTraining, network: ScenarioNetwork, folder: Path
    ) -> None:
        super().__init__(pool, config, network, dict(network.keeping.named_parameters()), folder)
        self.network = network

    def _loss(self, batch: StoryBatch, rng: np.random.Generator, progress: float) -> Tensor:
        conditions = drawn_conditions(batch, self._config, rng)
        most = batch.statements.shape[1]
        with torch.no_grad():
            received = through_channel(self.network, self._pool.table, batch, conditions)
            found = self.network.receiver(received.symbols, received.noise_var, received.questions)
            embeddings = found.new_zeros(*received.real.shape, found.shape[1])
            embeddings[received.real] = found
            until = conditions.until.masked_fill(~batch.real_statements, -1)
            written = self.network.reasoning(
                embeddings[:, :most], embeddings[:, most:], batch.slots, batch.asked, until
            ).written
        keys = nn.functional.normalize(self.network.keeping.keys(embeddings[:, :most]), dim=2)
        topics = self._pool.table.topics(batch.statements)
        alike = (topics[:, :, None] == topics[:, None]).float()
        pairs = batch.real_statements[:, :, None] & batch.real_statements[:, None]
        apart = (keys @ keys.transpose(1, 2) - alike).square()[pairs].mean()
        later = batch.support.any(1).float()
        odds = self.network.keeping.values(written)
        wanted = binary_cross_entropy_with_logits(odds, later, reduction="none")
        return apart + wanted[batch.real_statements].mean()


def save_network(
    path: Path,
    network: ScenarioNetwork | TextNetwork,
    shape: ScenarioShape,
    vocabulary: Vocabulary,
    config: ScenarioTraining,
) -> None:
    """Write a network as systems.load_networks reads it, in half precision."""
    told = {"words": vocabulary.words, "answers": vocabulary.answers}
    save_checkpoint(
        path, network, shape, {"vocabulary": told, "training": asdict(config)}, half=True
    )


def train_stage(
    stage: str, config: ScenarioTraining, read: Sequence[Story], folder: Path
) -> Iterator[ScenarioProgress]:
    """Train a stage and write its network; an interrupted training is gone on from.

    Args:
        stage: one of SCENARIO_STAGES.
        config: settings.
        read: stories of the training part of bAbI.
        folder: with the networks of the stages before; the state is in a folder of the stage's
            name.

    Raises:
        ModelError: a network of a stage before is missing.
    """
    state = folder / stage
    state.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(config.seed)
    vocabulary = story_vocabulary()
    shape = ScenarioShape()
    pool = StoryPool(SentenceTable(vocabulary), read, np.random.default_rng(config.seed))
    network, result = _started(stage, shape, vocabulary, folder)
    trainer: StageTrainer
    if isinstance(network, TextNetwork):
        trainer = TextTrainer(pool, config, network, state)
    elif stage in ("link", "proxy-link", "transceiver", "proxy"):
        teacher = load_networks("text", folder)[0]
        assert isinstance(teacher, TextNetwork)
        kind = LinkTrainer if stage.endswith("link") else TransceiverTrainer
        fixed = stage.startswith("proxy")
        trainer = kind(pool, config, network, state, teacher.reader, fixed)
    else:
        kinds = {"sender": SenderTrainer, "mask": MaskTrainer, "keeping": KeepingTrainer}
        trainer = kinds[stage](pool, config, network, state)
    yield from trainer.run()
    save_network(folder / f"{result}.safetensors", network, shape, vocabulary, config)


def _started(
    stage: str, shape: ScenarioShape, vocabulary: Vocabulary, folder: Path
) -> tuple[ScenarioNetwork | TextNetwork, str]:
    """A stage's network as it begins, and the name under which it is kept."""
    if stage == "text":
        return TextNetwork(shape, vocabulary.sizes), stage
    if stage in ("mask", "keeping"):
        network = load_networks("transceiver", folder)[0]
        if stage == "mask":
            with torch.no_grad():  # begins with all symbols
                sender = network.sender
                sender.gate_base.copy_(1 + sender.score_base - sender.score_base.amin(1, True))
                sender.gate_slope.copy_(sender.score_slope)
        return network, "transceiver"
    if stage in ("transceiver", "proxy"):
        return load_networks("link" if stage == "transceiver" else "proxy-link", folder)[0], stage
    network = ScenarioNetwork(shape, vocabulary.sizes)
    if stage == "link":
        text = load_networks("text", folder)[0]
        network.sender.sentences.load_state_dict(text.reader.sentences.state_dict())
        network.reasoning.load_state_dict(text.reasoning.state_dict())
    elif stage == "proxy-link":
        sender = load_networks("sender", folder)[0]
        network.sender.load_state_dict(sender.sender.state_dict())
        transceiver = load_networks("transceiver", folder)[0]
        network.reasoning.load_state_dict(transceiver.reasoning.state_dict())
    return network, stage
