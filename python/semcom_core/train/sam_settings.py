# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the training of "sam-tiny". No training library is loaded for them."""

from __future__ import annotations

from dataclasses import dataclass

from semcom_core.config import setting
from semcom_core.errors import check_range


@dataclass(frozen=True)
class SamTraining:
    """Settings of the training."""

    steps: int = setting(20_000, "steps, 1 to 10000000")
    pictures: int = setting(8, "pictures of a step, 1 to 256")
    prompts: int = setting(5, "objects of a picture that are asked for, each by a point and by a box, 1 to 64")
    learning_rate: float = setting(1e-3, "highest learning rate, 1e-6 to 0.1")
    cooldown: float = setting(0.2, "share of the steps, the last ones, over which the learning rate falls to zero, 0 to 1")
    scenes: float = setting(0.15, "share of the pictures that are generated scenes, 0 to 1")
    paste: float = setting(0.5, "share of the pictures that get objects of others, 0 to 1")
    save_steps: int = setting(100, "steps between two checkpoints, 1 to 100000")
    seed: int = setting(1, "seed of order, augmentation and initial values")

    def __post_init__(self):
        check_range("steps", self.steps, 1, 10_000_000)
        check_range("pictures", self.pictures, 1, 256)
        check_range("prompts", self.prompts, 1, 64)
        check_range("learning_rate", self.learning_rate, 1e-6, 0.1)
        for name in ("cooldown", "scenes", "paste"):
            check_range(name, getattr(self, name), 0, 1)
        check_range("save_steps", self.save_steps, 1, 100_000)
