# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of the codec "deepsc": the network's weights and the vocabulary that goes with them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from semcom_core import models
from semcom_core.config import from_mapping
from semcom_core.errors import ConfigError, ModelError
from semcom_core.text.baselines.deepsc.network import DeepscNetwork, NetworkConfig
from semcom_core.text.baselines.deepsc.vocabulary import Words

#: The two files, and the folder of those that the project ships.
WEIGHTS = "deepsc.safetensors"
WORDS = "words.json"
SHIPPED = Path(models.__file__).parent / "weights" / "deepsc"


@dataclass(frozen=True)
class DeepscModel:
    """A vocabulary, a network in evaluation mode, and what tells them from others, 16 hexadecimal
    digits.
    """

    words: Words
    network: DeepscNetwork
    fingerprint: str


def save_model(
    network: DeepscNetwork, shape: NetworkConfig, words: Words, settings: dict, folder: Path
) -> None:
    """Write both files; the weights in half precision, with the network's shape and the training's
    settings.
    """
    folder.mkdir(parents=True, exist_ok=True)
    words.save(folder / WORDS)
    tensors = {
        name: tensor.detach().half().contiguous() for name, tensor in network.state_dict().items()
    }
    save_file(
        tensors,
        folder / WEIGHTS,
        metadata={"network": json.dumps(asdict(shape)), "training": json.dumps(settings)},
    )


@lru_cache(maxsize=2)
def load_model(folder: Path) -> DeepscModel:
    """Read both files.

    Raises:
        ModelError: one is not there, or they do not fit each other.
    """
    words = Words.load(folder / WORDS)
    weights = folder / WEIGHTS
    try:
        with safe_open(weights, "pt") as file:
            shape = from_mapping(
                NetworkConfig, json.loads((file.metadata() or {}).get("network", "{}"))
            )
            tensors = {name: file.get_tensor(name).float() for name in file.keys()}
        network = DeepscNetwork(shape, len(words), len(words.forms))
        network.load_state_dict(tensors)
    except (OSError, SafetensorError, ConfigError, ValueError) as error:
        raise ModelError(
            f"weights {weights} cannot be read: {error}; allowed is the file written by `semcom "
            "train deepsc`"
        ) from error
    except RuntimeError as error:  # of load_state_dict: a list of all tensors that do not fit
        raise ModelError(
            f"weights {weights} do not fit the vocabulary beside them: "
            f"{str(error).splitlines()[1].strip()}"
        ) from error
    digest = hashlib.sha256((folder / WORDS).read_bytes() + weights.read_bytes()).hexdigest()
    return DeepscModel(words, network.eval(), digest[:16])
