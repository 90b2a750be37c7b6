# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network "sam-tiny": Segment Anything at small size, for pictures of 256 pixels.

    picture -> convolutional stem -+-> transformer -> embedding, 1/16 --+
                                   +-> details, 1/8 and 1/4 ------------+-> mask decoder -> masks
                                            point, box -> prompt encoder+

It differs from the published network in three ways, each to make up for training data: the
published one has learned from a billion outlines. Convolutions take the place of the patch
embedding. Details of the picture bypass the transformer on their way to the decoder, as in the
second version of Segment Anything, folded into channels of the embedding. Points and boxes are also
drawn, where the published network takes a mask as a prompt. The package's predictor and automatic
mask generator work with it unchanged.

Axes: B pictures, n prompts of a picture, h and w rows and columns of the embedding.

Source: A. Kirillov et al., "Segment anything", ICCV 2023; N. Ravi et al., "SAM 2", 2024 (details to
the decoder).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from segment_anything.modeling import (
    ImageEncoderViT,
    MaskDecoder,
    PromptEncoder,
    Sam,
    TwoWayTransformer,
)
from torch import nn
from torch.nn.functional import interpolate, pixel_shuffle, pixel_unshuffle, silu

from semcom_core.config import setting
from semcom_core.errors import ConfigError, check_range

#: Pixels of a picture for each step of the transformer; the stem halves the size four times.
PATCH = 16


@dataclass(frozen=True)
class TinyConfig:
    """Size of the network."""

    size: int = setting(256, "longer side of a picture, pixels, a multiple of 16, 32 to 1024")
    stem: int = setting(24, "channels of the stem's first stage, a multiple of 8, 8 to 128")
    width: int = setting(160, "channels of the transformer, 32 to 1024")
    depth: int = setting(4, "blocks of the transformer, 1 to 32")
    heads: int = setting(5, "heads of the transformer, 1 to 32")
    prompt: int = setting(96, "channels of embedding and prompts, a multiple of 32, 32 to 512")
    decoder: int = setting(2, "blocks of the mask decoder, 1 to 8")

    def __post_init__(self) -> None:
        for name, low, high in (
            ("size", 32, 1024),
            ("stem", 8, 128),
            ("width", 32, 1024),
            ("depth", 1, 32),
            ("heads", 1, 32),
        ):
            check_range(name, getattr(self, name), low, high)
        check_range("prompt", self.prompt, 32, 512)
        check_range("decoder", self.decoder, 1, 8)
        for name, unit in (("size", PATCH), ("stem", 8), ("prompt", 32), ("width", self.heads)):
            if getattr(self, name) % unit:
                raise ConfigError(
                    f"{name} is {getattr(self, name)}; allowed is a multiple of {unit}"
                )


