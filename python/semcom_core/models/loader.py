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
import sys
import textwrap
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from semcom_core.config import DEVICES, from_mapping
from semcom_core.errors import ConfigError, ModelError, check_choice, check_type
from semcom_core.models.cache import as_folder, file_stamp, kept_result, model_sha256, result_key
from semcom_core.models.language import LanguageModel
from semcom_core.models.weight_files import folder_defect, parts_of, read_network

if TYPE_CHECKING:
    from semcom_core.models.trees import FloatNetwork

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
    name: str = "smollm2-135m", adapter: str = "", precision: str = "int8", device: str = "cpu"
) -> LanguageModel:
    """Load a causal language model; a second call with the same names gives the same object, unless
    a file has changed since.

    Args:
        name: a name of the catalogue, a path or a hub name.
        adapter: a name of `shipped_adapters`, a folder, or empty for none.
        precision: int8 (for Llama, Qwen2, Qwen3 and Mistral; others stay float32) or float32.
        device: what the network computes on, one of config.DEVICES; int8 only on the cpu,
            which "auto" then is.

    Raises:
        ConfigError: there is no such precision or device, or the precision has none such; or an
            argument is of another type.
        ModelError: it is not there, cannot be loaded, or is no model of text; or the adapter does
            not fit it.
    """
    check_type("model", name, str | PathLike, "a name of the catalogue, a path or a hub name")
    check_type("adapter", adapter, str | PathLike, "the name of an adapter, or a folder")
    check_choice("precision", precision, PRECISIONS)
    check_choice("device", device, DEVICES)
    place_wanted = device
    if device not in ("cpu", "auto"):
        from semcom_core.models.device import find_device

        place_wanted = find_device(device)
    adapter_stamp: tuple = ()
    if adapter:
        from semcom_core.models.adapter import adapter_folder

        adapter_stamp = file_stamp(adapter_folder(adapter))
    place = locate(name)
    model_stamp: tuple = ()
    if isinstance(place, Path):
        model_stamp = tuple(file_stamp(part) for part in parts_of(place))
    return _load(name, adapter, precision, place_wanted, (adapter_stamp, model_stamp))


@lru_cache(maxsize=3)
def _load(name: str, adapter: str, precision: str, device: str, _stamps: tuple) -> LanguageModel:
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
    if profile == integer.PROFILE and device not in ("cpu", "auto"):
        raise ConfigError(
            f"device is {device!r}, where precision int8 is not computed; allowed is cpu, auto, or "
            "precision float32"
        )
    fingerprint = _fingerprint(network, tokenizer, prompt, locate(name), profile, addition)
    vocabulary = len(network.get_input_embeddings().weight)
    if adapter:
        network = add_adapter(network, adapter)
    ready: integer.IntegerNetwork | FloatNetwork
    if profile == integer.PROFILE:
        device = "cpu"
        integral = integer.IntegerNetwork(network)
        key = result_key(fingerprint, network.config)
        if kept_result(key) is None:
            from semcom_core.models.verification import verify_integer

            verify_integer(name, integral, key)
        ready = integral
    else:
        from semcom_core.models.device import find_device

        device = find_device(device)
        ready = _float_network(name, network, vocabulary, fingerprint, device)
    return CausalModel(
        name,
        ready,
        tokenizer,
        prompt,
        fingerprint,
        vocabulary,
        adapted=bool(adapter),
        device=device,
    )


def _float_network(
    name: str, network: Any, vocabulary: int, fingerprint: str, device: str
) -> FloatNetwork:
    """A float32 network on a device, with the fastest way to grow trees that is right for it."""
    from semcom_core.models.causal import pack_linear_layers
    from semcom_core.models.device import place_network
    from semcom_core.models.trees import FloatNetwork
    from semcom_core.models.verification import verify_float

    place_network(network, device)
    if device == "cpu":
        pack_linear_layers(network)
    ready = FloatNetwork(network)
    verify_float(name, ready, vocabulary, result_key(fingerprint, network.config, device))
    return ready


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


def model_family(name: str) -> str:
    """Family of a model by its configuration: encoder-only, decoder-only or encoder-decoder.

    Args:
        name: a name of the catalogue, a path or a hub name.

    Raises:
        ModelError: it is not there, its configuration cannot be read, or it is of none of them.
    """
    place = locate(name)
    if name in catalogue() or (isinstance(place, Path) and place.is_file()):
        return "decoder-only"
    try:
        from transformers import AutoConfig
        from transformers.models.auto import modeling_auto as library

        config = AutoConfig.from_pretrained(place)
    except Exception as error:  # a broken file makes its reader fail in any way
        reason = textwrap.shorten(f"{type(error).__name__}: {error}", 200, placeholder=" …")
        raise ModelError(f"model {name!r} cannot be loaded: {reason}") from error
    kind = config.model_type
    if getattr(config, "is_encoder_decoder", False):
        if kind in library.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES:
            return "encoder-decoder"
    elif kind in library.MODEL_FOR_MASKED_LM_MAPPING_NAMES and not getattr(
        config, "is_decoder", False
    ):
        return "encoder-only"
    elif kind in library.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES:
        return "decoder-only"
    raise ModelError(
        f"model {name!r} is of architecture {kind}, no language model; allowed is an encoder such "
        "as bert, a decoder such as llama, or an encoder-decoder such as t5"
    )


def load_seq2seq(name: str) -> tuple[Any, Any]:
    """Tokenizer and float32 network of an encoder-decoder; a second call gives the same objects,
    unless a file has changed since.

    Args:
        name: a folder or a hub name.

    Raises:
        ModelError: it is not there, cannot be loaded, or is no encoder-decoder.
    """
    place = locate(name)
    return _load_seq2seq(name, file_stamp(place) if isinstance(place, Path) else ())


