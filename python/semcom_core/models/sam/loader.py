# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loading of Segment Anything networks: "sam-tiny" by name, official checkpoints by path.

"sam-tiny" is the small network that the project ships, as safetensors with the network's size and
the settings of its training. An official checkpoint (vit_b, vit_l, vit_h) is a pickle of which only
tensors are read, of half precision too, also below "model" or "state_dict" and with the prefix
"module." of parallel training; what network it belongs to follows from the shapes of its tensors.

The predictor remembers the last picture, so that several prompts for it encode it once.

Source: A. Kirillov et al., "Segment anything", ICCV 2023.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from segment_anything import SamPredictor
from segment_anything.modeling import (
    ImageEncoderViT,
    MaskDecoder,
    PromptEncoder,
    Sam,
    TwoWayTransformer,
)
from torch import nn

from semcom_core.errors import ModelError
from semcom_core.models.cache import file_sha256
from semcom_core.models.checkpoint import file_cache, load_checkpoint, save_checkpoint
from semcom_core.models.device import find_device, place_network, to_host
from semcom_core.models.sam.tiny import TinyConfig, build_tiny
from semcom_core.models.weight_files import file_defect, unwrapped

#: File name of the weights of "sam-tiny".
WEIGHTS = "sam_tiny.safetensors"
#: The weights that the project ships.
SHIPPED = Path(__file__).parents[1] / "weights" / "sam" / WEIGHTS


#: Name of the network that the project ships.
TINY = "sam-tiny"
#: Official networks by the channels of their transformer.
_OFFICIAL = {768: "vit_b", 1024: "vit_l", 1280: "vit_h"}
#: What the shapes do not tell: heads of the mask decoder, mean and deviation of the colours. The
#: same in all official checkpoints.
_DECODER_HEADS = 8
_MEAN = (123.675, 116.28, 103.53)
_DEVIATION = (58.395, 57.12, 57.375)
#: Tensors of mean and deviation, which some trainers write.
_COLOURS = ("pixel_mean", "pixel_std")
_PATCH = "image_encoder.patch_embed.proj.weight"
#: Networks of other kinds by the start of the name of a tensor that they alone have.
_OTHER_KINDS = {
    "image_encoder.trunk.": "SAM 2",
    "sam_mask_decoder.": "SAM 2",
    "memory_attention.": "SAM 2",
    "mask_decoder.hf_": "HQ-SAM",
    "mask_decoder.compress_vit_feat.": "HQ-SAM",
    "image_encoder.patch_embed.seq.": "MobileSAM",
    "vision_encoder.": "the transformers library",
}


@dataclass(frozen=True)
class SamModel:
    """A network in evaluation mode.

    Args:
        name: "sam-tiny", "vit_b", "vit_l", "vit_h", or "vit" for another one in the official
            format.
        network: the network.
        fingerprint: first 16 hexadecimal digits of the file's SHA-256.
        device: what it computes on.
    """

    name: str
    network: Sam
    fingerprint: str
    device: str = "cpu"

    @property
    def channels(self) -> int:
        """Channels of the embedding proper, without what "sam-tiny" folds in beside it."""
        return self.network.mask_decoder.transformer_dim


def load_sam(model: str = TINY, device: str = "cpu") -> SamModel:
    """Load a network; a second call with the same names gives the same object.

    Args:
        model: "sam-tiny", a file that `semcom train sam` wrote (.safetensors), or an official
            checkpoint (.pth).
        device: what it computes on, one of models.device.DEVICES.

    Raises:
        ConfigError: there is no such device.
        ModelError: the file is not there, cannot be read, or is no checkpoint of Segment Anything.
    """
    path = SHIPPED if model == TINY else Path(model).expanduser()
    if not path.is_file():
        raise ModelError(
            f"Segment Anything model {model!r} is not there; allowed is {TINY}, or the path of a "
            ".safetensors or .pth file"
        )
    return _load(path, find_device(device))


@file_cache(maxsize=2)
def _load(path: Path, device: str) -> SamModel:
    if path.suffix == ".safetensors":
        network = place_network(read_tiny(path), device)
        return SamModel(TINY, network, file_sha256(path)[:16], device)
    state = _read_tensors(path)
    try:
        network = build_like(state)
        network.load_state_dict(state, assign=True)
    except (KeyError, RuntimeError, IndexError, ValueError, ZeroDivisionError) as error:
        reason = (
            f"it has no tensor {error}"
            if isinstance(error, KeyError)
            else str(error).splitlines()[-1].strip()
        )
        raise ModelError(
            f"checkpoint {path} is not of Segment Anything: {reason}; allowed is an official "
            "vit_b, vit_l or vit_h"
        ) from error
    network = place_network(network.eval(), device)
    name = _OFFICIAL.get(state[_PATCH].shape[0], "vit")
    return SamModel(name, network, file_sha256(path)[:16], device)


def save_tiny(
    path: Path, weights: dict[str, torch.Tensor], shape: TinyConfig, training: dict
) -> None:
    """Write a "sam-tiny" network, the weights in half precision.

    Args:
        path: file to write.
        weights: tensors by name.
        shape: size of the network.
        training: settings of its training.
    """
    save_checkpoint(path, weights, shape, {"training": training}, half=True)


def read_tiny(path: Path) -> Sam:
    """The network in a file that save_tiny wrote, in evaluation mode.

    Raises:
        ModelError: the file cannot be read, or is not of this network.
    """
    allowed = "a file that `semcom train sam` wrote"
    return load_checkpoint(path, TinyConfig, build_tiny, allowed)[0]


