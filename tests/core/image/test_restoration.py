# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network that restores decoded pictures, and its training."""

from __future__ import annotations

import numpy as np
import torch

from semcom_core.image.example import example_picture
from semcom_core.image.picture import read_picture
from semcom_core.image.restoration import RestorationNetwork, restore
from semcom_core.train.image_crops import Example
from semcom_core.train.image_settings import ImageTraining
from semcom_core.train.restoration import WEIGHTS, coded_pairs, train_restoration

PICTURE = read_picture(example_picture())[100:229, 150:343].copy()
EXAMPLES = [Example(PICTURE, np.zeros(PICTURE.shape[:2], bool))]


def test_an_untrained_network_changes_nothing():
    assert np.allclose(restore(PICTURE, 20_000, RestorationNetwork()), PICTURE, atol=0.01)


def test_tiles_do_not_show():
    torch.manual_seed(1)
    network = RestorationNetwork(width=8, depth=1)
    torch.nn.init.normal_(network.tail.weight, std=0.01)
    wide = np.tile(PICTURE, (1, 4, 1))
    part = np.ascontiguousarray(wide[:, 400:])
    alone = restore(part, part.size, network)
    together = restore(wide, wide.size, network)[:, 400:]
    assert np.abs(alone - part).max() > 2
    assert np.abs(alone - together)[:, 40:300].max() < 0.2  # half precision in between


def test_training_learns_and_goes_on_where_it_stopped(tmp_path):
    config = ImageTraining(steps=20, pictures=2, crop=64, save_steps=10, learning_rate=3e-3)
    pairs = list(coded_pairs(EXAMPLES, tmp_path, config.seed))
    assert len(pairs) == 3 and all(pair.decoded.shape == PICTURE.shape for pair in pairs)
    steps = list(train_restoration(config, EXAMPLES, tmp_path))
    assert steps[-1].step == 20 and (tmp_path / WEIGHTS).exists()
    assert list(train_restoration(config, EXAMPLES, tmp_path)) == []
    assert steps[-1].psnr_db > 0
