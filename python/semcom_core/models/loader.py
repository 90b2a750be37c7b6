# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loading language models by name, by path (folder or GGUF file) or by hub name."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path

import yaml

from semcom_core.config import from_mapping
from semcom_core.errors import ModelError
from semcom_core.models.cache import as_folder, file_sha256
from semcom_core.models.language import LanguageModel

#: How the network computes; another profile gives other probabilities, so it is part of the fingerprint.
NUMERIC_PROFILE = "float32"


@dataclass(frozen=True)
class ModelEntry:
    """One entry of the catalogue (models/catalogue.yml says what the fields mean)."""

    description: str
    licence: str
    prompt: str | None = None
    package: str = ""
    file: str = ""
    install: str = ""
    hub: str = ""


def catalogue() -> dict[str, ModelEntry]:
    """The models known by name."""
    text = resources.files("semcom_core.models").joinpath("catalogue.yml").read_text(encoding="utf-8")
    return {name: from_mapping(ModelEntry, entry) for name, entry in yaml.safe_load(text).items()}


def locate(name: str) -> Path | str:
    """The file or folder of a model, or its hub name.

    Raises:
        ModelError: the weights' package is not installed, or the path does not exist.
    """
    entry = catalogue().get(name)
    if entry and entry.package:
        spec = importlib.util.find_spec(entry.package)
        if spec is None or spec.origin is None:
            raise ModelError(f"weights of model {name!r} are not installed; install them by: {entry.install}")
        return Path(spec.origin).parent / entry.file
    if entry:
        return entry.hub
    path = Path(name).expanduser()
    if path.exists():
        return path
    if path.is_absolute() or path.suffix == ".gguf" or name.count("/") != 1:
        known = ", ".join(catalogue())
        raise ModelError(f"model {name!r} is not there; allowed is {known}, a folder, a GGUF file or a hub name OWNER/NAME")
    return name


@lru_cache(maxsize=2)
def load_language_model(name: str = "smollm2-135m") -> LanguageModel:
    """Load a causal language model; a second call with the same name gives the same object.

    Raises:
        ModelError: it is not there or cannot be loaded.
    """
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from semcom_core.models.causal import CausalModel
    from semcom_core.models.packed import pack_linears

    place = locate(name)
    try:
        folder = as_folder(place) if isinstance(place, Path) else place
        tokenizer = AutoTokenizer.from_pretrained(folder)
        network = AutoModelForCausalLM.from_pretrained(folder, dtype="float32").eval()
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise ModelError(f"model {name!r} cannot be loaded: {str(error).splitlines()[0]}") from error
    entry = catalogue().get(name)
    prompt = entry.prompt if entry and entry.prompt is not None else tokenizer.bos_token or tokenizer.eos_token
    fingerprint = _fingerprint(network, tokenizer, prompt, place)
    pack_linears(network)
    return CausalModel(name, network, tokenizer, prompt, fingerprint)


def _fingerprint(network, tokenizer, prompt: str, place: Path | str) -> str:
    """16 hexadecimal digits over weights, tokenizer, prompt and numeric profile."""
    weights = file_sha256(place) if isinstance(place, Path) and place.is_file() else _weights_sha256(network)
    facts = [weights, tokenizer.get_vocab(), prompt, NUMERIC_PROFILE]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def _weights_sha256(network) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()
