# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reader of received messages over sentence embeddings: attention in several hops, answers that are
words of the messages.

An encoder-only model embeds each message when it arrives, and the question; a small network reads:

    embedding of message i ─► linear ─► causal attention (L1 layers) ─► m_1 … m_n
    embedding of question  ─► linear ─► attention over m_1 … m_n, nearest in time preferred as
                                        learned (L2 hops) ─► h
    place k of the answer  ─► softmax over the candidates c of  h W_k · V e_c

Candidates are the words of the messages, the closed answers (yes, no, none, one, …, unknown) and an
end; e_c is the encoder's embedding of the word alone, so that words never seen in training can be
answers.

Axes: B passages, N messages, Q questions, C candidates, P places of an answer, D features of the
encoder.

Source: S. Sukhbaatar et al., End-to-end memory networks, NeurIPS 2015 (hops over sentences); O.
Vinyals et al., Pointer networks, NeurIPS 2015 (answers from the input); relative positions of C.
Raffel et al., JMLR 2020.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.functional import gelu

from semcom_core.config import setting
from semcom_core.errors import check_range
from semcom_core.tasks.prompt import CLOSED_ANSWERS

#: Candidate after the last word of an answer.
END = ""
#: Most places of an answer, the end included.
PLACES = 4


@dataclass(frozen=True)
class ReaderShape:
    """Sizes of a reader."""

    features: int = setting(384, "features of the encoder, 8 to 4096")
    width: int = setting(128, "features of the network, 8 to 1024")
    heads: int = setting(4, "heads of attention, 1 to 64")
    layers: int = setting(2, "layers over the messages, 1 to 12")
    hops: int = setting(3, "hops of the question over the messages, 1 to 12")
    distances: int = setting(48, "distances in time that are told apart, 2 to 512")

    def __post_init__(self) -> None:
        check_range("features", self.features, 8, 4096)
        check_range("width", self.width, 8, 1024)
        check_range("heads", self.heads, 1, 64)
        check_range("width % heads", self.width % self.heads, 0, 0)
        check_range("layers", self.layers, 1, 12)
        check_range("hops", self.hops, 1, 12)
        check_range("distances", self.distances, 2, 512)


class _Attention(nn.Module):
    """Attention over messages with a learned bias for the distance in time, then two dense layers.

    Args:
        shape: sizes.
    """

    def __init__(self, shape: ReaderShape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.norm = nn.LayerNorm(shape.width)
        self.over_norm = nn.LayerNorm(shape.width)
        self.query = nn.Linear(shape.width, shape.width)
        self.pair = nn.Linear(shape.width, 2 * shape.width)
        self.out = nn.Linear(shape.width, shape.width)
        self.distance = nn.Embedding(shape.distances, shape.heads)
        self.inner_norm = nn.LayerNorm(shape.width)
        self.inner = nn.Linear(shape.width, 3 * shape.width)
        self.outer = nn.Linear(3 * shape.width, shape.width)

    def forward(
        self, rows: torch.Tensor, over: torch.Tensor, age: torch.Tensor, sees: torch.Tensor
    ) -> torch.Tensor:
        """Rows after attention.

        Args:
            rows: float (B, R, width).
            over: what they look at, float (B, N, width).
            age: messages that came since, as each row sees it, int64 (B, R, N), 0 or more.
            sees: whether a row sees a message, bool (B, R, N).
        """
        batch, count, width = rows.shape

        def split(features: torch.Tensor) -> torch.Tensor:
            return features.view(batch, -1, self.heads, width // self.heads).transpose(1, 2)

        query = split(self.query(self.norm(rows)))
        key, value = (split(part) for part in self.pair(self.over_norm(over)).chunk(2, dim=-1))
        scores = query @ key.transpose(-1, -2) / math.sqrt(width / self.heads)
        near = self.distance(age.clamp(max=self.distance.num_embeddings - 1)).permute(0, 3, 1, 2)
        scores = (scores + near).masked_fill(~sees[:, None], -1e4)
        mixed = (scores.softmax(-1) @ value).transpose(1, 2).reshape(batch, count, width)
        rows = rows + self.out(mixed)
        return rows + self.outer(gelu(self.inner(self.inner_norm(rows))))


class ReaderNetwork(nn.Module):
    """The network of the module's first lines.

    Args:
        shape: sizes.
    """

    def __init__(self, shape: ReaderShape) -> None:
        super().__init__()
        self.message = nn.Linear(shape.features, shape.width)
        self.question = nn.Linear(shape.features, shape.width)
        self.candidate = nn.Linear(shape.features, shape.width)
        self.end = nn.Parameter(torch.zeros(shape.features))
        self.layers = nn.ModuleList(_Attention(shape) for _ in range(shape.layers))
        self.hops = nn.ModuleList(_Attention(shape) for _ in range(shape.hops))
        self.norm = nn.LayerNorm(shape.width)
        self.places = nn.Linear(shape.width, PLACES * shape.width)
        self.width = shape.width
        # embeddings of unit length are made as large as features of unit variance
        self.gain = math.sqrt(shape.features)

    def forward(
        self,
        messages: torch.Tensor,
        questions: torch.Tensor,
        after: torch.Tensor,
        candidates: torch.Tensor,
        allowed: torch.Tensor,
    ) -> torch.Tensor:
        """Log-probabilities of the candidates at each place of the answers, float (B, Q, P, C).

        Args:
            messages: embeddings, float (B, N, D), the oldest first.
            questions: embeddings, float (B, Q, D).
            after: messages before each question, int64 (B, Q), 1 or more.
            candidates: embeddings of words, float (B, C, D); zeros stand for the end.
            allowed: whether a candidate is one of the passage, bool (B, C).
        """
        count = messages.shape[1]
        slot = torch.arange(count, device=messages.device)
        age = (slot[:, None] - slot).clamp(min=0).expand(len(messages), -1, -1)
        sees = (slot[:, None] >= slot).expand(len(messages), -1, -1)
        rows = self.message(self.gain * messages)
        for layer in self.layers:
            rows = layer(rows, rows, age, sees)
        age = (after[..., None] - 1 - slot).clamp(min=0)
        sees = slot < after[..., None]
        state = self.question(self.gain * questions)
        for hop in self.hops:
            state = hop(state, rows, age, sees)
        places = self.places(self.norm(state)).unflatten(-1, (PLACES, self.width))
        is_end = (candidates == 0).all(-1, keepdim=True)
        words = self.candidate(torch.where(is_end, self.end, self.gain * candidates))
        scores = torch.einsum("bqpw,bcw->bqpc", places, words) / math.sqrt(self.width)
        return scores.masked_fill(~allowed[:, None, None], -1e4).log_softmax(-1)


def candidate_words(messages: Sequence[str]) -> list[str]:
    """Candidates of an answer about some messages: the end, the closed answers, and the words.

    Args:
        messages: each on one line.
    """
    words = (word for message in messages for word in re.findall(r"[^\W_]+", message))
    return [END, *dict.fromkeys([*CLOSED_ANSWERS, *words])]
