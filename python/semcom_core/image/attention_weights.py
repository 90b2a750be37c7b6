# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file of the semantic attention: weights in half precision, the network's size, and whose embedding it was trained with."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from semcom_core import models
from semcom_core.config import from_mapping
from semcom_core.errors import ConfigError, ModelError
from semcom_core.image.attention_network import AttentionConfig, AttentionNetwork

WEIGHTS = "attention.safetensors"
#: The weights that the project ships.
SHIPPED = Path(models.__file__).parent / "attention" / WEIGHTS


def save_attention(path: Path, network: AttentionNetwork, shape: AttentionConfig, embedding: str, training: dict) -> None:
    """Write a network.

    Args:
        embedding: fingerprint of the knowledge base's network.
    """
    tensors = {name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in network.state_dict().items()}
    described = {"network": json.dumps(asdict(shape)), "embedding": embedding, "training": json.dumps(training)}
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path, metadata=described)


@lru_cache(maxsize=2)
def load_attention(path: Path) -> tuple[AttentionNetwork, str]:
    """The network in a file, in evaluation mode, and the fingerprint of the network whose embedding it knows.

    Raises:
        ModelError: the file cannot be read, or is not of this network.
    """
    try:
        with safe_open(path, "pt") as file:
            described = file.metadata() or {}
            shape = from_mapping(AttentionConfig, json.loads(described["network"]))
            tensors = {name: file.get_tensor(name) for name in file.keys()}
        network = AttentionNetwork(shape)
        network.load_state_dict(tensors)
    except (OSError, SafetensorError, ConfigError, KeyError, ValueError) as error:
        raise ModelError(f"weights {path} cannot be read: {error}; allowed is a file that `semcom train attention` wrote") from error
    except RuntimeError as error:  # of load_state_dict: a list of all tensors that do not fit
        raise ModelError(f"weights {path} do not fit their network: {str(error).splitlines()[1].strip()}") from error
    return network.eval(), described.get("embedding", "")
