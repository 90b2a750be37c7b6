# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Training loop and training pictures of the learned image codecs.

A step draws crops of pictures and of the objects that people labelled in them, passes them over a
simulated channel, and takes a step of AdamW on the loss. The state is kept in the training's
folder, so that an interrupted training goes on.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from semcom_core.errors import ConfigError
from semcom_core.image.learned.common import position_importance
from semcom_core.image.picture import pictures_in, read_picture
from semcom_core.train.checkpoint import load_state, save_state
from semcom_core.train.settings import ImageTraining

#: Steps in which the learning rate rises.
_RISE = 200
#: Learning rate of tables of logarithms over that of the rest, since they move furthest.
_TABLE_RATE = 5.0


@dataclass(frozen=True)
class LabelledPicture:
    """A picture, uint8 (H, W, 3), and the mask of its objects, bool (H, W); all False where it has
    no labels.
    """

    pixels: np.ndarray
    objects: np.ndarray


@dataclass(frozen=True)
class Crops:
    """Input of the networks: pictures, float (B, 3, S, S), -0.5 to 0.5, and their importance, float
    (B, 1, S/8, S/8), 0 to 1.
    """

    pictures: Tensor
    importance: Tensor


def training_examples(data: Path, least_side: int) -> list[LabelledPicture]:
    """Training part of the COCO pictures with and without labels, at whole and at half size.

    Args:
        data: folder of the training data, with cocoseg/ and photos/coco_extra/.
        least_side: smaller pictures are left out, pixels.

    Raises:
        ConfigError: there are none.
    """
    found = [*_labelled(data / "cocoseg"), *_plain(data / "photos" / "coco_extra")]
    found += [half(example) for example in found]
    found = [example for example in found if min(example.objects.shape) >= least_side]
    if not found:
        raise ConfigError(
            f"folder {data} has no training pictures; allowed is one with cocoseg/ or "
            "photos/coco_extra/"
        )
    return found


def half(example: LabelledPicture) -> LabelledPicture:
    """An example at half its size."""
    height, width = (side // 2 * 2 for side in example.objects.shape)
    pixels = example.pixels[:height, :width].astype(np.uint16)
    mean = (pixels[::2, ::2] + pixels[1::2, ::2] + pixels[::2, 1::2] + pixels[1::2, 1::2] + 2) // 4
    return LabelledPicture(mean.astype(np.uint8), example.objects[:height:2, :width:2])


def draw(examples: list[LabelledPicture], count: int, side: int, rng: np.random.Generator) -> Crops:
    """Random crops of random examples, half of them mirrored.

    Args:
        examples: to draw from.
        count: crops.
        side: of a crop, pixels.
        rng: draws.
    """
    pictures = []
    objects = []
    for index in rng.integers(len(examples), size=count):
        example = examples[index]
        top, left = (int(rng.integers(size - side + 1)) for size in example.objects.shape)
        step = 1 if rng.random() < 0.5 else -1
        place = (slice(top, top + side), slice(left, left + side))
        pictures.append(example.pixels[place][:, ::step].transpose(2, 0, 1))
        objects.append(example.objects[place][:, ::step][None])
    pixels = torch.from_numpy(np.stack(pictures)).float() / 255 - 0.5
    return Crops(pixels, position_importance(torch.from_numpy(np.stack(objects)).float()))


def _labelled(folder: Path) -> list[LabelledPicture]:
    """Training part of cocoseg; empty where the folder is not there."""
    try:
        lines = (folder / "meta.jsonl").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    files = [entry["file"] for entry in map(json.loads, lines) if entry["split"] == "train"]
    return [
        _example(folder / "images" / name, folder / "instances" / f"{Path(name).stem}.png")
        for name in files
    ]


def _plain(folder: Path) -> list[LabelledPicture]:
    """Pictures without labels; empty where the folder is not there."""
    if not folder.is_dir():
        return []
    pixels = [read_picture(path) for path in pictures_in(folder)]
    return [LabelledPicture(one, np.zeros(one.shape[:2], bool)) for one in pixels]


def _example(picture: Path, instances: Path) -> LabelledPicture:
    from PIL import Image

    with Image.open(instances) as labels:
        return LabelledPicture(read_picture(picture), np.asarray(labels) > 0)


@dataclass(frozen=True)
class ImageProgress:
    """Progress of the training of an image codec.

    Args:
        step: steps done.
        steps: steps in all.
        psnr_db: mean over the last 100 steps, dB.
        elapsed_s: time since the start, s.
    """

    step: int
    steps: int
    psnr_db: float
    elapsed_s: float


class ImageTrainer:
    """Trains a network and keeps the state of the training in a folder.

    Args:
        network: with the weights that the training starts from; layers called "linear" and tables
            called "log_" learn at rates of their own.
        loss: draws a message with a Generator; returns its loss and its PSNR, dB.
        config: settings.
        folder: for the state; it exists.
    """

    def __init__(
        self,
        network: nn.Module,
        loss: Callable[[np.random.Generator], tuple[Tensor, float]],
        config: ImageTraining,
        folder: Path,
    ):
        self.network = network
        self._loss = loss
        self._config = config
        self._folder = folder
        self._weights = dict(network.named_parameters())
        for weight in self._weights.values():
            # weights that the stage does not use have moments to keep as well
            weight.grad = torch.zeros_like(weight)
        self._optimizer = torch.optim.AdamW(
            _groups(self._weights, config), betas=(0.9, 0.98), weight_decay=1e-4, fused=True
        )
        self._done = load_state(folder, self._weights, self._optimizer)

    def run(self) -> Iterator[ImageProgress]:
        """Train to the end, an ImageProgress after every step."""
        started = time.monotonic()
        recent: list[float] = []
        self.network.train()
        for step in range(self._done, self._config.steps):
            recent = [*recent[-99:], self._step(step)]
            if (step + 1) % self._config.save_steps == 0 or step + 1 == self._config.steps:
                save_state(self._folder, step + 1, self._weights, self._optimizer)
            yield ImageProgress(
                step + 1, self._config.steps, float(np.mean(recent)), time.monotonic() - started
            )

    def _step(self, step: int) -> float:
        """One step of AdamW on one message; returns its PSNR, dB."""
        rng = np.random.default_rng([self._config.seed, step])
        torch.manual_seed(int(rng.integers(2**31)))
        for group in self._optimizer.param_groups:
            group["lr"] = group["share"] * rate_at(step, self._config)
        with torch.autocast("cpu", torch.bfloat16):
            loss, psnr_db = self._loss(rng)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._weights.values(), 0.5)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=False)
        return psnr_db


def _groups(weights: dict[str, nn.Parameter], config: ImageTraining) -> list[dict]:
    """The optimizer's groups: parameters, and the share of the learning rate that they get."""
    shares = {}
    for name in weights:
        if ".linear." in name:
            shares[name] = config.linear_rate
        else:
            shares[name] = _TABLE_RATE if "log_" in name else 1.0
    return [
        {"params": [weights[n] for n, share in shares.items() if share == one], "share": one}
        for one in sorted({*shares.values()})
    ]


def rate_at(step: int, config: ImageTraining) -> float:
    """Learning rate of a step: it rises, stays, and falls to 0 in the last part."""
    factor = min(1.0, (step + 1) / _RISE)
    if config.fall:
        factor = min(factor, (config.steps - step) / config.steps / config.fall)
    return config.learning_rate * factor
