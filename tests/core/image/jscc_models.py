# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small networks of the learned image codecs, generated pictures, and a channel, for tests."""

from __future__ import annotations

import numpy as np
import torch

from semcom_core.frame import Frame, ReceivedFrame
from semcom_core.image.learned.common import save_model
from semcom_core.image.learned.deepjscc import DeepjsccNetwork, DeepjsccShape
from semcom_core.image.learned.lam_sc_network import LamScShape
from semcom_core.train.image_loop import LabelledPicture as Example
from semcom_core.train.lam_sc import new_network
from semcom_core.units import complex_noise

SMALL = LamScShape(width=16, sender_blocks=1, receiver_blocks=1, fine_width=8, fine_blocks=1)


def scene(height: int, width: int, seed: int = 0) -> np.ndarray:
    """A smooth sky over a field of stripes, with a disc, uint8 (height, width, 3)."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width].astype(float)
    picture = np.stack([90 + 60 * y / height, 120 + 30 * x / width, 200 - 80 * y / height], 2)
    stripes = (
        40
        * np.sin(x * rng.uniform(0.3, 1.2) + y * rng.uniform(-0.5, 0.5))[..., None]
        * rng.uniform(0.3, 1, 3)
    )
    picture = np.where((y > 0.6 * height)[..., None], picture + stripes, picture)
    disc = (y - height * rng.uniform(0.2, 0.8)) ** 2 + (x - width * rng.uniform(0.2, 0.8)) ** 2 < (
        0.2 * min(height, width)
    ) ** 2
    picture = np.where(disc[..., None], rng.uniform(30, 225, 3), picture)
    return np.clip(picture + rng.normal(0, 2, picture.shape), 0, 255).astype(np.uint8)


def examples(count: int = 6, side: int = 128) -> list[Example]:
    """Scenes whose lower half is labelled."""
    objects = np.zeros((side, side), bool)
    objects[side // 2 :] = True
    return [Example(scene(side, side, seed), objects) for seed in range(count)]


def lam_sc_weights(folder):
    """File of an untrained network, which sends by the best linear transform of scenes."""
    network = new_network(SMALL, examples(), 1)
    save_model(network, SMALL, [], folder / "lam_sc.safetensors")
    return folder / "lam_sc.safetensors"


def deepjscc_weights(folder, symbols: int = 12):
    """File of an untrained network."""
    torch.manual_seed(1)
    shape = DeepjsccShape(width=16, symbols=symbols)
    save_model(DeepjsccNetwork(shape), shape, [], folder / "deepjscc.safetensors")
    return folder / "deepjscc.safetensors"


def through(
    frames: list[Frame], noise_var: float, seed: int = 0, lost: tuple[int, ...] = ()
) -> list[ReceivedFrame]:
    """Frames after AWGN; those of the numbers in `lost` do not arrive."""
    rng, heard = np.random.default_rng(seed), []
    for frame in frames:
        symbols = frame.symbols + complex_noise(frame.symbols.shape, noise_var, rng)
        if frame.header.fragment not in lost:
            heard.append(
                ReceivedFrame(
                    frame.header, symbols, noise_var=np.full(symbols.shape, noise_var, np.float32)
                )
            )
    return heard
