# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of the learned image codecs: a network's weights, with its shape and the settings of
its training.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from semcom_core.config import from_mapping
from semcom_core.errors import ConfigError, ModelError


@dataclass(frozen=True)
class JsccModel:
    """A network in evaluation mode, and what tells its weights from others, 16 hexadecimal
    digits.
    """

    network: torch.nn.Module
    fingerprint: str

    @property
    def number(self) -> int:
        """The first 8 bits of the fingerprint, which each message carries."""
        return int(self.fingerprint[:2], 16)


def save_model(network: torch.nn.Module, shape, training: list[dict], path: Path) -> None:
    """Write a network in half precision.

    Args:
        shape: the dataclass from which the network is made.
        training: the settings of each stage of its training.
    """
    tensors = {
        name: tensor.detach().half().contiguous() for name, tensor in network.state_dict().items()
    }
    save_file(
        tensors,
        path,
        metadata={"network": json.dumps(asdict(shape)), "training": json.dumps(training)},
    )


@lru_cache(maxsize=8)
def load_model(path: Path, kind: Callable, shape: type) -> JsccModel:
    """Read a network.

    Args:
        kind: class of the network, made from a `shape`.
        shape: dataclass of its shape.

    Raises:
        ModelError: the file is not there, or holds no weights of such a network.
    """
    try:
        with safe_open(path, "pt") as file:
            found = from_mapping(shape, json.loads((file.metadata() or {}).get("network", "{}")))
            tensors = {name: file.get_tensor(name).float() for name in file.keys()}
        network = kind(found)
        network.load_state_dict(tensors)
    except (OSError, SafetensorError, ConfigError, ValueError) as error:
        raise ModelError(
            f"weights {path} cannot be read: {error}; allowed is a file written by `semcom train "
            "image`"
        ) from error
    except RuntimeError as error:  # of load_state_dict: a list of all tensors that do not fit
        raise ModelError(
            f"weights {path} are of another network: {str(error).splitlines()[1].strip()}"
        ) from error
    return JsccModel(network.eval(), hashlib.sha256(path.read_bytes()).hexdigest()[:16])
