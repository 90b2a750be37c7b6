# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the trainings. No training library is loaded for them."""

from __future__ import annotations

from dataclasses import dataclass

from semcom_core.config import setting
from semcom_core.errors import check_range


@dataclass(frozen=True)
class LoraTraining:
    """Settings of the training of an adapter."""

    rank: int = setting(16, "rank of each addition, 1 to 64")
    epochs: float = setting(2.0, "passes over the examples, 0.001 to 100")
    batch_tokens: int = setting(1024, "tokens of a batch, padding included, 64 to 65536")
    learning_rate: float = setting(1e-3, "highest learning rate, 1e-6 to 0.1")
    dropout: float = setting(0.05, "share of the additions' inputs left out at random, 0 to 0.9")
    context_tokens: int = setting(160, "most tokens of the messages before a message, 0 to 4096")
    text_tokens: int = setting(96, "a longer text is cut, 8 to 1024 tokens")
    save_steps: int = setting(50, "steps between two checkpoints, 1 to 100000")
    seed: int = setting(1, "seed of order and initial values")

    def __post_init__(self):
        check_range("rank", self.rank, 1, 64)
        check_range("epochs", self.epochs, 0.001, 100)
        check_range("batch_tokens", self.batch_tokens, 64, 65536)
        check_range("learning_rate", self.learning_rate, 1e-6, 0.1)
        check_range("dropout", self.dropout, 0, 0.9)
        check_range("context_tokens", self.context_tokens, 0, 4096)
        check_range("text_tokens", self.text_tokens, 8, 1024)
        check_range("save_steps", self.save_steps, 1, 100_000)


@dataclass(frozen=True)
class DeepscTraining:
    """Settings of the training."""

    epochs: float = setting(20.0, "passes over the texts, 0.001 to 1000")
    batch_tokens: int = setting(1024, "tokens of a batch, padding included, 64 to 65536")
    learning_rate: float = setting(1.5e-3, "highest learning rate, 1e-6 to 0.1")
    lowest_snr_db: float = setting(-3.0, "lowest SNR of a message, dB, -20 to 40")
    highest_snr_db: float = setting(15.0, "highest SNR of a message, dB, -20 to 40")
    rivals: int = setting(1024, "cores drawn in each step that the right ones are told apart from, 0 (all) to 100000")
    look_weight: float = setting(0.2, "weight of the look-up's own loss, 0 to 10")
    least_count: int = setting(2, "a word is in the vocabulary from this count on, 1 to 1000")
    parts: int = setting(1500, "parts of words in the vocabulary, 0 to 100000")
    forms: int = setting(40, "forms in the vocabulary, 6 to 1000")
    save_steps: int = setting(250, "steps between two checkpoints, 1 to 100000")
    seed: int = setting(1, "seed of order, channel and initial values")

    def __post_init__(self):
        check_range("epochs", self.epochs, 0.001, 1000)
        check_range("batch_tokens", self.batch_tokens, 64, 65536)
        check_range("learning_rate", self.learning_rate, 1e-6, 0.1)
        check_range("lowest_snr_db", self.lowest_snr_db, -20, self.highest_snr_db)
        check_range("highest_snr_db", self.highest_snr_db, -20, 40)
        check_range("rivals", self.rivals, 0, 100_000)
        check_range("look_weight", self.look_weight, 0, 10)
        check_range("least_count", self.least_count, 1, 1000)
        check_range("parts", self.parts, 0, 100_000)
        check_range("forms", self.forms, 6, 1000)
        check_range("save_steps", self.save_steps, 1, 100_000)
