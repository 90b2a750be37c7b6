# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Training of the reader over sentence embeddings, the encoder-only answerer.

The encoder stays as it is; embeddings of sentences and words are kept, so that a step costs the
small network alone. The loss is the cross entropy of each place of the answers.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from semcom_core.models.cache import file_sha256
from semcom_core.models.checkpoint import load_checkpoint, save_checkpoint
from semcom_core.models.sentence import Embedder, MiniLm
from semcom_core.tasks.answerer import READER, EncoderAnswerer
from semcom_core.tasks.prompt import one_line
from semcom_core.tasks.reader import END, PLACES, ReaderNetwork, ReaderShape, candidate_words
from semcom_core.train.answers import Passage, card_figures, write_card
from semcom_core.train.checkpoint import load_state, save_state
from semcom_core.train.settings import ReaderTraining

#: Steps over which the learning rate rises, at the most a tenth of all.
_WARM_UP = 100
#: Share of the words that are no answer and are left out of the candidates of a passage.
_SPARED = 0.3


@dataclass(frozen=True)
class ReaderProgress:
    """Progress of the training.

    Args:
        step: steps done.
        steps: steps in all.
        loss: mean over the last 100 steps, nats a place.
        right: share of the answers that were wholly right, over the same steps.
        elapsed_s: time since the start, s.
    """

    step: int
    steps: int
    loss: float
    right: float
    elapsed_s: float


class KeptEmbeddings:
    """Embeddings of texts, each computed once.

    Args:
        embedder: sentence embedding.
        features: of the embedder.
    """

    def __init__(self, embedder: Embedder, features: int) -> None:
        self._embedder = embedder
        self._kept = {END: np.zeros(features, np.float32)}

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        """Embeddings, float32 (len(texts), D)."""
        new = [text for text in dict.fromkeys(texts) if text not in self._kept]
        if new:
            self._kept.update(zip(new, self._embedder.embed(new)))
        return np.stack([self._kept[text] for text in texts])


