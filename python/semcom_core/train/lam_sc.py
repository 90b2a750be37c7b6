# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The best linear transform of picture blocks for a add_noise channel, from which the learned image
codecs start.

Blocks go to their principal components; component i gets power p_i = max(0, sqrt(l_i N) m - N),
which makes the sum of the errors l_i N / (p_i + N) least for a given sum of powers.

Source: K.-H. Lee, D. P. Petersen, Optimal linear coding for vector channels, IEEE Trans.
Communications 1976.

Training of the codec "lam-sc": first both ends of the coder, then the mask jointly with them.

A step's crops are one message of one SNR and one share of kept symbols. The loss is the logarithm
of the mean square error, so that messages of all SNRs and shares count alike; where importance is
on, errors on objects weigh more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from semcom_core.image.learned import lam_sc_mask as asc
from semcom_core.image.learned.common import (
    BLOCK_VALUES,
    STRIDE,
    SYMBOLS,
    VALUES,
    add_noise,
    blocks_of,
    load_model,
    save_model,
)
from semcom_core.image.learned.lam_sc_network import LamScNetwork, LamScShape, conditions_of
from semcom_core.train.image_loop import Crops, Example, ImageTrainer, Progress, draw
from semcom_core.train.settings import CODEC, MASK, ImageTraining
from semcom_core.units import db_to_linear

#: No component's power starts below this, so that all can be learned.
_LEAST_POWER = 0.05
#: Crops of four blocks each that the transform is made for.
_CROPS = 8000


@dataclass(frozen=True)
class BlockTransform:
    """Mean block (192,), the first components (192, 24) and the power of each (24,), whose sum is
    that of a position's symbols.
    """

    mean: np.ndarray
    components: np.ndarray
    variances: np.ndarray
    powers: np.ndarray


def best_powers(variances: np.ndarray, total: float, noise: float) -> np.ndarray:
    """Powers of components of some variances (n,), of a given sum, for noise of a power in each."""
    low, high = 0.0, 1e6
    for _ in range(200):
        middle = (low + high) / 2
        powers = np.maximum(0, np.sqrt(variances * noise) * middle - noise)
        low, high = (middle, high) if powers.sum() < total else (low, middle)
    return powers


def block_transform(
    examples: list[Example], snr_db: float, rng: np.random.Generator
) -> BlockTransform:
    """The transform for examples at an SNR, dB."""
    pictures = draw(examples, _CROPS, 2 * STRIDE, rng).pictures
    samples = blocks_of(pictures).permute(0, 2, 3, 1).reshape(-1, BLOCK_VALUES).double().numpy()
    values, vectors = np.linalg.eigh(np.cov(samples.T))
    order = np.argsort(values)[::-1][:VALUES]
    powers = np.maximum(
        best_powers(values[order], SYMBOLS, 0.5 / float(db_to_linear(snr_db))), _LEAST_POWER
    )
    return BlockTransform(
        samples.mean(0), vectors[:, order], values[order], powers * SYMBOLS / powers.sum()
    )


def start_from(network: LamScNetwork, transform: BlockTransform) -> None:
    """Set the linear transforms of a network; symbol i carries components 2 i and 2 i + 1."""
    order = np.concatenate([np.arange(0, VALUES, 2), np.arange(1, VALUES, 2)])
    gains = np.sqrt(transform.powers / transform.variances)[order]
    down = gains[:, None] * transform.components[:, order].T
    up = transform.components[:, order] / gains
    with torch.no_grad():
        network.sender.linear.weight.copy_(torch.tensor(down)[:, :, None, None])
        network.sender.linear.bias.copy_(torch.tensor(-down @ transform.mean))
        network.receiver.linear.weight.copy_(torch.tensor(up)[:, :, None, None])
        network.receiver.linear.bias.copy_(torch.tensor(transform.mean))
        network.sender.log_weight.copy_(torch.tensor(-2 * np.log(gains)))
        network.log_power.copy_(
            torch.tensor(np.log(transform.powers[order])).expand_as(network.log_power)
        )


#: Name of the file with the trained network.
WEIGHTS = "lam_sc.safetensors"
#: SNR for which the linear transforms start, dB.
_START_SNR_DB = 8.0
#: Share of the messages of the stage MASK whose mask is soft; scores learn from these.
_SOFT = 0.3


@dataclass(frozen=True)
class Message:
    """What a step draws: crops, SNR in dB, share of symbols kept, noise variance of each symbol (B,
    12, h, w), and if its mask is soft.
    """

    crops: Crops
    snr_db: float
    share: float
    noise_var: Tensor
    soft: bool = False


