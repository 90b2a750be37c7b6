# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Training of the image codec "deepjscc": encoder and decoder jointly, over channels of all SNRs.

The loss is the logarithm of the mean square error, so that messages of all SNRs count alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from semcom_core.image.learned.common import STRIDE, add_noise, save_model
from semcom_core.image.learned.deepjscc import DeepjsccNetwork, DeepjsccShape
from semcom_core.train.image_loop import ImageProgress, ImageTrainer, LabelledPicture, draw
from semcom_core.train.lam_sc import draw_noise_var, psnr_of
from semcom_core.train.settings import ImageTraining

#: Name of the file with the trained network.
WEIGHTS = "deepjscc.safetensors"


def loss_of(
    network: DeepjsccNetwork,
    examples: list[LabelledPicture],
    config: ImageTraining,
    rng: np.random.Generator,
) -> tuple[Tensor, float]:
    """Logarithm of the mean square error of a message that is drawn, and its PSNR, dB.

    Args:
        network: to train.
        examples: to draw crops from.
        config: settings.
        rng: draws crops, SNR and noise variances; the noise itself is torch's.
    """
    pictures = draw(examples, config.pictures, config.crop, rng).pictures
    snr_db = float(rng.uniform(config.lowest_snr_db, config.highest_snr_db))
    side = config.crop // STRIDE
    noise_var = draw_noise_var((config.pictures, network.shape.symbols, side, side), snr_db, rng)
    error = (network.receive(add_noise(network.send(pictures), noise_var)) - pictures).square()
    return error.mean().log(), psnr_of(error)


def train_deepjscc(
    config: ImageTraining,
    examples: list[LabelledPicture],
    folder: Path,
    shape: DeepjsccShape | None = None,
) -> Iterator[ImageProgress]:
    """Train the network and write its weights, an ImageProgress after every step.

    Args:
        config: settings.
        examples: training pictures.
        folder: for state and weights; made where it is not there. A state in it is gone on from.
        shape: of the network; None for the default.
    """
    shape = shape or DeepjsccShape()
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(config.seed)
    network = DeepjsccNetwork(shape).to(memory_format=torch.channels_last)
    yield from ImageTrainer(
        network, lambda rng: loss_of(network, examples, config, rng), config, folder
    ).run()
    save_model(network, shape, [asdict(config)], folder / WEIGHTS)