@lru_cache(maxsize=2)
def _load_seq2seq(name: str, _stamp: tuple) -> tuple[Any, Any]:
    family = model_family(name)
    if family != "encoder-decoder":
        raise ModelError(f"model {name!r} is {family}; allowed is an encoder-decoder such as t5")
    place = locate(name)
    try:
        if isinstance(place, Path):
            from transformers.utils.logging import disable_progress_bar

            disable_progress_bar()
            _check_folder(name, place)
        return _read_tokenizer(name, place), read_network(name, place, "Seq2SeqLM")
    except ModelError:
        raise
    except Exception as error:  # a broken file makes its reader fail in any way
        reason = textwrap.shorten(f"{type(error).__name__}: {error}", 300, placeholder=" …")
        raise ModelError(f"model {name!r} cannot be loaded: {reason}") from error


def _read(name: str, place: Path | str) -> tuple:
    """Tokenizer and float32 network of a model.

    Raises:
        ModelError: its files cannot be read or fetched, or do not hold all of its weights.
    """
    try:
        from transformers.utils.logging import disable_progress_bar

        folder = place
        if isinstance(place, Path):  # a download keeps its bar, and so does unpacking a GGUF file
            disable_progress_bar()
            folder = as_folder(place)
            _check_folder(name, folder)
        _check_architecture(name, folder)
        return _read_tokenizer(name, folder), read_network(name, folder)
    except ModelError:
        raise
    except Exception as error:  # a broken file makes its reader fail in any way
        reason = textwrap.shorten(f"{type(error).__name__}: {error}", 300, placeholder=" …")
        raise ModelError(f"model {name!r} cannot be loaded: {reason}") from error


def _check_folder(name: str, folder: Path) -> None:
    """Raise ModelError where a folder is of another format, or a file of weights is not what it
    should be.
    """
    defect = folder_defect(folder)
    if defect:
        raise ModelError(f"model {name!r} cannot be loaded: {defect}")
    if (folder / "config.json").exists():
        return
    if (folder / "params.json").exists() or list(folder.glob("consolidated.*")):
        kind = "mistral" if list(folder.glob("consolidated*.safetensors")) else "llama"
        raise ModelError(
            f"model {name!r} cannot be loaded: it is in the format of its makers (params.json, "
            f"consolidated.*); convert it, in the sources of the transformers library, by: python "
            f"src/transformers/models/{kind}/convert_{kind}_weights_to_hf.py --input_dir {folder} "
            f"--output_dir {folder}-hf"
        )
    files = sorted(folder.glob("*.gguf"))
    if files:
        raise ModelError(
            f"model {name!r} cannot be loaded: the folder has no config.json; allowed is the path "
            f"of its GGUF file, {files[0]}"
        )


def _check_architecture(name: str, folder: Path | str) -> None:
    """Raise ModelError where a configuration names an architecture that is no causal language
    model.
    """
    from transformers import AutoConfig
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    config = AutoConfig.from_pretrained(folder)
    kind = config.model_type
    if getattr(config, "is_encoder_decoder", False):
        what = "an encoder-decoder"
    elif kind not in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES:
        what = "of another kind"
    else:
        return
    raise ModelError(
        f"model {name!r} is no causal language model: its architecture {kind} is {what}; allowed "
        "is one that predicts the next token of a text, such as llama or gpt2"
    )


def _read_tokenizer(name: str, folder: Path | str) -> Any:
    """Tokenizer of a model.

    Raises:
        ModelError: it is of a format that has to be converted, or knows no text.
    """
    from transformers import AutoTokenizer

    fast = not isinstance(folder, Path) or (folder / "tokenizer.json").exists()
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder)
        known = set(tokenizer.get_vocab().values()) - set(tokenizer.added_tokens_decoder)
        if known - set(tokenizer.all_special_ids):
            return tokenizer
        reason = "it knows no text"
    except Exception as error:  # a broken file makes its reader fail in any way
        if fast:
            raise
        reason = textwrap.shorten(f"{type(error).__name__}: {error}", 100, placeholder=" …")
    if fast:
        raise ModelError(f"model {name!r} cannot be loaded: its tokenizer: {reason}")
    raise ModelError(
        f"model {name!r} cannot be loaded: no tokenizer.json, and its tokenizer is not read "
        f"without ({reason}); convert it by: pip install sentencepiece protobuf tiktoken && "
        "python -c "
        f'"from transformers import AutoTokenizer as T; '
        f"T.from_pretrained('{folder}').save_pretrained('{folder}')\""
    )


def _check(name: str, tokenizer: Any, network: Any, prompt: str | None) -> None:
    """Raise ModelError unless messages can be told apart from what surrounds them, and every token
    has its probability; a padding token beyond the network's rows is never used.
    """
    if not prompt:
        raise ModelError(
            f"model {name!r} has no prompt; its tokenizer needs a bos_token or an eos_token to "
            "start a message with"
        )
    rows = network.get_input_embeddings().weight.shape[0]
    beyond = {token: at for token, at in tokenizer.get_vocab().items() if at >= rows}
    padding = {"[PAD]", tokenizer.pad_token}
    if beyond and not beyond.keys() <= padding:
        raise ModelError(
            f"model {name!r} has a tokenizer of {max(beyond.values()) + 1} tokens; its network "
            f"knows {rows}"
        )
    if beyond:
        print(
            f"model {name!r}: padding token {min(beyond)!r} is beyond the {rows} rows of the "
            "network and is not used",
            file=sys.stderr,
        )


def _fingerprint(
    network: Any, tokenizer: Any, prompt: str, place: Path | str, profile: str, addition: str
) -> str:
    """16 hexadecimal digits over weights, tokenizer, prompt, numeric profile and adapter."""
    weights = (
        model_sha256(place)
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
