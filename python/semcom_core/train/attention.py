# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Training of the semantic attention on pictures whose objects people outlined.

The loss is the cross entropy of each place of a picture belonging to an object, for channel and
spatial attention and their sum.

Arrays: n labels of a picture (segments and the background), COUNT features of a label and C
channels of its embedding, SIDE pixels of each side of the network's picture.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import avg_pool2d, binary_cross_entropy_with_logits

from semcom_core.datasets.scenes import Scene
from semcom_core.image.segmentation.attention import spatial_input
from semcom_core.image.segmentation.attention_network import (
    SIDE,
    WEIGHTS,
    AttentionConfig,
    AttentionNetwork,
    save_attention,
)
from semcom_core.image.segmentation.knowledge import KnowledgeBase
from semcom_core.image.segmentation.segments import (
    MIRRORED,
    Segments,
    segment_features,
    segments_of,
)
from semcom_core.train.settings import AttentionTraining


@dataclass(frozen=True)
class AttentionExample:
    """Training example: a picture as input of the network, and the labels wanted.

    Args:
        picture: float (3, SIDE, SIDE).
        figures: features of the segments, float (n, COUNT + C), see segment_features.
        weights: float (n,), share of the picture of each segment.
        labels: int (SIDE/2, SIDE/2), the segment at each place.
        wanted: float (SIDE/2, SIDE/2), the share of each place that belongs to an object.
        known: whether the figures hold the embedding of the knowledge base.
    """

    picture: torch.Tensor
    figures: torch.Tensor
    weights: torch.Tensor
    labels: torch.Tensor
    wanted: torch.Tensor
    known: bool


@dataclass(frozen=True)
class AttentionProgress:
    """Progress of the training of the attention.

    Args:
        step: steps done.
        steps: steps in all.
        loss: mean over the last 100 steps.
        elapsed_s: time since the start, s.
    """

    step: int
    steps: int
    loss: float
    elapsed_s: float


