# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network of the image codec "lam-sc".

    blocks ─┬─► linear transform ─(+)─► latent ─► gain of the level ─► x mask ─► power 1 ─► channel
            └─► convolutions ──────┴─► scores ─► ASC: levels ────┴────────┘
    importance ─┘

    channel ─► x reliability ─┬─► linear transform ─(+)─► picture
    noise variances ──┘       └─► convolutions ──────┘

Beside the symbols the receiver is told the levels, which positions are important, and the amplitude
A by which the message was divided to have power 1. Important positions send more symbols, and each
with more power. With z a value of the latent of power p, m its mask (0, 1, or between while
learning) and g the gain of its position, the symbol's part is x = z g m / A, and the receiver
weights y = x + n, n of variance s/2, by the linear least squares estimate

    z_hat = y (A/g) e,    e = (p/s) m / ((p/s) m^2 + (A/g)^2 / 2)

and knows its reliability e m: 0 where a symbol was masked or lost, 1 without noise.

The linear transforms start as the best ones for blocks, so that the convolutions learn what those
miss. Convolutions see the SNR and the share of symbols kept by FiLM.

Arrays: B pictures (B, 3, H, W), one message together; h = H/8 and w = W/8 positions; 24 values of a
position, 12 real parts and then 12 imaginary parts; G groups of symbols beyond the first.

Source: after LAM-SC (Jiang et al., Large AI model-based semantic communications, IEEE Wireless
Communications 2024); network and mask are this project's own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, pixel_shuffle

from semcom_core.config import setting
from semcom_core.errors import check_range
from semcom_core.image.learned import lam_sc_mask as asc
from semcom_core.image.learned.common import (
    BLOCK_VALUES,
    STRIDE,
    VALUES,
    FilmBlock,
    Trunk,
    blocks_of,
    zero_conv,
)

#: Numbers known of the whole message: its SNR and the share of symbols kept.
_CONDITIONS = 2
#: Floor of a power whose logarithm is taken.
_LEAST_POWER = 1e-4
#: Extra weight of the power of a position's values in the scores where importance is 1.
_IMPORTANCE_WEIGHT = 10.0
#: Importance from which on a position is important.
_IMPORTANT = 0.5
#: Gain of its values before training, dB.
_IMPORTANT_GAIN_DB = 5.0


@dataclass(frozen=True)
class LamScShape:
    """Shape of the network."""

    width: int = setting(160, "features of a position, 8 to 1024")
    sender_blocks: int = setting(3, "residual blocks of the sender, 1 to 24")
    receiver_blocks: int = setting(5, "residual blocks of the receiver, 1 to 24")
    fine_width: int = setting(48, "features of a fourth of a position, 8 to 512")
    fine_blocks: int = setting(1, "residual blocks on fourths of positions, 1 to 24")

    def __post_init__(self) -> None:
        check_range("width", self.width, 8, 1024)
        check_range("fine_width", self.fine_width, 8, 512)
        for name in ("sender_blocks", "receiver_blocks", "fine_blocks"):
            check_range(name, getattr(self, name), 1, 24)


class Latent(NamedTuple):
    """Output of the encoder.

    Args:
        values: float (B, 24, h, w).
        scores: nested scores of the groups of symbols, float (B, G, h, w).
        important: which positions are important, bool (B, h, w).
    """

    values: Tensor
    scores: Tensor
    important: Tensor


def conditions_of(snr_db: float | Tensor, share: float | Tensor, count: int) -> Tensor:
    """Conditions of FiLM, float (count, 2).

    Args:
        snr_db: of the message, dB, a number or (count,).
        share: of the symbols that are kept, a number or (count,).
        count: pictures.
    """
    snr = torch.as_tensor(snr_db, dtype=torch.float32).expand(count)
    return torch.stack(
        [(snr - 8) / 8, torch.as_tensor(share, dtype=torch.float32).expand(count)], 1
    )


class LamScEncoder(nn.Module):
    """Encoder: pictures to latents and the scores of their groups."""

    def __init__(self, shape: LamScShape):
        super().__init__()
        self.linear = nn.Conv2d(BLOCK_VALUES, VALUES, 1)
        self.trunk = Trunk(BLOCK_VALUES + 1, shape.width, shape.sender_blocks, _CONDITIONS)
        self.refine = zero_conv(shape.width, VALUES, 1)
        self.worth = zero_conv(shape.width, len(asc.GROUP_SIZES), 3)
        # logarithm of the power of each value in the picture over that in the latent
        self.log_weight = nn.Parameter(torch.zeros(VALUES))

    def forward(self, pictures: Tensor, importance: Tensor, conditions: Tensor) -> Latent:
        """Latent of pictures.

        Args:
            pictures: float (B, 3, H, W), -0.5 to 0.5.
            importance: float (B, 1, H/8, W/8), 0 to 1.
            conditions: see conditions_of.
        """
        blocks = blocks_of(pictures)
        inside = self.trunk(torch.cat([blocks, importance], 1), conditions)
        values = self.linear(blocks).float() + self.refine(inside).float()
        own = asc.group_energies(values, self.log_weight.exp())
        around = avg_pool2d(own, 3, stride=1, padding=1, count_include_pad=False)
        # averaged with its neighbours the energy is smoother, so levels take fewer bits
        energy = ((own + around) / 2 + _LEAST_POWER).log()
        energy = energy + (1 + _IMPORTANCE_WEIGHT * importance).log()
        return Latent(
            values, asc.nested(energy + self.worth(inside).float()), importance[:, 0] > _IMPORTANT
        )


