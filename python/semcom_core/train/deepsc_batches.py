# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Batches for the training of the codec "deepsc": tokens, which of their symbols are sent, and the noise of a channel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch

from semcom_core.text.deepsc_network import TOKEN_SYMBOLS
from semcom_core.text.deepsc_slots import length_of, slots
from semcom_core.text.deepsc_words import Words
from semcom_core.units import db_to_linear

#: Tokens of a training example at the most; a longer one is cut to a random part.
MOST_TOKENS = 64
#: Shares of the messages: over block Rayleigh fading, with a run of erased symbols, cut to a random part, and garbled.
_FADING, _ERASED, _CUT, _GARBLED = 0.3, 0.05, 0.1, 0.12
#: Share of a garbled message's tokens that are exchanged: words out of place are to arrive too.
_EXCHANGED = 0.25
_FADING_BLOCK = 32
_DEEPEST_FADE = 1e-3


class Batch(NamedTuple):
    """Tokens and channel of some messages.

    lengths: tokens of each message, int (B,); cores, forms: int (B, T), 0 in the padding; sent: bool (B, T, 8);
    noise: float (B, T, 16), see Receiver, minus nothing: the symbols' own values are added to it; noise_var: float (B, T, 8), inf where
    nothing arrives.
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
        for i in sorted(range(len(items)), key=lambda i: (min(len(items[i]), MOST_TOKENS), rng.random())):
            if found[-1] and (len(found[-1]) + 1) * min(len(items[i]), MOST_TOKENS) > batch_tokens:
                found.append([])
            found[-1].append(i)
        plan += [found[i] for i in rng.permutation(len(found))]
        once = once or len(found)
    return plan[: max(1, round(epochs * once))]


def batch_of(
    items: Sequence[Sequence[tuple[int, int]]], words: Words, snr_db: tuple[float, float], rng: np.random.Generator
) -> Batch:
    """Make a batch of texts' tokens (core, form).

    Args:
        words: the vocabulary.
        snr_db: range of the messages' SNRs, drawn evenly, dB.
    """
    messages = [_varied(np.array(item), words, rng) for item in items]
    size, most = len(messages), max(map(len, messages))
    tokens, sent = np.zeros((size, most, 2), np.int64), np.zeros((size, most, TOKEN_SYMBOLS), bool)
    noise_var = np.full(sent.shape, np.inf, np.float32)
    for row, message in enumerate(messages):
        tokens[row, : len(message)] = message
        count = sum(words.spaced(token) for token in message)
        where = (row, *slots(len(message), length_of(len(message), count)))
        sent[where] = True
        noise_var[where] = _noise_var(len(where[1]), rng.uniform(*snr_db), rng)
    pair = rng.standard_normal((2, *sent.shape), dtype=np.float32) * np.sqrt(np.where(np.isfinite(noise_var), noise_var, 0) / 2)
    noise = np.concatenate([pair[0], pair[1]], axis=2)
    cores_, forms = torch.from_numpy(tokens).unbind(2)
    lengths = torch.tensor([len(message) for message in messages])
    return Batch(lengths, cores_, forms, torch.from_numpy(sent), torch.from_numpy(noise), torch.from_numpy(noise_var))


def _noise_var(length: int, snr_db: float, rng: np.random.Generator) -> np.ndarray:
    """Noise variance of each symbol of a message, inf where it is erased."""
    variance = np.full(length, 1 / db_to_linear(snr_db))
    if rng.random() < _FADING:
        gains = rng.exponential(size=-(-length // _FADING_BLOCK)).repeat(_FADING_BLOCK)[:length]
        variance = np.where(gains > _DEEPEST_FADE, variance / np.maximum(gains, _DEEPEST_FADE), np.inf)
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
