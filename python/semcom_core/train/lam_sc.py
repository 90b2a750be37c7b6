# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Training of the image codec "lam-sc": encoder and decoder first, then the mask jointly with them.

A step's crops are one message of one SNR and one share of kept symbols. The loss is the logarithm
of the mean square error, so that messages of all SNRs and shares count alike; where importance is
on, errors on objects weigh more.

The linear transforms of the network start as the best ones for a noisy channel: blocks go to their
principal components, and component i of variance l_i gets the power

    p_i = max(0, sqrt(l_i N) m - N),

with m such that the powers have a given sum; N is the noise of each. That makes the sum of the
errors l_i N / (p_i + N) least.

Source: K.-H. Lee, D. P. Petersen, Optimal linear coding for vector channels, IEEE Trans.
Communications 1976.
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
from semcom_core.train.image_loop import Crops, ImageProgress, ImageTrainer, LabelledPicture, draw
from semcom_core.train.settings import CODEC, MASK, ImageTraining
from semcom_core.units import db_to_linear

#: Name of the file with the trained network.
WEIGHTS = "lam_sc.safetensors"
#: SNR for which the linear transforms start, dB.
_START_SNR_DB = 8.0
#: Share of the messages of the stage MASK whose mask is soft; scores learn from these.
_SOFT = 0.3
#: Least power of a component at the start, so that all can be learned.
_LEAST_POWER = 0.05
#: Crops of four blocks each that the transform is computed from.
_CROPS = 8000


@dataclass(frozen=True)
class BlockTransform:
    """Linear transform of blocks.

    Args:
        mean: of the blocks, float64 (192,).
        components: the first principal components, float64 (192, 24).
        variances: of each component, float64 (24,).
        powers: of each, float64 (24,), their sum that of a position's symbols.
    """

    mean: np.ndarray
    components: np.ndarray
    variances: np.ndarray
    powers: np.ndarray


def best_powers(variances: np.ndarray, total: float, noise: float) -> np.ndarray:
    """Powers of components, float64 (n,), by bisection for m.

    Args:
        variances: of the components, float64 (n,).
        total: sum of the powers.
        noise: power of the noise in each.
    """
    low, high = 0.0, 1e6
    for _ in range(200):
        middle = (low + high) / 2
        powers = np.maximum(0, np.sqrt(variances * noise) * middle - noise)
        if powers.sum() < total:
            low = middle
        else:
            high = middle
    return powers


def block_transform(
    examples: list[LabelledPicture], snr_db: float, rng: np.random.Generator
) -> BlockTransform:
    """Best linear transform of blocks.

    Args:
        examples: to draw crops from.
        snr_db: of the channel, dB.
        rng: draws the crops.
    """
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


@dataclass(frozen=True)
class TrainingMessage:
    """Message of a step.

    Args:
        crops: of B pictures.
        snr_db: SNR of the channel, dB.
        share: of the symbols that are kept.
        noise_var: of each symbol, float (B, 12, h, w), inf where lost.
        soft: whether the mask is soft.
    """

    crops: Crops
    snr_db: float
    share: float
    noise_var: Tensor
    soft: bool = False


def draw_message(
    examples: list[LabelledPicture], config: ImageTraining, stage: str, rng: np.random.Generator
) -> TrainingMessage:
    """Draw the message of a step; importance is on in half of them.

    Args:
        examples: to draw crops from.
        config: settings.
        stage: CODEC or MASK.
        rng: draws.
    """
    crops = draw(examples, config.pictures, config.crop, rng)
    if rng.random() < 0.5:
        crops = Crops(crops.pictures, torch.zeros_like(crops.importance))
    snr_db = float(rng.uniform(config.lowest_snr_db, config.highest_snr_db))
    side = config.crop // STRIDE
    noise_var = draw_noise_var((config.pictures, SYMBOLS, side, side), snr_db, rng)
    return TrainingMessage(
        crops, snr_db, _share(stage, rng), noise_var, soft=stage == MASK and rng.random() < _SOFT
    )


