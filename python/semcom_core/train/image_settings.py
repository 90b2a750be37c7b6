# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the trainings of the learned image codecs. No training library is loaded for them."""

from __future__ import annotations

from dataclasses import dataclass

from semcom_core.config import setting
from semcom_core.errors import check_range

#: Stages of the training of lam-sc: both ends with all symbols sent; then with the mask.
CODEC, MASK = "codec", "mask"


@dataclass(frozen=True)
class ImageTraining:
    """Settings of one stage; where several are trained, each goes on from the weights of the one before."""

    steps: int = setting(8000, "steps of the stage, 1 to 10000000")
    pictures: int = setting(4, "crops of a step, which are one message, 1 to 1024")
    crop: int = setting(96, "side of a crop, pixels, 16 to 1024, a multiple of 8")
    learning_rate: float = setting(1e-3, "highest learning rate, 1e-6 to 0.1")
    linear_rate: float = setting(0.2, "learning rate of the linear transforms over that of the rest, 0 to 1")
    fall: float = setting(0.3, "last share of the steps, in which the learning rate falls to 0, 0 to 1")
    lowest_snr_db: float = setting(-1.0, "lowest SNR of a message, dB, -20 to 40")
    highest_snr_db: float = setting(16.0, "highest SNR of a message, dB, -20 to 40")
    importance_weight: float = setting(8.0, "extra weight of the loss where a picture is most important, 0 to 100")
    save_steps: int = setting(200, "steps between two checkpoints, 1 to 100000")
    seed: int = setting(1, "seed of crops, channel and initial values")

    def __post_init__(self):
        check_range("steps", self.steps, 1, 10_000_000)
        check_range("pictures", self.pictures, 1, 1024)
        check_range("crop", self.crop, 16, 1024)
        check_range("crop % 8", self.crop % 8, 0, 0)
        check_range("learning_rate", self.learning_rate, 1e-6, 0.1)
        check_range("linear_rate", self.linear_rate, 0, 1)
        check_range("fall", self.fall, 0, 1)
        check_range("lowest_snr_db", self.lowest_snr_db, -20, self.highest_snr_db)
        check_range("highest_snr_db", self.highest_snr_db, -20, 40)
        check_range("importance_weight", self.importance_weight, 0, 100)
        check_range("save_steps", self.save_steps, 1, 100_000)
