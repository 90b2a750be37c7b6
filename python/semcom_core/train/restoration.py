# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Training of the network that restores decoded pictures.

    picture ─► AV1 at several qualities ─► decoded ─► crops ─► network ─► mean square error against the picture

The coded pictures are kept in the output folder: coding them takes longer than anything else before the first step.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor

from semcom_core.image import bare_avif
from semcom_core.image.restoration import RestorationNetwork
from semcom_core.train.image_crops import Example
from semcom_core.train.image_loop import ImageTrainer, Progress
from semcom_core.train.image_settings import ImageTraining

#: Name of the file with the trained network.
WEIGHTS = "restoration.safetensors"
#: Coded versions of each picture, the lowest and highest quality of the encoder, and its speed.
VERSIONS, _QUALITIES, _SPEED = 3, (4, 48), 6
#: Pictures below this quality are also coded shrunk, as the codec does where it pays.
_SHRUNK_BELOW = 18


@dataclass(frozen=True)
class Pair:
    """A picture and what its coded version decodes to, both uint8 (H, W, 3), and log2 of the bits a pixel."""

    pixels: np.ndarray
    decoded: np.ndarray
    log2_bits: float


def coded_pairs(examples: list[Example], folder: Path, seed: int) -> Iterator[Pair]:
    """Pairs of all examples; what is coded already is read from the folder."""
    for number, example in enumerate(examples):
        rng = np.random.default_rng([seed, number])
        for version in range(VERSIONS):
            quality = int(rng.integers(*_QUALITIES))
            steps = int(rng.integers(3)) if quality < _SHRUNK_BELOW else 0
            path = folder / f"{number}_{version}_{quality}_{steps}.av1"
            if not path.exists():
                path.write_bytes(bare_avif.encode(example.pixels, quality, steps, _SPEED))
            data, (height, width) = path.read_bytes(), example.pixels.shape[:2]
            decoded = bare_avif.expand(data, steps, height, width)
            yield Pair(example.pixels, decoded, float(np.log2(8 * len(data) / (height * width))))


def train_restoration(config: ImageTraining, examples: list[Example], folder: Path) -> Iterator[Progress]:
    """Train the network to the end; the folder holds the checkpoint, and then the weights."""
    (folder / "coded").mkdir(parents=True, exist_ok=True)
    pairs = list(coded_pairs(examples, folder / "coded", config.seed))
    torch.manual_seed(config.seed)
    network = RestorationNetwork().to(memory_format=torch.channels_last)
    trainer = ImageTrainer(network, lambda rng: _loss(network, pairs, config, rng), config, folder)
    yield from trainer.run()
    save_file({name: value.half().contiguous() for name, value in network.state_dict().items()}, folder / WEIGHTS)
    (folder / "training.json").write_text(json.dumps(asdict(config), indent=1), encoding="utf-8")


def _loss(network: RestorationNetwork, pairs: list[Pair], config: ImageTraining, rng: np.random.Generator) -> tuple[Tensor, float]:
    """Loss of a step's crops, and their PSNR, dB. Errors count by their share of what the decoder left, so all qualities count alike."""
    wanted, given, levels = _draw(pairs, config.pictures, config.crop, rng)
    before = (given - wanted).square().mean(dim=(1, 2, 3)).clamp_min(1e-5)
    after = (network(given, levels).float() - wanted).square().mean(dim=(1, 2, 3))
    return (after / before).mean(), float(-10 * torch.log10(after.detach().mean()))


def _draw(pairs: list[Pair], count: int, side: int, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Random crops: pictures and decoded pictures, float (count, 3, side, side) in 0 to 1, and log2 of the bits a pixel (count,)."""
    wanted, given, levels = [], [], []
    for index in rng.integers(len(pairs), size=count):
        pair = pairs[index]
        top, left = (2 * int(rng.integers((size - side) // 2 + 1)) for size in pair.pixels.shape[:2])
        turns, flip = int(rng.integers(4)), int(rng.integers(2))
        for crops, picture in ((wanted, pair.pixels), (given, pair.decoded)):
            crop = np.rot90(picture[top : top + side, left : left + side], turns)[:, :: 1 - 2 * flip]
            crops.append(crop.transpose(2, 0, 1).copy())
        levels.append(pair.log2_bits)
    stacked = [torch.from_numpy(np.stack(crops)).float().div(255) for crops in (wanted, given)]
    return (*(one.contiguous(memory_format=torch.channels_last) for one in stacked), torch.tensor(levels))