def draw_noise_var(shape: tuple[int, ...], snr_db: float, rng: np.random.Generator) -> Tensor:
    """Noise variances of a message's symbols, float32 of a shape.

    One message in eight loses some of them (inf); in another one in eight each symbol has Rayleigh
    fading of its own.

    Args:
        shape: of the result.
        snr_db: of the channel without fading, dB.
        rng: draws losses and fading.
    """
    noise_var = np.full(shape, 1 / float(db_to_linear(snr_db)), np.float32)
    kind = rng.integers(8)
    if kind == 0:
        noise_var[rng.random(shape) < rng.uniform(0, 0.5)] = np.inf
    elif kind == 1:
        noise_var /= np.maximum(rng.exponential(size=shape), 1e-3).astype(np.float32)
    return torch.from_numpy(noise_var)


def _share(stage: str, rng: np.random.Generator) -> float:
    """Share of the symbols that a message keeps.

    In the stage MASK it is 1 in a fifth of the messages, else mostly about what the codec is used
    with.
    """
    choice = rng.random()
    if stage == CODEC or choice < 0.2:
        return 1.0
    return float(rng.uniform(0.36, 0.44) if choice < 0.85 else rng.uniform(0.2, 1.0))


def transmit(network: LamScNetwork, message: TrainingMessage) -> Tensor:
    """The crops as received, float (B, 3, S, S)."""
    crops = message.crops
    count = len(crops.pictures)
    latent = network.sender(
        crops.pictures, crops.importance, conditions_of(message.snr_db, message.share, count)
    )
    groups = (asc.softly_chosen if message.soft else asc.chosen)(latent.scores, message.share)
    values, mask, amplitude = network.send(latent, groups)
    received = add_noise(values, message.noise_var) * (mask.detach() > 0)
    return network.receive(received, message.noise_var, latent.important, groups, amplitude)


def loss_of(
    network: LamScNetwork, message: TrainingMessage, importance_weight: float
) -> tuple[Tensor, float]:
    """Logarithm of the weighted mean square error of a message, and its unweighted PSNR, dB.

    Args:
        network: to train.
        message: to transmit; the noise is torch's.
        importance_weight: extra weight of the errors where importance is 1.
    """
    error = (transmit(network, message) - message.crops.pictures).square()
    weight = 1 + importance_weight * interpolate(
        message.crops.importance, scale_factor=STRIDE, mode="nearest"
    )
    loss = (error * weight / weight.mean()).mean().log()
    return loss, psnr_of(error)


def psnr_of(error: Tensor) -> float:
    """PSNR, dB, of square errors of pictures whose values span 1."""
    return -10 * float(np.log10(error.detach().mean().item()))


def new_network(shape: LamScShape, examples: list[LabelledPicture], seed: int) -> LamScNetwork:
    """A network to train: the best linear transforms of blocks, and convolutions that add 0.

    Args:
        shape: of the network.
        examples: from which the transforms are computed.
        seed: of the convolutions' initial weights, and of the crops.
    """
    torch.manual_seed(seed)
    network = LamScNetwork(shape).to(memory_format=torch.channels_last)
    start_from(network, block_transform(examples, _START_SNR_DB, np.random.default_rng(seed)))
    return network


def train_stage(
    network: LamScNetwork,
    examples: list[LabelledPicture],
    config: ImageTraining,
    stage: str,
    folder: Path,
) -> Iterator[ImageProgress]:
    """Train one stage and write the network's weights, an ImageProgress after every step.

    Args:
        network: with the weights that the stage starts from.
        examples: training pictures.
        config: settings of the stage.
        stage: CODEC or MASK.
        folder: for state and weights; made where it is not there. A state in it is gone on from.
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
    examples: list[LabelledPicture],
    folder: Path,
    shape: LamScShape | None = None,
) -> Iterator[ImageProgress]:
    """Train stages one after the other, each in a folder of its name in `folder`.

    Args:
        configs: stage → its settings, in order; a stage starts from the weights of the one before,
            CODEC from a new network.
        examples: training pictures.
        folder: of the stages' folders.
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