class LamScDecoder(nn.Module):
    """Decoder: estimated values to pictures."""

    def __init__(self, shape: LamScShape):
        super().__init__()
        self.linear = nn.Conv2d(VALUES, BLOCK_VALUES, 1)
        self.trunk = Trunk(2 * VALUES, shape.width, shape.receiver_blocks, _CONDITIONS)
        self.split = nn.Conv2d(shape.width, 4 * shape.fine_width, 1)
        self.fine = nn.ModuleList(
            FilmBlock(shape.fine_width, _CONDITIONS) for _ in range(shape.fine_blocks)
        )
        self.refine = zero_conv(shape.fine_width, BLOCK_VALUES // 4, 3)

    def forward(self, weighted: Tensor, reliability: Tensor, conditions: Tensor) -> Tensor:
        """Pictures, float (B, 3, H, W), -0.5 to 0.5 about.

        Args:
            weighted: estimated values, float (B, 24, h, w).
            reliability: 0 (masked or lost) to 1 (without noise), same shape.
            conditions: see conditions_of.
        """
        plain = pixel_shuffle(self.linear(weighted).float(), STRIDE)
        inside = self.trunk(torch.cat([weighted, reliability], 1), conditions)
        inside = pixel_shuffle(self.split(inside), 2)
        for block in self.fine:
            inside = block(inside, conditions)
        return plain + pixel_shuffle(self.refine(inside).float(), STRIDE // 2)


class LamScNetwork(nn.Module):
    """Encoder and decoder. Importance and level of a position set the gain of its values at the
    sender and their expected power at the receiver.
    """

    def __init__(self, shape: LamScShape):
        super().__init__()
        self.shape = shape
        self.sender = LamScEncoder(shape)
        self.receiver = LamScDecoder(shape)
        self.log_gain = nn.Parameter(torch.zeros(2, len(asc.LEVEL_SYMBOLS), VALUES))
        self.log_power = nn.Parameter(torch.zeros(2, len(asc.LEVEL_SYMBOLS), VALUES))
        with torch.no_grad():
            self.log_gain[1] = math.log(10) * _IMPORTANT_GAIN_DB / 20

    def send(self, latent: Latent, groups: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Values of the symbols, of mean power 1 a complex symbol over the batch.

        Args:
            latent: of the pictures.
            groups: which groups are sent, or with which part of their amplitude, float (B, G, h,
                w).

        Returns:
            The values, 0 where masked, float (B, 24, h, w); the mask of values, same shape; the
            amplitude that they were divided by, float ().
        """
        mask = asc.value_mask(groups)
        values = latent.values * _entries(self.log_gain, latent.important, groups).exp() * mask
        amplitude = (2 * values.square().sum() / mask.detach().sum() + 1e-12).sqrt()
        return values / amplitude, mask, amplitude

    def receive(
        self,
        values: Tensor,
        noise_var: Tensor,
        important: Tensor,
        groups: Tensor,
        amplitude: Tensor | float,
    ) -> Tensor:
        """Pictures, float (B, 3, H, W), -0.5 to 0.5 about.

        Args:
            values: as received, 0 where masked or lost, float (B, 24, h, w).
            noise_var: of each complex symbol, inf for a lost one, float (B, 12, h, w).
            important: which positions are, bool (B, h, w).
            groups: which groups were sent, or with which part of their amplitude, float (B, G, h,
                w).
            amplitude: as `send` tells it.
        """
        sent = asc.value_mask(groups)
        gain = _entries(self.log_gain, important, groups).exp()
        power = _entries(self.log_power, important, groups).exp()
        # 0 for a lost symbol, with a finite gradient
        snr = power * (1 / noise_var).repeat(1, 2, 1, 1)
        estimate = snr * sent / (snr * sent.square() + (amplitude / gain).square() / 2)
        snr_db, share = message_snr(noise_var, sent.detach())
        weighted = values * (amplitude / gain) * estimate
        return self.receiver(weighted, estimate * sent, conditions_of(snr_db, share, len(values)))


def message_snr(noise_var: Tensor, sent: Tensor) -> tuple[Tensor, Tensor]:
    """SNR of a message from the mean inverse noise variance of its symbols, and the share sent.

    Args:
        noise_var: float (B, 12, h, w), inf where lost.
        sent: mask of values, float (B, 24, h, w).

    Returns:
        SNR, dB, and the share of the symbols that were sent, float () each.
    """
    mask = sent[:, : noise_var.shape[1]]
    mean = ((1 / noise_var) * mask).sum() / mask.sum()
    return 10 * torch.log10(mean.clamp(1e-3, 1e4)), mask.mean()


def _entries(table: Tensor, important: Tensor, groups: Tensor) -> Tensor:
    """Entries of a table (2, levels, 24) for the importance and the level of each position, float
    (B, 24, h, w).
    """
    return table[important.long(), asc.levels_of(groups)].permute(0, 3, 1, 2)