class ReaderTrainer:
    """Trains a reader and keeps the state of the training in a folder.

    Args:
        embedder: sentence embedding.
        draw: gives a passage with questions for its number.
        config: settings.
        shape: sizes of the network.
        folder: for the state and the weights; it exists.
    """

    def __init__(
        self,
        embedder: Embedder,
        draw: Callable[[int], Passage],
        config: ReaderTraining,
        shape: ReaderShape,
        folder: Path,
    ) -> None:
        torch.manual_seed(config.seed)
        self.network = ReaderNetwork(shape)
        self._embed = KeptEmbeddings(embedder, shape.features)
        self._rng = np.random.default_rng(config.seed)
        self._draw = draw
        self._config = config
        self._shape = shape
        self._folder = folder
        self._weights = dict(self.network.named_parameters())
        self._optimizer = torch.optim.AdamW(
            self._weights.values(), lr=config.learning_rate, betas=(0.9, 0.98), weight_decay=0.01
        )
        self._done = load_state(folder, self._weights, self._optimizer)

    def run(self) -> Iterator[ReaderProgress]:
        """Train to the end, a ReaderProgress after every step."""
        started = time.monotonic()
        recent: list[tuple[float, float]] = []
        config = self._config
        rise = min(_WARM_UP, max(1, config.steps // 10))
        for step in range(self._done, config.steps):
            fall = 0.5 * (1 + math.cos(math.pi * step / config.steps))
            for group in self._optimizer.param_groups:
                group["lr"] = config.learning_rate * min(1.0, (step + 1) / rise) * fall
            first = step * config.passages
            loss, right = self.loss([self._draw(first + i) for i in range(config.passages)])
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self._weights.values(), 1.0)
            self._optimizer.step()
            self._optimizer.zero_grad(set_to_none=True)
            recent = [*recent[-99:], (loss.item(), right)]
            if (step + 1) % config.save_steps == 0 or step + 1 == config.steps:
                save_state(self._folder, step + 1, self._weights, self._optimizer)
                save_checkpoint(self._folder / READER, self.network, self._shape)
            mean = np.mean(recent, axis=0)
            yield ReaderProgress(
                step + 1,
                config.steps,
                float(mean[0]),
                float(mean[1]),
                time.monotonic() - started,
            )

    def loss(self, passages: Sequence[Passage]) -> tuple[torch.Tensor, float]:
        """Mean cross entropy, nats a place, float (); and the share of answers wholly right."""
        lines = [[one_line(message) for message in passage.messages] for passage in passages]
        words = [self._candidates(own, passage) for own, passage in zip(lines, passages)]
        questions = [[asked.question for asked in passage.asked] for passage in passages]
        width = max(map(len, words))
        allowed = np.zeros((len(passages), width), bool)
        for row, own in zip(allowed, words):
            row[: len(own)] = True
        after = torch.ones(len(passages), max(map(len, questions)), dtype=torch.long)
        target = torch.full((*after.shape, PLACES), -100)
        for i, passage in enumerate(passages):
            for j, asked in enumerate(passage.asked):
                after[i, j] = asked.after
                parts = asked.answer.split(",")[: PLACES - 1]
                places = [*parts, *[END] * (PLACES - len(parts))]
                target[i, j] = torch.tensor([words[i].index(part) for part in places])
        found = self.network(
            self._padded(lines),
            self._padded(questions),
            after,
            self._padded(words),
            torch.from_numpy(allowed),
        )
        loss = torch.nn.functional.nll_loss(found.flatten(0, 2), target.flatten())
        known = target[..., 0] >= 0
        right = (found.argmax(-1) == target).all(-1)[known].float().mean()
        return loss, float(right)

    def _candidates(self, lines: list[str], passage: Passage) -> list[str]:
        """Candidates of a passage, some of them left out at random, so that none is relied on."""
        needed = {part for asked in passage.asked for part in asked.answer.split(",")} | {END}
        found = candidate_words(lines)
        kept = [word for word in found if word in needed or self._rng.random() > _SPARED]
        return kept + sorted(needed - set(kept))

    def _padded(self, texts: list[list[str]]) -> torch.Tensor:
        """Embeddings of rows of texts, float32 (rows, longest, D)."""
        width = max(map(len, texts))
        rows = [self._embed([*row, *[END] * (width - len(row))]) for row in texts]
        return torch.from_numpy(np.stack(rows))


def export_reader(
    folder: Path, out: Path, embedder: MiniLm, config: ReaderTraining, data: Path
) -> dict[str, float]:
    """Write the reader of a training with its card.

    Args:
        folder: of the training.
        out: folder to write to; made where it is not there.
        embedder: that it was trained on.
        config: settings of the training.
        data: the data folder.

    Returns:
        Questions → share of right answers on the test part.
    """
    out.mkdir(parents=True, exist_ok=True)
    network, checkpoint = load_checkpoint(folder / READER, ReaderShape, ReaderNetwork, "a reader")
    shape = checkpoint.config(ReaderShape)
    save_checkpoint(out / READER, network, shape, half=True)
    figures = card_figures(EncoderAnswerer(embedder, network), data)
    facts = {
        "encoder": "all-MiniLM-L6-v2, unchanged",
        "weights": f"{READER}, float16, {(out / READER).stat().st_size / 1e6:.1f} MB",
        "sha256": file_sha256(out / READER),
        "training": f"{config.steps} steps of {config.passages} passages with some 9 questions "
        f"each, learning rate {config.learning_rate:g}, AdamW, cosine schedule",
    }
    use = (
        "A small network that answers questions about received messages from their sentence\n"
        'embeddings. Used by `load_answerer("encoder-only")`.'
    )
    write_card(out, "Reader over sentence embeddings", use, facts, figures)
    return figures
