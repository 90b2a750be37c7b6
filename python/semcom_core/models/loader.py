# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loading language models by name, by path (folder or GGUF file) or by hub name.

A model is a network and a tokenizer of the transformers library with a prompt, and has a
fingerprint over weights, tokenizer, prompt, numeric profile and adapter, by which two ends of a
link find out whether they use the same one.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
import textwrap
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from semcom_core.config import from_mapping
from semcom_core.errors import ModelError, check_choice
from semcom_core.models.cache import as_folder, file_sha256, file_stamp, read_network
from semcom_core.models.language import LanguageModel

if TYPE_CHECKING:
    from semcom_core.models.causal import FloatNetwork

#: What the weights are computed with. Other numbers give other probabilities, so it is part of the
#: fingerprint.
PRECISIONS = ("int8", "float32")
_HUB_NAME = re.compile(r"\w[\w.-]*/\w[\w.-]*", re.ASCII)


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
    text = (
        resources.files("semcom_core.models").joinpath("catalogue.yml").read_text(encoding="utf-8")
    )
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
            raise ModelError(
                f"weights of model {name!r} are not installed; install them by: {entry.install}"
            )
        return Path(spec.origin).parent / entry.file
    if entry:
        return entry.hub
    path = Path(name).expanduser()
    if name and path.exists():
        return path
    if path.suffix == ".gguf" or not _HUB_NAME.fullmatch(name):
        known = ", ".join(catalogue())
        raise ModelError(
            f"model {name!r} is not there; allowed is {known}, a folder, a GGUF file or a hub name "
            "OWNER/NAME"
        )
    return name


def load_language_model(
    name: str = "smollm2-135m", adapter: str = "", precision: str = "int8"
) -> LanguageModel:
    """Load a causal language model; a second call with the same names gives the same object, unless
    a file has changed since.

    Args:
        name: a name of the catalogue, a path or a hub name.
        adapter: a name of `shipped_adapters`, a folder, or empty for none.
        precision: int8 (for networks of the Llama kind; others stay float32) or float32.

    Raises:
        ConfigError: there is no such precision.
        ModelError: it is not there, cannot be loaded, or is no model of text; or the adapter does
            not fit it.
    """
    check_choice("precision", precision, PRECISIONS)
    adapter_stamp: tuple = ()
    if adapter:
        from semcom_core.models.adapter import adapter_folder

        adapter_stamp = file_stamp(adapter_folder(adapter))
    place = locate(name)
    model_stamp = file_stamp(place) if isinstance(place, Path) else ()
    return _load(name, adapter, precision, (adapter_stamp, model_stamp))


@lru_cache(maxsize=3)
def _load(name: str, adapter: str, precision: str, _stamps: tuple) -> LanguageModel:
    """Load a model; the stamps of its files are part of the cache's key."""
    addition = ""
    if adapter:
        from semcom_core.models.adapter import adapter_sha256, add_adapter

        addition = adapter_sha256(adapter)
    tokenizer, network, prompt = load_network(name)
    # Imported after load_network, which says so where torch or transformers does not load.
    from semcom_core.models.causal import CausalModel
    from semcom_core.models.int8 import network as integer

    profile = integer.PROFILE if precision == "int8" and integer.applies(network) else "float32"
    fingerprint = _fingerprint(network, tokenizer, prompt, locate(name), profile, addition)
    vocabulary = len(network.get_input_embeddings().weight)
    if adapter:
        network = add_adapter(network, adapter)
    ready: integer.IntegerNetwork | FloatNetwork
    if profile == integer.PROFILE:
        ready = integer.IntegerNetwork(network)
    else:
        ready = _float_network(network)
    return CausalModel(
        name, ready, tokenizer, prompt, fingerprint, vocabulary, adapted=bool(adapter)
    )


def _float_network(network: Any) -> FloatNetwork:
    """A network that computes as it is, but for the layout of its weights."""
    from semcom_core.models.causal import FloatNetwork, pack_linear_layers

    pack_linear_layers(network)
    return FloatNetwork(network)


def load_network(name: str) -> tuple:
    """Tokenizer, float32 network and prompt of a model, as the transformers library gives them.

    Raises:
        ModelError: as load_language_model.
    """
    tokenizer, network = _read(name, locate(name))
    entry = catalogue().get(name)
    prompt = (
        entry.prompt
        if entry and entry.prompt is not None
        else tokenizer.bos_token or tokenizer.eos_token
    )
    _check(name, tokenizer, network, prompt)
    return tokenizer, network, prompt


def _read(name: str, place: Path | str) -> tuple:
    """Tokenizer and float32 network of a model.

    Raises:
        ModelError: its files cannot be read or fetched, or do not hold all of its weights.
    """
    try:
        from transformers import AutoTokenizer
        from transformers.utils.logging import disable_progress_bar

        folder = as_folder(place) if isinstance(place, Path) else place
        if isinstance(place, Path):  # takes two seconds from here on; a download keeps its bar
            disable_progress_bar()
        tokenizer = AutoTokenizer.from_pretrained(folder)
        return tokenizer, read_network(name, folder)
    except ModelError:
        raise
    except Exception as error:  # a broken file makes its reader fail in any way
        reason = textwrap.shorten(f"{type(error).__name__}: {error}", 300, placeholder=" …")
        raise ModelError(f"model {name!r} cannot be loaded: {reason}") from error


def _check(name: str, tokenizer: Any, network: Any, prompt: str | None) -> None:
    """Raise ModelError unless messages can be told apart from what surrounds them, and every token
    has its probability.
    """
    if not prompt:
        raise ModelError(
            f"model {name!r} has no prompt; its tokenizer needs a bos_token or an eos_token to "
            "start a message with"
        )
    tokens = max(tokenizer.get_vocab().values()) + 1
    rows = network.get_input_embeddings().weight.shape[0]
    if tokens > rows:
        raise ModelError(
            f"model {name!r} has a tokenizer of {tokens} tokens; its network knows {rows}"
        )


def _fingerprint(
    network: Any, tokenizer: Any, prompt: str, place: Path | str, profile: str, addition: str
) -> str:
    """16 hexadecimal digits over weights, tokenizer, prompt, numeric profile and adapter."""
    weights = (
        file_sha256(place)
        if isinstance(place, Path) and place.is_file()
        else _weights_sha256(network)
    )
    facts = [weights, tokenizer.get_vocab(), prompt, profile, addition]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def _weights_sha256(network: Any) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()
