# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file of "sam-tiny": weights in half precision, with the network's size and the settings of its training."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from segment_anything.modeling import Sam

from semcom_core.config import from_mapping
from semcom_core.errors import ConfigError, ModelError
from semcom_core.models.sam_tiny import TinyConfig, build_tiny

WEIGHTS = "sam_tiny.safetensors"
#: The weights that the project ships.
SHIPPED = Path(__file__).parent / "sam" / WEIGHTS


def save_tiny(path: Path, weights: dict[str, torch.Tensor], shape: TinyConfig, training: dict) -> None:
    """Write a network's weights with its size and its training's settings; the file appears whole or not at all."""
    tensors = {name: tensor.detach().half().contiguous() for name, tensor in weights.items()}
    scratch = path.with_suffix(".new")
    save_file(tensors, scratch, metadata={"network": json.dumps(asdict(shape)), "training": json.dumps(training)})
    scratch.rename(path)


def read_tiny(path: Path) -> Sam:
    """The network in a file that save_tiny wrote, in evaluation mode.

    Raises:
        ModelError: the file cannot be read, or is not of this network.
    """
    try:
        with safe_open(path, "pt") as file:
            shape = from_mapping(TinyConfig, json.loads((file.metadata() or {})["network"]))
            tensors = {name: file.get_tensor(name).float() for name in file.keys()}
        network = build_tiny(shape)
        network.load_state_dict(tensors)
    except (OSError, SafetensorError, ConfigError, KeyError, ValueError) as error:
        raise ModelError(f"weights {path} cannot be read: {error}; allowed is a file that `semcom train sam` wrote") from error
    except RuntimeError as error:  # of load_state_dict: a list of all tensors that do not fit
        raise ModelError(f"weights {path} do not fit their network: {str(error).splitlines()[1].strip()}") from error
    return network