def colour_regions(pixels: np.ndarray, channels: int, rng: np.random.Generator) -> Segments:
    """Segments of even colour, with an embedding of zeros and a random quality.

    Args:
        pixels: uint8 (H, W, 3).
        channels: of the embedding.
        rng: draws the scale of the segments and their quality.

    Source: Felzenszwalb and Huttenlocher, Efficient graph-based image segmentation, IJCV 2004 (as
    scikit-image has it).
    """
    from skimage.segmentation import felzenszwalb

    labels = felzenszwalb(
        pixels,
        scale=float(np.exp(rng.uniform(4, 6.5))),
        sigma=0.8,
        min_size=max(2, pixels.size // 3000),
    )
    masks = labels == np.arange(1, labels.max() + 1)[:, None, None]
    return segments_of(
        masks, rng.uniform(0.3, 1, len(masks)), np.zeros((channels, 1, 1), np.float32), ""
    )


def item_of(scene: Scene, segments: Segments) -> AttentionExample:
    """Training example of a scene and its segments."""
    figures = segment_features(scene.pixels, segments)
    weights = (
        np.bincount(segments.labels.reshape(-1), minlength=len(figures)) / segments.labels.size
    )
    rows, columns = (((np.arange(SIDE) + 0.5) * n / SIDE).astype(int) for n in scene.labels.shape)
    wanted = torch.from_numpy((scene.labels > 0)[np.ix_(rows, columns)].astype(np.float32))
    labels = torch.from_numpy(segments.labels[np.ix_(rows[1::2], columns[1::2])].astype(np.int64))
    tensors = torch.from_numpy(figures), torch.from_numpy(weights.astype(np.float32))
    return AttentionExample(
        spatial_input(scene.pixels),
        *tensors,
        labels,
        avg_pool2d(wanted[None], 2)[0],
        bool(segments.fingerprint),
    )


def mirrored(item: AttentionExample) -> AttentionExample:
    """Example with left and right exchanged."""
    figures = item.figures.clone()
    figures[:, MIRRORED] *= -1
    return replace(
        item,
        picture=item.picture.flip(2),
        figures=figures,
        labels=item.labels.flip(1),
        wanted=item.wanted.flip(1),
    )


def attention_loss(
    network: AttentionNetwork,
    items: Sequence[AttentionExample],
    known: torch.Tensor,
    colours: torch.Tensor,
) -> torch.Tensor:
    """Mean cross entropy of a place by channel attention, by spatial attention and by both, added.

    Args:
        network: to train.
        items: B examples.
        known: float (B, 1), 0 where a picture's embedding is left out.
        colours: factors on the colours, float (B, 3, 1, 1).
    """
    pad = torch.nn.utils.rnn.pad_sequence
    figures = pad([item.figures for item in items], True)
    weights = pad([item.weights for item in items], True)
    wanted = torch.stack([item.wanted for item in items])
    labels = torch.stack([item.labels for item in items])
    logits = network.channel(figures, weights, known)
    channel = logits.gather(1, labels.flatten(1)).view_as(wanted)
    spatial = network.spatial(torch.stack([item.picture for item in items]) * colours)
    both = network.both(channel.detach(), spatial.detach())
    losses = [binary_cross_entropy_with_logits(x, wanted) for x in (channel, spatial, both)]
    return losses[0] + losses[1] + losses[2]


class AttentionTrainer:
    """Trains the network on pictures that are segmented once, when it is made.

    Args:
        scenes: pictures with their objects.
        knowledge: segments the pictures.
        config: settings.
    """

    def __init__(
        self, scenes: Iterable[Scene], knowledge: KnowledgeBase, config: AttentionTraining
    ):
        torch.manual_seed(config.seed)
        self._config = config
        self.shape = AttentionConfig(embedding=knowledge.model.channels)
        self._items = list(self._prepared(scenes, knowledge))
        self.fingerprint = (
            knowledge.model.fingerprint if any(item.known for item in self._items) else ""
        )
        self.network = AttentionNetwork(self.shape)
        self._optimizer = torch.optim.AdamW(self.network.parameters(), weight_decay=0.05)

    def _prepared(
        self, scenes: Iterable[Scene], knowledge: KnowledgeBase
    ) -> Iterator[AttentionExample]:
        rng = np.random.default_rng(self._config.seed)
        for scene in scenes:
            if rng.random() < self._config.regions:
                segments = colour_regions(scene.pixels, self.shape.embedding, rng)
            else:
                segments = knowledge.segments(scene.pixels)
            yield item_of(scene, segments)

    def run(self) -> Iterator[AttentionProgress]:
        """Train to the end, an AttentionProgress after every step."""
        config = self._config
        started = time.monotonic()
        recent: list[float] = []
        self.network.train()
        for step in range(config.steps):
            recent = [*recent[-99:], self._step(step, np.random.default_rng([config.seed, step]))]
            yield AttentionProgress(
                step + 1, config.steps, float(np.mean(recent)), time.monotonic() - started
            )
        self.network.eval()

    def _step(self, step: int, rng: np.random.Generator) -> float:
        """One step of AdamW under a cosine schedule; returns its loss."""
        config = self._config
        drawn = [self._items[i] for i in rng.integers(len(self._items), size=config.pictures)]
        items = [mirrored(item) if rng.random() < 0.5 else item for item in drawn]
        known = torch.tensor(
            [[float(item.known and rng.random() >= config.unknown)] for item in items]
        )
        colours = torch.from_numpy(
            np.exp(rng.normal(0, 0.15, (len(items), 3, 1, 1))).astype(np.float32)
        )
        for group in self._optimizer.param_groups:
            group["lr"] = (
                config.learning_rate
                * min(1.0, (step + 1) / 50)
                * 0.5
                * (1 + math.cos(math.pi * step / config.steps))
            )
        loss = attention_loss(self.network, items, known, colours)
        loss.backward()
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        return loss.item()


def train_attention(
    scenes: Iterable[Scene], knowledge: KnowledgeBase, config: AttentionTraining, folder: Path
) -> Iterator[AttentionProgress]:
    """Train the network and write its weights.

    Args:
        scenes: pictures with their objects.
        knowledge: segments the pictures.
        config: settings.
        folder: for the weights; made where it is not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    trainer = AttentionTrainer(scenes, knowledge, config)
    yield from trainer.run()
    save_attention(
        folder / WEIGHTS, trainer.network, trainer.shape, trainer.fingerprint, asdict(config)
    )