def _read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """Tensors of a checkpoint, those of half precision as float32; nothing else in it is run."""
    allowed = "an official checkpoint of Segment Anything"
    defect = file_defect(path)
    if defect:
        raise ModelError(f"checkpoint {path} cannot be read: it {defect}; allowed is {allowed}")
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(
            f"checkpoint {path} cannot be read: {reason}; allowed is {allowed}"
        ) from error
    state = unwrapped(found)
    if not isinstance(state, Mapping) or not all(
        isinstance(value, torch.Tensor) for value in state.values()
    ):
        raise ModelError(f"checkpoint {path} does not hold tensors by name; allowed is {allowed}")
    for start, kind in _OTHER_KINDS.items():
        if any(str(name).startswith(start) for name in state):
            raise ModelError(
                f"checkpoint {path} is of {kind}; allowed is an official vit_b, vit_l or vit_h of "
                "Segment Anything"
            )
    return {
        name: value.float() if value.is_floating_point() else value
        for name, value in state.items()
        if name not in _COLOURS
    }


def build_like(state: Mapping[str, torch.Tensor]) -> Sam:
    """The network whose tensors have these shapes, its own tensors still without storage.

    Raises:
        KeyError: a tensor of every such network is not there.
    """
    with torch.device("meta"):
        network = Sam(_encoder(state), _prompts(state), _decoder(state))
    network.register_buffer("pixel_mean", torch.tensor(_MEAN).view(3, 1, 1), persistent=False)
    network.register_buffer("pixel_std", torch.tensor(_DEVIATION).view(3, 1, 1), persistent=False)
    return network


def _count(state: Mapping[str, torch.Tensor], prefix: str) -> int:
    """How many numbered parts there are with a prefix."""
    return len({name[len(prefix) :].split(".")[0] for name in state if name.startswith(prefix)})


def _grid(state: Mapping[str, torch.Tensor]) -> int:
    return state["image_encoder.pos_embed"].shape[1]


def _encoder(state: Mapping[str, torch.Tensor]) -> ImageEncoderViT:
    """The encoder of pictures: blocks whose table of relative positions spans the whole grid are
    global, the others see windows.
    """
    width, _, patch, _ = state[_PATCH].shape
    depth = _count(state, "image_encoder.blocks.")
    grid = _grid(state)
    spans = [
        (len(state[f"image_encoder.blocks.{i}.attn.rel_pos_h"]) + 1) // 2 for i in range(depth)
    ]
    return ImageEncoderViT(
        img_size=grid * patch,
        patch_size=patch,
        embed_dim=width,
        depth=depth,
        num_heads=width // state["image_encoder.blocks.0.attn.rel_pos_h"].shape[1],
        mlp_ratio=len(state["image_encoder.blocks.0.mlp.lin1.weight"]) / width,
        out_chans=len(state["image_encoder.neck.0.weight"]),
        norm_layer=partial(nn.LayerNorm, eps=1e-6),
        use_rel_pos=True,
        window_size=min(spans) if min(spans) < grid else 0,
        global_attn_indexes=tuple(i for i, span in enumerate(spans) if span == grid),
    )


def _prompts(state: Mapping[str, torch.Tensor]) -> PromptEncoder:
    grid = _grid(state)
    patch = state[_PATCH].shape[2]
    channels = state["prompt_encoder.no_mask_embed.weight"].shape[1]
    masks = len(state["prompt_encoder.mask_downscaling.3.weight"])
    return PromptEncoder(channels, (grid, grid), (grid * patch, grid * patch), masks)


def _decoder(state: Mapping[str, torch.Tensor]) -> MaskDecoder:
    outputs, channels = state["mask_decoder.mask_tokens.weight"].shape
    hidden = len(state["mask_decoder.transformer.layers.0.mlp.lin1.weight"])
    depth = _count(state, "mask_decoder.transformer.layers.")
    quality = "mask_decoder.iou_prediction_head.layers."
    return MaskDecoder(
        transformer_dim=channels,
        transformer=TwoWayTransformer(depth, channels, _DECODER_HEADS, hidden),
        num_multimask_outputs=outputs - 1,
        iou_head_depth=_count(state, quality),
        iou_head_hidden_dim=len(state[f"{quality}0.weight"]),
    )


class RememberingPredictor(SamPredictor):
    """Predictor that encodes a picture only if it is another one than the last."""

    _last: bytes | None = None
    _encoded: tuple[torch.Tensor, tuple[int, int], tuple[int, int]]
    features: torch.Tensor
    original_size: tuple[int, int]
    input_size: tuple[int, int]

    def set_image(self, image: np.ndarray, image_format: str = "RGB") -> None:
        """Encode a picture, uint8 (H, W, 3)."""
        digest = hashlib.sha256(
            repr(image.shape).encode() + np.ascontiguousarray(image).tobytes()
        ).digest()
        if self._last != digest:
            super().set_image(image, image_format)
            self._last = digest
            self._encoded = self.features, self.original_size, self.input_size
        self.features, self.original_size, self.input_size = self._encoded
        self.is_image_set = True

    def embedding(self) -> np.ndarray:
        """Embedding of the picture, float32 (C, h, w), without padding and folded details."""
        encoder = self.model.image_encoder
        channels = self.model.mask_decoder.transformer_dim
        height, width = (
            -(-n * self.features.shape[2] // encoder.img_size) for n in self.input_size
        )
        return to_host(self.features[0, :channels, :height, :width]).float().numpy()