def build_tiny(config: TinyConfig) -> Sam:
    """The network with random weights, in evaluation mode; see `_look_near` for how they start."""
    grid = config.size // PATCH
    norm = partial(nn.LayerNorm, eps=1e-6)
    transformer = TwoWayTransformer(
        config.decoder,
        config.prompt,
        num_heads=max(1, config.prompt // 32),
        mlp_dim=4 * config.prompt,
    )
    _look_near(transformer)
    return Sam(
        TinyEncoder(config, norm),
        DrawnPrompts(config.prompt, (grid, grid), (config.size, config.size), mask_in_chans=16),
        DetailDecoder(
            transformer_dim=config.prompt,
            transformer=transformer,
            iou_head_hidden_dim=config.prompt,
            activation=nn.ReLU,
        ),
    ).eval()


@torch.no_grad()
def _look_near(transformer: TwoWayTransformer) -> None:
    """Make prompts and picture attend to what lies near each other from the start.

    Queries and keys hold positions as random Fourier features, whose inner product falls off with
    distance; the same matrix for both keeps that, and twice its size makes it felt beside the
    content.
    """
    layers = [
        getattr(layer, name)
        for layer in transformer.layers
        for name in ("cross_attn_token_to_image", "cross_attn_image_to_token")
    ]
    for attention in (*layers, transformer.final_attn_token_to_image):
        attention.q_proj.weight.mul_(2)
        attention.k_proj.weight.copy_(attention.q_proj.weight)


class Halving(nn.Module):
    """Half the size, other channels, then one residual block: (B, in, H, W) to (B, out, H/2,
    W/2).
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.down = nn.Conv2d(inputs, outputs, 3, stride=2, padding=1)
        self.norms = nn.ModuleList(nn.GroupNorm(8, outputs) for _ in range(2))
        self.convs = nn.ModuleList(nn.Conv2d(outputs, outputs, 3, padding=1) for _ in range(2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Features (B, outputs, H/2, W/2) of (B, inputs, H, W)."""
        x = self.down(x)
        y = x
        for norm, conv in zip(self.norms, self.convs):
            y = conv(silu(norm(y)))
        return x + y


class TinyEncoder(ImageEncoderViT):
    """Encoder of pictures with a convolutional stem.

    Gives (B, prompt + details, size/16, size/16): the embedding, then 4·4 folded positions of
    prompt/8 channels of details at a quarter of the size, then 2·2 of prompt/4 at an eighth.
    """

    def __init__(self, config: TinyConfig, norm: Callable[[int], nn.Module]) -> None:
        stem = config.stem
        width = config.width
        prompt = config.prompt
        super().__init__(
            config.size,
            PATCH,
            3,
            width,
            config.depth,
            config.heads,
            out_chans=prompt,
            norm_layer=norm,
            use_rel_pos=True,
        )
        stages = Halving(stem, 2 * stem), Halving(2 * stem, 4 * stem), Halving(4 * stem, width)
        self.patch_embed = nn.ModuleList([nn.Conv2d(3, stem, 3, stride=2, padding=1), *stages])
        self.fine = nn.Conv2d(2 * stem, prompt // 8, 3, padding=1)
        self.medium = nn.Conv2d(4 * stem, prompt // 4, 3, padding=1)
        self.lift = nn.Conv2d(prompt, prompt // 8 + prompt // 4, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Embedding and folded details of pictures (B, 3, size, size), see the class."""
        first, quarter, eighth, sixteenth = self.patch_embed
        fine = quarter(silu(first(x)))
        medium = eighth(fine)
        tokens = sixteenth(medium).permute(0, 2, 3, 1) + self.pos_embed
        for block in self.blocks:
            tokens = block(tokens)
        embedding = self.neck(tokens.permute(0, 3, 1, 2))
        coarse = self.lift(embedding)
        split = self.fine.out_channels
        fine = self.fine(fine) + interpolate(coarse[:, :split], scale_factor=4.0, mode="bilinear")
        medium = self.medium(medium) + interpolate(
            coarse[:, split:], scale_factor=2.0, mode="bilinear"
        )
        return torch.cat([embedding, pixel_unshuffle(fine, 4), pixel_unshuffle(medium, 2)], 1)


class DrawnPrompts(PromptEncoder):
    """Encoder of prompts that also draws them on the grid of the masks: how far inside the box a
    place is, how near to the point.

    A mask that is given is taken instead of the drawing. The decoder starts from the drawing: it
    comes with the dense embedding, its 4 × 4 places of each position folded into 16 more channels.

    Source: Sofiiuk et al., Reviving iterative training with mask guidance for interactive
    segmentation, ICIP 2022 (drawn points).
    """

    def forward(
        self,
        points: tuple[torch.Tensor, torch.Tensor] | None,
        boxes: torch.Tensor | None,
        masks: torch.Tensor | None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Tokens (n, tokens, channels) and dense embedding (n, channels + 16, h, w) of n prompts.

        Args:
            points: coordinates (n, k, 2) and labels (n, k), 1 for a point of the object; or None.
            boxes: (n, 4), left, top, right, bottom; or None.
            masks: (n, 1, 4h, 4w) logits; or None.
        """
        drawn = [self._near(*points)] if points is not None else []
        drawn += [self._inside(boxes.reshape(-1, 4))] if boxes is not None else []
        if masks is None and drawn:
            # single precision: the mask generator gives points in double precision
            masks = torch.stack(drawn).mean(0)[:, None].float()
        tokens, dense = super().forward(points, boxes, masks)
        shown = (
            dense.new_zeros(len(dense), 1, *self.mask_input_size)
            if masks is None
            else masks.to(dense.dtype)
        )
        return tokens, torch.cat([dense, pixel_unshuffle(shown, 4)], 1)

    def _grid(self) -> tuple[torch.Tensor, torch.Tensor, float]:
        """Rows (4h, 1) and columns (4w) of the places, and the distance from a point at which its
        drawing is 0, all in pixels.
        """
        device = self.no_mask_embed.weight.device
        rows, columns = (
            (torch.arange(n, device=device) + 0.5) * size / n
            for n, size in zip(self.mask_input_size, self.input_image_size)
        )
        return rows[:, None], columns, self.input_image_size[0] / 8

    def _near(self, places: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """1 at a point of the object to -1 far from it, (n, 4h, 4w)."""
        rows, columns, reach = self._grid()
        x, y = places[..., 0, None, None], places[..., 1, None, None]
        distance = torch.hypot(columns - x, rows - y) + 1e6 * (labels != 1)[..., None, None]
        return 1 - (distance.amin(1) / reach).clamp(max=2)

    def _inside(self, boxes: torch.Tensor) -> torch.Tensor:
        """1 in the middle of a box, 0 at its edges, -1 far outside it, (n, 4h, 4w)."""
        rows, columns, _ = self._grid()
        left, top, right, bottom = boxes[:, :, None, None].unbind(1)
        across = (2 * columns - left - right).abs() / (right - left)
        down = (2 * rows - top - bottom).abs() / (bottom - top)
        return 1 - torch.maximum(across, down).clamp(max=2)


class DetailDecoder(MaskDecoder):
    """Decoder of masks that adds the details of TinyEncoder while it raises the resolution, and
    starts from the drawn prompt.

    The three outputs for a point start as discs of three sizes, the one for a box as the box.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.gain = nn.Parameter(torch.full((self.num_mask_tokens,), 3.0))
        self.offset = nn.Parameter(
            torch.tensor([0.0, *torch.linspace(1.5, -1.5, self.num_mask_tokens - 1)])
        )
        for mlp in self.output_hypernetworks_mlps:
            nn.init.zeros_(mlp.layers[-1].weight)
            nn.init.zeros_(mlp.layers[-1].bias)

    def predict_masks(
        self,
        image_embeddings: torch.Tensor,
        image_pe: torch.Tensor,
        sparse_prompt_embeddings: torch.Tensor,
        dense_prompt_embeddings: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Masks and their predicted quality, of one picture or of several.

        Args:
            image_embeddings: (B, prompt + details, h, w) of TinyEncoder.
            image_pe: (1, prompt, h, w).
            sparse_prompt_embeddings: (B·n, tokens, prompt), n prompts for each picture, those of a
                picture together.
            dense_prompt_embeddings: (B·n, prompt + 16, h, w) of DrawnPrompts.

        Returns:
            Logits (B·n, 4, 4h, 4w) and predicted IoU (B·n, 4).
        """
        dim = self.transformer_dim
        prompts = sparse_prompt_embeddings.shape[0]
        embedding, fine, medium = image_embeddings.split([dim, 2 * dim, dim], 1)
        dense, drawn = dense_prompt_embeddings.split([dim, 16], 1)
        each = prompts // len(embedding)
        tokens = torch.cat([self.iou_token.weight, self.mask_tokens.weight]).expand(prompts, -1, -1)
        tokens = torch.cat([tokens, sparse_prompt_embeddings], 1)
        source = embedding.repeat_interleave(each, 0) + dense
        states, source = self.transformer(source, image_pe.expand(prompts, -1, -1, -1), tokens)
        source = source.transpose(1, 2).unflatten(2, embedding.shape[2:])
        masks = self._raise(source, pixel_shuffle(medium, 2), pixel_shuffle(fine, 4), each)
        weights = torch.stack(
            [mlp(states[:, 1 + i]) for i, mlp in enumerate(self.output_hypernetworks_mlps)], 1
        )
        start = self.gain[:, None, None] * pixel_shuffle(drawn, 4) + self.offset[:, None, None]
        return start + (weights @ masks.flatten(2)).unflatten(
            2, masks.shape[2:]
        ), self.iou_prediction_head(states[:, 0])

    def _raise(
        self, source: torch.Tensor, medium: torch.Tensor, fine: torch.Tensor, each: int
    ) -> torch.Tensor:
        """Four times the resolution: (B·n, prompt, h, w) to (B·n, prompt/8, 4h, 4w)."""
        first, norm, active, second, last = self.output_upscaling
        source = active(norm(first(source) + medium.repeat_interleave(each, 0)))
        return last(second(source) + fine.repeat_interleave(each, 0))
