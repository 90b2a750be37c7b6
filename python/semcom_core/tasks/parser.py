# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trained parser of requests: scores of the next word of a plan, for constrained decoding.

    request ─► MiniLM, as it ships ─► states of some layers ─► transformer ─┐ attention
    beginning of a plan ─► word and place embeddings ─► causal transformer ─┴─► next word

Only the two small transformers are trained, by train.planner, on generated questions. The grammar
is not in here: tasks.planner decides which words there may be.

Array axes: B requests, T tokens of a request, W words of a plan, D features.

Source: A. Vaswani et al., Attention is all you need, 2017; W. Wang et al., MiniLM, 2020.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from semcom_core import models
from semcom_core.config import setting
from semcom_core.errors import check_range
from semcom_core.models.checkpoint import file_cache, load_checkpoint
from semcom_core.models.sentence import load_embedder
from semcom_core.tasks.intention import tokens_of
from semcom_core.tasks.planner import MOST_WORDS, WORDS, PlanSession

#: Weights that come with the package.
SHIPPED = Path(models.__file__).parent / "weights" / "planner" / "planner.safetensors"
#: Layers of the encoder whose states are looked at; 0 are the words before the first layer.
LAYERS = (1, 3, 6)
#: Number of the start of a plan among the words.
START = len(WORDS)


@dataclass(frozen=True)
class ParserConfig:
    """Shape of the parser.

    Args:
        width: features inside.
        layers: of the transformer over plans; that over requests has one.
        hidden: features of a state of the encoder.
    """

    width: int = setting(128, "features inside, 16 to 1024")
    layers: int = setting(2, "layers over plans, 1 to 8")
    hidden: int = setting(384, "features of a state of the encoder, 8 to 4096")

    def __post_init__(self) -> None:
        check_range("width", self.width, 16, 1024)
        check_range("width % 16", self.width % 16, 0, 0)
        check_range("layers", self.layers, 1, 8)
        check_range("hidden", self.hidden, 8, 4096)


class ParserNetwork(nn.Module):
    """The two transformers (see the module).

    Args:
        config: their shape.
    """

    def __init__(self, config: ParserConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        options = {"dim_feedforward": 2 * width, "dropout": 0.1, "batch_first": True}
        self.narrow = nn.Linear(len(LAYERS) * config.hidden, width)
        self.request = nn.TransformerEncoderLayer(width, 4, **options)
        self.words = nn.Embedding(len(WORDS) + 1, width)
        self.places = nn.Parameter(torch.randn(MOST_WORDS + 1, width) * 0.1)
        self.plan = nn.ModuleList(
            nn.TransformerDecoderLayer(width, 4, **options) for _ in range(config.layers)
        )
        self.next = nn.Linear(width, len(WORDS))

    def read(self, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """What the plan attends to, float (B, T, D).

        Args:
            states: of request_states, float (B, T, layers · hidden).
            mask: bool (B, T), whether there is a token.
        """
        return self.request(self.narrow(states), src_key_padding_mask=~mask)

    def forward(
        self, memory: torch.Tensor, mask: torch.Tensor, words: torch.Tensor
    ) -> torch.Tensor:
        """Logits of the word after each, float (B, W, words).

        Args:
            memory: of `read`.
            mask: bool (B, T), whether there is a token.
            words: numbers of words, int (B, W), START first.
        """
        count = words.shape[1]
        rows = self.words(words) + self.places[:count]
        later = torch.ones(count, count, dtype=torch.bool).triu(1)
        for layer in self.plan:
            rows = layer(rows, memory, tgt_mask=later, memory_key_padding_mask=~mask)
        return self.next(rows)


@torch.no_grad()
def request_states(
    encoder: Any, tokenizer: Any, requests: Sequence[str]
) -> tuple[torch.Tensor, torch.Tensor]:
    """States of requests, float (B, T, layers · hidden), each of unit variance, and where there is
    a token, bool (B, T).

    Args:
        encoder: of the transformers library, in evaluation mode.
        tokenizer: of the encoder.
        requests: texts.
    """
    inputs = tokens_of(tokenizer, requests)
    found = encoder(**inputs, output_hidden_states=True).hidden_states
    states = [nn.functional.layer_norm(found[k], found[k].shape[-1:]) for k in LAYERS]
    return torch.cat(states, -1), inputs["attention_mask"].bool()


class PlanParser:
    """The trained parser as a scorer of plans.

    Args:
        network: in evaluation mode.
        encoder: that requests are read by.
        tokenizer: of the encoder.
    """

    def __init__(self, network: ParserNetwork, encoder: Any, tokenizer: Any) -> None:
        self._network = network
        self._encoder = encoder
        self._tokenizer = tokenizer

    def start(self, request: str) -> PlanSession:
        """Begin a plan for a request; text that looks like a special token is text."""
        return _ParserSession(
            self._network, *request_states(self._encoder, self._tokenizer, [request])
        )


class _ParserSession:
    """The parser after it has read a request."""

    def __init__(self, network: ParserNetwork, states: torch.Tensor, mask: torch.Tensor) -> None:
        self._network = network
        self._mask = mask
        with torch.inference_mode():
            self._memory = network.read(states, mask)

    @torch.inference_mode()
    def log_probs(self, words: tuple[str, ...], options: tuple[str, ...]) -> np.ndarray:
        """Logits of the options after the beginning of a plan."""
        numbers = torch.tensor([[START, *(WORDS.index(word) for word in words)]])
        logits = self._network(self._memory, self._mask, numbers)[0, -1]
        return logits[[WORDS.index(word) for word in options]].double().numpy()


def load_parser(path: str | Path = SHIPPED) -> PlanParser:
    """The parser of a file of weights; a second call gives the same, unless the file has changed.

    Args:
        path: weights as train.planner writes them; by default those of the package.

    Raises:
        ModelError: the file, or the encoder, is missing, damaged or of another network.
    """
    return _load(Path(path))


@file_cache(maxsize=2)
def _load(path: Path) -> PlanParser:
    network, _ = load_checkpoint(
        path, ParserConfig, ParserNetwork, "weights of `semcom train planner`"
    )
    return PlanParser(network, *load_embedder().encoder)
