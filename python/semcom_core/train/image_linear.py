# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The best linear transform of picture blocks for a noisy channel, from which the learned image codecs start.

Blocks go to their principal components; component i gets power p_i = max(0, sqrt(l_i N) m - N), which makes the sum of the errors
l_i N / (p_i + N) least for a given sum of powers.

Source: K.-H. Lee, D. P. Petersen, Optimal linear coding for vector channels, IEEE Trans. Communications 1976.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from semcom_core.image.jscc_layers import BLOCK_VALUES, STRIDE, SYMBOLS, VALUES, blocks_of
from semcom_core.image.lam_sc_network import LamScNetwork
from semcom_core.train.image_crops import Example, draw
from semcom_core.units import db_to_linear

#: No component's power starts below this, so that all can be learned.
_LEAST_POWER = 0.05
#: Crops of four blocks each that the transform is made for.
_CROPS = 8000


@dataclass(frozen=True)
class BlockTransform:
    """Mean block (192,), the first components (192, 24) and the power of each (24,), whose sum is that of a position's symbols."""

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


def block_transform(examples: list[Example], snr_db: float, rng: np.random.Generator) -> BlockTransform:
    """The transform for examples at an SNR, dB."""
    pictures = draw(examples, _CROPS, 2 * STRIDE, rng).pictures
    samples = blocks_of(pictures).permute(0, 2, 3, 1).reshape(-1, BLOCK_VALUES).double().numpy()
    values, vectors = np.linalg.eigh(np.cov(samples.T))
    order = np.argsort(values)[::-1][:VALUES]
    powers = np.maximum(best_powers(values[order], SYMBOLS, 0.5 / float(db_to_linear(snr_db))), _LEAST_POWER)
    return BlockTransform(samples.mean(0), vectors[:, order], values[order], powers * SYMBOLS / powers.sum())


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
        network.log_power.copy_(torch.tensor(np.log(transform.powers[order])).expand_as(network.log_power))
