# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the training of the semantic attention. No training library is loaded for them."""

from __future__ import annotations

from dataclasses import dataclass

from semcom_core.config import setting
from semcom_core.errors import check_range


@dataclass(frozen=True)
class AttentionTraining:
    """Settings of the training."""

    steps: int = setting(600, "steps, 1 to 1000000")
    pictures: int = setting(16, "pictures of a step, 2 to 1024")
    learning_rate: float = setting(2e-3, "highest learning rate, 1e-6 to 0.1")
    unknown: float = setting(0.3, "share of the pictures whose embedding is hidden, as another network's would be, 0 to 1")
    regions: float = setting(0.3, "share of the pictures cut into regions by colour instead, as if by another network, 0 to 1")
    seed: int = setting(1, "seed of order, augmentation and initial values")

    def __post_init__(self):
        check_range("steps", self.steps, 1, 1_000_000)
        check_range("pictures", self.pictures, 2, 1024)
        check_range("learning_rate", self.learning_rate, 1e-6, 0.1)
        check_range("unknown", self.unknown, 0, 1)
        check_range("regions", self.regions, 0, 1)