def draw_message(
    examples: list[Example], config: ImageTraining, stage: str, rng: np.random.Generator
) -> Message:
    """A step's message. Importance is on in every other one."""
    crops = draw(examples, config.pictures, config.crop, rng)
    if rng.random() < 0.5:
        crops = Crops(crops.pictures, torch.zeros_like(crops.importance))
    snr_db = float(rng.uniform(config.lowest_snr_db, config.highest_snr_db))
    side = config.crop // STRIDE
    noise_var = draw_noise_var((config.pictures, SYMBOLS, side, side), snr_db, rng)
    return Message(
        crops, snr_db, _share(stage, rng), noise_var, soft=stage == MASK and rng.random() < _SOFT
    )


def draw_noise_var(shape: tuple[int, ...], snr_db: float, rng: np.random.Generator) -> Tensor:
    """Noise variances of a message's symbols. One message in eight loses some of them; in another
    one in eight each symbol fades.
    """
    noise_var = np.full(shape, 1 / float(db_to_linear(snr_db)), np.float32)
    kind = rng.integers(8)
    if kind == 0:
        noise_var[rng.random(shape) < rng.uniform(0, 0.5)] = np.inf
    elif kind == 1:
        noise_var /= np.maximum(rng.exponential(size=shape), 1e-3).astype(np.float32)
    return torch.from_numpy(noise_var)


def _share(stage: str, rng: np.random.Generator) -> float:
    """Share of the symbols that a message keeps: all in two of ten, or anything, or mostly about
    what the codec is used with.
    """
    choice = rng.random()
    if stage == CODEC or choice < 0.2:
        return 1.0
    return float(rng.uniform(0.36, 0.44) if choice < 0.85 else rng.uniform(0.2, 1.0))


def transmit(network: LamScNetwork, message: Message) -> Tensor:
    """The crops as received, float (B, 3, S, S)."""
    crops, count = message.crops, len(message.crops.pictures)
    latent = network.sender(
        crops.pictures, crops.importance, conditions_of(message.snr_db, message.share, count)
    )
    groups = (asc.softly_chosen if message.soft else asc.chosen)(latent.scores, message.share)
    values, mask, amplitude = network.send(latent, groups)
    heard = add_noise(values, message.noise_var) * (mask.detach() > 0)
    return network.receive(heard, message.noise_var, latent.important, groups, amplitude)


def loss_of(
    network: LamScNetwork, message: Message, importance_weight: float
) -> tuple[Tensor, float]:
    """Logarithm of the weighted mean square error of a message, and its plain PSNR, dB."""
    error = (transmit(network, message) - message.crops.pictures).square()
    weight = 1 + importance_weight * interpolate(
        message.crops.importance, scale_factor=STRIDE, mode="nearest"
    )
    loss = (error * weight / weight.mean()).mean().log()
    return loss, psnr_of(error)


def psnr_of(error: Tensor) -> float:
    """PSNR, dB, of square errors of pictures whose values span 1."""
    return -10 * float(np.log10(error.detach().mean().item()))


def new_network(shape: LamScShape, examples: list[Example], seed: int) -> LamScNetwork:
    """A network to train: random convolutions that add nothing yet to the best linear transforms of
    the examples' blocks.
    """
    torch.manual_seed(seed)
    network = LamScNetwork(shape).to(memory_format=torch.channels_last)
    start_from(network, block_transform(examples, _START_SNR_DB, np.random.default_rng(seed)))
    return network


def train_stage(
    network: LamScNetwork, examples: list[Example], config: ImageTraining, stage: str, folder: Path
) -> Iterator[Progress]:
    """Train one stage, CODEC or MASK, from the network's weights; goes on from the folder's
    checkpoint where there is one.

    In the end the folder holds the weights as they are shipped.
    """
    folder.mkdir(parents=True, exist_ok=True)

    def loss(rng: np.random.Generator) -> tuple[Tensor, float]:
        return loss_of(
            network, draw_message(examples, config, stage, rng), config.importance_weight
        )

    yield from ImageTrainer(network, loss, config, folder).run()
    save_model(network, network.shape, [{"stage": stage, **asdict(config)}], folder / WEIGHTS)


def train_lam_sc(
    configs: dict[str, ImageTraining],
    examples: list[Example],
    folder: Path,
    shape: LamScShape | None = None,
) -> Iterator[Progress]:
    """Train stages one after the other, each in a folder of its name in `folder`.

    Args:
        configs: stage → its settings, in order; a stage starts from the weights of the one before,
            CODEC from a new network.
        shape: of a new network.

    Raises:
        ModelError: the stage MASK is to start from a stage CODEC that has not come to its end.
    """
    network = None
    for stage, config in configs.items():
        if stage == CODEC:
            network = new_network(shape or LamScShape(), examples, config.seed)
        elif network is None:
            network = _copy_of(
                load_model(folder / CODEC / WEIGHTS, LamScNetwork, LamScShape).network
            )
        yield from train_stage(network, examples, config, stage, folder / stage)


def _copy_of(network: LamScNetwork) -> LamScNetwork:
    copy = LamScNetwork(network.shape).to(memory_format=torch.channels_last)
    copy.load_state_dict(network.state_dict())
    return copy
